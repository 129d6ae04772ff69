"""`attribution evaluate`: a run against the truth of its world."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, session, table, text, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from attribution.evaluate import Scores
    from attribution.evaluate.attributions import LabScores
    from attribution.evaluate.scores import RingScores

HALF = 0.5
RINGS_SHOWN = 40


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

    Precision, recall and F1 over accounts and over pairs of accounts; Jaccard of each true ring with its cluster
    (a missed ring counts 0); innocents flagged by class with Wilson intervals; labs right, wrong, abstained;
    calibration. Baselines: connected components, plain Leiden, log-likelihood Leiden.

    \b
    Example:
        attribution evaluate world result
        attribution evaluate world result --json --no-baselines
    """
    from attribution.evaluate import evaluate as score
    from attribution.evaluate.baselines import run as run_baselines

    with session(context).telemetry() as telemetry:
        with telemetry.stage("evaluate"):
            scores = score(world, out)
        others: Mapping[str, RingScores] = {}
        if baselines:
            with telemetry.stage("baselines"):
                others = run_baselines(world)
    if json:
        import msgspec

        write_json(msgspec.json.format(msgspec.json.encode({"scores": scores, "baselines": others}), indent=1))
    else:
        print_scores(scores, others)


def print_scores(scores: Scores, others: Mapping[str, RingScores]) -> None:
    """Print the scores as tables."""
    out = console()
    _methods(out, {"this run": scores.rings, **others})
    _rings(out, scores.rings)
    _innocents(out, scores.rings)
    _labs(out, scores.labs)
    verdicts, posterior = scores.verdicts, scores.labs.posterior
    out.print(f"Calibration of verdicts: Brier {_figure(verdicts.brier)}, expected error {_figure(verdicts.error)}")
    out.print(f"Calibration of labs:     Brier {_figure(scores.labs.brier)}, expected error {_figure(posterior.error)}")
    if scores.unlisted:
        out.print(f"{scores.unlisted:,} flagged accounts are unknown to the truth and left out.")


def _methods(out: Console, methods: Mapping[str, RingScores]) -> None:
    rows = table(
        "Accounts in rings", "method", ">precision", ">recall", ">F1", ">pair F1", ">Jaccard", ">innocents flagged"
    )
    for name, found in methods.items():
        flagged = found.false_positives
        cells = (found.accounts.precision, found.accounts.recall, found.accounts.f1, found.pairs.f1, found.jaccard)
        share = f"{flagged.flagged:,} ({_percent(flagged.rate)})"
        rows.add_row(
            text(name, "bold" if name == "this run" else ""), *(text(_figure(cell)) for cell in cells), text(share)
        )
    out.print(rows)


def _rings(out: Console, found: RingScores) -> None:
    if not found.rings:
        return
    rows = table("True rings", "ring", ">accounts", ">flagged", "cluster", ">Jaccard")
    for ring in found.rings[:RINGS_SHOWN]:
        style = "" if ring.jaccard >= HALF else "red"
        cells = (ring.ring, f"{ring.size:,}", f"{ring.found:,}", ring.matched or "missed", _figure(ring.jaccard))
        rows.add_row(*(text(cell, style) for cell in cells))
    out.print(rows)


def _innocents(out: Console, found: RingScores) -> None:
    rows = table("Innocents flagged, by class", "class", ">accounts", ">flagged", ">rate", "95 % interval")
    for one in (*found.innocents, found.false_positives):
        interval = f"{_percent(one.low)} to {_percent(one.high)}"
        cells = (one.kind, f"{one.accounts:,}", f"{one.flagged:,}", _percent(one.rate), interval)
        rows.add_row(*(text(cell, "red" if one.flagged else "") for cell in cells))
    out.print(rows)


def _labs(out: Console, labs: LabScores) -> None:
    rows = table("Campaigns and labs", "whose", ">right", ">wrong", ">abstained")
    kinds = (("labs with a dossier", labs.known), ("labs without one", labs.unknown), ("innocents", labs.innocent))
    for name, counts in kinds:
        rows.add_row(
            text(name), text(counts.right), text(counts.wrong, "red" if counts.wrong else ""), text(counts.abstained)
        )
    out.print(rows)


def _figure(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{100 * value:.2f} %"
