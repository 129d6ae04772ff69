"""A run whose input is a graph that others loaded: usage edges alone, with no run, no version and no event."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j_server
import pytest

import attribution
from attribution.domain import Facet
from attribution.evaluate import evaluate
from attribution.store import open_store
from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j_client import Client
from attribution.warehouse import connect, daily, population

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from attribution.pipeline import Result

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

EVERY_EDGE = """
select '{label}' as label, '{used}' as used, account_id, {column} as value, count(*) as n,
    strftime(min(ts), '%Y-%m-%dT%H:%M:%S.%fZ') as first, strftime(max(ts), '%Y-%m-%dT%H:%M:%S.%fZ') as last
from events where {column} is not null group by account_id, {column} order by account_id, {column}
"""
BARE = "select account_id, ts at time zone 'UTC' as ts, ip, device_id, payment_id, template_id from events"
LOAD = """
UNWIND $rows AS row
MERGE (a:Account {{key: row[0]}}) ON CREATE SET a.account_id = row[0]
MERGE (v:{label} {{key: row[1]}}) ON CREATE SET v.value = row[1]
CREATE (a)-[:{used} {{count: row[2], first_seen: datetime(row[3]), last_seen: datetime(row[4])}}]->(v)
"""
KINDS = (
    ("Ip", "USED_IP", "ip"),
    ("Device", "USED_DEVICE", "device_id"),
    ("PaymentInstrument", "PAID_WITH", "payment_id"),
    ("PromptTemplate", "SENT_TEMPLATE", "template_id"),
)


def load_as_others_do(con: duckdb.DuckDBPyConnection, graph: Client) -> int:
    """Load every usage edge of some logs, also of values that one account alone used, with nothing of the engine."""
    loaded = 0
    for label, used, column in KINDS:
        rows = con.execute(EVERY_EDGE.format(label=label, used=used, column=column)).fetchall()
        lists = [list(row[2:]) for row in rows]
        for start in range(0, len(lists), 10_000):
            graph.write(LOAD.format(label=label, used=used), rows=lists[start : start + 10_000])
        loaded += len(lists)
    return loaded


@dataclass(frozen=True)
class Case:
    """A graph that others loaded, the run on it, and the folder of both."""

    graph: Client
    url: str
    edges: int
    found: Result
    folder: Path


@pytest.fixture(scope="module")
def case(
    world: Path, result: Result, neo4j: neo4j_server.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    graph = Client(neo4j.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    graph.write(neo4j_server.EMPTY)
    migrate(graph, shipped())  # others load by key as well
    with connect(result.out / "attribution.duckdb", read_only=True) as con:
        edges = load_as_others_do(con, graph)
    folder = tmp_path_factory.mktemp("from_graph")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTRIBUTION_NEO4J_PASSWORD", neo4j_server.ADMIN_PASSWORD)
        found = attribution.run(neo4j.url, labs=world / "labs.yaml", out=folder / "one", seed=3)
        yield Case(graph, neo4j.url, edges, found, folder)
    graph.close()


def memberships_of(case: Case) -> tuple[list[str], list[str]]:
    rows = case.found.tables["members"]
    return rows["account_id"].to_pylist(), rows["ring_id"].to_pylist()


COUNTS = """
MATCH (:Account)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->() RETURN count(r) AS edges, count(r.since) AS ours
"""


def test_the_rings_of_the_logs_are_found_from_their_usage_edges(
    world: Path, result: Result, case: Case, tmp_path: Path
) -> None:
    """Beside the whole logs stand logs with the same columns as the graph: what is missing then is time alone."""
    (tmp_path / "bare").mkdir()
    with connect(result.out / "attribution.duckdb", read_only=True) as con:
        con.execute(f"copy ({BARE}) to '{tmp_path / 'bare' / 'events.parquet'}'")
    bare = attribution.run(tmp_path / "bare", labs=world / "labs.yaml", out=tmp_path / "out", seed=3)
    logs, same, edges = (evaluate(world, one.out).rings.accounts for one in (result, bare, case.found))
    print(f"F1 of accounts: logs {logs.f1:.3f}, of these columns {same.f1:.3f}, usage edges {edges.f1:.3f}")  # noqa: T201
    assert edges.precision >= 0.95
    assert edges.f1 >= same.f1 - 0.05
    assert edges.f1 >= 0.85


def test_what_is_found_is_written_back_and_nothing_that_others_loaded_is_touched(world: Path, case: Case) -> None:
    assert case.graph.read(COUNTS) == [{"edges": case.edges, "ours": 0}]
    with open_store(case.found.out) as own, open_store(case.url) as kept:
        assert own.digest() == kept.digest()
        assert [run.run_id for run in kept.runs()] == [case.found.run_id]
        ring = case.found.report.rings[0].ring_id
        assert kept.shared(ring).equals(own.shared(ring))
        assert len(kept.shared(ring))
    again = attribution.run(case.url, labs=world / "labs.yaml", out=case.folder / "again", seed=3)
    assert again.run_id == case.found.run_id
    for path in sorted((case.folder / "one").glob("*.parquet")):
        assert path.read_bytes() == (case.folder / "again" / path.name).read_bytes(), path.name
    networks = case.graph.read("MATCH (:Ip)-[r:IN_NETWORK]->(:Network) RETURN count(r) AS n")
    assert networks[0]["n"] > 0


def test_questions_see_the_edges_of_others(case: Case) -> None:
    ring = next(ring for ring in case.found.report.rings if ring.verdict == "coordinated")
    rows = attribution.ask(case.url, "values_of_a_ring", ring=ring.ring_id)
    assert len(rows)
    assert len(attribution.ask(case.url, "networks_of_rings"))


def test_what_the_graph_cannot_say_stays_unknown(case: Case) -> None:
    with connect(case.found.out / "attribution.duckdb", read_only=True) as con:
        people = population(con)
    assert people.known == {"events.ip", "events.device_id", "events.payment_id", "events.template_id"}
    assert set(people.incidence) == {Facet.IP, Facet.NETWORK, Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE}
    for column in ("active_days", "input_tokens", "output_tokens", "refused", "residential", "datacentre"):
        assert people.activity[column].isna().all(), column
    assert people.activity["created_at"].isna().all()
    evidence = case.found.tables["evidence"].to_pylist()
    timing = [row for row in evidence if row["family"] == "timing"]
    assert timing
    for row in timing:
        assert (row["weight"], json.loads(row["detail"])["known"]) == (0.0, 0), row
    assert not [row for row in evidence if row["name"] == "time_zone" or row["name"].startswith("pivot")]
    report = case.found.report
    assert "events.ts" in {column.column for column in report.missing}
    assert any("graph of usage edges" in warning for warning in report.run.warnings)
    with connect(case.found.out / "attribution.duckdb", read_only=True) as con:
        assert len(daily(con, *memberships_of(case))) == 0


def test_why_answers_from_the_folder(case: Case) -> None:
    ring = case.found.report.rings[0]
    told = attribution.why(case.found.out, ring.ring_id)
    assert told.note == ""
    assert told.links > 0


def test_a_ring_of_a_graph_is_scored_against_the_dossiers(world: Path, case: Case) -> None:
    """The same posterior as the run's own, since nothing but the accounts is given; the graph's edges are the facts."""
    ring = next(ring for ring in case.found.report.rings if len(ring.campaigns) == 1)
    said = json.loads(_score(case.found.out, "--labs", world / "labs.yaml", "--ring", ring.ring_id))
    (campaign,) = ring.campaigns
    rows = case.found.tables["attributions"].to_pylist()
    run = {row["lab_id"]: row["posterior"] for row in rows if row["campaign_id"] == campaign.campaign_id}
    (found,) = said["results"]
    assert {row["lab_id"]: row["posterior"] for row in found["posteriors"]} == pytest.approx(run, abs=1e-6)
    assert found["abstained"] == campaign.abstained


def _score(out: Path, *words: object) -> str:
    program = Path(sys.executable).with_name("attribution")
    done = subprocess.run(
        [program, "score", out, *map(str, words), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_analysts_typed_beside_edges_of_others_is_honoured(world: Path, case: Case) -> None:
    """Marks stand in the graph that is the input: no store is named, and the run reads them there."""
    covert = next(ring for ring in case.found.report.rings if ring.verdict == "coordinated")
    other = next(ring for ring in case.found.report.rings if ring.verdict != "coordinated")
    value = next(value for ring in case.found.report.rings for value in ring.shared if value.facet == "ip").value
    pair = sorted(member.account_id for member in covert.members)[:2]
    marks = [
        ("ring_rejected", covert.ring_id, None, None),
        ("ring_confirmed", other.ring_id, None, None),
        ("benign_value", value, None, "ip"),
        ("cannot_link", pair[0], pair[1], None),
    ]
    for kind, subject, second, facet in marks:
        case.graph.write(TYPED, kind=kind, subject=subject, object=second, facet=facet)
    second_run = attribution.run(case.url, labs=world / "labs.yaml", out=case.folder / "marked", seed=3)
    assert second_run.run_id != case.found.run_id
    told = {one.kind: one for one in second_run.report.judgements}
    assert {kind: one.effect for kind, one in told.items()} == {kind: "changed" for kind, *_ in marks}, told
    verdicts = {ring.ring_id: ring.verdict for ring in second_run.report.rings}
    assert (verdicts[covert.ring_id], verdicts[other.ring_id]) == ("innocent", "coordinated")
    home = {row["account_id"]: row["ring_id"] for row in second_run.tables["members"].to_pylist()}
    assert pair[0] not in home or home[pair[0]] != home.get(pair[1])
    suppressed = [row["reason"] for row in second_run.tables["suppressed"].to_pylist() if row["value"] == value]
    assert suppressed == ["judged benign by mara, 2026-04-01 09:00 UTC: seen on site"]
    assert case.graph.read(COUNTS) == [{"edges": case.edges, "ours": 0}]
    with open_store(case.url) as kept:
        assert len(kept.ledger("judgements")) == len(marks)
        assert kept.digest() == _digest(second_run)


def _digest(found: Result) -> str:
    with open_store(found.out) as own:
        return own.digest()


TYPED = """
CREATE (:Judgement {kind: $kind, subject: $subject, object: $object, facet: $facet, author: 'mara',
                    decided: datetime('2026-04-01T09:00:00Z'), reason: 'seen on site'})
"""
