"""The offline way: files for `neo4j-admin database import`, really imported, against the same run loaded over Bolt."""

from __future__ import annotations

import gzip
import hashlib
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import handmade
import neo4j_server
import pytest

from attribution.errors import NotFoundError, UsageError
from attribution.store import EmbeddedStore, Published, graph_load, open_store
from attribution.store.ledgers import LEDGERS
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client
from attribution.store.neo4j_import import COMMAND, export
from graph_schema import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attribution.store import Store
    from attribution.store.neo4j_import import Exported

pytestmark = pytest.mark.neo4j

COUNTS = (
    "MATCH (n) WHERE NOT n:Writer AND NOT n:Migration RETURN head(labels(n)) AS name, count(*) AS n"
    " UNION ALL MATCH ()-[r]->() WHERE type(r) <> 'FOLLOWS' RETURN type(r) AS name, count(*) AS n"
)
PROPERTIES = (
    "MATCH (n:{label}) WITH n ORDER BY n.key, n.ring_id, n.campaign_id, n.lab_id, n.run_id, n.subject, n.name, n.weight"
    " RETURN collect(properties(n)) AS all"
)


@pytest.fixture(scope="module")
def source() -> Iterator[Store]:
    with EmbeddedStore(duckdb.connect(":memory:"), owned=True) as store:
        store.publish(handmade.run(1), whole(), report=handmade.REPORT)
        for name, schema in LEDGERS.items():
            rows = [
                {field.name: handmade.START if field.name == "decided" else f"{text}{at}" for field in schema}
                for at, text in enumerate(("", *handmade.HOSTILE))
            ]
            store.append(name, handmade.table_of(schema, rows))
        yield store


def whole() -> dict[str, Any]:
    tables = handmade.tables()
    long, twin, both = "x" * 100_000, "sha256:" + "0" * 64, (handmade.START, handmade.END)
    rows = handmade.usage_rows()
    rows += [("device", value, name, 1, *both) for value in (long, twin, " ends in a blank ") for name in ("a", long)]
    tables["usage"] = handmade.table("usage", rows)
    return tables


@pytest.fixture(scope="module")
def exported(source: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    folder = tmp_path_factory.mktemp("export") / "files"
    return folder, export(source, folder)


@pytest.fixture(scope="module")
def imported(exported: tuple[Path, Exported], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder, done = exported
    lib, home = neo4j_server.fetch(), tmp_path_factory.mktemp("imported")
    neo4j_server.configure(home, neo4j_server.free_port(), {})
    said = neo4j_server.admin(lib, home, *shlex.split(done.command)[1:], cwd=folder)
    assert "IMPORT DONE" in said
    server = neo4j_server.start(lib, home)
    client = Client(server.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    yield client
    client.close()
    neo4j_server.stop(server, kill=True)


def test_what_is_imported_is_what_is_loaded_over_bolt(
    source: Store, exported: tuple[Path, Exported], imported: Client, graph: Client
) -> None:
    with_bolt, from_files = Neo4jStore(graph), Neo4jStore(imported)
    assert graph_load(source, with_bolt) is Published.NEW
    assert from_files.digest() == with_bolt.digest() == source.digest()
    for name in LEDGERS:
        assert from_files.ledger(name).equals(source.ledger(name)), name
    counts = [sorted(map(tuple, (row.values() for row in client.read(COUNTS)))) for client in (imported, graph)]
    assert counts[0] == counts[1]
    _, done = exported
    assert dict(counts[0]) == {**done.nodes, **done.relationships}
    for label in ("Account", "Ip", "Network", "Asn", "Ring", "Campaign", "Lab", "Evidence", "Run", "Judgement"):
        text = PROPERTIES.replace("{label}", label)
        one, other = (client.read(text)[0]["all"] for client in (imported, graph))
        assert [dict(sorted(row.items())) for row in one] == [dict(sorted(row.items())) for row in other], label


def test_the_next_run_goes_on_top_of_it(source: Store, imported: Client) -> None:
    store = Neo4jStore(imported)
    assert graph_load(source, store) is Published.UNCHANGED
    assert store.publish(handmade.run(2), handmade.tables(shift=1)) is Published.NEW
    assert store.digest("run-1") == source.digest()
    edges = "MATCH ()-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->() WHERE r.since = 2 RETURN count(r) AS n"
    cards = len(handmade.members(1, 12))
    assert imported.read(edges) == [{"n": cards}]


def test_the_same_run_gives_the_same_bytes(source: Store, exported: tuple[Path, Exported], tmp_path: Path) -> None:
    folder, done = exported
    assert export(source, tmp_path / "again") == done
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in one.glob("*.csv*")}
        for one in (folder, tmp_path / "again")
    ]
    assert digests[0] == digests[1]


def test_headers_have_the_columns_of_the_model(exported: tuple[Path, Exported]) -> None:
    folder, _ = exported
    for node in model.NODES:
        path = folder / f"{node.label}.header.csv"
        if path.exists():
            columns = [column.partition(":")[0] for column in path.read_text().strip().split(",")]
            assert [name for name in columns if name] == [prop.name for prop in node.properties]
    with gzip.open(folder / "PAID_WITH.000.csv.gz", "rt") as part:
        assert len(part.read().splitlines()) > len(handmade.members(1, 12)) - 1


def test_the_script_is_the_command_and_a_shell_can_read_it(exported: tuple[Path, Exported]) -> None:
    folder, done = exported
    assert done.command in (folder / COMMAND).read_text()
    subprocess.run(["sh", "-n", folder / COMMAND], check=True)  # noqa: S607  # any POSIX shell


def test_the_command_line_writes_it(source: Store, tmp_path: Path) -> None:
    with open_store(tmp_path / "a.duckdb", write=True) as store:
        graph_load(source, store)
    program = Path(sys.executable).with_name("attribution")
    asked = [program, "graph", "export", tmp_path / "a.duckdb", "--neo4j-import", tmp_path / "files"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("neo4j-admin database import full neo4j --nodes=Account=./Account.header.csv")
    again = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "holds files already" in again.stderr


def test_a_folder_with_files_is_refused(source: Store, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UsageError, match="holds files already"):
        export(source, tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        export(source, tmp_path / "mine.txt")
    with pytest.raises(NotFoundError, match="no run 'x'"):
        export(source, tmp_path / "new", run_id="x")
