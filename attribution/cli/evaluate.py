"""`attribution evaluate`: a run against the truth of its world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    context: typer.Context,
    world: Annotated[
        Path, typer.Argument(metavar="WORLD", help="Folder with truth/accounts, and the events for the baselines.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder that `attribution run` wrote from it.")],
    json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Run the baselines on the same world.")
    ] = True,
) -> None:
    """Score a run against the truth, beside three baselines on the same world.

    \b
    Example:
        attribution evaluate world result
        attribution evaluate world result --json --no-baselines
    """
    raise NotImplementedError
