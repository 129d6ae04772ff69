"""Run by `test_store_crash.py`: publish a second run into a store and die at the n-th statement.

Usage: publish_and_die.py STORE STATEMENT
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import handmade

from attribution.store import EmbeddedStore
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


class Dying:
    """A connection that kills its process before a chosen statement."""

    def __init__(self, con: duckdb.DuckDBPyConnection, statements: int) -> None:
        self._con, self._left = con, statements

    def execute(self, query: str, *values: object) -> object:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._con.execute(query, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


class DyingStore(EmbeddedStore):
    """A store whose transactions end in a kill."""

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with super()._transaction() as con:
            yield Dying(con, int(sys.argv[2]))  # type: ignore[misc]


with connect(Path(sys.argv[1])) as opened:
    DyingStore(opened).publish(handmade.run(2), handmade.tables(shift=1), report="{}")
    print("published")  # noqa: T201
