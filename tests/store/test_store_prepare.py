"""Facts that are written down while a run still looks: nobody sees them before it is published, or if it never is."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import handmade
import pytest

from attribution.store import EmbeddedStore, Published
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa

RESULTS = {name: rows for name, rows in handmade.tables().items() if name not in ("usage", "addresses")}


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "store.duckdb") as opened:
        ask(opened, "a", "b")
        yield opened


def ask(con: duckdb.DuckDBPyConnection, *accounts: str) -> None:
    for account in accounts:
        con.execute(
            "insert into events by name select ? as account_id, ? as ts, '192.0.2.1' as ip",
            [account, dt.datetime(2026, 3, 1, tzinfo=dt.UTC)],
        )


def users(usage: pa.Table) -> list[str]:
    return sorted(usage["account_id"].to_pylist())


def test_what_was_prepared_in_a_thread_is_what_would_have_been_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as aside, EmbeddedStore(con) as store:
        prepared = aside.submit(store.prepare)
        prepared.result()
        assert store.runs() == []
        ledger = store.ledger("identities")  # the ledgers are written while the transaction is open
        assert store.append("identities", ledger) == 0
        assert store.publish(handmade.run(1), RESULTS) is Published.NEW
        found = store.digest()
    assert users(store.table("usage")) == ["a", "b"]
    with connect(tmp_path / "plain.duckdb") as other:
        ask(other, "b", "a")
        plain = EmbeddedStore(other)
        plain.publish(handmade.run(1), RESULTS)
        assert plain.digest() == found


def test_what_was_prepared_and_not_published_is_gone(con: duckdb.DuckDBPyConnection) -> None:
    with EmbeddedStore(con) as store:
        store.publish(handmade.run(1), RESULTS)
        before = store.digest()
        ask(con, "c")
        store.prepare()
    assert con.execute("select count(*) from results.usage").fetchall() == [(2,)]
    assert store.digest() == before


def test_given_facts_take_the_place_of_prepared_ones(con: duckdb.DuckDBPyConnection) -> None:
    with EmbeddedStore(con) as store:
        store.prepare()
        store.publish(handmade.run(1), handmade.tables())
        assert users(store.table("usage")) == users(handmade.tables()["usage"])


def test_a_run_that_comes_again_leaves_the_facts_of_the_run_after_it_alone(con: duckdb.DuckDBPyConnection) -> None:
    store = EmbeddedStore(con)
    first, second = handmade.tables(), handmade.tables(shift=1)
    store.publish(handmade.run(1), first)
    store.publish(handmade.run(2), second)
    kept = con.execute("select count(*) from results.usage").fetchall()
    assert store.publish(handmade.run(1), first) is Published.UNCHANGED
    assert con.execute("select count(*) from results.usage").fetchall() == kept
    store.publish(handmade.run(3), second)
    for number, tables in ((1, first), (2, second), (3, second)):
        wanted = tables["usage"].sort_by([(name, "ascending") for name in tables["usage"].column_names])
        found = store.table("usage", f"run-{number}")
        assert found.sort_by([(name, "ascending") for name in found.column_names]).equals(wanted), number
