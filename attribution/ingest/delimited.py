"""CSV to Arrow: pyarrow parses pieces that are in order, an exact parser those that are not.

A record may span lines, so pieces are cut where a line ends outside quotes. Where every quote either opens a field or
closes one, a line ends outside quotes exactly if an even number of quotes came before it, which numpy tells for a whole
piece at once. A piece with any other quote, a ragged row, or bytes that are no UTF-8 goes field by field, which keeps
line numbers and reasons exact.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from attribution.errors import InputError
from attribution.ingest.checks import Physical
from attribution.ingest.contract import Kind, Table, Word
from attribution.ingest.lines import CHUNK, Batch, Readable, Refusal, skip_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from attribution.config import IngestConfig

_BOM = b"\xef\xbb\xbf"
_QUOTE, _NEWLINE, _RETURN, _COMMA = b'"'[0], b"\n"[0], b"\r"[0], b","[0]
_FIELD = re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^",\n][^,\n]*+|))(,|\r?\n|\r?\Z)')
_OPEN = re.compile(rb'"(?:[^"]++|"")*+\Z')
_BARE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a text: where it lies, and its fields, or why it has none (`fields` empty: a blank line)."""

    start: int
    end: int
    fields: tuple[bytes, ...] = ()
    reason: Word | None = None


def parse(data: bytes, *, at_end: bool) -> Iterator[Record]:
    """Yield the records of a text one after the other; stop before one that may go on behind it unless `at_end`.

    A quote inside an unquoted field is a character like any other. Behind a closing quote only a comma or the line's
    end may stand; else the record's first line is refused and reading goes on with the next line.
    """
    start = 0
    while start < len(data):
        position, fields = start, []
        while (match := _FIELD.match(data, position)) is not None:
            quoted, plain, stop = match.groups()
            fields.append(
                quoted.replace(b'""', b'"')
                if quoted is not None
                else plain.removesuffix(b"\r")
                if stop != b","
                else plain
            )
            position = match.end()
            if stop != b",":
                break
        else:
            if not at_end and _OPEN.match(data, position):
                return
            end = data.find(b"\n", start) + 1 or len(data)
            if not at_end and data[end - 1] != _NEWLINE:
                return
            yield Record(start, end, reason=Word.BAD_QUOTE)
            start = end
            continue
        if not at_end and data[position - 1] != _NEWLINE:
            return
        blank = fields == [b""] and data[start] != _QUOTE
        yield Record(start, position, () if blank else tuple(fields))
        start = position


