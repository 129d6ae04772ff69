"""What only a real server can show: crashes between transactions, the lease, migrations, plans."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import handmade
import neo4j_server
import pytest

from attribution.errors import StoreError
from attribution.ingest.addresses import network_of
from attribution.store import Published, RingQuery, graph_load, open_store
from attribution.store import migrate as migrations
from attribution.store.digests import content_digest
from attribution.store.neo4j import Neo4jStore
from graph_schema import queries

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.store.neo4j_client import Client

pytestmark = pytest.mark.neo4j


class DyingError(Exception):
    """Stands for the end of the process."""


class DyingClient:
    """A client whose process ends at the n-th write; nothing is tidied up after it, not even the lease."""

    def __init__(self, client: Client, writes: int) -> None:
        self._client, self._left = client, writes

    def write_all(self, steps: Any, *, guarded: bool = False) -> Any:
        self._left -= 1
        if self._left <= 0:
            raise DyingError
        return self._client.write_all(steps, guarded=guarded)

    def write(self, text: str, /, **values: Any) -> Any:
        return self.write_all([(text, values)])[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def counted_writes(client: Client) -> int:
    """Return how many writes the publication of a second run takes."""
    Neo4jStore(client).publish(handmade.run(1), handmade.tables())
    counter = DyingClient(client, 10_000)
    Neo4jStore(counter).publish(handmade.run(2), handmade.tables(shift=1))  # type: ignore[arg-type]
    return 10_000 - counter._left  # noqa: SLF001  # its own helper


def test_a_reader_sees_the_old_run_whole_wherever_the_writer_dies(graph: Client) -> None:
    first, second = handmade.tables(), handmade.tables(shift=1)
    writes = counted_writes(graph)
    wanted = content_digest(handmade.run(1), "{}", first)
    for at in (3, writes // 3, 2 * writes // 3, writes - 1):
        graph.write(neo4j_server.EMPTY)
        reader = Neo4jStore(graph, lease_seconds=0.2)
        reader.publish(handmade.run(1), first)
        with pytest.raises(DyingError):
            Neo4jStore(DyingClient(graph, at), lease_seconds=0.2).publish(handmade.run(2), second)  # type: ignore[arg-type]
        assert [run.run_id for run in reader.runs()] == ["run-1"], at
        assert reader.digest("run-1") == wanted, at
        assert reader.publish(handmade.run(3), second) is Published.NEW  # waits for the lease, clears the remains
        assert reader.digest("run-1") == wanted, at
        assert reader.digest("run-3") == content_digest(handmade.run(3), "{}", second), at
    assert reader.publish(handmade.run(2), second) in {Published.NEW, Published.UNCHANGED}
    assert reader.digest("run-2") == content_digest(handmade.run(2), "{}", second)


def test_what_a_failed_writer_left_is_cleared_although_it_gave_the_lease_back(
    graph: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())

    def fails(*_: object) -> None:
        raise DyingError

    with monkeypatch.context() as patch:
        patch.setattr("attribution.store.neo4j_write.Publication.write_tables", fails)
        with pytest.raises(DyingError):
            store.publish(handmade.run(2), handmade.tables(shift=1))
    assert graph.read(queries.WRITING) == [{"busy": False, "unfinished": True}]
    store.publish(handmade.run(3), handmade.tables(4))
    assert store.digest("run-1") == content_digest(handmade.run(1), "{}", handmade.tables())
    assert store.digest("run-3") == content_digest(handmade.run(3), "{}", handmade.tables(4))


def test_replacing_a_run_dies_halfway(graph: Client) -> None:
    store = Neo4jStore(graph, lease_seconds=0.2)
    store.publish(handmade.run(1), handmade.tables())
    before = store.digest()
    with pytest.raises(DyingError):
        Neo4jStore(DyingClient(graph, 10), lease_seconds=0.2).publish(handmade.run(1), handmade.tables(4))  # type: ignore[arg-type]
    assert store.digest() == before
    assert store.publish(handmade.run(1), handmade.tables(4)) is Published.REPLACED
    assert store.digest() == content_digest(handmade.run(1), "{}", handmade.tables(4))
    assert graph.read("MATCH (r:Ring) RETURN count(DISTINCT r.generation) AS n")[0]["n"] == 1


def test_a_reader_beside_a_writer_sees_whole_runs_only(graph: Client) -> None:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables(0))
    allowed = {content_digest(handmade.run(1), "{}", handmade.tables(shift)) for shift in range(4)}
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            seen.add(store.digest())

    reader = threading.Thread(target=read)
    reader.start()
    for shift in (1, 2, 3):
        assert store.publish(handmade.run(1), handmade.tables(shift)) is Published.REPLACED
    stop.set()
    reader.join()
    assert seen <= allowed
    assert len(seen) > 1


def test_writers_wait_for_each_other(graph: Client) -> None:
    stores = [Neo4jStore(graph) for _ in range(3)]
    stores[0].publish(handmade.run(1), handmade.tables())
    errors: list[Exception] = []

    def publish(number: int) -> None:
        try:
            stores[number].publish(handmade.run(number + 2), handmade.tables(number))
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for number in range(3):
        run = handmade.run(number + 2)
        assert stores[0].digest(run.run_id) == content_digest(run, "{}", handmade.tables(number))


def test_a_lost_lease_makes_nothing_visible(graph: Client) -> None:
    class Robbed(DyingClient):
        def write_all(self, steps: Any, *, guarded: bool = False) -> Any:
            if any(text == queries.SHOW_RUN for text, _ in steps):
                graph.write("MATCH (w:Writer) SET w.holder = 'somebody else'")
            return self._client.write_all(steps, guarded=guarded)

    with pytest.raises(StoreError, match="took over"):
        Neo4jStore(Robbed(graph, 0)).publish(handmade.run(1), handmade.tables())  # type: ignore[arg-type]
    assert Neo4jStore(graph).runs() == []


def test_only_what_changed_is_written(graph: Client) -> None:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())
    store.publish(handmade.run(2), handmade.tables())
    edges = "MATCH ()-[r:USED_IP|PAID_WITH|SENT_TEMPLATE|USED_DEVICE]->() RETURN count(r) AS n, count(r.until) AS ended"
    usage = len(handmade.tables()["usage"])
    assert graph.read(edges) == [{"n": usage, "ended": 0}]
    store.publish(handmade.run(3), handmade.tables(shift=1))  # the events of each card edge change
    cards = len(handmade.members(1, 12))
    assert graph.read(edges) == [{"n": usage + cards, "ended": cards}]


def test_migrations_are_a_chain_and_never_edited(graph: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.write("MATCH (n) DETACH DELETE n")
    one = migrations.parse("V0001__one.cypher", "// first\nRETURN 1;\nRETURN 2;\n")
    two = migrations.parse("V0002__two.cypher", "RETURN 3;\n")
    assert one.statements == ("RETURN 1", "RETURN 2")
    assert migrations.migrate(graph, (one,)) == ("V0001__one",)
    assert migrations.migrate(graph, (one, two)) == ("V0002__two",)
    assert migrations.migrate(graph, (one, two)) == ()
    chain = graph.read("MATCH (b:Migration)-[:FOLLOWS]->(a:Migration) RETURN a.name AS a, b.name AS b")
    assert chain == [{"a": "one", "b": "two"}]
    edited = migrations.parse("V0001__one.cypher", "RETURN 9;\n")
    with pytest.raises(StoreError, match="V0001__one was edited"):
        migrations.migrate(graph, (edited, two))
    with pytest.raises(StoreError, match="V0002__two, which this version does not know"):
        migrations.migrate(graph, (one,))
    with pytest.raises(StoreError, match="not a migration's name"):
        migrations.parse("V1_x.cypher", "")
    monkeypatch.setattr("attribution.store.neo4j.shipped", lambda: (edited, two))
    with pytest.raises(StoreError, match="was edited"):
        Neo4jStore(graph).publish(handmade.run(1), handmade.tables())
    graph.write("MATCH (n) DETACH DELETE n")


def test_what_an_older_version_wrote_moves_to_the_present_names(graph: Client) -> None:
    graph.write("MATCH (n) DETACH DELETE n")
    every = migrations.shipped()
    migrations.migrate(graph, every[:2])
    graph.write(
        "CREATE (a:Account {key: 'a', account_id: 'a'}), (:Run {run_id: 'run-0', usage_version: 2, sequence: 1}),"
        " (a)-[:USED_PAYMENT {since: 1, until: 2, events: 4}]->(:Payment {key: 'card', value: 'card'}),"
        " (a)-[:USED_TEMPLATE {since: 2, events: 5}]->(:Template {key: 't', value: 't'}),"
        " (a)-[:USED_IP {since: 1, events: 6}]->(:Ip {key: 'i', value: 'i'})"
    )
    assert migrations.migrate(graph, every) == tuple(migration.label for migration in every[2:])
    rows = graph.read(
        "MATCH (:Account)-[r]->(v) RETURN type(r) AS type, labels(v) AS labels, r.count AS count, r.events AS events,"
        " r.run AS run, r.until AS until ORDER BY count"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("PAID_WITH", ["PaymentInstrument"], 4, None, "run-0", 2),
        ("SENT_TEMPLATE", ["PromptTemplate"], 5, None, "run-0", None),
        ("USED_IP", ["Ip"], 6, None, "run-0", None),
    ]
    held = {row["name"] for row in graph.read("SHOW CONSTRAINTS YIELD name")}
    assert held >= {"paymentinstrument_key", "prompttemplate_key", "asn_key"}
    assert not held & {"payment_key", "template_key"}


def test_addresses_and_links_stand_in_the_graph(graph: Client) -> None:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())
    store.publish(handmade.run(2), handmade.tables(shift=1))
    origins = graph.read(
        "MATCH (i:Ip)-[r:IN_ASN]->(n:Asn) RETURN i.value AS ip, n.key AS asn, r.as_org AS org, r.run AS run,"
        " r.until AS until ORDER BY ip, org"
    )
    assert [tuple(row.values()) for row in origins] == [
        ("198.51.100.0", "64500", "Example Hosting", "run-1", None),
        ("198.51.100.1", "64500", "Example Hosting", "run-1", 2),
        ("198.51.100.1", "64500", "Example Hosting BV", "run-2", None),
        ("2001:db8::1", "unknown", None, "run-1", None),
    ]
    links = (
        "MATCH (:Account)-[r:LINKED_TO]->(:Account) RETURN r.weight AS w, r.since AS since, r.until AS until ORDER BY w"
    )
    assert [tuple(row.values()) for row in graph.read(links)] == [
        (5.0, 1, 2),
        (6.0, 2, None),
        (6.25, 1, None),
        (9.5, 1, None),
    ]


def test_a_checksum_does_not_depend_on_the_ends_of_lines() -> None:
    assert migrations.parse("V0001__a.cypher", "A;\r\nB;\r\n") == migrations.parse("V0001__a.cypher", "A;\nB;\n")


def test_the_server_plans_every_query(graph: Client) -> None:
    Neo4jStore(graph).publish(handmade.run(1), handmade.tables())
    for name, text in queries.every().items():
        values = dict.fromkeys(set(_parameters(text)), None)
        assert graph.read("EXPLAIN " + text, **values) == [], name


def test_look_ups_use_indexes(graph: Client, neo4j: neo4j_server.Server) -> None:
    import neo4j as driver_module  # noqa: PLC0415  # the fixture has its name

    Neo4jStore(graph).publish(handmade.run(1), handmade.tables())
    auth = ("neo4j", neo4j_server.ADMIN_PASSWORD)
    with driver_module.GraphDatabase.driver(neo4j.url, auth=auth) as driver:
        for text in (queries.RINGS, queries.RING, queries.MEMBERS, queries.EVIDENCE, queries.CAMPAIGN, queries.REPORT):
            plan = driver.execute_query("EXPLAIN " + text, dict.fromkeys(_parameters(text))).summary.plan  # type: ignore[arg-type]
            operators = _operators(plan)
            assert not any("AllNodesScan" in one for one in operators), text
            if text is not queries.REPORT:
                assert any("IndexSeek" in one for one in operators), (text, operators)


def _parameters(text: str) -> list[str]:
    import re  # noqa: PLC0415  # one use

    return re.findall(r"\$(\w+)", text)


def _operators(plan: Any) -> list[str]:
    return [plan["operatorType"], *(name for child in plan.get("children", []) for name in _operators(child))]


def test_addresses_stand_in_their_networks(graph: Client) -> None:
    Neo4jStore(graph).publish(handmade.run(1), handmade.tables())
    rows = graph.read("MATCH (i:Ip)-[:IN_NETWORK]->(n:Network) RETURN i.value AS i, n.value AS n ORDER BY i")
    assert {row["i"]: row["n"] for row in rows} == {
        "198.51.100.0": "198.51.100.0/24",
        "198.51.100.1": "198.51.100.0/24",
        "2001:db8::1": "2001:db8::/48",
    }
    assert network_of("no address") is None


def test_loading_by_address_twice(neo4j_environment: str, graph: Client, tmp_path: Path) -> None:
    assert graph.read("RETURN 1 AS n")
    with open_store(tmp_path / "a.duckdb", write=True) as source, open_store(neo4j_environment) as target:
        source.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
        assert graph_load(source, target) is Published.NEW
        assert graph_load(source, target) is Published.UNCHANGED
        assert target.digest() == source.digest()
        assert target.rings(RingQuery()).equals(source.rings(RingQuery()))
        assert target.shared("ring-1").equals(source.shared("ring-1"))


def test_user_in_the_address_and_password_in_a_file(
    neo4j: neo4j_server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "password"
    file.write_text(neo4j_server.ADMIN_PASSWORD + "\n")
    monkeypatch.delenv("ATTRIBUTION_NEO4J_PASSWORD", raising=False)
    monkeypatch.setenv("ATTRIBUTION_NEO4J_USER", "nobody")
    monkeypatch.setenv("ATTRIBUTION_NEO4J_PASSWORD_FILE", str(file))
    with caplog.at_level("DEBUG"), open_store(neo4j.url.replace("//", "//neo4j@") + "/neo4j", write=True) as store:
        store.publish(handmade.run(1), handmade.tables())
        assert store.runs()
    assert neo4j_server.ADMIN_PASSWORD not in caplog.text


def test_a_wrong_password_is_said_without_repeating_it(
    neo4j_environment: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ATTRIBUTION_NEO4J_PASSWORD", "hunter2")
    with (
        caplog.at_level("DEBUG"),
        open_store(neo4j_environment) as store,
        pytest.raises(StoreError, match="refuses the user or password") as caught,
    ):
        store.runs()
    assert "hunter2" not in str(caught.value) + caught.value.remedy + caplog.text
