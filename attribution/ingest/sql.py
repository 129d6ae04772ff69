"""Small pieces of SQL: text literals, and statements that answer with one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb


def literal(text: str) -> str:
    """Return the text as an SQL literal, for places where no parameter can stand."""
    return "'" + text.replace("'", "''") + "'"


def scalar(con: duckdb.DuckDBPyConnection, statement: str, parameters: Sequence[object] = ()) -> int:
    """Return the one number that a statement answers with: a count, or the rows that it wrote; 0 if there is none."""
    rows = con.execute(statement, list(parameters)).fetchall()
    return int(rows[0][0] or 0) if rows else 0


def row(con: duckdb.DuckDBPyConnection, statement: str) -> tuple[object, ...]:
    """Return the one row that a query answers with."""
    return tuple(con.execute(statement).fetchall()[0])
