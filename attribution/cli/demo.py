"""`attribution demo`: everything once, on a simulated world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the world and the result.")] = Path("out/demo"),
    accounts: Annotated[int, typer.Option(help="Accounts of the world.", min=500)] = 8000,
    seed: Annotated[int, typer.Option(help="Seed of the world.", min=0)] = 1,
) -> None:
    """Simulate a world, run the engine on it, show the rings, score them, and say where the report is.

    \b
    Example:
        attribution demo --out out/demo
    """
    raise NotImplementedError
