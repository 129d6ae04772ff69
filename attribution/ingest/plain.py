"""Which rows of an Arrow batch need a second look: the tests of `attribution.ingest.checks`, without SQL.

Columns are tested as a whole where that will do (the smallest length, the largest octet, the earliest instant), those
with a dictionary by their distinct values. A row that is not named here is plain: its values are canonical and within
all bounds. A row that is named may still be good; the rules in SQL decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numba as nb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.ingest.addresses import canonical_address
from attribution.ingest.checks import CARD_SHAPE, Physical
from attribution.ingest.contract import FIRST_TIME, LARGEST_COUNT, LAST_TIME, Column, Kind, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from attribution.config import IngestConfig

    Mask = npt.NDArray[np.bool_]

_ASCII = 128
_AFTER_DIGITS = ord(":")
_DOT, _ZERO, _NINE = b".09"
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST, _LAST = (int(np.datetime64(text, "s").astype(np.int64)) for text in (FIRST_TIME, LAST_TIME))
_MOST_SPELLINGS = 1 << 20
"""Spellings of addresses that are remembered."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """The values of a text column: their ends in `data`, and whether each is there."""

    values: pa.Array
    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, values: pa.Array) -> _Texts:
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            values = values.cast(pa.large_string())
        width = np.int32 if pa.types.is_string(values.type) else np.int64
        _, ends, data = values.buffers()
        offsets = np.frombuffer(ends, width)[values.offset : values.offset + len(values) + 1]
        octets = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
        return cls(values, offsets.astype(np.int64), octets[int(offsets[0]) : int(offsets[-1])])

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return np.diff(self.offsets)

    def present(self) -> Mask:
        return _mask(self.values.is_valid())


@dataclass(slots=True)
class PlainRows:
    """Tests the batches of one table. Addresses that were canonical once are not worked out again."""

    table: Table
    physical: Mapping[str, Physical]
    config: IngestConfig
    _canonical: dict[str, bool] = field(default_factory=dict)
    _tested: dict[str, tuple[pa.Array, Mask | None]] = field(default_factory=dict)

    def odd(self, batch: pa.RecordBatch) -> Mask | None:
        """Return the rows that need a second look, None if there are none.

        Raises
        ------
        pyarrow.ArrowInvalid
            A text is not UTF-8.
        """
        found: Mask | None = None
        for column in self.table.columns:
            if column.name not in self.physical:
                continue
            array = batch.column(column.name)
            mask = self._odd(column, array)
            if column.required and array.null_count:
                missing = _mask(array.is_null())
                mask = missing if mask is None else mask | missing
            if mask is not None and mask.any():
                found = mask if found is None else found | mask
        return found

    def _odd(self, column: Column, array: pa.Array) -> Mask | None:
        held = self.physical[column.name]
        if held is Physical.FLAG or array.null_count == len(array):
            return None
        if held is Physical.TEXT:
            return self._odd_text(column, array)
        if held is Physical.REAL:
            return _odd_real(array)
        if held is Physical.WHOLE:
            return _outside(array, 0, LARGEST_COUNT)
        unit = _UNITS[array.type.unit]
        return _outside(array, _FIRST * unit, _LAST * unit - 1)

    def _odd_text(self, column: Column, array: pa.Array) -> Mask | None:
        if not pa.types.is_dictionary(array.type):
            return self._odd_values(column, array)
        values = array.dictionary
        before = self._tested.get(column.name)
        if before is None or not _same(before[0], values):
            before = self._tested[column.name] = values, self._odd_values(column, values)
        odd = before[1]
        if odd is None:
            return None
        places = array.indices
        valid = _mask(places.is_valid())
        mask: Mask = odd[places.fill_null(0).to_numpy().astype(np.int64)] & valid
        return mask

    def _odd_values(self, column: Column, values: pa.Array) -> Mask | None:
        if not len(values) or values.null_count == len(values):
            return None
        texts = _Texts.of(values)
        if len(texts.data) and texts.data.max() >= _ASCII:
            texts.values.validate(full=True)
        if column.kind is Kind.ADDRESS:
            return self._odd_addresses(texts)
        lengths = texts.lengths
        shortest = lengths.min() if not texts.values.null_count else lengths[texts.present()].min()
        odd: Mask | None = None
        if shortest == 0 or lengths.max() > self.config.max_value_bytes or texts.data.min() == 0:
            nul = _mask(pc.match_substring(texts.values, "\0"))
            odd = texts.present() & ((lengths == 0) | (lengths > self.config.max_value_bytes) | nul)
        if column.kind is Kind.WORD:
            known = pc.is_in(texts.values, pa.array(column.words, texts.values.type), skip_nulls=False)
            odd = texts.present() & ~_mask(known)
        if column.kind is Kind.INSTRUMENT:
            cards = _card_shaped(texts)
            if cards is not None:
                odd = cards if odd is None else odd | cards
        return odd

    def _odd_addresses(self, texts: _Texts) -> Mask | None:
        others: Mask = _not_ipv4(texts.offsets - texts.offsets[0], texts.data)
        if texts.values.null_count:
            others &= texts.present()
        if not others.any():
            return None
        places = np.flatnonzero(others)
        spelt = texts.values.take(pa.array(places)).dictionary_encode()
        spellings = spelt.dictionary.to_pylist()
        if len(self._canonical) > _MOST_SPELLINGS:
            self._canonical.clear()
        for text in spellings:
            if text not in self._canonical:
                self._canonical[text] = canonical_address(text) == text
        odd = np.array([not self._canonical[text] for text in spellings])
        others[places] = odd[spelt.indices.to_numpy()]
        return others


def testable(table: Table, physical: Mapping[str, Physical]) -> bool:
    """Tell whether the columns can be tested here: instants and numbers that are held as text are left to SQL.

    So are prompts: a batch of them may be long.
    """
    return all(
        (held is Physical.TEXT) == (column.kind not in (Kind.TIME, Kind.COUNT, Kind.FLAG))
        and column.kind is not Kind.PROMPT
        for column in table.columns
        if (held := physical.get(column.name)) is not None
    )


def _mask(flags: pa.Array) -> Mask:
    """Return flags as numpy holds them; null is false."""
    return np.asarray(flags.fill_null(False).to_numpy(zero_copy_only=False))  # noqa: FBT003  # Arrow's own signature


def _same(one: pa.Array, other: pa.Array) -> bool:
    """Tell whether two dictionaries are the same piece of memory."""
    return len(one) == len(other) and all(
        (a.address if a else 0) == (b.address if b else 0) for a, b in zip(one.buffers(), other.buffers(), strict=True)
    )


def longest(array: pa.Array) -> int:
    """Return the length in bytes of the longest text of a column, nulls 0."""
    values = array.dictionary if pa.types.is_dictionary(array.type) else array
    return int(_Texts.of(values).lengths.max()) if len(values) and values.null_count < len(values) else 0


def unfolded(array: pa.Array) -> int:
    """Return the length in bytes of all texts of a column; O(rows)."""
    if not pa.types.is_dictionary(array.type):
        return len(_Texts.of(array).data)
    lengths = _Texts.of(array.dictionary).lengths
    return int(lengths[array.indices.drop_null().to_numpy().astype(np.int64)].sum()) if len(lengths) else 0


def _card_shaped(texts: _Texts) -> Mask | None:
    """Return the values of the shape of a card number, None if there are none."""
    starts = texts.offsets[:-1][texts.lengths > 0] - texts.offsets[0]
    if (texts.data[starts] >= _AFTER_DIGITS).all():
        return None
    shaped = _mask(pc.match_substring_regex(texts.values, f"^{CARD_SHAPE}$"))
    return shaped if shaped.any() else None


def _outside(array: pa.Array, smallest: int, largest: int) -> Mask | None:
    ends = pc.min_max(array)
    times = pa.types.is_timestamp(array.type)
    low, high = ((end.value if times else end.as_py()) for end in (ends["min"], ends["max"]))
    if low >= smallest and high <= largest:
        return None
    whole = array.view(pa.int64()) if times else array
    fits = [smallest <= value <= largest if value is not None else True for value in whole.to_pylist()]
    return ~np.array(fits)


def _odd_real(array: pa.Array) -> Mask:
    """Return where a real is no whole number within the bounds; NaN is none."""
    real = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        return np.asarray(~((real == np.trunc(real)) & (real >= 0) & (real < float(2**63))))


@nb.njit(nogil=True, cache=True)
def _not_ipv4(offsets, data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # numba infers the types
    """Return where a value is no IPv4 address in canonical text."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for row in range(len(found)):
        place, end = offsets[row], offsets[row + 1]
        good = True
        for part in range(4):
            if part:
                if place >= end or data[place] != _DOT:
                    good = False
                    break
                place += 1
            start, octet = place, 0
            while place < end and place - start < 3 and _ZERO <= data[place] <= _NINE:
                octet = 10 * octet + data[place] - _ZERO
                place += 1
            if place == start or octet > 255 or (place - start > 1 and data[start] == _ZERO):
                good = False
                break
        found[row] = not (good and place == end)
    return found
