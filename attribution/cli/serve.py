"""`attribution serve`: the HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    source: Annotated[
        str, typer.Argument(metavar="OUT_OR_STORE", help="Folder of a run, a store's DuckDB file, or neo4j://...")
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback needs an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    labs: Annotated[Path | None, typer.Option(help="Dossiers, for scoring.")] = None,
) -> None:
    """Answer over HTTP: rings, members, evidence, campaigns, attribution.

    \b
    Example:
        attribution serve result --labs labs.yaml
        curl http://127.0.0.1:8000/v1/rings?verdict=coordinated
    """
    from api.serve import serve as answer

    answer(source, host=host, port=port, labs=labs)