@dataclass(slots=True)
class Delimited:
    """Reader of one CSV file of a table; `header` is known once the first batch is there."""

    table: Table
    name: str
    config: IngestConfig
    header: tuple[str, ...] = ()

    def batches(self, stream: Readable, refuse: list[Refusal]) -> Iterator[Batch]:
        """Yield the good records as Arrow in pieces of some MB; bad ones go to `refuse`.

        Raises
        ------
        InputError
            The header is missing, doubled or no UTF-8.
        """
        data, line, at_end = stream.read(CHUNK).removeprefix(_BOM), 1, False
        if (found := _BARE_RETURN.search(data)) and b"\n" not in data and found.end() < len(data):
            raise InputError(
                f"{self.name}: lines end with carriage returns alone", remedy="write \\n or \\r\\n at line ends"
            )
        while data or not at_end:
            chunk = stream.read(CHUNK)
            at_end = not chunk
            if not self.header:
                data, line = self._read_header(data + chunk, at_end=at_end)
                continue
            ends, ordered = _record_ends(data, at_end=at_end)
            if ordered and len(ends):
                cut = int(ends[-1]) + 1
                yield from self._piece(data[:cut], ends, line, refuse)
            else:
                cut = yield from self._exactly(data, line, refuse, at_end=at_end)
            line += data.count(b"\n", 0, cut)
            data = data[cut:] + chunk
            if not cut and len(data) > self.config.max_line_bytes:
                data = self._give_up(stream, data, line, refuse)
                line += 1

    def _read_header(self, data: bytes, *, at_end: bool) -> tuple[bytes, int]:
        record = next(parse(data, at_end=at_end), None)
        if record is None and not at_end and len(data) <= self.config.max_line_bytes:
            return data, 1
        if record is None or not record.fields:
            raise InputError(f"{self.name}: has no header line", remedy="put the columns' names into the first line")
        try:
            self.header = tuple(field.decode() for field in record.fields)
        except UnicodeDecodeError as error:
            raise InputError(f"{self.name}: is not UTF-8 text", remedy="export it as UTF-8") from error
        doubled = sorted({name for name in self.header if self.header.count(name) > 1})
        if doubled:
            raise InputError(
                f"{self.name}: the header names a column twice: {doubled[0]!r}", remedy="name each column once"
            )
        return data[record.end :], 1 + data.count(b"\n", 0, record.end)

    def _give_up(self, stream: Readable, data: bytes, line: int, refuse: list[Refusal]) -> bytes:
        """Refuse the first line of a record that has grown too long, and return what follows it."""
        reason = Word.BAD_QUOTE if b"\n" in data else Word.LINE_TOO_LONG
        digest, rest = skip_line(stream, data)
        refuse.append(Refusal(line, reason, digest))
        return rest

    def _piece(self, data: bytes, ends: NDArray[np.int64], line: int, refuse: list[Refusal]) -> Iterator[Batch]:
        """Yield a piece of whole records; fall back to the exact parser where pyarrow has anything to object."""
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        octets = np.frombuffer(data, np.uint8)
        blank = (ends == starts) | ((ends == starts + 1) & (octets[starts] == _RETURN))
        starts = starts[~blank]
        wanted = [name for name in self.header if self.table.column(name)]
        complaints: list[object] = []

        def complain(row: object) -> str:
            complaints.append(row)
            return "skip"

        rows = None
        if int((ends - np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])).max()) <= self.config.max_line_bytes:
            try:
                rows = arrow_csv.read_csv(
                    pa.BufferReader(data),
                    read_options=arrow_csv.ReadOptions(
                        column_names=list(self.header), block_size=max(len(data), 1) + 1
                    ),
                    parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=complain),
                    convert_options=arrow_csv.ConvertOptions(
                        include_columns=wanted,
                        column_types=dict.fromkeys(wanted, pa.string()),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
            except (pa.ArrowException, UnicodeDecodeError):
                rows = None
        if rows is None or complaints or rows.num_rows != len(starts) or _BARE_RETURN.search(data):
            yield from self._exactly(data, line, refuse, at_end=True)
            return
        newlines = np.flatnonzero(octets == _NEWLINE)
        numbers = line + np.searchsorted(newlines, starts)
        stops = np.append(starts[1:], len(data))

        def raw(number: int) -> bytes:
            at = int(np.searchsorted(numbers, number))
            return data[int(starts[at]) : int(stops[at])].rstrip(b"\r\n")

        yield self._batch(rows.append_column("line", pa.array(numbers, pa.int64())), raw)

    def _exactly(self, data: bytes, line: int, refuse: list[Refusal], *, at_end: bool) -> Generator[Batch, None, int]:
        """Parse field by field; return (as the generator's value) how many bytes were dealt with."""
        columns: dict[str, list[str | None]] = {name: [] for name in self.header if self.table.column(name)}
        numbers: list[int] = []
        where: dict[int, tuple[int, int]] = {}
        done = 0
        for record in parse(data, at_end=at_end):
            number, done = line, record.end
            line += data.count(b"\n", record.start, record.end)
            fields = self._decode(record, columns)
            if isinstance(fields, str):
                raw = data[record.start : record.end].rstrip(b"\r\n")
                refuse.append(Refusal(number, fields, hashlib.sha256(raw).hexdigest()))
            elif fields:
                numbers.append(number)
                where[number] = (record.start, record.end)
                for name, value in zip(columns, fields, strict=True):
                    columns[name].append(value or None)
        if numbers:
            rows = pa.table(
                {"line": pa.array(numbers, pa.int64())} | {n: pa.array(v, pa.string()) for n, v in columns.items()}
            )
            yield self._batch(rows, lambda number: data[slice(*where[number])].rstrip(b"\r\n"))
        return done

    def _decode(self, record: Record, wanted: dict[str, list[str | None]]) -> list[str] | str:
        """Return the wanted fields as text (none: a blank line), or the reason for refusal."""
        if record.reason:
            return record.reason
        if not record.fields:
            return []
        if record.end - record.start > self.config.max_line_bytes:
            return Word.LINE_TOO_LONG
        if len(record.fields) != len(self.header):
            return Word.RAGGED
        values = []
        for name, octets in zip(self.header, record.fields, strict=True):
            if name not in wanted:
                continue
            try:
                values.append(octets.decode())
            except UnicodeDecodeError:
                column = self.table.column(name)
                if column is None or column.kind in (Kind.KEY, Kind.INSTRUMENT):
                    return f"{Word.BAD_UNICODE}:{name}"
                values.append(octets.decode(errors="replace"))
        return values

    def _batch(self, rows: pa.Table, raw: Callable[[int], bytes]) -> Batch:
        return Batch(rows, dict.fromkeys((n for n in rows.column_names if n != "line"), Physical.TEXT), raw)


def _record_ends(data: bytes, *, at_end: bool) -> tuple[NDArray[np.int64], bool]:
    """Return where records end, and whether every quote before the last of these places opens or closes a field.

    A record ends at a line feed outside quotes; at the end of a file also behind its last byte.
    """
    octets = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(octets == _NEWLINE)
    if at_end and not data.endswith(b"\n"):
        newlines = np.append(newlines, len(data))
    if b'"' not in data:
        return newlines, True
    quotes = np.flatnonzero(octets == _QUOTE)
    ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    if not len(ends):
        return ends, False
    quotes = quotes[quotes < ends[-1]]
    padded = np.concatenate([[_NEWLINE], octets, [_NEWLINE]])
    before, after = padded[quotes[0::2]], padded[quotes[1::2] + 2]
    opens = np.isin(before, (_COMMA, _NEWLINE, _QUOTE))
    closes = np.isin(after, (_COMMA, _NEWLINE, _RETURN, _QUOTE))
    return ends, bool(opens.all() and closes.all())
