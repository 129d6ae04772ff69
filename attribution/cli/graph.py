"""`attribution graph`: runs in a graph database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attribution.cli.session import session

app = typer.Typer(help="Runs in a graph database.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Group the commands about graph databases."""


@app.command()
def load(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="OUT_OR_STORE", help="Folder that `attribution run` wrote, or a store's DuckDB file."),
    ],
    store: Annotated[str, typer.Option(metavar="URL", help="neo4j://HOST:PORT or bolt://HOST:PORT")],
) -> None:
    """Write a run into Neo4j; loading it twice changes nothing.

    User and password are read from ATTRIBUTION_NEO4J_USER and ATTRIBUTION_NEO4J_PASSWORD, so that they stand in no
    process list.

    \b
    Example:
        ATTRIBUTION_NEO4J_PASSWORD=... attribution graph load result --store neo4j://localhost:7687
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


@app.command()
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
