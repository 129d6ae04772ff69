"""Rows of the port as the graph's texts want them, and back: keys, columns, batches grouped by account."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.schemas import LINKS
from attribution.store.base import ADDRESSES, KEYS, USAGE
from graph_schema.model import USAGE_EDGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attribution.store.neo4j_client import Rows

BATCH = 10_000
"""Rows a transaction."""
LONGEST_KEY = 1024
"""Bytes of a value that serves as its own key; the index takes 8,167."""
UNKNOWN_ASN = "unknown"
Columns = dict[str, list[Any]]


def graph_key(value: str) -> str:
    """Return the key of an account or value: itself, or its SHA-256 where it is long (or looks like such a digest)."""
    data = value.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST_KEY and not value.startswith("sha256:"):
        return value
    return "sha256:" + hashlib.sha256(data).hexdigest()


def graph_keys(values: list[str]) -> list[str]:
    """Return the key of each."""
    return [graph_key(value) for value in values]


def asn_key(asn: int | None) -> str:
    """Return the key of an autonomous system."""
    return UNKNOWN_ASN if asn is None else str(asn)


def listed(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; times as microseconds since 1970."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


def batches(lists: Columns) -> Iterator[Columns]:
    """Cut columns into pieces of `BATCH` rows."""
    for start in range(0, len(next(iter(lists.values()))), BATCH):
        yield {name: column[start : start + BATCH] for name, column in lists.items()}


def grouped(rows: pa.Table, owner: str, *others: str) -> Iterator[Columns]:
    """Cut rows, which stand in the order of `owner`, into pieces of `BATCH`, each as groups `[owner, column, ...]`.

    A group holds the rows of one owner: their node is looked up once. An owner of more rows has several groups.
    """
    for start in range(0, len(rows), BATCH):
        part = rows.slice(start, BATCH)
        codes = part[owner].combine_chunks().dictionary_encode().indices.to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(part)]
        owners = graph_keys(part[owner].to_pylist())
        columns = [listed(part[name]) for name in others]
        columns[0] = graph_keys(columns[0])
        groups = [[owners[low], *(column[low:high] for column in columns)] for low, high in pairwise(cuts)]
        yield {"groups": groups}


def less(one: pa.Table, other: pa.Table) -> pa.Table:
    """Return the rows of one table that another one, with the same columns, does not have; null equals null."""
    numbered = _joinable(one).append_column("at", pa.array(np.arange(len(one))))
    keys = [name for name in numbered.column_names if name != "at"]
    left = numbered.join(_joinable(other), keys, join_type="left anti")
    return one.take(left["at"].sort())


def _joinable(table: pa.Table) -> pa.Table:
    """Return a table without nulls: a join takes null for unlike null. A column more tells where they were."""
    for at, field in enumerate(table.schema):
        if field.nullable:
            column = table[field.name]
            nothing = pa.scalar("" if pa.types.is_string(field.type) else 0, field.type)
            table = table.set_column(at, field.name, pc.fill_null(column, nothing))
            table = table.append_column(f"no {field.name}", pc.is_null(column))
    return table


def usage_columns(rows: Rows) -> Columns:
    """Unfold rows of one account each (`queries.USAGE`) into the columns of `USAGE`, and whether others `loaded` it."""
    columns: Columns = {name: [] for name in (*USAGE.names, "loaded")}
    for row in rows:
        columns["facet"] += [FACETS[used] for used in row["type"]]
        columns["account_id"] += [row["account"]] * len(row["type"])
        for name in ("value", "events", "first_seen", "last_seen", "loaded"):
            columns[name] += row[name]
    return columns


def as_one(usage: pa.Table) -> pa.Table:
    """Return usage edges, some of them loaded by others, as a run has them: one a pair, of values that are shared."""
    added = usage.group_by(list(KEYS["usage"])).aggregate(
        [("events", "sum"), ("first_seen", "min"), ("last_seen", "max")]
    )
    added = added.rename_columns(
        [name.removesuffix("_sum").removesuffix("_min").removesuffix("_max") for name in added.column_names]
    ).select(usage.column_names)
    users = added.group_by(["facet", "value"]).aggregate([([], "count_all")])
    shared = users.filter(pc.greater_equal(users["count_all"], 2)).select(["facet", "value"])
    return added.join(shared, ["facet", "value"], join_type="left semi").select(usage.column_names).cast(USAGE)


def apart(usage: pa.Table, pairs: pa.Table) -> pa.Table:
    """Return the usage edges whose account and value are not among `pairs` (columns of the key)."""
    if not len(pairs):
        return usage
    return usage.join(pairs, list(KEYS["usage"]), join_type="left anti").select(usage.column_names).cast(USAGE)


def address_columns(rows: Rows) -> Columns:
    """Unfold rows of one autonomous system each (`queries.ADDRESSES`) into the columns of `ADDRESSES`."""
    columns: Columns = {name: [] for name in ADDRESSES.names}
    for row in rows:
        columns["ip"] += row["ip"]
        columns["asn"] += [row["asn"]] * len(row["ip"])
        for at, name in enumerate(("as_org", "country", "kind")):
            columns[name] += [facts[at] for facts in row["facts"]]
    return columns


def link_columns(rows: Rows) -> Columns:
    """Unfold rows of one account each (`queries.LINKS`) into the columns of `LINKS`."""
    columns: Columns = {name: [] for name in LINKS.names}
    for row in rows:
        columns["account_id"] += [row["account_id"]] * len(row["other_id"])
        for name in ("other_id", "weight", "p_value", "facets"):
            columns[name] += row[name]
    return columns


FACETS: Mapping[str, str] = {used: facet for facet, (used, _) in USAGE_EDGES.items()}
"""Relationship type to facet."""
