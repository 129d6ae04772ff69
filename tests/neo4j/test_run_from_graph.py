"""A run whose input is a graph that others loaded: usage edges alone, with no run, no version and no event."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import handmade
import neo4j_server
import pytest

import attribution
from attribution.config import Config
from attribution.domain import Facet
from attribution.errors import InputError, UsageError
from attribution.evaluate import evaluate
from attribution.store import open_store
from attribution.store.loaded import load_usage
from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client
from attribution.warehouse import connect, daily, population

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from attribution.pipeline import Result

pytestmark = [pytest.mark.neo4j, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

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
TWO = """
UNWIND ['a', 'b', 'c'] AS name
MERGE (a:Account {key: name}) SET a.account_id = name
MERGE (v:Ip {key: '192.0.2.7'}) SET v.value = '192.0.2.7'
CREATE (a)-[:USED_IP {count: 3, first_seen: datetime('2026-03-01T00:00:00Z'),
                      last_seen: datetime('2026-03-02T00:00:00Z')}]->(v)
"""
SPOILED = (
    ("SET r.count = '3'", "wrong_type:count"),
    ("SET r.count = 0", "out_of_range:count"),
    ("REMOVE r.first_seen", "bad_time:first_seen"),
    ("SET r.first_seen = '2026-03-01'", "bad_time:first_seen"),
    ("SET r.first_seen = datetime('1999-01-01T00:00:00Z')", "out_of_range:first_seen"),
    ("SET r.last_seen = datetime('2026-02-01T00:00:00Z')", "out_of_range:last_seen"),
)


@pytest.mark.parametrize(("spoil", "reason"), SPOILED)
def test_an_edge_that_cannot_be_used_is_put_aside_with_its_reason(
    graph: Client, tmp_path: Path, neo4j_environment: str, spoil: str, reason: str
) -> None:
    graph.write(TWO)
    graph.write(f"MATCH (:Account {{key: 'c'}})-[r:USED_IP]->() {spoil}")
    with connect(None) as con:
        intake = load_usage(neo4j_environment, con, Config().ingest, key=b"k", progress=lambda *_: None)
        rows = con.execute("select facet, value, account_id, events, first_seen::varchar from edges order by all")
        assert rows.fetchall() == [("ip", "192.0.2.7", who, 3, "2026-03-01 00:00:00") for who in ("a", "b")]
    (refused,) = intake.quarantine.to_pylist()
    assert (refused["file"], refused["reason"]) == ("USED_IP", reason)
    (account,) = intake.files
    assert (account.rows, account.accepted, account.duplicates, account.quarantined) == (3, 2, 0, 1)
    assert tmp_path.is_dir()


@pytest.mark.parametrize(
    ("label", "used", "value", "reason"),
    [
        ("Ip", "USED_IP", "::FFFF:192.0.2.1", "bad_address:value"),
        ("Ip", "USED_IP", "no address", "bad_address:value"),
        ("PaymentInstrument", "PAID_WITH", "4111 1111 1111 1111", "card_number:value"),
        ("Device", "USED_DEVICE", "a\0b", "control_character:value"),
    ],
)
def test_a_hostile_value_is_put_aside(
    graph: Client, neo4j_environment: str, label: str, used: str, value: str, reason: str
) -> None:
    graph.write(TWO)
    text = (
        f"MATCH (a:Account {{key: 'a'}}) MERGE (v:{label} {{key: $value}}) SET v.value = $value"
        f" CREATE (a)-[:{used} {{count: 1, first_seen: datetime('2026-03-01T00:00:00Z'),"
        f" last_seen: datetime('2026-03-01T00:00:00Z')}}]->(v)"
    )
    graph.write(text, value=value)
    with connect(None) as con:
        intake = load_usage(neo4j_environment, con, Config().ingest, key=b"k", progress=lambda *_: None)
    assert [(row["file"], row["reason"]) for row in intake.quarantine.to_pylist()] == [(used, reason)]


def test_an_edge_twice_is_one_and_the_longest_span(graph: Client, neo4j_environment: str) -> None:
    graph.write(TWO)
    graph.write(TWO.replace("'a', 'b', 'c'", "'a'").replace("03-02", "03-09"))
    with connect(None) as con:
        intake = load_usage(neo4j_environment, con, Config().ingest, key=b"k", progress=lambda *_: None)
        row = con.execute("select events, last_seen::varchar from edges where account_id = 'a'").fetchall()
    assert row == [(6, "2026-03-09 00:00:00")]
    assert intake.files[0].duplicates == 1


ORIGIN = """
MERGE (i:Ip {key: $ip}) ON CREATE SET i.value = $ip
MERGE (n:Asn {key: $key}) SET n.asn = $asn, n.name = $name
CREATE (i)-[:IN_ASN {as_org: $as_org, country: $country, kind: $kind}]->(n)
"""
ORIGINS = (
    ("192.0.2.7", "64500", 64500, None, "Example Hosting", "NL", "Hosting"),
    ("192.0.2.7", "64500", 64500, None, "Example Hosting", "NL", "Hosting"),
    ("192.0.2.7", "64501", 64501, None, "Somebody else", "DE", "vpn"),
    ("192.0.2.8", "64502", 64502, "As the system is called", None, None, None),
    ("192.0.2.9", "unknown", None, None, None, "FR", None),
    ("192.0.2.10", "64503", "64503", None, None, None, None),
    ("192.0.2.11", "64500", 64500, None, 7, "NL", None),
    ("192.0.2.12", "64500", 64500, None, None, None, "planet"),
    ("::FFFF:192.0.2.1", "64500", 64500, None, None, None, None),
)


def say_origins(graph: Client) -> None:
    for origin in ORIGINS:
        names = ("ip", "key", "asn", "name", "as_org", "country", "kind")
        graph.write(ORIGIN, **dict(zip(names, origin, strict=True)))


def test_where_addresses_come_from_is_read_as_others_loaded_it(graph: Client, neo4j_environment: str) -> None:
    graph.write(TWO)
    say_origins(graph)
    with connect(None) as con:
        intake = load_usage(neo4j_environment, con, Config().ingest, key=b"k", progress=lambda *_: None)
        rows = con.execute("select ip, asn, as_org, country, kind from ips order by ip").fetchall()
        columns = {name for (name,) in con.execute("select name from input_columns").fetchall()}
    assert rows == [
        ("192.0.2.7", 64500, "Example Hosting", "NL", "hosting"),
        ("192.0.2.8", 64502, "As the system is called", None, None),
        ("192.0.2.9", None, None, "FR", None),
    ]
    assert columns == set(intake.known) == {"events.ip", "ips.asn", "ips.as_org", "ips.country", "ips.kind"}
    assert sorted((row["file"], row["reason"]) for row in intake.quarantine.to_pylist()) == [
        ("IN_ASN", reason)
        for reason in ("bad_address:value", "conflict", "unknown_word:kind", "wrong_type:as_org", "wrong_type:asn")
    ]
    (told,) = (one for one in intake.files if one.file == "IN_ASN")
    assert (told.table, told.rows, told.accepted, told.duplicates, told.quarantined) == ("ips", 9, 3, 1, 5)


def test_a_run_says_where_addresses_come_from_beside_what_others_said(
    graph: Client, tmp_path: Path, neo4j_environment: str
) -> None:
    graph.write(TWO)
    say_origins(graph)
    found = attribution.run(neo4j_environment, out=tmp_path / "one")
    with open_store(found.out) as own, open_store(neo4j_environment) as kept:
        assert own.digest() == kept.digest()
        (address,) = kept.table("addresses").to_pylist()  # the others are not shared
    assert (address["ip"], address["asn"], address["kind"]) == ("192.0.2.7", 64500, "hosting")
    theirs = "MATCH (:Ip)-[r:IN_ASN]->(:Asn) RETURN count(r) AS edges, count(r.since) AS ours"
    assert graph.read(theirs) == [{"edges": len(ORIGINS) + 1, "ours": 1}]
    again = attribution.run(neo4j_environment, out=tmp_path / "two")
    assert again.run_id == found.run_id  # what the engine wrote itself is not read as if others had said it
    assert graph.read(theirs) == [{"edges": len(ORIGINS) + 1, "ours": 1}]


def test_a_graph_that_cannot_be_read_is_told(graph: Client, tmp_path: Path, neo4j_environment: str) -> None:
    with pytest.raises(InputError, match="holds no usage edges"):
        attribution.run(neo4j_environment, out=tmp_path / "none")
    graph.write(TWO)
    graph.write("MATCH (v:Ip) REMOVE v.key")
    with pytest.raises(InputError, match="1 Ip nodes have no `value`, or a `key`") as caught:
        attribution.run(neo4j_environment, out=tmp_path / "none")
    assert caught.value.remedy.startswith("MATCH (n:Ip) SET n.key = n.value")
    with pytest.raises(UsageError, match="kept in that graph"):
        attribution.run(neo4j_environment, out=tmp_path / "none", store=tmp_path / "engine.duckdb")
    assert not list((tmp_path / "none").iterdir())


def test_an_edge_twice_is_written_back_as_one(graph: Client, tmp_path: Path, neo4j_environment: str) -> None:
    graph.write(TWO)
    graph.write(TWO.replace("'a', 'b', 'c'", "'a'").replace("03-02", "03-09"))
    found = attribution.run(neo4j_environment, out=tmp_path / "out")
    with open_store(found.out) as own, open_store(neo4j_environment) as kept:
        assert own.digest() == kept.digest()
        assert len(kept.table("usage")) == 3
    assert graph.read(COUNTS) == [{"edges": 4, "ours": 0}]


def test_an_edge_of_others_beside_the_engines_own_is_shown_as_one(graph: Client) -> None:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())
    before = store.shared("ring-1")
    graph.write(
        "MATCH (a:Account)-[r:USED_IP]->(v) WITH a, r, v ORDER BY v.key, a.key LIMIT 1"
        " CREATE (a)-[n:USED_IP]->(v) SET n = properties(r) REMOVE n.since, n.run"
    )
    after = store.shared("ring-1")
    names = ["facet", "value", "account_id"]
    assert after.select(names).equals(before.select(names))
    assert sum(after["events"].to_pylist()) > sum(before["events"].to_pylist())
    assert store.publish(handmade.run(2), handmade.tables(shift=1)).value == "new"
    assert graph.read("MATCH ()-[r:USED_IP]->() WHERE r.since IS NULL RETURN count(r) AS n") == [{"n": 1}]
