"""Opening stores by name, following a file that another process writes, usage edges from the facts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import handmade
import pyarrow.parquet as pq
import pytest

from attribution.errors import NotFoundError, StoreError
from attribution.schemas import OUTPUT_TABLES
from attribution.store import EmbeddedStore, Published, RingQuery, graph_load, open_store
from attribution.store.snapshot import SnapshotStore
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from pathlib import Path


def write_store(path: Path, number: int = 1) -> str:
    with open_store(path, write=True) as store:
        store.publish(handmade.run(number), handmade.tables(shift=number - 1), report=handmade.REPORT)
        return store.digest()


def write_folder(out: Path) -> None:
    out.mkdir()
    for name in OUTPUT_TABLES:
        pq.write_table(handmade.tables()[name], out / f"{name}.parquet")
    (out / "report.json").write_text(handmade.REPORT)
    (out / "run.json").write_text(json.dumps({"run_id": "run-1", "config_digest": "c" * 64, "seed": 7, "stages": []}))


def test_a_file_is_opened_for_reading_by_default(tmp_path: Path) -> None:
    digest = write_store(tmp_path / "a.duckdb")
    with open_store(tmp_path / "a.duckdb") as one, open_store(tmp_path / "a.duckdb") as two:
        assert one.digest() == two.digest() == digest
        with pytest.raises(StoreError):
            one.publish(handmade.run(2), handmade.tables())


def test_a_folder_with_a_store_is_that_store(tmp_path: Path) -> None:
    digest = write_store(tmp_path / "attribution.duckdb")
    with open_store(tmp_path) as store:
        assert store.digest() == digest


def test_a_folder_of_tables_is_a_store_in_memory(tmp_path: Path) -> None:
    write_folder(tmp_path / "out")
    with open_store(tmp_path / "out") as store:
        assert store.rings(RingQuery())["ring_id"].to_pylist() == ["ring-1", "ring-2", "ring-3"]
        assert store.run().run_id == "run-1"
        assert store.table("usage").num_rows == 0


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such store"):
        open_store(tmp_path / "none.duckdb")
    with pytest.raises(NotFoundError, match="no finished run"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match="mysql://"):
        open_store("mysql://host/db")
    (tmp_path / "text").write_text("no database")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / "text")
    write_folder(tmp_path / "out")
    (tmp_path / "out" / "rings.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(tmp_path / "out")
    (tmp_path / "out" / "run.json").write_text("[1]")
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(tmp_path / "out")


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(StoreError, match="holds a password") as caught:
        open_store("neo4j://neo4j:secret@host:7687")
    assert "secret" not in str(caught.value) + caught.value.remedy


def test_a_password_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATTRIBUTION_NEO4J_PASSWORD", raising=False)
    monkeypatch.setenv("ATTRIBUTION_NEO4J_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreError, match="none cannot be read"):
        open_store("neo4j://mara@host:7687")


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attribution.store.neo4j_client.MEET_SECONDS", 0.1)
    with open_store("bolt://127.0.0.1:1") as store, pytest.raises(StoreError, match="does not answer"):
        store.runs()


def test_another_format_is_refused(tmp_path: Path) -> None:
    write_store(tmp_path / "a.duckdb")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as con:
        con.execute("update results.format set version = 99")
    for follow in (True, False):
        with pytest.raises(StoreError, match="format 99"):
            open_store(tmp_path / "a.duckdb", follow=follow)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("create schema results; create table results.runs (a int)", "another program's database"),
        ("create schema results; create table results.runs (a int); create table results.format (a int)", "no format"),
        ("create table events (a int)", "its table events is not as this version"),
        ("create table invoices (a int)", "another program's database"),
        ("create schema sales; create table sales.runs (a int)", "another program's database"),
    ],
)
def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path, made: str, said: str) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(made)
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(StoreError, match=said):
            open_store(path, write=write)
    if "another" in said:
        with pytest.raises(StoreError, match=said):
            open_store(path, follow=True)
        assert path.read_bytes() == before


def test_a_snapshot_follows_the_file_without_holding_it(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    first = write_store(path)
    with SnapshotStore(path, look_seconds=0.0) as reader:
        assert reader.digest() == first
        with open_store(path, write=True) as writer:
            assert reader.digest() == first  # the writer holds the file: the last snapshot serves
            writer.publish(handmade.run(2), handmade.tables(shift=1))
        assert reader.run().run_id == "run-2"
        assert reader.digest("run-1") == first
        path.unlink()
        assert reader.run().run_id == "run-2"
        with pytest.raises(StoreError, match="reading only"):
            reader.publish(handmade.run(3), handmade.tables())


def test_a_snapshot_of_a_store_without_runs(tmp_path: Path) -> None:
    with connect(tmp_path / "a.duckdb"):
        pass
    with SnapshotStore(tmp_path / "a.duckdb") as reader:
        assert reader.runs() == []
        with pytest.raises(NotFoundError):
            reader.run()


def test_many_threads_read_and_one_writes(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.duckdb", write=True) as store:
        store.publish(handmade.run(1), handmade.tables())
        digest = store.digest()
        with ThreadPoolExecutor(4) as pool:
            reads = [pool.submit(store.digest, "run-1") for _ in range(12)]
            store.publish(handmade.run(2), handmade.tables(shift=1))
            assert {read.result() for read in reads} == {digest}


def test_usage_edges_come_from_the_facts(tmp_path: Path) -> None:
    events = [
        ("a", "2026-03-01 00:00:00", "192.0.2.1", "d1", None, None),
        ("a", "2026-03-02 00:00:00", "192.0.2.1", None, "p1", "t"),
        ("b", "2026-03-03 00:00:00", "192.0.2.1", "d2", "p1", "t"),
        ("c", "2026-03-04 00:00:00", "192.0.2.9", None, None, None),
    ]
    with connect(tmp_path / "a.duckdb") as con:
        con.executemany(
            "insert into events (account_id, ts, ip, device_id, payment_id, template_id) values (?, ?, ?, ?, ?, ?)",
            events,
        )
        store = EmbeddedStore(con)
        tables = {name: table for name, table in handmade.tables().items() if name != "usage"}
        store.publish(handmade.run(1), tables)
        found = {tuple(row.values())[:4] for row in store.table("usage").to_pylist()}
        assert found == {
            ("ip", "192.0.2.1", "a", 2),
            ("ip", "192.0.2.1", "b", 1),
            ("payment", "p1", "a", 1),
            ("payment", "p1", "b", 1),
            ("template", "t", "a", 1),
            ("template", "t", "b", 1),
        }
        con.execute("insert into events (account_id, ts, device_id) values ('c', '2026-03-05', 'd2')")
        store.publish(handmade.run(2), tables)
        assert store.table("usage").num_rows == 8
        assert store.table("usage", "run-1").num_rows == 6
        written = con.execute("select count(*) from results.usage").fetchall()
        assert written == [(8,)]  # only what changed was written
        with EmbeddedStore(duckdb.connect(), owned=True) as other:
            assert graph_load(store, other, run_id="run-1") is Published.NEW
            assert other.digest() == store.digest("run-1")
