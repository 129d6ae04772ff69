"""Text files as blocks of whole lines: unpacked as a stream, bounded in memory whatever the file holds."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol, TypeVar, cast

import numpy as np
import pyarrow as pa

from attribution.errors import InputError
from attribution.ingest.sources import Packing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from attribution.config import IngestConfig
    from attribution.ingest.checks import Physical
    from attribution.ingest.sources import Source

Item = TypeVar("Item")

CHUNK = 1 << 20
"""Bytes read at a time: few enough for the processor's cache."""
_BLOCK = 1 << 22
"""Bytes of whole lines worked on at a time."""
FREE = 1 << 26
"""Every compressed file may unfold to this much."""
_BOM = b"\xef\xbb\xbf"
_LINE_END = ord("\n")


class Readable(Protocol):
    """What is asked of an unpacked stream."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was refused: where it stands, why, and the digest of its raw bytes."""

    line: int
    reason: str
    digest: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Good rows of one text file: `line` and the contract's columns that are there.

    `physical` says how the columns are held, `raw` returns the bytes of the record that begins at a line.
    """

    rows: pa.Table
    physical: Mapping[str, Physical]
    raw: Callable[[int], bytes]


_GATHERED_BYTES = 1 << 26


def gathered(batches: Iterator[Batch], config: IngestConfig) -> Iterator[Batch]:
    """Yield batches of `config.batch_rows` rows or so, each made while the one before is being worked on."""
    return made_ahead(_merged(batches, config))


def made_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items, each made in a thread while the one before is being worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _merged(batches: Iterator[Batch], config: IngestConfig) -> Iterator[Batch]:
    held: list[Batch] = []
    rows = octets = 0
    for batch in batches:
        held.append(batch)
        rows += batch.rows.num_rows
        octets += batch.rows.nbytes
        if rows >= config.batch_rows or octets >= _GATHERED_BYTES:
            yield _merge(held)
            held, rows, octets = [], 0, 0
    if held:
        yield _merge(held)


def _merge(batches: list[Batch]) -> Batch:
    firsts = [batch.rows.column("line")[0].as_py() for batch in batches]
    physical = {name: held for batch in batches for name, held in batch.physical.items()}
    rows = pa.concat_tables([batch.rows for batch in batches], promote_options="default")
    return Batch(rows, physical, lambda line: batches[bisect_right(firsts, line) - 1].raw(line))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file without the last line end; `first` is the 1-based number of the first one.

    `ends` holds the offsets of the line ends inside.
    """

    first: int
    data: bytes
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, first: int, data: bytes) -> Block:
        """Return the block of some lines."""
        return cls(first, data, np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_END))

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.ends) + 1

    @property
    def lines(self) -> list[bytes]:
        """The lines one by one."""
        return self.data.split(b"\n")

    def line(self, number: int) -> bytes:
        """Return the line of that number in the file."""
        place = number - self.first
        start = int(self.ends[place - 1]) + 1 if place else 0
        return self.data[start : int(self.ends[place]) if place < len(self.ends) else None]


@contextmanager
def unpacked(source: Source, config: IngestConfig) -> Iterator[Readable]:
    """Open a file for reading its unpacked bytes; damage becomes an `InputError` that names it."""
    try:
        with source.path.open("rb") as raw:
            yield _Bounded(_unpack(raw, source.packing), source, config)
    except (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException, OSError) as error:
        reason = getattr(error, "strerror", None)
        raise InputError(
            f"{source.name}: cannot be read ({reason})"
            if reason
            else f"{source.name}: the compressed file is damaged or breaks off before its end",
            remedy="copy or export it again",
        ) from error


def _unpack(raw: IO[bytes], packing: Packing) -> Readable:
    if packing is Packing.GZIP:
        return cast("Readable", gzip.GzipFile(fileobj=raw, mode="rb"))
    if packing is Packing.ZSTD:
        return cast("Readable", pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
    return raw


class _Bounded:
    """A stream that refuses to unfold without end."""

    def __init__(self, stream: Readable, source: Source, config: IngestConfig) -> None:
        self._stream = stream
        self._name = source.name
        self._left = FREE + config.max_unfolding * source.size if source.packing else None

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise InputError(
                    f"{self._name}: unfolds to far more than its size explains",
                    remedy="check where the file comes from; if it is sound, raise ingest.max_unfolding",
                )
        return data


def blocks(stream: Readable, config: IngestConfig, refuse: list[Refusal], too_long: str) -> Iterator[Block]:
    """Yield the lines of a stream in blocks of a few MiB.

    A line of more than `config.max_line_bytes` is never held: it is hashed as it flows by and appended to `refuse` with
    the reason `too_long`. A byte order mark at the start is taken off. Carriage returns stay.
    """
    first, rest = 1, stream.read(CHUNK).removeprefix(_BOM)
    while True:
        chunk = stream.read(_BLOCK)
        if not chunk:
            break
        if len(rest) > config.max_line_bytes and b"\n" not in rest:
            digest, rest = skip_line(stream, rest + chunk)
            refuse.append(Refusal(first, too_long, digest))
            first += 1
            continue
        cut = rest.rfind(b"\n")
        if cut >= 0:
            block = Block.of(first, _short(rest[:cut], first, config, refuse, too_long))
            yield block
            first += len(block)
            rest = rest[cut + 1 :]
        rest += chunk
    if rest:
        yield Block.of(first, _short(rest.removesuffix(b"\n"), first, config, refuse, too_long))


def skip_line(stream: Readable, rest: bytes) -> tuple[str, bytes]:
    """Return the SHA-256 of the line that begins with `rest`, read to its end without holding it, and what follows."""
    digest = hashlib.sha256()
    while rest and b"\n" not in rest:
        digest.update(rest)
        rest = stream.read(CHUNK)
    end, _, rest = rest.partition(b"\n")
    digest.update(end)
    return digest.hexdigest(), rest


def _short(data: bytes, first: int, config: IngestConfig, refuse: list[Refusal], too_long: str) -> bytes:
    """Return the lines with those that are too long refused and emptied (an empty line is no row)."""
    if len(data) <= config.max_line_bytes:
        return data
    kept = data.split(b"\n")
    for position, line in enumerate(kept):
        if len(line) > config.max_line_bytes:
            refuse.append(Refusal(first + position, too_long, hashlib.sha256(line).hexdigest()))
            kept[position] = b""
    return b"\n".join(kept)
