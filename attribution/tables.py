"""From domain values to the tables of the data contract, in an order that depends on their content alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attribution.rings.backbone import backbone
from attribution.schemas import LINKS, OUTPUT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from attribution.domain import Attribution, Campaign, Evidence, Links, Population, Ring

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_QUICK = msgspec.json.Encoder(order="sorted").encode
BLOCK = 100_000
"""Links written down at a time: 16 M events have millions, whose numbers as Python's own took half a gigabyte."""
TEXT = 1 << 30
"""Bytes of text from which a column of it gets a further piece: Arrow's strings have places for 2^31 - 1."""
_EXPONENT = re.compile(rb"e[-\d]")


def build(
    *,
    rings: Sequence[Ring],
    campaigns: Sequence[Campaign],
    attributions: Sequence[Attribution],
    population: Population,
    suppressed: pa.Table,
    quarantine: pa.Table,
) -> dict[str, pa.Table]:
    """Return every table of `OUTPUT_TABLES`, each sorted by its key."""
    return {
        "rings": _rings(rings),
        "members": _memberships("members", population, ((r.ring_id, r.members, r.confidence) for r in rings)),
        "campaigns": _campaigns(campaigns),
        "campaign_members": _memberships(
            "campaign_members", population, ((c.campaign_id, c.members, c.share) for c in campaigns)
        ),
        "attributions": _attributions(attributions),
        "evidence": _evidence(rings, campaigns, attributions),
        "suppressed": suppressed.cast(OUTPUT_TABLES["suppressed"]),
        "quarantine": quarantine.cast(OUTPUT_TABLES["quarantine"]),
    }


def backbones(links: Links, rings: Sequence[Ring], population: Population) -> pa.Table:
    """Return the links that show how each ring hangs together (`rings.backbone`), as `LINKS`.

    Weights are rounded to a hundredth of a nat and p-values to two digits: nobody reads more, and a night that moves
    the digits behind them changes nothing that is stored.
    """
    kept = backbone(links, rings, population.size)
    names = [facet.value for facet in links.facets]
    ordered = sorted(range(len(names)), key=names.__getitem__)
    blocks = [kept[first : first + BLOCK] for first in range(0, len(kept), BLOCK)]
    details = [_nats([names[at] for at in ordered], links.by_facet[block][:, ordered]) for block in blocks]
    p_values = [pa.array([float(f"{one:.1e}") for one in links.p_value[block].tolist()]) for block in blocks]
    ends = [population.accounts.take(pa.array(side[kept])) for side in (links.source, links.target)]
    weight = pa.array(links.weight[kept].astype(float).round(2))
    told = [pa.chunked_array(p_values, pa.float64()), pa.chunked_array(details, pa.string())]
    return pa.Table.from_arrays([*ends, weight, *told], schema=LINKS)


def _nats(names: Sequence[str], by_facet: NDArray[np.float32]) -> pa.StringArray:
    """Return what each link rests on as JSON; by_facet: (links, names).

    As `canonical`, at a fraction of its cost: each number of two digits is written once, and Arrow joins the texts.
    """
    told = []
    for name, column in zip(names, by_facet.astype(float).round(2).T, strict=True):
        nats, place = np.unique(column, return_inverse=True)
        texts = [f",{_CANONICAL.encode(name)}:{nat}" if nat else "" for nat in nats.tolist()]
        told.append(pa.array(texts, pa.string()).take(pa.array(place)))
    # not joined by commas with nothing skipped: Arrow loses a row in which everything is
    inside = pc.utf8_ltrim(pc.binary_join_element_wise(*told, ""), ",")
    return pc.binary_join_element_wise("{", inside, "}", "")


def write(tables: Mapping[str, pa.Table], out: Path) -> None:
    """Write each table as `NAME.parquet`; the same table gives the same bytes."""
    for name, table in tables.items():
        pq.write_table(table, out / f"{name}.parquet", compression="zstd")


def canonical(detail: Mapping[str, object]) -> str:
    """Return JSON with sorted keys, as Python's own encoder writes it: what `evidence.detail` holds."""
    return _written(detail).decode()


def _written(detail: Mapping[str, object]) -> bytes:
    """Return `canonical` as bytes.

    msgspec writes the same bytes in a fifth of the time. Left to Python are exponents and small numbers, which it
    writes otherwise, NaN, of which it makes null and no error, and what it refuses (keys that are no text, numpy's
    numbers).
    """
    if not isinstance(detail, dict):
        detail = dict(detail.items())
    try:
        quick = _QUICK(detail)
    except TypeError:
        return _CANONICAL.encode(detail).encode()
    if b"null" in quick or b"0.0000" in quick or _EXPONENT.search(quick):
        return _CANONICAL.encode(detail).encode()
    return quick


def _details(lines: Sequence[Evidence]) -> pa.ChunkedArray:
    """Return the details of a ledger as `canonical` writes them, one text after the other in one piece of memory.

    As Python's own strings they stood beside Arrow's copy: half a gigabyte of 16 M events.
    """
    chunks, data, ends = [], bytearray(), [0]
    for line in lines:
        data += _written(line.detail)
        ends.append(len(data))
        if len(data) > TEXT:
            chunks.append(_texts(data, ends))
            data, ends = bytearray(), [0]
    return pa.chunked_array([*chunks, _texts(data, ends)])


def _texts(data: bytearray, ends: list[int]) -> pa.StringArray:
    buffers = [None, pa.py_buffer(np.array(ends, np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(ends) - 1, buffers)


def _table(name: str, rows: Iterable[tuple[object, ...]]) -> pa.Table:
    schema = OUTPUT_TABLES[name]
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _rings(rings: Sequence[Ring]) -> pa.Table:
    return _table(
        "rings",
        [
            (
                *(r.ring_id, r.verdict.value, r.probability, len(r.members)),
                *(r.first_seen, r.last_seen, r.events, r.explanation),
            )
            for r in rings
        ],
    )


def _memberships(
    name: str, population: Population, groups: Iterable[tuple[str, NDArray[np.int32], NDArray[np.float64]]]
) -> pa.Table:
    """Return one row a member: the group's id, the account's id, and the number that goes with it."""
    rows: list[tuple[object, ...]] = []
    for group, members, number in groups:
        accounts = population.accounts.take(pa.array(members)).to_pylist()
        rows += zip([group] * len(members), accounts, number.tolist(), strict=True)
    return _table(name, rows)


def _campaigns(campaigns: Sequence[Campaign]) -> pa.Table:
    return _table(
        "campaigns",
        [
            (c.campaign_id, c.ring_id, len(c.members), canonical(c.targets), c.first_seen, c.last_seen)
            for c in campaigns
        ],
    )


def _attributions(attributions: Sequence[Attribution]) -> pa.Table:
    return _table(
        "attributions",
        [
            (
                *(a.campaign_id, a.ring_id, p.lab_id, p.posterior, p.rank),
                *(p.likelihood_term, p.confidence_level, a.abstained),
            )
            for a in attributions
            for p in a.posteriors
        ],
    )


def _evidence(rings: Sequence[Ring], campaigns: Sequence[Campaign], attributions: Sequence[Attribution]) -> pa.Table:
    lines: list[Evidence] = []
    for ring in rings:
        lines += ring.evidence
    for campaign in campaigns:
        lines += campaign.evidence
    for attribution in attributions:
        lines += attribution.evidence
    schema = OUTPUT_TABLES["evidence"]
    plain = [field for field in schema if field.name != "detail"]
    columns = [pa.array([getattr(line, field.name) for line in lines], field.type) for field in plain]
    return pa.Table.from_arrays([*columns, _details(lines)], schema=schema)
