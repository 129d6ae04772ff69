"""A run as files for `neo4j-admin database import`: the quickest way into an empty graph.

One header and compressed parts a label and relationship type, with the columns of `graph_schema.model` and the rows in
order: the same run gives the same bytes. What is imported is what `Publication` would have written into an
empty graph, digest and all; a later run is published over Bolt on top of it. Constraints are not part of the files: the
migrations make them afterwards.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import UsageError
from attribution.ingest.addresses import network_of
from attribution.store.base import RESULTS, STORED, naive
from attribution.store.digests import content_digest
from attribution.store.import_sql import EDGE_ROWS, MACROS, NODE_ROWS, VIEWS
from attribution.store.ledgers import LEDGERS
from attribution.warehouse.database import memory
from graph_schema.model import EDGES, NODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from attribution.store.base import RunRecord, Store
    from attribution.telemetry import ProgressCallback
    from graph_schema.elements import Edge, Kind, Node

PART = 500_000
"""Rows a part."""
COMMAND = "import.sh"
_TYPES: Mapping[Kind, str] = {
    "string": "string",
    "integer": "long",
    "float": "double",
    "boolean": "boolean",
    "datetime": "datetime",
}
_READ_BUFFER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows by label and type, and the command that imports them, as it stands in `import.sh`."""

    nodes: Mapping[str, int]
    relationships: Mapping[str, int]
    command: str


def export(
    source: Store, folder: Path, *, run_id: str | None = None, progress: ProgressCallback | None = None
) -> Exported:
    """Write a run (the latest by default) and all ledgers of a store into a folder that is empty or not there.

    Raises
    ------
    UsageError
        The folder holds something, or cannot be written.
    NotFoundError
        The store holds no such run.
    """
    run = source.run(run_id)
    tables = {name: source.table(name, run.run_id) for name in STORED}
    ledgers = {name: source.ledger(name) for name in LEDGERS}
    report = source.report(run.run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: holds files already", remedy="name a new folder, or empty this one")
        with memory() as con:
            _register(con, run, report, {**tables, **ledgers})
            return _Writer(con, folder, progress).write()
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}", remedy="name another folder") from error


def _register(con: duckdb.DuckDBPyConnection, run: RunRecord, report: str, tables: Mapping[str, pa.Table]) -> None:
    generation = content_digest(run, report, {name: tables[name] for name in STORED})
    versioned = any(len(tables[name]) for name in (*(STORED.keys() - RESULTS.keys()), "links"))
    con.execute("set timezone = 'UTC'")
    con.execute(MACROS)
    for name, rows in tables.items():
        con.register(f"given_{name}", naive(rows))
    facts = {"run_id": run.run_id, "generation": generation, "sequence": 1, "usage_version": int(versioned)}
    facts |= {"config_digest": run.config_digest, "seed": run.seed, "manifest": run.manifest, "report": report}
    con.register("given_run", pa.Table.from_pylist([facts]))
    usage = tables["usage"]
    ips = pc.unique(usage["value"].filter(pc.equal(usage["facet"], "ip"))).to_pylist()
    ips = sorted({*ips, *tables["addresses"]["ip"].to_pylist()})
    networks = [network_of(ip) for ip in ips]
    con.register("given_ips", pa.table({"ip": pa.array(ips, pa.string()), "network": pa.array(networks, pa.string())}))
    con.execute(VIEWS)


