"""Bring a graph's schema up to date: numbered Cypher files, applied once, never edited afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

from attribution.errors import StoreError
from attribution.store.neo4j_lease import Lease
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.store.neo4j_client import Client

_NAME = re.compile(r"V(\d{4})__([a-z0-9_]+)\.cypher")
RESTORE = "restore the file and write the change as a new migration"
NEWER = "use the version that wrote the graph, or a newer one"
_SCHEMA = re.compile(r"(CREATE|DROP)\s+(CONSTRAINT|INDEX)\b")


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


@dataclass(frozen=True, slots=True)
class Drift:
    """How a graph's migrations compare with those of this version; names, in order.

    `edited` were changed after the graph had them, `unknown` are of another version.
    """

    applied: tuple[str, ...]
    pending: tuple[Migration, ...]
    edited: tuple[str, ...]
    unknown: tuple[str, ...]


def drift(run: Runs, wanted: tuple[Migration, ...]) -> Drift:
    """Compare what the graph has had with what is wanted."""
    rows = {int(str(row["version"])): row for row in run(queries.MIGRATIONS)}
    known = {migration.version: migration for migration in wanted}
    there = [migration for migration in wanted if migration.version in rows]
    return Drift(
        applied=tuple(migration.label for migration in there),
        pending=tuple(migration for migration in wanted if migration.version not in rows),
        edited=tuple(one.label for one in there if rows[one.version]["checksum"] != one.checksum),
        unknown=tuple(f"V{version:04d}__{row['name']}" for version, row in rows.items() if version not in known),
    )


def pending(run: Runs, wanted: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Return what the graph has not had yet, in order.

    Raises
    ------
    StoreError
        An applied file was edited since, or the graph has had a migration that this version does not know.
    """
    found = drift(run, wanted)
    if found.unknown:
        raise StoreError(
            f"the graph has had migration {found.unknown[-1]}, which this version does not know", remedy=NEWER
        )
    if found.edited:
        raise StoreError(f"migration {found.edited[0]} was edited after this graph had it", remedy=RESTORE)
    return found.pending


def migrate(client: Client, wanted: tuple[Migration, ...], *, lease_seconds: float = 30.0) -> tuple[str, ...]:
    """Apply what is `pending`; return the names of what this process applied.

    Safe to repeat, to interrupt, and by two processes at once.

    Every statement of a migration can be run again, and a migration is recorded by its number once. Rows are changed
    under the lease of the one writer (`Lease`): a second process waits, and finds that there is nothing left to do.

    Raises
    ------
    StoreError
        What `pending` raises; or another process writes for longer than one waits.
    """
    if not pending(client.read, wanted):
        return ()
    client.write(queries.ONE_WRITER)  # before it two processes could each make a lease of their own
    lease = Lease(client, lease_seconds)
    lease.take()
    try:
        fresh = pending(client.read, wanted)
        for migration in fresh:
            _apply(client, lease, migration)
    finally:
        lease.drop()
    return tuple(migration.label for migration in fresh)


def _apply(client: Client, lease: Lease, migration: Migration) -> None:
    record = {
        "version": migration.version,
        "name": migration.name,
        "checksum": migration.checksum,
        "previous": migration.version - 1,
    }
    for statement in migration.statements:
        if _SCHEMA.match(statement):  # may share no transaction with the lease, and changes nothing a second time
            client.write(statement)
        else:
            lease.write((statement, {}), lease.renewal)  # it may have taken longer than the lease holds
    lease.write((queries.RECORD_MIGRATION, record))
