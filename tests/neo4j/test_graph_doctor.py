"""`attribution graph doctor` and `status` on a real server: every illness is told, with a remedy that heals it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import handmade
import neo4j_server
import pytest

from attribution.store.graph_doctor import Examination, examine
from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client
from graph_schema import checks, queries
from graph_schema.model import constraints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attribution.store.neo4j_client import Rows

pytestmark = pytest.mark.neo4j
NAMES = [migration.label for migration in shipped()]


@pytest.fixture
def whole(graph: Client) -> Iterator[Client]:
    """Lend a graph with two runs; give it back with its schema as it should be, and no rows."""
    migrate(graph, shipped())
    before = schema(graph)
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())
    store.publish(handmade.run(2), handmade.tables(shift=1))
    yield graph
    graph.write(neo4j_server.EMPTY)
    if schema(graph) != before:  # a server plans every query anew after that
        graph.write("MATCH (n) DETACH DELETE n")
        drop_schema(graph)
        migrate(graph, shipped())


def schema(graph: Client) -> list[Rows]:
    return [
        graph.read(text) for text in (queries.MIGRATIONS, checks.CHAIN, checks.SHOWN_CONSTRAINTS, checks.SHOWN_INDEXES)
    ]


def drop_schema(graph: Client) -> None:
    for row in graph.read("SHOW INDEXES YIELD name, owningConstraint, type WHERE type = 'RANGE' RETURN *"):
        kind = "INDEX" if row["owningConstraint"] is None else "CONSTRAINT"
        graph.write(f"DROP {kind} `{row['name']}`")


def _said(*args: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("attribution"))
    return subprocess.run([program, "graph", *args], capture_output=True, text=True, check=False)


def told(found: Examination, check: str) -> list[tuple[str, bool]]:
    assert all(finding.remedy for finding in found.findings)
    return [(finding.says, finding.wrong) for finding in found.findings if finding.check == check]


@pytest.mark.usefixtures("whole")
def test_what_the_graph_has_had_is_read_once(neo4j_environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again for each check, a migration between two of them would make the findings contradict each other."""
    asked: list[str] = []
    read = Client.read

    def counted(client: Client, text: str, /, **values: object) -> Rows:
        asked.append(text)
        return read(client, text, **values)

    monkeypatch.setattr(Client, "read", counted)
    assert examine(neo4j_environment).healthy
    assert asked.count(queries.MIGRATIONS) == 1


def test_a_graph_that_is_well_has_no_finding(whole: Client, neo4j_environment: str) -> None:
    found = examine(neo4j_environment)
    assert found.findings == ()
    assert found.healthy
    assert found.server.startswith("Neo4j Kernel ")
    assert found.schema == NAMES[-1]
    said = _said("doctor", "--store", neo4j_environment)
    assert (said.returncode, "nothing needs a hand" in said.stdout) == (0, True), said.stderr
    assert whole is not None


def test_names_of_others_are_told_and_are_no_illness(whole: Client, neo4j_environment: str) -> None:
    whole.write("MATCH (a:Account) WITH a LIMIT 1 SET a.note = 'x' CREATE (a)-[:SEEN_BY]->(:Analyst {name: 'mara'})")
    found = examine(neo4j_environment)
    assert told(found, "names") == [
        ("label Account has note, not of the model", False),
        ("label Analyst is not of the model", False),
        ("type SEEN_BY is not of the model", False),
    ]
    assert found.healthy


def test_orphans_are_told_and_their_remedy_removes_them(whole: Client, neo4j_environment: str) -> None:
    whole.write("CREATE (:Account {key: 'x', account_id: 'x'}), (:Ip {key: 'i', value: 'i'}), (:Lab {lab_id: 'l'})")
    found = examine(neo4j_environment)
    assert told(found, "orphans") == [(f"1 {label} nodes hang on nothing", True) for label in ("Account", "Ip", "Lab")]
    for finding in found.findings:
        whole.write(finding.remedy.partition(";")[0])
    assert examine(neo4j_environment).findings == ()


