"""Rows of the graph as tables of the port: those of a run, and those that hold for versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attribution.store.base import KEYS, STORED, USAGE
from attribution.store.neo4j_rows import address_columns, as_one, link_columns, usage_columns
from attribution.store.neo4j_write import VERSIONED
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attribution.store.neo4j_client import Rows

    Run = Callable[..., Rows]


def standing(run: Run, version: int) -> tuple[dict[str, pa.Table], pa.Table]:
    """Return what holds for a version, by table, and the keys of the usage edges that others loaded."""
    usage, loaded = _usage(run, version)
    rest = {name: versioned(run, name, version) for name in VERSIONED if name != "usage"}
    return {"usage": usage, **rest}, loaded


def _usage(run: Run, version: int) -> tuple[pa.Table, pa.Table]:
    columns = usage_columns(run(queries.USAGE, version=version))
    loaded = pa.array(columns.pop("loaded"), pa.bool_())
    usage = _from_columns(columns, USAGE)
    others = usage.filter(loaded).select(list(KEYS["usage"]))
    return (as_one(usage) if len(others) else usage), others


def versioned(run: Run, name: str, version: int) -> pa.Table:
    """Return a table whose rows hold for versions, as a run sees it."""
    if name == "usage":
        return _usage(run, version)[0]
    text, unfold = _UNFOLD[name]
    return _from_columns(unfold(run(text, version=version)), STORED[name])


def once(usage: pa.Table) -> pa.Table:
    """Return usage edges with those one that others loaded between the same account and value, in the same order."""
    key = list(KEYS["usage"])
    if len(usage.group_by(key).aggregate([])) == len(usage):
        return usage
    return as_one(usage).sort_by([(name, "ascending") for name in key])


def as_table(rows: Rows, schema: pa.Schema) -> pa.Table:
    """Return rows as a table of declared columns."""
    return _from_columns({name: [row[name] for row in rows] for name in schema.names}, schema)


def _from_columns(columns: Mapping[str, list[Any]], schema: pa.Schema) -> pa.Table:
    arrays = []
    for field in schema:
        kind = pa.int64() if pa.types.is_timestamp(field.type) else field.type
        arrays.append(pa.array(columns[field.name], type=kind).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


_UNFOLD: Mapping[str, tuple[str, Callable[[Rows], dict[str, list[Any]]]]] = {
    "addresses": (queries.ADDRESSES, address_columns),
    "links": (queries.LINKS, link_columns),
}
