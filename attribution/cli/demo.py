"""`attribution demo`: everything once, on a simulated world."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from attribution.cli import evaluate, show
from attribution.cli.session import console, session
from attribution.errors import UsageError


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the world and the result.")] = Path("out/demo"),
    accounts: Annotated[int, typer.Option(help="Accounts of the world.", min=500)] = 8000,
    evasion: Annotated[
        float, typer.Option(help="How careful the rings are: 0 careless to 1 hardest.", min=0, max=1)
    ] = 0.25,
    seed: Annotated[int, typer.Option(help="Seed of the world.", min=0)] = 1,
) -> None:
    """Simulate a world, run the engine on it, show the rings, score them, and say where the report is.

    \b
    Example:
        attribution demo --out out/demo
    """
    from attribution.evaluate import evaluate as score
    from attribution.evaluate.baselines import run as run_baselines
    from attribution.pipeline import run
    from attribution.simulate import WorldOptions
    from attribution.simulate import simulate as make_world

    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file", remedy="name a folder with --out")
    world, result = out / "world", out / "result"
    with session(context).telemetry() as telemetry:
        with telemetry.stage("simulate") as stage:
            options = WorldOptions(accounts=accounts, evasion=evasion, seed=seed)
            stage.rows = make_world(world, options, progress=telemetry.progress).events
        found = run(world, labs=world / "labs.yaml", out=result, telemetry=telemetry)
        with telemetry.stage("evaluate"):
            scores = score(world, result)
            others = run_baselines(world)
    show.print_rings(found.report, limit=show.ROWS)
    evaluate.print_scores(scores, others)
    console().print(f"report: {os.path.relpath(result / 'report.html')}", soft_wrap=True)
