"""The right to write into a graph: one process at a time, in two lanes.

Every write checks the lease in its own transaction, after it took the lock of the lease's node, and renews it: a writer
that lost it to another process writes nothing more. A lane numbers its batches and keeps the number of the last one in
the transaction that wrote it, so that a batch whose answer was lost is sent again and not written again: relationships
may be created, which is twice as fast as merging them. The lanes have nodes of their own, so they do not wait for
each other.
"""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from attribution.errors import StoreError
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attribution.store.neo4j_client import Client, Rows, Step

LANES = ("lane-0", "lane-1")
MAIN = "publish"


class Lease:
    """The right to write; another process waits until it is dropped or lapses."""

    def __init__(self, client: Client, seconds: float = 30.0) -> None:
        self._client = client
        self._milliseconds = int(seconds * 1000)
        self._batch = dict.fromkeys(LANES, 0)
        self.holder = secrets.token_hex(16)
        self.pending: int | None = None

    def take(self) -> None:
        """Wait for the lease, at most a little longer than it can outlive a dead holder.

        Raises
        ------
        StoreError
            Another process holds it and goes on renewing it.
        """
        deadline = time.monotonic() + self._milliseconds / 1000 + 5.0
        names = sorted((*LANES, MAIN))
        while not (rows := self._client.write(queries.TAKE_LEASE, names=names, **self._values())):
            if time.monotonic() > deadline:
                raise StoreError(
                    "another process is writing into this graph", remedy="wait until it has finished, then try again"
                )
            time.sleep(0.25)
        self.pending = rows[0]["pending"]

    def write(self, *steps: Step) -> list[Rows]:
        """Run the statements in one transaction if the lease still holds; they may run twice.

        Raises
        ------
        StoreError
            It was lost to another process; nothing was written.
        """
        return self._client.write_all([self.renewal, *steps], guarded=True)[1:]

    def write_lanes(self, *lanes: Iterable[Step]) -> None:
        """Run the steps of each lane in order, each once and in a transaction of its own, the lanes side by side.

        No node should be an end of new relationships in two lanes at once. Their older relationships may still make
        them meet; the server then ends one of the two transactions, which is tried again.
        """
        stop = threading.Event()
        with ThreadPoolExecutor(len(LANES)) as pool:
            done = [pool.submit(self._lane, lane, steps, stop) for lane, steps in zip(LANES, lanes, strict=False)]
        for one in done:
            one.result()

    def _lane(self, lane: str, steps: Iterable[Step], stop: threading.Event) -> None:
        try:
            for step in steps:
                if stop.is_set():
                    return
                self._once(lane, step)
        except BaseException:
            stop.set()
            raise

    def _once(self, lane: str, step: Step) -> None:
        self._batch[lane] += 1
        guard = (queries.ONCE, {**self._values(), "lane": lane, "batch": self._batch[lane]})
        self._client.write_all([guard, step], guarded=True)

    @property
    def renewal(self) -> Step:
        """The statement that lets the lease hold on from where it stands in a transaction."""
        return queries.HOLD_LEASE, self._values()

    def drop(self) -> None:
        """Give the lease back."""
        self._client.write(queries.DROP_LEASE, holder=self.holder)

    def _values(self) -> dict[str, str | int | Sequence[str]]:
        return {"holder": self.holder, "milliseconds": self._milliseconds}
