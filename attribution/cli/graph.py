"""`attribution graph`: runs in a graph database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attribution.cli.session import session

SICK = 9
"""Exit code of `graph doctor` where something needs a hand."""

LONGEST = 1000
"""Characters of a cell: no line of a keeper's is cut."""

app = typer.Typer(help="Runs in a graph database.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Group the commands about graph databases."""


Url = Annotated[str, typer.Option("--store", metavar="URL", help="neo4j://[USER@]HOST:PORT[/DB] or bolt://…")]


@app.command(short_help="Bring the schema of a graph up to date.")
def migrate(store: Url) -> None:
    """Bring the schema of a graph up to date: constraints, indexes, names; a second time nothing happens.

    Migrations are numbered files, recorded in the graph with their checksums; one that was edited after a graph had it
    is refused. `graph load` and `run --store` migrate by themselves: this is for a graph that was imported.

    \b
    Example:
        export ATTRIBUTION_NEO4J_PASSWORD=...
        attribution graph migrate --store neo4j://localhost:7687
    """
    from attribution.store.graph_state import bring_up_to_date

    applied = bring_up_to_date(store)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("nothing to apply")


@app.command(short_help="Say what a graph holds, and whether a write was cut.")
def status(store: Url, *, as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> None:
    """Say what a graph holds: server, migrations applied and pending, runs, whether a write is under way or was cut.

    \b
    Example:
        export ATTRIBUTION_NEO4J_PASSWORD=...
        attribution graph status --store neo4j://localhost:7687
    """
    from attribution.cli.session import console, table, text, write_json
    from attribution.store.graph_state import encode, state_of

    state = state_of(store)
    if as_json:
        write_json(encode(state))
        return
    shown = table(f"Graph at {store}", "what", "found")
    for name, value in state.lines():
        shown.add_row(text(name), text(value, limit=LONGEST))
    console().print(shown)


@app.command(short_help="Look a graph over, and say how to mend what is wrong.")
def doctor(store: Url, *, as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> None:
    """Look a graph over: migrations, constraints, names, orphans, writes that were cut; each finding with a remedy.

    It changes nothing. Lines marked "!" need a hand, the others are worth knowing. It looks through the whole graph.

    \b
    Exit codes:
        0  nothing needs a hand
        6  the graph cannot be reached
        9  something needs a hand

    \b
    Example:
        export ATTRIBUTION_NEO4J_PASSWORD=...
        attribution graph doctor --store neo4j://localhost:7687
    """
    from attribution.cli.session import console, table, text, write_json
    from attribution.store.graph_doctor import encode, examine

    found = examine(store)
    if as_json:
        write_json(encode(found))
    else:
        out = console()
        out.print(text(f"Graph at {store}: {found.server}, schema {found.schema}", "bold", limit=400))
        shown = table("", "", "check", "found", "remedy")
        for one in found.findings:
            cells = (text(cell, limit=LONGEST) for cell in (one.check, one.says, one.remedy))
            shown.add_row("!" if one.wrong else "", *cells)
        if found.findings:
            out.print(shown)
        typer.echo("nothing needs a hand" if found.healthy else "something needs a hand: lines with !")
    if not found.healthy:
        raise typer.Exit(SICK)


@app.command()
def load(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="OUT_OR_STORE", help="Folder that `attribution run` wrote, or a store's DuckDB file."),
    ],
    store: Url,
) -> None:
    """Write a run into Neo4j; loading it twice changes nothing.

    User and password are read from ATTRIBUTION_NEO4J_USER and ATTRIBUTION_NEO4J_PASSWORD, so that they stand in no
    process list.

    \b
    Example:
        export ATTRIBUTION_NEO4J_PASSWORD=...
        attribution graph load result --store neo4j://localhost:7687
    """
    from attribution.store import graph_load, open_store

    with (
        session(context).telemetry() as telemetry,
        telemetry.stage("graph load") as stage,
        open_store(source) as origin,
        open_store(store, progress=telemetry.progress) as target,
    ):
        done = graph_load(origin, target)
        stage.note(run=done.value)
    typer.echo(f"{store}: {done.value}")


@app.command(short_help="Write a run as files for `neo4j-admin database import`.")
def export(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="OUT_OR_STORE", help="Folder that `attribution run` wrote, or a store's DuckDB file."),
    ],
    folder: Annotated[Path, typer.Option("--neo4j-import", metavar="DIR", help="Folder for the files, new or empty.")],
) -> None:
    """Write a run as files for `neo4j-admin database import`: the quickest way into an empty database.

    Prints the command to run in that folder, with the server stopped; `import.sh` there is the same command. Afterwards
    start the server and make the constraints with `attribution graph migrate`. Later runs go in with `graph load`.

    \b
    Example:
        attribution graph export result --neo4j-import files
        cd files && ./import.sh
    """
    from attribution.store import open_store
    from attribution.store.neo4j_import import export as write

    with (
        session(context).telemetry() as telemetry,
        telemetry.stage("graph export") as stage,
        open_store(source) as origin,
    ):
        done = write(origin, folder, progress=telemetry.progress)
        stage.rows = sum(done.relationships.values())
        stage.note(nodes=sum(done.nodes.values()))
    typer.echo(done.command)
