"""`attribution labs`: dossiers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, table, text
from attribution.errors import DossierError
from attribution.plaintext import clean

if TYPE_CHECKING:
    from attribution.labs.dossiers import Dossier

app = typer.Typer(help="Lab dossiers.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Lab dossiers."""


@app.command()
def check(labs: Annotated[Path, typer.Argument(metavar="LABS", help="The dossiers, labs.yaml.")]) -> None:
    """Check dossiers: every problem with its line and its remedy.

    Ends with 0 and a table of what each dossier knows, or with 5 and what is wrong.

    \b
    Example:
        attribution labs check labs.yaml
    """
    from attribution.labs import loading

    problems = loading.check(labs)
    for one in problems[:-1]:
        typer.echo(f"error: {clean(f'{labs}: {one}', 1000)}\nremedy: {clean(one.remedy, 1000)}", err=True)
    if problems:
        raise DossierError(f"{labs}: {problems[-1]}", remedy=problems[-1].remedy)
    known = loading.load(labs)
    rows = table(f"{len(known.labs)} dossiers", "id", "name", ">facts", "unknown", ">sources", "version")
    for lab in known.labs:
        facts, missing = _facts(lab)
        cells = (lab.id, lab.name, facts, ", ".join(missing) or "nothing", len(lab.sources), lab.digest[:12])
        rows.add_row(*(text(cell) for cell in cells))
    console().print(rows)


def _facts(lab: Dossier) -> tuple[int, list[str]]:
    """Return how many facts a dossier has, and which kinds it lacks."""
    kinds = {
        "asns": len(lab.asns),
        "networks": len(lab.networks),
        "bins": len(lab.bins),
        "email_domains": len(lab.email_domains),
        "working_day": int(lab.working_day is not None),
        "targets": len(lab.targets),
        "releases": len(lab.releases),
        "template_examples": len(lab.template_examples),
        "known": sum(map(len, (lab.known.account_ids, lab.known.device_ids, lab.known.payment_ids, lab.known.ips))),
    }
    return sum(kinds.values()), [name for name, number in kinds.items() if not number]
