"""JSON Lines to Arrow: plain blocks at once, other blocks line by line, and lines that fail once more, exactly.

`attribution.ingest.plain_json` parses a block whose lines all hold nothing but the columns seen so far, each in its
type. Any other block goes through a decoder of the contract's columns that refuses unknown fields. The first line with
a new field teaches the decoder its name (the value is then skipped undecoded).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import msgspec
import pyarrow as pa

from attribution.errors import InputError
from attribution.ingest.checks import Physical
from attribution.ingest.contract import LARGEST_COUNT, Column, Kind, Table, Word
from attribution.ingest.lines import Batch, Block, Readable, Refusal, blocks
from attribution.ingest.plain_json import SURROGATE, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attribution.config import IngestConfig

_SLICE = 4096
"""Lines decoded before their columns are taken out: few enough to stay in the processor's cache."""
_MOST_UNKNOWN = 1000
"""Unknown fields whose names are kept; an input with more is reported with these."""
_UNKNOWN_FIELD = re.compile(r"unknown field `(.*)`", re.DOTALL)
_LONE_SURROGATE = re.compile(
    rb"((?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*)"
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F][0-9a-fA-F]{2})"
)
"""A surrogate escape that is no half of a pair, with the backslashes and whole pairs before it."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]


def _physical(column: Column) -> Physical:
    if column.kind is Kind.COUNT:
        return Physical.WHOLE
    return Physical.FLAG if column.kind is Kind.FLAG else Physical.TEXT


_ARROW = {Physical.TEXT: pa.string(), Physical.WHOLE: pa.int64(), Physical.FLAG: pa.bool_()}


@dataclass(slots=True)
class JsonLines:
    """Reader of one table's lines, with what it has learnt so far.

    Attributes
    ----------
    unknown : names of fields that the contract does not have.
    present : columns of the contract that stood in some line, be it as null.
    """

    table: Table
    name: str
    unknown: list[str] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    _decoder: msgspec.json.Decoder[msgspec.Struct] = field(init=False)
    _lenient: msgspec.json.Decoder[msgspec.Struct] = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = self._make_decoder()
        self._lenient = self._make_lenient()

    def _make_decoder(self) -> msgspec.json.Decoder[msgspec.Struct]:
        types = {Physical.TEXT: str | None, Physical.WHOLE: _Count | None, Physical.FLAG: bool | None}
        fields = [(column.name, types[_physical(column)], None) for column in self.table.columns]
        strange = [(f"unknown_{number}", msgspec.Raw, msgspec.Raw()) for number in range(len(self.unknown))]
        rename = {f"unknown_{number}": name for number, name in enumerate(self.unknown)}
        full = len(self.unknown) >= _MOST_UNKNOWN
        return msgspec.json.Decoder(
            msgspec.defstruct(
                "Row", [*fields, *strange], rename=rename, forbid_unknown_fields=not full, gc=False, kw_only=True
            )
        )

    def _make_lenient(self) -> msgspec.json.Decoder[msgspec.Struct]:
        """Return a decoder that lets every value of the contract's columns through for a second look."""
        fields = [(column.name, object, None) for column in self.table.columns]
        return msgspec.json.Decoder(msgspec.defstruct("AnyRow", fields, kw_only=True))

    def batches(self, stream: Readable, config: IngestConfig, refuse: list[Refusal]) -> Iterator[Batch]:
        """Yield the good lines of a stream as Arrow, and append the bad ones to `refuse`. Blank lines are no rows.

        Raises
        ------
        InputError
            The stream is one JSON array.
        """
        for block, rows in parsed(blocks(stream, config, refuse, Word.LINE_TOO_LONG), self._plain):
            if rows is not None:
                yield Batch(rows, self._held(), block.line)
            else:
                yield from self._block(block, refuse)

    def _plain(self, block: Block) -> pa.Schema | None:
        """Return the columns that a plain block has, None if there are no plain blocks."""
        if not self.present:
            self._learn(block.line(block.first))
        if self.unknown or not self.present:
            return None
        return pa.schema([(name, _ARROW[held]) for name, held in self._held().items()])

    def _learn(self, line: bytes) -> None:
        """Take the columns from a line, if it is an object that has no others."""
        try:
            fields = set(msgspec.json.decode(line, type=dict[str, msgspec.Raw]))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        if fields.issubset(self.table.names):
            self.present |= fields

    def _held(self) -> dict[str, Physical]:
        return {column.name: _physical(column) for column in self.table.columns if column.name in self.present}

    def _block(self, block: Block, refuse: list[Refusal]) -> Iterator[Batch]:
        if block.first == 1:
            self._refuse_array(block)
        take = [attrgetter(name) for name in self.table.names]
        parts: list[list[list[object]]] = []
        numbers: list[int] = []
        every = block.lines
        for start in range(0, len(every), _SLICE):
            lines = every[start : start + _SLICE]
            records: list[msgspec.Struct] = []
            first = block.first + start
            try:
                records.extend(map(self._decoder.decode, lines))
                numbers.extend(range(first, first + len(lines)))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                records.clear()
                self._slowly(lines, first, records, numbers, refuse)
            parts.append([list(map(column, records)) for column in take])
        if numbers:
            yield self._batch(block, parts, numbers)

    def _refuse_array(self, block: Block) -> None:
        start = next((line.strip() for line in block.lines if line and not line.isspace()), b"")
        if start == b"[" or start.startswith(b"[{"):
            raise InputError(
                f"{self.name}: is one JSON array, not JSON Lines",
                remedy="write one object a line (jq -c '.[]' does it)",
            )

    def _slowly(
        self, lines: list[bytes], first: int, records: list[msgspec.Struct], numbers: list[int], refuse: list[Refusal]
    ) -> None:
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            try:
                record = self._decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                second = self._second_look(line, error)
                if isinstance(second, str):
                    refuse.append(Refusal(number, second, hashlib.sha256(line).hexdigest()))
                    continue
                record = second
            records.append(record)
            numbers.append(number)

    def _second_look(self, line: bytes, error: Exception) -> msgspec.Struct | str:
        """Return the record after all, or the reason why there is none."""
        while (found := _UNKNOWN_FIELD.search(str(error))) and len(self.unknown) < _MOST_UNKNOWN:
            self.unknown.append(found[1])
            self._decoder = self._make_decoder()
            try:
                return self._decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as next_error:
                error = next_error
        repaired = _repair(line)
        try:
            record = self._lenient.decode(repaired)
        except RecursionError:
            return Word.TOO_DEEP
        except msgspec.ValidationError:
            return self._boundless(repaired)
        except msgspec.DecodeError:
            return Word.BAD_JSON
        for column in self.table.columns:
            value = _strict(column, getattr(record, column.name))
            if repaired is not line and column.kind in (Kind.KEY, Kind.INSTRUMENT) and "\ufffd" in str(value):
                value = Word.BAD_UNICODE
            if isinstance(value, Word):
                return f"{value}:{column.name}"
            setattr(record, column.name, value)
        return record

    def _boundless(self, line: bytes) -> str:
        """Return why a line is JSON and still no record: a number that no double holds (1e999), or no object."""
        try:
            fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError):
            return Word.NOT_AN_OBJECT
        for name in self.table.names:
            try:
                msgspec.json.decode(fields.get(name, b"null"))
            except msgspec.MsgspecError:
                return f"{Word.OUT_OF_RANGE}:{name}"
        return Word.BAD_JSON

    def _batch(self, block: Block, parts: list[list[list[object]]], numbers: list[int]) -> Batch:
        columns: dict[str, pa.ChunkedArray | pa.Array] = {"line": pa.array(numbers, pa.int64())}
        physical: dict[str, Physical] = {}
        for position, column in enumerate(self.table.columns):
            held = _physical(column)
            array = pa.chunked_array([pa.array(part[position], _ARROW[held]) for part in parts], _ARROW[held])
            if array.null_count < len(array) or self._named(block, column.name):
                self.present.add(column.name)
                physical[column.name] = held
                columns[column.name] = array
        return Batch(pa.table(columns), physical, block.line)

    def _named(self, block: Block, name: str) -> bool:
        """Tell whether any line has the field, in a block where it is null throughout."""
        if name in self.present:
            return True
        return re.search(rb'"%s"\s*:' % name.encode(), block.data) is not None


def _repair(line: bytes) -> bytes:
    """Return the line itself if it is UTF-8 without lone surrogates, else with U+FFFD in their place."""
    try:
        line.decode()
    except UnicodeDecodeError:
        line = line.decode(errors="replace").encode()
    return _LONE_SURROGATE.sub(rb"\1\\ufffd", line) if SURROGATE.search(line) else line


def _strict(column: Column, value: object) -> object:
    """Return the value as the column's type, or the word that says why it is none."""
    if value is None:
        return None
    held = _physical(column)
    if held is Physical.WHOLE:
        return _whole(value)
    if isinstance(value, bool if held is Physical.FLAG else str):
        return value
    return Word.BAD_TIME if column.kind is Kind.TIME else Word.WRONG_TYPE


def _whole(value: object) -> int | Word:
    """Return a whole number: 3.0 is one, 3.5 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return Word.WRONG_TYPE
    return value if 0 <= value <= LARGEST_COUNT else Word.OUT_OF_RANGE
