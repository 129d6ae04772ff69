"""A name for what a run analysed: the same facts, in whatever order and files they came, have the same fingerprint."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from attribution.warehouse.database import holds_edges

if TYPE_CHECKING:
    import duckdb

    from attribution.domain import Population


def fingerprint(con: duckdb.DuckDBPyConnection, population: Population) -> str:
    """Return the SHA-256 of everything that the later stages see of the facts.

    It covers accounts, usage, activity, enrichment and the sums of every event column; it does not depend on row
    order, files, threads or storage. File hashes (chain of custody) stand in `run.json`.
    """
    digest = hashlib.sha256()
    _strings(digest, population.accounts)
    for facet in sorted(population.incidence):
        incidence = population.incidence[facet]
        digest.update(facet.encode())
        _strings(digest, incidence.values)
        for array in (incidence.indptr, incidence.indices, incidence.count):
            digest.update(array.tobytes())
    for frame in (population.activity, *(population.enrichment[f] for f in sorted(population.enrichment))):
        digest.update(",".join(frame.columns).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    digest.update(population.hours.tobytes())
    digest.update(",".join(sorted(population.known)).encode())
    name = "edges_fingerprint.sql" if holds_edges(con) else "fingerprint.sql"
    rows = con.execute(files("attribution.warehouse").joinpath(name).read_text("utf-8")).fetchall()
    digest.update(repr(rows).encode())
    return digest.hexdigest()


def _strings(digest: hashlib._Hash, values: pa.StringArray) -> None:
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    digest.update(len(array).to_bytes(8, "little"))
    digest.update("\0".join(array.to_pylist()).encode("utf-8", "surrogatepass"))
