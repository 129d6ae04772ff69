"""Facts in the embedded store: two nights share nearly all, so a run writes what changed and names a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.store import results_sql as sql
from attribution.store.base import FACTS, naive
from attribution.store.digests import table_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """Facts that are written down: the version at which they hold, and the digest of each of their tables."""

    version: int
    digests: Mapping[str, bytes]


def keep(con: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Table]) -> KeptFacts:
    """Write what changed of the facts, inside the transaction of a run: as given, else as the logs tell."""
    row = first(con, "select coalesce(max(usage_version), 0) from results.runs")
    version = int(row[0]) if row else 0
    digests: dict[str, bytes] = {}
    changed = 0
    for name in FACTS:
        rows = given[name] if name in given else told(con, name)
        digests[name] = table_digest(name, rows)
        con.register("incoming", naive(rows))
        for query in (sql.CLOSE[name], sql.ADD[name]):
            count = first(con, query, version=version + 1)
            changed += int(count[0]) if count else 0
        con.unregister("incoming")
    return KeptFacts(version + 1 if changed else version, digests)


def told(con: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """Return a table of `FACTS` as the logs or the edges in the file tell it; empty where there are none."""
    if first(con, "select count(*) from duckdb_tables() where table_name = 'events'") == (0,):
        return FACTS[name].empty_table()
    return aware(con.sql(sql.from_facts(name)).to_arrow_table(), FACTS[name])


def first(con: duckdb.DuckDBPyConnection, query: str, *values: str | None, **named: int) -> tuple[Any, ...] | None:
    """Return the first row; all are fetched, since a connection with rows left over takes no other query."""
    rows = con.execute(query, named or values).fetchall()
    return rows[0] if rows else None


def aware(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return what DuckDB answered with the columns and types of a schema: its times are UTC."""
    return table.select(schema.names).cast(schema)
