"""Opening the one DuckDB file that holds the facts and everything derived from them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb

from attribution.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def memory() -> duckdb.DuckDBPyConnection:
    """Return an empty database in memory, which installs nothing and prints nothing; close it, or leave its block.

    Outside of an interactive session DuckDB draws the progress of a query of two seconds into standard output, where
    programs expect an answer.
    """
    return _silent(duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}))


def _silent(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    with suppress(duckdb.InvalidInputException):  # Jupyter without ipywidgets: no bar, and no setting either
        con.execute("set enable_progress_bar = false")
    return con


def holds_edges(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the facts are usage edges of a graph that others loaded, rather than exchanges.

    Raises
    ------
    StoreError
        They are both: the exchanges behind the edges would count twice.
    """
    there = con.execute("select count(*) from duckdb_tables() where table_name = 'edges'").fetchall()
    if there == [(0,)] or not con.execute("select exists (from edges)").fetchall()[0][0]:
        return False
    if con.execute("select exists (from events)").fetchall()[0][0]:
        raise StoreError(
            "the store holds usage edges of a graph, which logs cannot join",
            remedy="name another file with --store, or leave it out",
        )
    return True


def _laid_out() -> str:
    """Return the statements that make the fact tables where they are missing."""
    return files("attribution.warehouse").joinpath("facts.sql").read_text("utf-8")


@cache
def _columns() -> dict[str, frozenset[str]]:
    """Return the columns of the fact tables."""
    with memory() as con:
        con.execute(_laid_out())
        return _columns_of(con)


def _columns_of(con: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    rows = con.execute(
        "select table_name, list(column_name) from duckdb_columns()"
        " where schema_name = 'main' and not internal group by table_name"
    ).fetchall()
    return {str(name): frozenset(columns) for name, columns in rows}


def refuse_others(con: duckdb.DuckDBPyConnection, path: Path, catalog: str | None = None) -> None:
    """Refuse a database that holds tables and none of the engine's: it is another program's, or another file is meant.

    `catalog` is the name of an attached database; None is the one that was opened.
    """
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where not internal and database_name = coalesce($1, current_database())",
        [catalog],
    ).fetchall()
    ours = {("results", "format"), *(("main", name) for name in _columns())}
    if tables and ours.isdisjoint(tables):
        raise StoreError(
            f"{path}: is another program's database, no store of this engine",
            remedy="name the file of `attribution run --store`, or the folder of --out",
        )


def _check_tables(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file of another program, or of a version with other fact tables, before anything is written to it."""
    there = _columns_of(con)
    refuse_others(con, path)
    for name, columns in _columns().items() if there else ():
        if name in there and there[name] != columns:
            raise StoreError(
                f"{path}: its table {name} is not as this version of the engine writes it",
                remedy="name another file with --store, or use the version that wrote it",
            )


@contextmanager
def connect(
    path: Path | None, *, read_only: bool = False, memory_limit: str = "1500MB"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database file (None: in memory) with the fact tables in place, and close it at the end.

    Raises
    ------
    StoreError
        The file is locked by another process, is no DuckDB file or another program's, or cannot be created.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
    }
    try:
        con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.Error as error:
        raise StoreError(
            f"{path}: the store cannot be opened: {str(error).splitlines()[0]}",
            remedy="end the process that holds it if one does, or name another file with --store",
        ) from error
    try:
        _silent(con).execute("set timezone = 'UTC'")
        if path is not None:
            _check_tables(con, path)
        if not read_only:
            con.execute(_laid_out())
        yield con
    finally:
        con.close()
