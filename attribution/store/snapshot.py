"""Reading an embedded store without holding its file, for services that must not block the nightly run.

DuckDB lets either one process write or several read. A snapshot copies the results (not the facts) into memory and
lets go of the file; when the file has changed, the next read copies again. While a writer holds the file, readers
keep the last snapshot.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import duckdb

from attribution.errors import StoreError
from attribution.store.base import STORED
from attribution.store.embedded import EmbeddedStore
from attribution.store.ledgers import LEDGERS
from attribution.warehouse.database import memory, refuse_others

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from attribution.store.base import Published, RunRecord

LOOK_SECONDS = 2.0
"""How often the file is looked at."""


class SnapshotStore(EmbeddedStore):
    """The results of a DuckDB file, in memory, following the file. It cannot publish."""

    def __init__(self, path: Path, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._path = path
        self._look_seconds = look_seconds
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._looked = time.monotonic()
        super().__init__(_copy(path), owned=True)

    def publish(  # the port's signature
        self,
        run: RunRecord,  # noqa: ARG002
        tables: Mapping[str, pa.Table],  # noqa: ARG002
        *,
        report: str | bytes = "{}",  # noqa: ARG002
    ) -> Published:
        """Refuse: a snapshot is for reading."""
        raise StoreError(f"{self._path}: opened for reading only", remedy="publish with `attribution run --store`")

    def append(self, name: str, rows: pa.Table) -> int:  # noqa: ARG002  # the port's signature
        """Refuse: a snapshot is for reading."""
        raise StoreError(f"{self._path}: opened for reading only", remedy="`attribution judge --store` writes")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if time.monotonic() - self._looked >= self._look_seconds and self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        return super()._cursor()

    def _follow(self) -> None:
        self._looked = time.monotonic()
        signature = self._signature()
        if signature == self._seen:
            return
        try:
            fresh = _copy(self._path)
        except StoreError:
            return  # being written, or gone for a moment: the last snapshot serves until the next look
        self._con, self._seen = fresh, signature  # the old one closes when its last cursor does

    def _signature(self) -> tuple[tuple[int, int, int], ...]:
        """Return what changes when the file is written or replaced (the log beside it counts as well)."""
        found = []
        for path in (self._path, self._path.with_name(self._path.name + ".wal")):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(found)


def _copy(path: Path) -> duckdb.DuckDBPyConnection:
    """Return an in-memory database with the results of a file."""
    if not path.is_file():
        raise StoreError(f"{path}: no such store", remedy="`attribution run --store PATH` makes one")
    con = memory()
    try:
        con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as source (read_only)")
        refuse_others(con, path, "source")
        there = con.execute(
            "select table_name from duckdb_tables() where database_name = 'source' and schema_name = 'results'"
        ).fetchall()
        if there:
            con.execute("create schema results")
            for name in ("format", "runs", *STORED, *LEDGERS):
                con.execute(f"create table results.{name} as from source.results.{name}")
        con.execute("detach source")
    except StoreError:
        con.close()
        raise
    except duckdb.Error as error:
        con.close()
        raise StoreError(
            f"{path}: the store cannot be read: {str(error).splitlines()[0]}",
            remedy="wait until the process that writes it has finished, or name a store of this version",
        ) from error
    return con
