"""What a graph holds, and bringing its schema up to date: the part of a store that its keeper looks at."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from attribution.errors import StoreError
from attribution.store.migrate import migrate, pending, shipped
from attribution.store.neo4j_client import Client, is_graph_url
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class GraphState:
    """A graph as its keeper sees it.

    Attributes
    ----------
    server : name, version and edition.
    applied, pending : migrations that the graph has had, and that it still needs, by name.
    runs : ids of the visible runs, the latest first.
    busy : a process is writing now.
    unfinished : edges of a write that was cut wait to be cleared, which the next write does; no reader sees them.
    """

    server: str
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    runs: tuple[str, ...]
    busy: bool
    unfinished: bool

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what is worth saying, in words."""
        yield "server", self.server
        yield "migrations applied", ", ".join(self.applied) or "none"
        yield "migrations pending", ", ".join(self.pending) or "none"
        yield "runs", f"{len(self.runs)}, the latest {self.runs[0]}" if self.runs else "none"
        if self.busy:
            yield "writing", "a process is writing now"
        elif self.unfinished:
            yield "writing", "a write was cut; the next one clears what it left, and no reader sees it"
        else:
            yield "writing", "nobody"


def state_of(url: str) -> GraphState:
    """Look at a graph.

    Raises
    ------
    StoreError
        It cannot be reached, or its migrations are not those of this version (see `migrate.pending`).
    """
    every = shipped()
    with closing(_client(url)) as client:
        missing = pending(client.read, every)
        server = client.read(queries.SERVER)[0]
        writing = client.read(queries.WRITING)
        return GraphState(
            server=f"{server['name']} {server['version']} {server['edition']}",
            applied=tuple(one.label for one in every if one not in missing),
            pending=tuple(one.label for one in missing),
            runs=tuple(str(row["run_id"]) for row in client.read(queries.RUNS)),
            busy=any(row["busy"] for row in writing),
            unfinished=any(row["unfinished"] for row in writing),
        )


def bring_up_to_date(url: str) -> tuple[str, ...]:
    """Apply the migrations that a graph needs; return their names.

    Raises
    ------
    StoreError
        It cannot be reached or written, or its migrations are not those of this version.
    """
    every = shipped()
    with closing(_client(url)) as client:
        missing = pending(client.read, every)
        migrate(client.write, every)
        return tuple(one.label for one in missing)


def encode(state: GraphState) -> bytes:
    """Return a state as JSON."""
    return msgspec.json.encode(state)


def _client(url: str) -> Client:
    if not is_graph_url(url):
        raise StoreError(f"{url}: no address of a graph", remedy="write neo4j://[USER@]HOST:7687[/DATABASE]")
    return Client.from_environment(url)
