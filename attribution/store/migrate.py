"""Bring a graph's schema up to date: numbered Cypher files, applied once, never edited afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

from attribution.errors import StoreError
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"V(\d{4})__([a-z0-9_]+)\.cypher")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, the SHA-256 of its text, and its statements."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]

    @property
    def label(self) -> str:
        """The file's name without its ending."""
        return f"V{self.version:04d}__{self.name}"


class Runs(Protocol):
    """Something that runs one statement and returns its rows."""

    def __call__(self, text: str, /, **values: object) -> Sequence[Mapping[str, object]]:
        """Run it in a transaction of its own."""


def parse(name: str, text: str) -> Migration:
    """Read one migration.

    Raises
    ------
    StoreError
        The file's name is not `V0001__words_like_this.cypher`.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise StoreError(f"{name}: not a migration's name", remedy="name it V0001__words_like_this.cypher")
    text = text.replace("\r\n", "\n")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    statements = tuple(part.strip() for part in code.split(";\n") if part.strip().rstrip(";"))
    return Migration(
        int(match[1]),
        match[2],
        hashlib.sha256(text.encode()).hexdigest(),
        tuple(statement.rstrip(";") for statement in statements),
    )


def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this version, in order."""
    folder = files("graph_schema").joinpath("migrations")
    found = [parse(path.name, path.read_text("utf-8")) for path in folder.iterdir() if path.name.endswith(".cypher")]
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(run: Runs, wanted: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Return what the graph has not had yet, in order.

    Raises
    ------
    StoreError
        An applied file was edited since, or the graph has had a migration that this version does not know.
    """
    applied = {int(str(row["version"])): row for row in run(queries.MIGRATIONS)}
    known = {migration.version: migration for migration in wanted}
    if newer := applied.keys() - known.keys():
        raise StoreError(
            f"the graph has had migration V{max(newer):04d}, which this version does not know",
            remedy="use the version that wrote the graph, or a newer one",
        )
    for version, row in applied.items():
        if row["checksum"] != known[version].checksum:
            raise StoreError(
                f"migration V{version:04d}__{known[version].name} was edited after this graph had it",
                remedy="restore the file and write the change as a new migration",
            )
    return tuple(migration for migration in wanted if migration.version not in applied)


def migrate(run: Runs, wanted: tuple[Migration, ...]) -> int:
    """Apply what is `pending`; return how many that were. Safe to repeat and to interrupt.

    Every statement of a migration can be run again, and a migration is recorded by its number once. Two processes at
    once are safe on an empty graph, which is tested; not promised on one with the names before V0004, whose edges
    are made anew: let one process migrate it.
    """
    fresh = pending(run, wanted)
    for migration in fresh:
        for statement in migration.statements:
            run(statement)
        run(
            queries.RECORD_MIGRATION,
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
            previous=migration.version - 1,
        )
    return len(fresh)