class _Writer:
    """Writes every label and type of the model that has rows."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, progress: ProgressCallback | None) -> None:
        self._con = con
        self._folder = folder
        self._progress = progress
        self._options: list[str] = []
        self._several_lines: list[str] = []
        self._longest = 0

    def write(self) -> Exported:
        """Write all files and the command."""
        nodes = {node.label: self._node(node) for node in NODES if node.label in NODE_ROWS}
        relationships: dict[str, int] = {}
        for edge in EDGES:
            for ends, text in EDGE_ROWS.get(edge.type, {}).items():
                relationships[edge.type] = relationships.get(edge.type, 0) + self._edge(edge, ends, text)
        command = self._command()
        script = self._folder / COMMAND
        script.write_text(_SCRIPT.format(command=command), "utf-8")
        script.chmod(0o755)
        return Exported(_some(nodes), _some(relationships), command)

    def _node(self, node: Node) -> int:
        names = [prop.name for prop in node.properties]
        own = node.key == ("key",)  # a key of its own is the id, and a property as well
        header = [
            f"{p.name}:{_TYPES[p.kind]}" if not own or p.name != "key" else f"key:ID({node.label})"
            for p in node.properties
        ]
        if not own:
            names, header = ["import_id", *names], [f":ID({node.label})", *header]
        return self._table("nodes", node.label, node.label, names, header, NODE_ROWS[node.label])

    def _edge(self, edge: Edge, ends: tuple[str, str], text: str) -> int:
        names = [prop.name for prop in edge.properties if prop.name != "until"]  # nothing has ended yet
        kinds = {prop.name: prop.kind for prop in edge.properties}
        header = [f":START_ID({ends[0]})", *(f"{name}:{_TYPES[kinds[name]]}" for name in names), f":END_ID({ends[1]})"]
        stem = f"{edge.type}-{ends[1]}" if len(EDGE_ROWS[edge.type]) > 1 else edge.type
        return self._table("relationships", edge.type, stem, ["import_start", *names, "import_end"], header, text)

    def _table(self, kind: str, name: str, stem: str, columns: list[str], header: list[str], text: str) -> int:
        """Write one header and its parts; return how many rows they have."""
        con = self._con
        con.execute(f"create or replace temp table rows as select {', '.join(columns)} from ({text}) order by all")
        rows = int(con.execute("select count(*) from rows").fetchall()[0][0])
        if not rows:
            return 0
        (self._folder / f"{stem}.header.csv").write_text(",".join(header) + "\n", "utf-8")
        files = [f"{stem}.header.csv"]
        for number, start in enumerate(range(0, rows, PART)):
            files.append(f"{stem}.{number:03d}.csv.gz")
            part = f"from rows where rowid >= {start} and rowid < {start + PART}"
            con.execute(f"copy (select * {part} order by rowid) to $1 {_CSV}", [str(self._folder / files[-1])])
            self._look_at(files[-1], part)
            if self._progress is not None:
                self._progress(stem, min(start + PART, rows), rows)
        self._options.append(f"--{kind}={name}={_named(files)}")
        return rows

    def _look_at(self, file: str, part: str) -> None:
        """Note which files have values of several lines, and how long the longest value is: the importer must know."""
        texts = [row[0] for row in self._con.execute("describe rows").fetchall() if row[1] == "VARCHAR"]
        lines = " or ".join(f"contains({name}, chr(10)) or contains({name}, chr(13))" for name in texts) or "false"
        longest = ", ".join(f"max(strlen({name}))" for name in texts) or "0"
        seen = self._con.execute(f"select coalesce(bool_or({lines}), false), greatest({longest}, 0) {part}").fetchall()
        if seen[0][0]:
            self._several_lines.append(file)
        self._longest = max(self._longest, seen[0][1] or 0)

    def _command(self) -> str:
        options = [*self._options, "--normalize-types=false", "--trim-strings=false"]
        if self._several_lines:
            options += ["--multiline-fields-format=v2", f"--multiline-fields={_named(self._several_lines)}"]
        if self._longest * 2 > _READ_BUFFER:
            options.append(f"--read-buffer-size={self._longest * 2}")
        return shlex.join(["neo4j-admin", "database", "import", "full", "neo4j", *options])


def _named(files: Sequence[str]) -> str:
    """Return the files of an option; each has a folder in its name, without which servers of 2026 do not find it."""
    return ",".join(f"./{file}" for file in files)


_CSV = "(format csv, header false, compression gzip, timestampformat '%Y-%m-%dT%H:%M:%S.%fZ')"
_SCRIPT = """#!/bin/sh
# Imports this folder into an empty database of a server that is stopped. Then start it, and make the constraints:
#   attribution graph migrate --store neo4j://HOST:7687
set -eu
cd "$(dirname "$0")"
exec {command} "$@"
"""


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
