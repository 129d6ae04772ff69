"""Every stage after ingest beside the simple way to a similar end, on one world in one run.

    python benchmarks/bench_stages.py            # 33,000 accounts, about a million events
    python benchmarks/bench_stages.py --quick    # 6,000 accounts

| stage | beside it |
|---|---|
| population | a loop over the rows that counts in dictionaries |
| projection | a pandas merge of each facet with itself, values of up to 100 accounts, weights summed by pair |
| partition | one run of leidenalg, modularity, one seed, on the same links |
| verdict | a notebook's look at each cluster: the most shared value of every facet, by pandas |
| campaigns | k-means with two clients over each ring's templates |
| attribution | the share of each campaign's addresses and cards that stand in a dossier, lab by lab |
| report | the same tables as plain HTML and JSON by pandas |

None of the simple ways gives a null model, a verdict, a posterior or reasons: a ratio over 1 is the price of these, and
is for comparing versions. Seconds are the processor's, all threads, median of three; before them a small world compiles
and imports everything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import igraph
import leidenalg
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from attribution import output, report, tables
from attribution.config import Config
from attribution.domain import Verdict
from attribution.ingest import ingest
from attribution.labs import attribute, campaigns, loading
from attribution.projection import family_of, project
from attribution.rings import cluster, judge
from attribution.simulate import preset, simulate
from attribution.warehouse import connect, daily, fingerprint, population, template_table, traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    import pyarrow as pa

    from attribution.domain import Attribution, Campaign, Links, Partition, Population, Ring, Traffic
    from attribution.ingest import Intake
    from attribution.labs.dossiers import Dossiers
    from attribution.projection import Projection

HUB = 100
"""Values of more accounts are left out by the pandas projection: its pairs would not fit into memory."""
REPEATS = 3
T = TypeVar("T")


class Stages:
    """Times a stage and its baseline, and keeps what the stage returned."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.seconds: dict[str, tuple[float, float]] = {}

    def run(self, name: str, stage: Callable[[], T], baseline: Callable[[], object]) -> T:
        """Run both in turn; return the stage's result."""
        ours, theirs = [], []
        for _ in range(self.repeats):
            begin = time.process_time()
            result = stage()
            middle = time.process_time()
            baseline()
            ours.append(middle - begin)
            theirs.append(time.process_time() - middle)
        self.seconds[name] = statistics.median(ours), statistics.median(theirs)
        return result


def count_rows(con: duckdb.DuckDBPyConnection) -> dict[str, dict[tuple[str, str], int]]:
    """Count each account's events with each value, and by hour, row by row."""
    columns = ("ip", "device_id", "payment_id", "template_id")
    rows = con.execute(f"select account_id, ts, {', '.join(columns)} from events").fetchall()
    found: dict[str, dict[tuple[str, str], int]] = {name: defaultdict(int) for name in (*columns, "hour")}
    for account, ts, *values in rows:
        found["hour"][account, ts.hour] += 1
        for name, value in zip(columns, values, strict=True):
            if value is not None:
                found[name][account, value] += 1
    return found


def merge_pairs(people: Population) -> pd.Series:
    """Return the weight of every pair of accounts that shares a value of up to HUB accounts: ln(n / popularity)."""
    parts = []
    for matrix in people.incidence.values():
        users = matrix.popularity()
        used = pd.DataFrame(
            {"account": np.repeat(np.arange(people.size), np.diff(matrix.indptr)), "value": matrix.indices}
        )
        used["nats"] = np.log(people.size / users)[matrix.indices]
        used = used[(users[matrix.indices] > 1) & (users[matrix.indices] <= HUB)]
        pairs = used.merge(used[["account", "value"]], on="value")
        pairs = pairs[pairs["account_x"] < pairs["account_y"]]
        parts.append(pairs.groupby(["account_x", "account_y"])["nats"].sum())
    weights: pd.Series = pd.concat(parts).groupby(level=[0, 1]).sum()
    return weights


def plain_leiden(links: Links, size: int) -> list[int]:
    """Partition the links once, by modularity."""
    graph = igraph.Graph(n=size, edges=np.stack([links.source, links.target], axis=1))
    found = leidenalg.find_partition(graph, leidenalg.ModularityVertexPartition, weights=links.weight.tolist(), seed=1)
    membership: list[int] = found.membership
    return membership


def look_at(found: Partition, people: Population) -> list[dict[str, float]]:
    """Return for each cluster and facet the share of its members that have the most shared value."""
    used = {
        facet: pd.DataFrame({"account": np.repeat(np.arange(people.size), np.diff(m.indptr)), "value": m.indices})
        for facet, m in people.incidence.items()
    }
    result = []
    for members in found.clusters:
        shares = {}
        for facet, frame in used.items():
            mine = frame[frame["account"].isin(members)]
            shares[facet.value] = mine["value"].value_counts().max() / len(members) if len(mine) else 0.0
        result.append(shares)
    return result


def split_in_two(sent: Traffic, accounts: dict[str, str]) -> list[np.ndarray]:
    """Cut each ring into two clients by k-means over its accounts' shares of templates."""
    counts = sent.exchanges.groupby(["account_id", "template_id"], dropna=False)["events"].sum().reset_index()
    counts["ring"] = counts["account_id"].map(accounts)
    result = []
    for _, mine in counts.groupby("ring"):
        shares = mine.pivot_table(
            index="account_id", columns="template_id", values="events", fill_value=0, dropna=False
        )
        shares = shares.div(shares.sum(axis=1).replace(0, 1), axis=0)
        if len(shares) > 1 and shares.shape[1]:
            result.append(KMeans(2, n_init=10, random_state=0).fit_predict(shares.to_numpy()))
    return result


