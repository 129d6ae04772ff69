"""Edges that others loaded, one by one: what can be used, what is put aside and why, and what stays theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import handmade
import pytest

import attribution
from attribution.config import Config
from attribution.errors import InputError, UsageError
from attribution.investigate import answer
from attribution.store import open_store
from attribution.store.loaded import load_usage
from attribution.store.neo4j import Neo4jStore
from attribution.warehouse import connect
from graph_schema.investigations import load

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.store.neo4j_client import Client

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

COUNTS = """
MATCH (:Account)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->() RETURN count(r) AS edges, count(r.since) AS ours
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
    ("SET r.count = -3", "out_of_range:count"),
    ("SET r.since = date('2026-03-01')", "wrong_type:since"),
    ("SET r.until = 'x'", "wrong_type:until"),
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
    graph.write(caught.value.remedy.partition(";")[0])
    assert graph.read("MATCH (v:Ip) RETURN v.key AS key, v.value AS value") == [
        {"key": "192.0.2.7", "value": "192.0.2.7"}
    ]
    graph.write("MATCH (v:Ip) REMOVE v.value")
    with pytest.raises(InputError, match="1 Ip nodes have no `value`") as caught:
        attribution.run(neo4j_environment, out=tmp_path / "none")
    graph.write(caught.value.remedy.partition(";")[0])
    assert graph.read("MATCH (v:Ip) RETURN v.value AS value") == [{"value": "192.0.2.7"}]  # and no key is lost
    with pytest.raises(UsageError, match="kept in that graph"):
        attribution.run(neo4j_environment, out=tmp_path / "none", store=tmp_path / "engine.duckdb")
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_used_spoils_no_answer(graph: Client, tmp_path: Path, neo4j_environment: str) -> None:
    graph.write(TWO)
    for at, (spoil, _) in enumerate(SPOILED):
        graph.write(TWO.replace("'a', 'b', 'c'", f"'odd{at}'"))
        graph.write(f"MATCH (:Account {{key: 'odd{at}'}})-[r:USED_IP]->() {spoil}")
    found = attribution.run(neo4j_environment, out=tmp_path / "out")
    assert len(found.tables["quarantine"]) == len(SPOILED)
    with open_store(neo4j_environment) as kept:
        assert set(kept.table("usage")["account_id"].to_pylist()) >= {"a", "b", "c"}
        for one in load().values():
            given = {"value": "192.0.2.7", "account": "a", "other": "b"}
            if not (needed := {p.name for p in one.parameters if p.needed}) - given.keys():
                answer(kept, one.name, {name: given[name] for name in needed})


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