def test_what_was_cut_is_told(whole: Client, neo4j_environment: str) -> None:
    whole.write("MATCH (w:Writer {name: 'publish'}) SET w.pending = 9")
    whole.write("CREATE (:Ring {generation: 'lost', ring_id: 'r'})<-[:PART_OF]-(:Campaign {generation: 'lost'})")
    whole.write("CREATE (:Run {run_id: 'run-cut'})")
    found = examine(neo4j_environment)
    assert told(found, "writing") == [
        ("a write was cut", False),
        ("run run-cut was never made visible", True),
        ("nodes of no visible run: 1 Ring, 1 Campaign", False),
    ]
    whole.write("MATCH (w:Writer {name: 'publish'}) REMOVE w.pending")
    whole.write("MATCH (:Account)-[r:USED_IP]->() WITH r LIMIT 2 SET r.since = 77")
    assert told(examine(neo4j_environment), "writing")[0] == (
        "2 relationships are of a version that no run has, and no cut write is on record",
        True,
    )


def test_what_others_loaded_and_typed_is_told(whole: Client, neo4j_environment: str) -> None:
    whole.write("MATCH (:Account)-[r:USED_IP]->() WITH r LIMIT 3 REMOVE r.since, r.run")
    whole.write("CREATE (:Judgement {kind: 'ring_rejected', subject: 'ring-1', author: 'mara', reason: 'x'})")
    assert told(examine(neo4j_environment), "others") == [
        ("3 usage edges were loaded by others", False),
        ("typed judgements that wait for the next run: 1", False),
    ]


def test_every_edited_and_unknown_migration_is_told_and_the_chain_is_checked(
    whole: Client, neo4j_environment: str
) -> None:
    whole.write("MATCH (m:Migration) WHERE m.version IN [1, 3] SET m.checksum = 'other'")
    whole.write("CREATE (:Migration {version: 99, name: 'later', checksum: 'x'})")
    whole.write("MATCH (:Migration {version: 2})-[f:FOLLOWS]->() DELETE f")
    said = _said("doctor", "--store", neo4j_environment, "--json")
    assert said.returncode == 9
    found = json.loads(said.stdout)
    assert not found["healthy"]
    says = [one["says"] for one in found["findings"] if one["check"] == "migrations"]
    assert says == [
        f"{NAMES[0]} was edited after this graph had it",
        f"{NAMES[2]} was edited after this graph had it",
        "the graph has had V0099__later, which this version does not know",
        "V0002 follows none, not V0001",
        "V0099 follows none, not V0004",
    ]
    state = json.loads(_said("status", "--store", neo4j_environment, "--json").stdout)
    assert state["drift"] == [NAMES[0], NAMES[2], "V0099__later"]
    assert state["nodes"]["Account"] == whole.read("MATCH (n:Account) RETURN count(n) AS n")[0]["n"]
    assert state["nodes"]["Run"] == 2
    shown = _said("status", "--store", neo4j_environment)
    assert shown.returncode == 0
    assert f"{state['nodes']['Account']} Account" in shown.stdout


def test_what_is_missing_of_the_schema_is_told_with_the_statement_that_makes_it(
    whole: Client, neo4j_environment: str
) -> None:
    whole.write("DROP CONSTRAINT ip_key")
    whole.write("DROP INDEX evidence_subject")
    whole.write("DROP CONSTRAINT device_key")
    whole.write("CREATE CONSTRAINT device_key FOR (n:Device) REQUIRE n.value IS UNIQUE")
    found = examine(neo4j_environment)
    assert told(found, "constraints") == [
        ("constraint ip_key is missing", True),
        ("constraint device_key is about something else", True),
        ("index evidence_subject is missing", True),
    ]
    for finding in found.findings:
        for statement in finding.remedy.split("; "):
            if statement.startswith(("CREATE", "DROP")):
                whole.write(statement)
            elif ": CREATE" in statement:
                whole.write(statement.partition(": ")[2])
    assert examine(neo4j_environment).healthy


def test_an_empty_database_needs_every_migration(graph: Client, neo4j_environment: str) -> None:
    graph.write("MATCH (n) DETACH DELETE n")
    drop_schema(graph)
    found = examine(neo4j_environment)
    assert found.schema == "none"
    assert told(found, "migrations") == [(f"still to come: {', '.join(NAMES)}", True)]
    missing = f"{len(constraints())} keys and indexes are missing; the migrations make them"
    assert told(found, "constraints") == [(missing, True)]
    migrate(graph, shipped())
    assert examine(neo4j_environment).findings == ()


def test_every_constraint_of_the_model_can_be_read() -> None:
    from attribution.store.graph_doctor import _declared  # noqa: PLC0415  # its own reading of the model

    assert _declared(constraints()[0]) == ("CONSTRAINT", "account_key", "Account", ["key"])
    assert {_declared(one)[0] for one in constraints()} == {"CONSTRAINT", "INDEX"}