def overlaps(found: tuple[Campaign, ...], people: Population, sent: Traffic, labs: Dossiers) -> dict[str, str | None]:
    """Return for each campaign the lab whose networks and BINs most of its addresses and cards are of."""
    best: dict[str, str | None] = {}
    for campaign in found:
        names = people.accounts.take(campaign.members).to_pylist()
        addresses = sent.addresses[sent.addresses["account_id"].isin(names)]
        cards = sent.cards[sent.cards["account_id"].isin(names)]
        score = {
            lab.id: float(addresses["asn"].isin(lab.asns).sum() + cards["bin"].isin(lab.bins).sum())
            for lab in labs.labs
        }
        best[campaign.campaign_id] = max(score, key=score.__getitem__) if score and max(score.values()) else None
    return best


def plain_pages(found: dict[str, pa.Table], folder: Path) -> None:
    """Write every table as HTML and as JSON."""
    for name, table in found.items():
        frame = table.to_pandas()
        (folder / f"{name}.html").write_text(frame.to_html(max_rows=2_000), "utf-8")
        (folder / f"{name}.json").write_text(json.dumps(table.to_pylist(), default=str), "utf-8")


@dataclass(frozen=True, slots=True)
class Road:
    """What is known after the verdict, and where more is asked for."""

    con: duckdb.DuckDBPyConnection
    intake: Intake
    labs: Dossiers
    texts: pa.Table
    people: Population
    projection: Projection
    found: Partition
    rings: tuple[Ring, ...]


def to_verdict(world: Path, con: duckdb.DuckDBPyConnection, stages: Stages) -> Road:
    """Take a world in and down the road to its rings."""
    settings = Config()
    intake = ingest(world, con, settings, key=b"benchmark")
    texts = template_table(con)
    kin = family_of(texts, settings.projection)
    people = stages.run("population", lambda: population(con, kin.of), lambda: count_rows(con))
    projection = stages.run("projection", lambda: project(people, settings.projection), lambda: merge_pairs(people))
    links = projection.links
    found = stages.run(
        "partition", lambda: cluster(links, people, settings, 0), lambda: plain_leiden(links, people.size)
    )
    rings = stages.run("verdict", lambda: judge(found, people, settings.rings), lambda: look_at(found, people))
    return Road(con, intake, loading.load(world / "labs.yaml"), texts, people, projection, found, rings)


def to_report(road: Road, stages: Stages, folder: Path) -> tuple[Campaign, ...]:
    """Go on from the rings to campaigns, names and the written report."""
    config, people, texts = Config().labs, road.people, road.texts
    covert = [ring for ring in road.rings if ring.verdict is Verdict.COORDINATED]
    members = output.memberships(covert, people)
    sent = traffic(road.con, *members)
    tenants = stages.run(
        "campaigns",
        lambda: campaigns(covert, people, traffic(road.con, *members), texts, config),
        lambda: split_in_two(sent, dict(zip(*members, strict=True))),
    )
    named = stages.run(
        "attribution",
        lambda: attribute(tenants, road.rings, people, sent, texts, road.labs, config),
        lambda: overlaps(tenants, people, sent, road.labs),
    )
    made: dict[str, pa.Table] = {}
    stages.run("report", lambda: made.update(write(road, tenants, named, folder)), lambda: plain_pages(made, folder))
    return tenants


def write(
    road: Road, tenants: tuple[Campaign, ...], named: tuple[Attribution, ...], folder: Path
) -> dict[str, pa.Table]:
    """Build all tables and write the report; return the tables."""
    shared = {"rings": road.rings, "campaigns": tenants, "attributions": named, "population": road.people}
    odd = {"suppressed": road.projection.suppressed, "quarantine": road.intake.quarantine}
    record = output.record(fingerprint(road.con, road.people), Config(), road.labs, 0)
    document = report.build(
        **shared,
        **odd,
        run=output.run_facts(record, road.intake, None, road.people, road.labs, default_key=False),
        links=road.projection.links,
        daily=daily(road.con, *output.memberships(road.rings, road.people)),
        templates=road.texts.to_pandas(),
        labs=report.lab_facts(road.labs, Config().labs),
        explanations=report.explanations(),
        agreement=road.found.agreement,
    )
    report.write(document, folder)
    return tables.build(**shared, **odd)


def measure(world: Path, repeats: int) -> tuple[Stages, str]:
    """Take a world down the road, each stage beside its baseline."""
    stages = Stages(repeats)
    with connect(None) as con, tempfile.TemporaryDirectory() as folder:
        road = to_verdict(world, con, stages)
        tenants = to_report(road, stages, Path(folder))
    covert = sum(ring.verdict is Verdict.COORDINATED for ring in road.rings)
    return stages, (
        f"{road.people.size:,} accounts, {len(road.projection.links.source):,} links, "
        f"{len(road.found.clusters)} clusters, {covert} coordinated, {len(tenants)} campaigns"
    )


def main() -> None:
    """Print seconds and ratios of every stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6,000 accounts, each stage once")
    quick = parser.parse_args().quick
    sizes = ((1_000, 2), (6_000, 5)) if quick else ((1_000, 2), (33_000, 9))
    with tempfile.TemporaryDirectory() as folder:
        for accounts, rings in sizes:
            world = Path(folder) / str(accounts)
            simulate(world, preset("moderate", accounts=accounts, rings=rings, seed=7, drop=("prompt",)))
            stages, shape = measure(world, 1 if quick or accounts == sizes[0][0] else REPEATS)
    print(f"{shape}; seconds of processor")
    for name, (ours, theirs) in stages.seconds.items():
        print(f"{name:12} {ours:7.2f} s   the simple way {theirs:7.2f} s   ratio {ours / max(theirs, 1e-9):6.2f}")


if __name__ == "__main__":
    main()
