"""`attribution graph`: runs in a graph database."""

from __future__ import annotations

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
