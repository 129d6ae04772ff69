"""What a graph holds, and bringing its schema up to date: the part of a store that its keeper looks at."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from attribution.errors import StoreError
from attribution.store.migrate import drift, migrate, shipped
from attribution.store.neo4j_client import Client, is_graph_url
from graph_schema import checks, queries
from graph_schema.model import labels

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class GraphState:
    """A graph as its keeper sees it.

    Attributes
    ----------
    server : name, version and edition.
    applied, pending : migrations that the graph has had, and that it still needs, by name.
    drift : migrations that were edited since, or that another version applied; `graph doctor` says what to do.
    nodes : how many there are, by label; labels without a node are left out.
    runs : ids of the visible runs, the latest first.
    busy : a process is writing now.
    unfinished : edges of a write that was cut wait to be cleared, which the next write does; no reader sees them.
    """

    server: str
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    drift: tuple[str, ...]
    nodes: dict[str, int]
    runs: tuple[str, ...]
    busy: bool
    unfinished: bool

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what is worth saying, in words."""
        yield "server", self.server
        yield "migrations applied", ", ".join(self.applied) or "none"
        yield "migrations pending", ", ".join(self.pending) or "none"
        if self.drift:
            yield "migrations edited or unknown", f"{', '.join(self.drift)}: see `attribution graph doctor`"
        yield "nodes", ", ".join(f"{number:,} {label}" for label, number in self.nodes.items()) or "none"
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
        It cannot be reached.
    """
    with closing(graph_client(url)) as client:
        found = drift(client.read, shipped())
        writing = client.read(queries.WRITING)
        return GraphState(
            server=server_of(client),
            applied=found.applied,
            pending=tuple(one.label for one in found.pending),
            drift=(*found.edited, *found.unknown),
            nodes={label: number for label in sorted(labels()) if (number := _count(client, label))},
            runs=tuple(str(row["run_id"]) for row in client.read(queries.RUNS)),
            busy=any(row["busy"] for row in writing),
            unfinished=any(row["unfinished"] for row in writing),
        )


def bring_up_to_date(url: str) -> tuple[str, ...]:
    """Apply the migrations that a graph needs; return the names of those that this process applied.

    Raises
    ------
    StoreError
        It cannot be reached or written, or its migrations are not those of this version.
    """
    with closing(graph_client(url)) as client:
        return migrate(client, shipped())


def encode(state: GraphState) -> bytes:
    """Return a state as JSON."""
    return msgspec.json.encode(state)


def _count(client: Client, label: str) -> int:
    return int(client.read(queries.for_node(checks.COUNT_NODES, label))[0]["nodes"])


def server_of(client: Client) -> str:
    """Return the server's name, version and edition."""
    server = client.read(queries.SERVER)[0]
    return f"{server['name']} {server['version']} {server['edition']}"


def graph_client(url: str) -> Client:
    """Return a client for the address of a graph; raises StoreError where it is none."""
    if not is_graph_url(url):
        raise StoreError(f"{url}: no address of a graph", remedy="write neo4j://[USER@]HOST:7687[/DATABASE]")
    return Client.from_environment(url)
