"""What a run and its tables say, as one SHA-256: the same for the same content, in whatever order and storage."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.store.base import STORED, one_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attribution.store.base import RunRecord

PIECE = 1 << 18
"""Rows, or characters, that are digested at a time."""


def content_digest(
    run: RunRecord, report: str | bytes, tables: Mapping[str, pa.Table], digested: Mapping[str, bytes] | None = None
) -> str:
    """Return the SHA-256 over a run and all its tables, whatever the order of rows and the storage they came from.

    It covers the digest of each table; those in `digested` are known already. The manifest is left out: it holds
    timings, which differ between two executions that found the same.
    """
    digest = hashlib.sha256()
    for part in (run.run_id, run.config_digest, str(run.seed), report):
        digest.update(sum(map(len, _pieces(part))).to_bytes(8, "little"))
        for piece in _pieces(part):
            digest.update(piece)
    known = digested or {}
    for name, schema in STORED.items():
        digest.update(known[name] if name in known else table_digest(name, tables.get(name, schema.empty_table())))
    return digest.hexdigest()


def table_digest(name: str, table: pa.Table) -> bytes:
    """Return the SHA-256 of a table of `STORED`, sorted by all its columns: hashed column by column. O(n log n)."""
    schema = STORED[name]
    table = table.select(schema.names).cast(schema)
    order = pc.sort_indices(table, [(column, "ascending") for column in schema.names])
    digest = hashlib.sha256(f"{name}:{len(table)}:".encode())
    for column in schema.names:
        _hash_column(digest, one_chunk(table[column]), order)
    return digest.digest()


def _hash_column(digest: hashlib._Hash, column: pa.Array, order: pa.Array) -> None:
    """Feed a column to a digest: which rows are null, then lengths and bytes of strings, or the plain numbers.

    Texts are put in order piece by piece: those of a ledger are a third of a gigabyte.
    """
    digest.update(np.packbits(column.is_valid().take(order).to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(column.type):
        lengths = pc.fill_null(pc.binary_length(column), -1).take(order)
        digest.update(lengths.to_numpy().astype("<i4").tobytes())
        for first in range(0, len(order), PIECE):
            rows = column.take(order[first : first + PIECE]).cast(pa.large_binary())
            offsets = np.frombuffer(rows.buffers()[1], dtype=np.int64)[rows.offset : rows.offset + len(rows) + 1]
            if (data := rows.buffers()[2]) is not None:
                digest.update(memoryview(data)[offsets[0] : offsets[-1]])
    else:
        kind = "<f8" if pa.types.is_floating(column.type) else "<i8"
        plain = column if pa.types.is_floating(column.type) else column.cast(pa.int64())
        digest.update(pc.fill_null(plain, 0).take(order).to_numpy(zero_copy_only=False).astype(kind).tobytes())


def _pieces(text: str | bytes) -> Iterator[bytes]:
    """Write a long text down piece by piece; bytes are written down."""
    if isinstance(text, bytes):
        return iter((text,))
    return (text[at : at + PIECE].encode("utf-8", "surrogatepass") for at in range(0, len(text), PIECE))
