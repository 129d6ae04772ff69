"""Everything that may be wrong with a graph, each with what to do about it. It reads, and changes nothing."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from attribution.store.graph_state import graph_client, server_of
from attribution.store.migrate import NEWER, RESTORE, Drift, drift, shipped
from graph_schema import checks, queries
from graph_schema.model import EDGES, NODES, PER_RUN, USAGE_EDGES, VERSIONED, constraints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attribution.store.neo4j_client import Client

CONNECTED = (
    *("Account", "Ip", "Network", "Asn", "Device", "PaymentInstrument", "PromptTemplate"),
    *("Lab", "Ring", "Campaign", "Evidence"),
)
"""Labels whose nodes say nothing alone; the others are lists, ledgers and the engine's own."""
MIGRATE = "attribution graph migrate --store URL"
NEXT_WRITE = "nothing: no reader sees it, and the next run that is written clears it"
_DECLARED = re.compile(r"CREATE (CONSTRAINT|INDEX) (\w+) IF NOT EXISTS FOR \(n:(\w+)\).*?\(((?:n\.\w+(?:, )?)+)\)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `wrong`: somebody should do what `remedy` says; else it is only worth knowing."""

    check: str
    says: str
    remedy: str
    wrong: bool = True


@dataclass(frozen=True, slots=True)
class Examination:
    """A server's name and version, the newest migration that its graph has had, and what was found."""

    server: str
    schema: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Nothing needs a hand."""
        return not any(finding.wrong for finding in self.findings)


def examine(url: str) -> Examination:
    """Look a graph over.

    Raises
    ------
    StoreError
        It cannot be reached, or the server is too old to be asked.

    Notes
    -----
    Labels, properties and edges are looked through whole: O(nodes + relationships) of the server.
    """
    with closing(graph_client(url)) as client:
        found = drift(client.read, shipped())
        return Examination(
            server=server_of(client),
            schema=found.applied[-1] if found.applied else "none",
            findings=(
                *_migrations(client, found),
                *_constraints(client, found),
                *(finding for check in CHECKS for finding in check(client)),
            ),
        )


def encode(examination: Examination) -> bytes:
    """Return an examination as JSON."""
    return msgspec.json.encode({**msgspec.to_builtins(examination), "healthy": examination.healthy})


def _migrations(client: Client, found: Drift) -> Iterator[Finding]:
    for label in found.edited:
        yield Finding("migrations", f"{label} was edited after this graph had it", RESTORE)
    for label in found.unknown:
        yield Finding("migrations", f"the graph has had {label}, which this version does not know", NEWER)
    if found.pending:
        yield Finding("migrations", f"still to come: {', '.join(one.label for one in found.pending)}", MIGRATE)
    rows = client.read(checks.CHAIN)
    for before, row in zip([None, *rows], rows, strict=False):
        wanted = [] if before is None else [before["version"]]
        if row["follows"] != wanted or row["version"] != (before["version"] if before else 0) + 1:
            yield Finding(
                "migrations",
                f"V{row['version']:04d} follows {_versions(row['follows'])}, not {_versions(wanted)}",
                "load the runs into an empty database: what this one has had cannot be told",
            )


def _versions(numbers: list[int]) -> str:
    return ", ".join(f"V{number:04d}" for number in numbers) or "none"


def _constraints(client: Client, found: Drift) -> Iterator[Finding]:
    """Compare keys and indexes with the model: the statements of the model are what is to be there."""
    held = {row["name"]: row for row in client.read(checks.SHOWN_CONSTRAINTS)}
    indexes = {row["name"]: row for row in client.read(checks.SHOWN_INDEXES)}
    waiting = [text for one in found.pending for text in one.statements]
    coming = {text.split()[2] for text in waiting if text.startswith("CREATE ")}
    missing = 0
    for statement in constraints():
        kind, name, label, columns = _declared(statement)
        what = f"{kind.lower()} {name}"
        row = (held if kind == "CONSTRAINT" else indexes).get(name)
        if row is None and name in coming:
            missing += 1
        elif row is None:
            yield Finding("constraints", f"{what} is missing", f"{MIGRATE}; if that has nothing to apply: {statement}")
        elif (row["labelsOrTypes"], row["properties"]) != ([label], columns) or (
            kind == "CONSTRAINT" and "UNIQUE" not in row["type"]
        ):
            yield Finding("constraints", f"{what} is about something else", f"DROP {kind} {name}; {statement}")
    if missing:
        yield Finding("constraints", f"{missing} keys and indexes are missing; the migrations make them", MIGRATE)
    for name, row in sorted(indexes.items()):
        if row["state"] == "FAILED":
            yield Finding("constraints", f"index {name} has failed", f"DROP it and make it anew: {MIGRATE}")
        elif row["state"] != "ONLINE":
            yield Finding("constraints", f"index {name} is {row['state'].lower()}", "wait until it is", wrong=False)


def _declared(statement: str) -> tuple[str, str, str, list[str]]:
    match = _DECLARED.match(statement)
    if match is None:
        raise ValueError(statement)
    return match[1], match[2], match[3], [column.removeprefix("n.") for column in match[4].split(", ")]


def _undeclared(client: Client) -> Iterator[Finding]:
    remedy = "not the engine's: leave it if it is yours; {0} renames what older versions wrote"
    nodes = {node.label: {prop.name for prop in node.properties} for node in NODES}
    edges = {edge.type: {prop.name for prop in edge.properties} for edge in EDGES}
    for kind, text, declared in (
        ("label", checks.NODE_PROPERTIES, nodes),
        ("type", checks.EDGE_PROPERTIES, edges),
    ):
        for name, properties in sorted(_in_use(client, kind, text).items()):
            if name not in declared:
                yield Finding("names", f"{kind} {name} is not of the model", remedy.format(MIGRATE), wrong=False)
            elif others := sorted(properties - declared[name]):
                yield Finding(
                    "names",
                    f"{kind} {name} has {', '.join(others)}, not of the model",
                    remedy.format(MIGRATE),
                    wrong=False,
                )


def _in_use(client: Client, kind: str, text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in client.read(text):
        name = row[kind].removeprefix(":").strip("`")
        found.setdefault(name, set()).update({row["name"]} - {None})
    return found


def _orphans(client: Client) -> Iterator[Finding]:
    for label in CONNECTED:
        if nodes := client.read(queries.for_node(checks.ORPHANS, label))[0]["nodes"]:
            yield Finding(
                "orphans",
                f"{nodes:,} {label} nodes hang on nothing",
                f"MATCH (n:{label}) WHERE NOT EXISTS {{ (n)--() }} DELETE n; nothing refers to them",
            )


def _unfinished(client: Client) -> Iterator[Finding]:
    writing = client.read(queries.WRITING)
    if any(row["busy"] for row in writing):
        yield Finding("writing", "a process is writing now", "ask again when it has finished", wrong=False)
        return
    if any(row["unfinished"] for row in writing):
        yield Finding("writing", "a write was cut", NEXT_WRITE, wrong=False)
    elif edges := sum(client.read(queries.for_type(checks.UNSEEN_EDGES, used))[0]["edges"] for used in VERSIONED):
        yield Finding(
            "writing",
            f"{edges:,} relationships are of a version that no run has, and no cut write is on record",
            "load the runs into an empty database: the next run would show them",
        )
    for row in client.read(checks.UNFINISHED_RUNS):
        yield Finding(
            "writing",
            f"run {row['run_id']} was never made visible",
            "MATCH (r:Run) WHERE r.sequence IS NULL DETACH DELETE r",
        )
    unseen = {label: client.read(queries.for_node(checks.UNSEEN_NODES, label))[0]["nodes"] for label in PER_RUN}
    if left := ", ".join(f"{nodes:,} {label}" for label, nodes in unseen.items() if nodes):
        yield Finding("writing", f"nodes of no visible run: {left}", NEXT_WRITE, wrong=False)


def _from_others(client: Client) -> Iterator[Finding]:
    edges = sum(client.read(queries.for_facet(checks.LOADED_EDGES, facet))[0]["edges"] for facet in USAGE_EDGES)
    if edges:
        yield Finding(
            "others",
            f"{edges:,} usage edges were loaded by others",
            "attribution run URL --out OUT looks for rings in them",
            wrong=False,
        )
    if marks := client.read(checks.WAITING_MARKS)[0]["nodes"]:
        yield Finding(
            "others", f"typed judgements that wait for the next run: {marks:,}", "attribution run", wrong=False
        )


CHECKS: tuple[Callable[[Client], Iterator[Finding]], ...] = (
    _undeclared,
    _orphans,
    _unfinished,
    _from_others,
)
