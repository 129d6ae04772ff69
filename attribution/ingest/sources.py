"""Which files make up an input folder, what they are, and whether they are what they say."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from attribution.errors import InputError
from attribution.ingest.contract import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path


class Format(StrEnum):
    """What a file holds."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON_LINES = "jsonl"


class Packing(StrEnum):
    """How a file is compressed as a whole."""

    PLAIN = ""
    GZIP = ".gz"
    ZSTD = ".zst"


_FORMATS = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".json": Format.JSON_LINES,
}
_PACKINGS = {".gz": Packing.GZIP, ".zst": Packing.ZSTD, ".zstd": Packing.ZSTD}
_MAGIC = {Packing.GZIP: b"\x1f\x8b", Packing.ZSTD: b"\x28\xb5\x2f\xfd"}
_SKIPPABLE = tuple(bytes([0x50 + number, 0x2A, 0x4D, 0x18]) for number in range(16))
"""How frames of Zstandard begin that hold no data: parallel and seekable compressors put one first."""
_KNOWN_ENDINGS = "name it .parquet, .csv or .jsonl, with .gz or .zst behind it if it is compressed"


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is its path relative to the input folder, with slashes."""

    table: Table
    path: Path
    name: str
    format: Format
    packing: Packing
    size: int


def discover(folder: Path) -> tuple[Source, ...]:
    """Return the files of an input folder, or of a single events file, in the order of tables and names.

    Names that begin with a dot or an underscore (`_SUCCESS`, `.part.crc`) are left out. `truth` is never looked into.

    Raises
    ------
    InputError
        Nothing is there, no events, a table stands there twice, an unknown ending, an empty or unreadable file.
    """
    if not folder.exists():
        raise InputError(f"{folder}: no such file or folder", remedy="name the folder that holds the events table")
    if folder.is_file():
        return (_source(TABLES[0], folder, folder.name),)
    if not folder.is_dir():
        raise InputError(f"{folder}: neither a file nor a folder", remedy="name the folder that holds the events table")
    found = [source for table in TABLES for source in _table_sources(folder, table)]
    if not any(source.table is TABLES[0] for source in found):
        raise InputError(
            f"{folder}: holds no events",
            remedy="add events.parquet, events.csv, events.jsonl or a folder events/ of parts",
        )
    return tuple(found)


def overlooked(folder: Path, sources: Iterable[Source], known: Collection[str]) -> list[str]:
    """Return sentences on what seems to be part of the input and was not read.

    These are misnamed tables, and columns (of those not in `known`, as `table.column`) that stand in folders' names.
    """
    misnamed = [
        f"{path.name}: was not read; the table is called {table.name}"
        for path in (_listing(folder) if folder.is_dir() else ())
        for table in TABLES
        if path.name.partition(".")[0] != table.name and _resembles(path.name.partition(".")[0].casefold(), table.name)
    ]
    keys = {(one.table.name, key) for one in sources for key in _keys(one) if one.table.column(key)}
    return misnamed + [
        f"{table}/: {key} stands in the names of folders alone and was not read: write the column into the files"
        for table, key in sorted(keys)
        if f"{table}.{key}" not in known
    ]


def _resembles(stem: str, table: str) -> bool:
    """Tell whether a name may stand for a table's: `event`, `events-2`, but not `eventual`."""
    return stem.startswith(table[:-1]) and not stem.removeprefix(table[:-1]).removeprefix("s")[:1].isalpha()


def _keys(source: Source) -> list[str]:
    """Return the keys of a partitioned folder (`events/model=m1/part-0.parquet`)."""
    return [step.partition("=")[0] for step in source.name.split("/")[:-1] if "=" in step]


def _table_sources(folder: Path, table: Table) -> list[Source]:
    places = [path for path in _listing(folder) if path.name.split(".")[0] == table.name]
    if len(places) > 1:
        names = " and ".join(path.name + "/" * path.is_dir() for path in places)
        raise InputError(
            f"{folder}: {table.name} stands there more than once: {names}",
            remedy=f"keep one of them, or move all parts into one folder {table.name}/",
        )
    if not places:
        return []
    place = places[0]
    if not place.is_dir():
        return [_source(table, place, place.name)]
    if place.name != table.name:
        raise InputError(
            f"{place}: is a folder, but its name is a file's", remedy=f"name the folder of parts {table.name}/"
        )
    parts = [path for path in _walk(place) if path.is_file() or not path.exists()]
    if not parts:
        raise InputError(f"{place}: the folder of parts is empty", remedy="put the parts there, or remove the folder")
    return [_source(table, path, path.relative_to(folder).as_posix()) for path in parts]


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be listed ({error.strerror})", remedy="check that it is there and may be read"
        ) from error


def _walk(folder: Path) -> Iterable[Path]:
    for path in _listing(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _source(table: Table, path: Path, name: str) -> Source:
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    packing = _PACKINGS.get(endings[-1], Packing.PLAIN) if endings else Packing.PLAIN
    if packing:
        endings.pop()
    kind = _FORMATS.get(endings[-1]) if endings else None
    if kind is None:
        raise InputError(f"{name}: what it holds is not to be told from its name", remedy=_KNOWN_ENDINGS)
    if packing and kind is Format.PARQUET:
        raise InputError(
            f"{name}: a Parquet file inside a compressed one cannot be read in parts",
            remedy="unpack it: Parquet compresses inside",
        )
    if path.is_dir():
        raise InputError(f"{name}: is a folder, not a file", remedy=f"name the folder of parts {table.name}/")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except OSError as error:
        raise InputError(
            f"{name}: cannot be read ({error.strerror})", remedy="check that it is there and may be read"
        ) from error
    _check_magic(name, kind, packing, head, tail)
    return Source(table, path, name, kind, packing, size)


def _check_magic(name: str, kind: Format, packing: Packing, head: bytes, tail: bytes) -> None:
    """Raise unless the first and last bytes fit the name."""
    if not head:
        raise InputError(f"{name}: the file is empty", remedy="export it again, or remove it")
    if packing:
        if not head.startswith((_MAGIC[packing], *(_SKIPPABLE if packing is Packing.ZSTD else ()))):
            raise InputError(f"{name}: is not compressed as its name says", remedy=_KNOWN_ENDINGS)
        return
    if kind is Format.PARQUET:
        if head != b"PAR1":
            raise InputError(
                f"{name}: is no Parquet file", remedy="export it again as Parquet, or name it for what it is"
            )
        if tail != b"PAR1":
            raise InputError(f"{name}: the Parquet file breaks off before its end", remedy="copy or export it again")
        return
    if head == b"PAR1" or head.startswith(tuple(_MAGIC.values())):
        raise InputError(f"{name}: holds something else than its name says", remedy=_KNOWN_ENDINGS)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise InputError(f"{name}: is not UTF-8 text", remedy="export it as UTF-8 (not UTF-16 or binary)")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as they lie on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def glob_literal(path: Path) -> str:
    """Return the path such that DuckDB reads that file, even if its name has characters of a pattern."""
    text = os.fspath(path.absolute())
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)
