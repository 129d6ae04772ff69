"""Neo4j at the size of a provider: offline import, online load, the next night; beside row-wise MERGE in the same run.

    python benchmarks/bench_neo4j.py [--accounts 500000] [--edges 1800000] [--merge-rows 100000]

A real server (tests/support/neo4j_server.py) on the same cores as the client. The baseline is what a first draft does:
a list of maps, MERGE of both nodes and of the relationship, 10,000 rows a transaction, keys constrained. It is measured
on `--merge-rows` of the same usage edges. Rates are of relationships; processor time is that of client and server.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import shlex
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.store import Published, RunRecord, open_store
from attribution.store.base import STORED
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client
from attribution.store.neo4j_import import export

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import neo4j_server  # only reachable from there

if TYPE_CHECKING:
    from collections.abc import Iterator

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
RINGS = 200
FACETS = ("ip", "device", "payment", "template")
SHARES = (0.55, 0.15, 0.15, 0.15)
SETTINGS = {"server.memory.pagecache.size": "1g"}
BASELINE = (
    "UNWIND $rows AS row MERGE (a:OldAccount {id: row.account_id}) MERGE (v:OldValue {id: row.value})"
    " MERGE (a)-[r:OLD_USED]->(v) SET r.count = row.events, r.first_seen = row.first_seen, r.last_seen = row.last_seen"
)


def world(accounts: int, edges: int, seed: int = 1) -> dict[str, pa.Table]:
    """Return a run: usage edges of values that a few or many accounts use; 5 % of the accounts are in rings."""
    random = np.random.default_rng(seed)
    parts = []
    for facet, share in zip(FACETS, SHARES, strict=True):
        rows = int(edges * share * 1.02)  # some pairs are drawn twice
        values = int(rows / 8)
        popularity = random.pareto(1.5, values) + 1
        drawn = random.choice(values, rows, p=popularity / popularity.sum())
        pairs = np.unique(random.integers(0, accounts, rows) * values + drawn)
        parts.append((facet, pairs // values, pairs % values))
    names = pa.array([f"account-{number:08d}" for number in range(accounts)])
    tables = {name: schema.empty_table() for name, schema in STORED.items()}
    tables["usage"] = pa.concat_tables(
        [
            pa.table(
                {
                    "facet": pa.array([facet] * len(who), pa.string()),
                    "value": _values(facet, value),
                    "account_id": names.take(pa.array(who)),
                    "events": random.integers(1, 50, len(who)),
                    "first_seen": _times(random, len(who), 0),
                    "last_seen": _times(random, len(who), 45),
                }
            )
            for facet, who, value in parts
        ]
    ).cast(STORED["usage"])
    return {**tables, **_results(random, names, accounts // 20)}


def _values(facet: str, numbers: np.ndarray) -> pa.Array:
    if facet == "ip":
        texts = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in numbers.tolist()]
    else:
        texts = [f"{facet}-{n:08x}" for n in numbers.tolist()]
    return pa.array(texts, pa.string())


def _times(random: np.random.Generator, rows: int, day: int) -> pa.Array:
    start = int(START.timestamp() * 1_000_000) + day * 86_400_000_000
    return pa.array(start + random.integers(0, 86_400_000_000 * 40, rows), pa.timestamp("us", tz="UTC"))


def _results(random: np.random.Generator, names: pa.Array, count: int) -> dict[str, pa.Table]:
    members = names.slice(0, count)
    own = [f"ring-{number % RINGS:04d}" for number in range(count)]
    rings = sorted(set(own))
    links = pa.table(
        {
            "account_id": names.slice(0, count - RINGS),
            "other_id": names.slice(RINGS, count - RINGS),
            "weight": random.random(count - RINGS).round(2) + 5,
            "p_value": np.full(count - RINGS, 1e-7),
            "facets": ['{"ip":2.5,"payment":3.5}'] * (count - RINGS),
        }
    )
    return {
        "members": pa.table({"ring_id": own, "account_id": members, "confidence": random.random(count)}),
        "links": links,
        "rings": pa.table(
            {
                "ring_id": rings,
                "verdict": ["coordinated"] * len(rings),
                "probability": random.random(len(rings)),
                "size": [count // RINGS] * len(rings),
                "first_seen": [START] * len(rings),
                "last_seen": [START] * len(rings),
                "events": [1000] * len(rings),
                "explanation": pa.nulls(len(rings), pa.string()),
            }
        ),
    }


def grown(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the next night's run: one usage edge in a hundred has more events."""
    usage = tables["usage"]
    events = usage["events"].to_numpy() + (np.arange(len(usage)) % 100 == 0)
    return {**tables, "usage": usage.set_column(3, STORED["usage"].field("events"), pa.array(events))}


@dataclass
class Clock:
    """Seconds and processor seconds of a piece of work, and when it last said how far it was."""

    wall: float = 0.0
    client: float = 0.0
    server: float = 0.0
    edges: float = 0.0
    _last: dict[str, float] = field(default_factory=dict)

    def progress(self, label: str, _done: int, _total: int | None) -> None:
        """Note the time spent on usage edges."""
        now = time.perf_counter()
        if label.endswith(" edges"):
            self._last.setdefault("first", self._last.get("before", now))
            self._last["edges"] = now
        self._last["before"] = now

    def usage_seconds(self) -> float:
        """Return the seconds from the first usage edge to the last."""
        return self._last["edges"] - self._last["first"]


