"""Tables that outlive a run: what people decided, which ids were ever given, what dossiers said; and a run's lineage.

A ledger is only ever appended to. A row whose key is there already is left as it is, so appending twice is as good as
once, and a machine can never overwrite what a person wrote.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import StoreError
from attribution.schemas import UTC_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping


def _schema(*required: str, optional: tuple[str, ...] = (), **others: pa.DataType) -> pa.Schema:
    fields = [pa.field(name, pa.string(), nullable=False) for name in required]
    fields += [pa.field(name, kind, nullable=False) for name, kind in others.items()]
    return pa.schema(fields + [pa.field(name, pa.string()) for name in optional])


LINEAGE = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),
        pa.field("other", pa.string()),
        pa.field("previous_run", pa.string()),
        pa.field("previous_size", pa.int64(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("joined", pa.int64(), nullable=False),
        pa.field("departed", pa.int64(), nullable=False),
        pa.field("overlap", pa.float64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("marks", pa.string(), nullable=False),
    ]
)
"""What became of each ring and campaign since the run before: one row an id, those that ended included.

`marks` are the values that tell the group from others, JSON `[[facet, value, weight], ...]`: the next run looks for
them when the accounts themselves have been replaced.
"""

LEDGERS: Mapping[str, pa.Schema] = MappingProxyType(
    {
        "judgements": _schema(
            "judgement_id", "kind", "subject", "author", "reason", decided=UTC_TIME, optional=("object", "facet")
        ),
        "identities": _schema("kind", "id", "event", "other", "run_id"),
        "claims": _schema(
            "lab_id",
            "version",
            "claim",
            "content",
            "source",
            optional=("reliability", "credibility", "ref", "author", "date"),
        ),
    }
)
"""Judgements of people; ids ever given, with merges and splits; every claim of every version of every dossier."""

LEDGER_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "judgements": ("judgement_id",),
        "identities": ("kind", "id", "event", "other", "run_id"),
        "claims": ("lab_id", "version", "claim", "source"),
    }
)
"""Columns that name one row of a ledger."""


def ledger_rows(name: str, rows: pa.Table) -> pa.Table:
    """Return rows for a ledger with its columns, types and order, each key once, by key.

    Raises
    ------
    StoreError
        There is no such ledger, or the rows have other columns.
    """
    schema = ledger_schema(name)
    if set(rows.column_names) != set(schema.names):
        raise StoreError(f"ledger {name} has other columns: {rows.column_names}", remedy="this is a bug: report it")
    whole = rows.select(schema.names).cast(schema).sort_by([(key, "ascending") for key in LEDGER_KEYS[name]])
    keys = list(zip(*(whole[key].to_pylist() for key in LEDGER_KEYS[name]), strict=True))
    first = [at for at, key in enumerate(keys) if at == 0 or key != keys[at - 1]]
    return whole.take(pa.array(first, pa.int64()))


def ledger_schema(name: str) -> pa.Schema:
    """Return the columns of a ledger."""
    if name not in LEDGERS:
        raise StoreError(f"no ledger {name!r}", remedy=f"ledgers: {', '.join(LEDGERS)}")
    return LEDGERS[name]


def by_key(name: str, rows: pa.Table) -> pa.Table:
    """Return a ledger in the order of its keys, whatever store it came from."""
    return rows.select(LEDGERS[name].names).take(
        pc.sort_indices(rows, sort_keys=[(key, "ascending") for key in LEDGER_KEYS[name]])
    )
