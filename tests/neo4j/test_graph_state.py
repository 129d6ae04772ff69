"""`attribution graph migrate` and `status` on a real server, by the program itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import handmade
import pytest

from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j import Neo4jStore
from graph_schema.model import constraints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attribution.store.neo4j_client import Client

pytestmark = pytest.mark.neo4j
NAMES = [migration.label for migration in shipped()]
MIGRATE_WHEN_TOLD = """
import sys
from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j_client import Client
client = Client.from_environment(sys.argv[1])
client.read("RETURN 1")
print("ready", flush=True)
sys.stdin.readline()
print(len(migrate(client, shipped())))
"""
DROP = "SHOW CONSTRAINTS YIELD name RETURN name"


@pytest.fixture
def bare(graph: Client) -> Iterator[Client]:
    """Lend a graph that never had a migration; give it back without anything that a test wrote."""
    graph.write("MATCH (n) DETACH DELETE n")
    for row in graph.read(DROP):
        graph.write(f"DROP CONSTRAINT `{row['name']}`")
    yield graph
    graph.write("MATCH (n) DETACH DELETE n")


def _program(*args: str) -> list[str]:
    return [str(Path(sys.executable).with_name("attribution")), "graph", *args]


def _said(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_program(*args), capture_output=True, text=True, check=False)


def test_migrate_and_status_tell_the_story_of_a_graph(bare: Client, neo4j_environment: str) -> None:
    before = json.loads(_said("status", "--store", neo4j_environment, "--json").stdout)
    assert (before["applied"], before["pending"], before["runs"]) == ([], NAMES, [])
    assert before["server"].startswith("Neo4j Kernel ")
    first, second = (_said("migrate", "--store", neo4j_environment) for _ in range(2))
    assert first.stdout.splitlines() == [f"applied {name}" for name in NAMES]
    assert (second.returncode, second.stdout) == (0, "nothing to apply\n")
    there = {row["name"] for row in bare.read(DROP)}
    assert there == {text.split()[2] for text in constraints() if text.startswith("CREATE CONSTRAINT")}

    Neo4jStore(bare).publish(handmade.run(1), handmade.tables())
    shown = _said("status", "--store", neo4j_environment)
    assert f"1, the latest {handmade.run(1).run_id}" in shown.stdout
    assert "nobody" in shown.stdout
    bare.write("MATCH (w:Writer {name: 'publish'}) SET w.pending = 9")
    assert "a write was cut" in _said("status", "--store", neo4j_environment).stdout


def test_two_processes_migrate_at_once(bare: Client, neo4j_environment: str) -> None:
    both = [
        subprocess.Popen(
            _program("migrate", "--store", neo4j_environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, code in ends] == [0, 0], ends
    said = [line for (out, _), _ in ends for line in out.splitlines() if line != "nothing to apply"]
    assert sorted(said) == [f"applied {name}" for name in NAMES]  # each is one process's own
    found = bare.read("MATCH (m:Migration) RETURN m.version AS version, m.checksum AS checksum ORDER BY version")
    assert found == [{"version": one.version, "checksum": one.checksum} for one in shipped()]


def test_two_processes_migrate_a_filled_older_graph_at_once(bare: Client, neo4j_environment: str) -> None:
    """V0004 makes edges anew under other names: both processes are in it together, and no edge comes twice."""
    edges = 60_000
    migrate(bare, shipped()[:3])
    bare.write(
        "UNWIND range(1, $edges) AS k CALL (k) { CREATE (:Account {key: 'a' + k, account_id: 'a' + k})"
        "-[:USED_PAYMENT {since: 1, events: k}]->(:Payment {key: 'p' + k, value: 'p' + k}) }",
        edges=edges,
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE_WHEN_TOLD, neo4j_environment],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    (found,) = bare.read(
        "MATCH (:Account)-[r:PAID_WITH]->(:PaymentInstrument) RETURN count(r) AS edges, sum(r.count) AS counts"
    )
    assert found == {"edges": edges, "counts": edges * (edges + 1) // 2}
    assert bare.read("MATCH ()-[r:USED_PAYMENT]->() RETURN count(r) AS n") == [{"n": 0}]
    assert sorted(int(out) for out, _ in ends) == [0, len(NAMES) - 3]
    bare.write("MATCH (n) CALL (n) { DETACH DELETE n }")


def test_an_edited_migration_is_told(bare: Client, neo4j_environment: str) -> None:
    assert _said("migrate", "--store", neo4j_environment).returncode == 0
    bare.write("MATCH (m:Migration {version: 2}) SET m.checksum = 'other'")
    said = _said("migrate", "--store", neo4j_environment)
    assert said.returncode == 6
    assert f"migration {NAMES[1]} was edited after this graph had it" in said.stderr
    status = _said("status", "--store", neo4j_environment, "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["drift"] == [NAMES[1]]


def test_no_address_of_a_graph() -> None:
    said = _said("status", "--store", "engine.duckdb")
    assert said.returncode == 6
    assert "no address of a graph" in said.stderr