def _server_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def timed(pid: int | None = None) -> Iterator[Clock]:
    """Time a block; with a server's process id its processor time as well, else that of ended children."""
    clock = Clock()

    def processor() -> tuple[float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        other = _server_seconds(pid) if pid is not None else children.ru_utime + children.ru_stime
        return time.process_time(), other

    started, (client, server) = time.perf_counter(), processor()
    yield clock
    clock.wall = time.perf_counter() - started
    now = processor()
    clock.client, clock.server = now[0] - client, now[1] - server


def _say(label: str, rows: int, seconds: float, note: str) -> None:
    print(f"  {label:34s} {seconds:8.1f} s  {rows / seconds:10,.0f} relationships/s  {note}", flush=True)


def offline(tables: dict[str, pa.Table], folder: Path) -> float:
    """Export and import into an empty database; return relationships a second of the import."""
    with open_store(folder / "a.duckdb", write=True) as store:
        store.publish(RunRecord("run-1", "c", 0), tables)
        with timed() as writing:
            done = export(store, folder / "files")
    size = sum(path.stat().st_size for path in (folder / "files").iterdir())
    lib, home = neo4j_server.fetch(), folder / "home"
    home.mkdir()
    neo4j_server.configure(home, neo4j_server.free_port(), SETTINGS)
    with timed() as importing:
        neo4j_server.admin(lib, home, *shlex.split(done.command)[1:], cwd=folder / "files")
    nodes, relationships = sum(done.nodes.values()), sum(done.relationships.values())
    print(f"offline: {nodes:,} nodes, {relationships:,} relationships, {size / 1e6:,.0f} MB of files")
    _say("graph export", relationships, writing.wall, f"cpu {writing.client:.1f} s")
    _say("neo4j-admin database import", relationships, importing.wall, f"cpu {importing.server:.1f} s")
    _say("both", relationships, writing.wall + importing.wall, "")
    server = neo4j_server.start(lib, home, short=False, settings=SETTINGS)
    with Neo4jStore(Client(server.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)) as store:
        if store.publish(RunRecord("run-1", "c", 0), tables) is not Published.UNCHANGED:
            raise SystemExit("what was imported is not what was exported")
    neo4j_server.stop(server, kill=True)
    return relationships / importing.wall


def online(tables: dict[str, pa.Table], merge_rows: int, folder: Path) -> tuple[float, float]:
    """Load over Bolt, publish the next night, then the baseline; return relationships a second of load and baseline."""
    lib, usage = neo4j_server.fetch(), len(tables["usage"])
    (folder / "online").mkdir()
    server = neo4j_server.start(lib, folder / "online", short=False, settings=SETTINGS)
    client = Client(server.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    with timed(server.pid) as first:
        Neo4jStore(client, progress=first.progress).publish(RunRecord("run-1", "c", 0), tables)
    print(f"online: {usage:,} usage edges")
    rate = usage / first.usage_seconds()
    _say("usage edges over Bolt", usage, first.usage_seconds(), "")
    _say("the whole run, nodes and all", usage, first.wall, f"cpu {first.client:.1f} s + server {first.server:.1f} s")
    with timed(server.pid) as night:
        Neo4jStore(client).publish(RunRecord("run-2", "c", 0), grown(tables))
    changed = usage // 100
    _say("next night, 1 % changed", changed, night.wall, f"x{night.wall / first.wall:.2f} of the first load")
    for label in ("OldAccount", "OldValue"):
        client.write(f"CREATE CONSTRAINT IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE")
    some = tables["usage"].sort_by([("value", "ascending")]).slice(0, merge_rows)  # as a log comes: not by account
    rows = some.select(["account_id", "value", "events", "first_seen", "last_seen"]).to_pylist()
    with timed(server.pid) as merging:
        for at in range(0, len(rows), 10_000):
            client.write(BASELINE, rows=rows[at : at + 10_000])
    _say(
        "baseline: row-wise MERGE",
        len(rows),
        merging.wall,
        f"cpu {merging.client:.1f} s + server {merging.server:.1f} s",
    )
    client.close()
    neo4j_server.stop(server, kill=True)
    return rate, len(rows) / merging.wall


def main() -> None:
    """Run the benchmark and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=500_000)
    parser.add_argument("--edges", type=int, default=1_800_000)
    parser.add_argument("--merge-rows", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="20,000 accounts, 60,000 edges, 5,000 rows merged")
    asked = parser.parse_args()
    if asked.quick:
        asked.accounts, asked.edges, asked.merge_rows = 20_000, 60_000, 5_000
    tables = world(asked.accounts, asked.edges)
    tables = {name: rows.cast(STORED[name]) for name, rows in tables.items()}
    shared = pc.count_distinct(tables["usage"]["value"]).as_py()
    size = f"{asked.accounts:,} accounts, {len(tables['usage']):,} usage edges of {shared:,} values"
    print(f"{size}; Neo4j {neo4j_server.VERSION}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        imported = offline(tables, folder)
        loaded, merged = online(tables, asked.merge_rows, folder)
    for name, rate, target in (("offline import", imported, 75_000), ("online usage edges", loaded, 35_000)):
        said = "reached" if rate >= target else "missed"
        print(f"{name}: x{rate / merged:.1f} of row-wise MERGE; target {target:,}/s {said}")


if __name__ == "__main__":
    main()
