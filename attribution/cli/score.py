"""`attribution score`: weigh the dossiers against any set of accounts, or against evidence written down by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, table, text, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from attribution.domain import Attribution
    from attribution.labs.dossiers import Dossiers

MOST_BYTES = 64 * 1024 * 1024
"""A longer list of accounts is a mistake."""
WIDE = 12
"""Columns of a posterior's bar."""


def score(
    out: Annotated[
        str | None, typer.Argument(metavar="[OUT]", help="Folder of a run, or a store's DuckDB file.")
    ] = None,
    labs: Annotated[Path | None, typer.Option(help="The dossiers, labs.yaml.")] = None,
    accounts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Account ids to score as one client, one a line.")
    ] = None,
    ring: Annotated[str | None, typer.Option(metavar="ID", help="Score the members of this ring instead.")] = None,
    stated: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score evidence written down in YAML or JSON; needs no logs.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="The run's DuckDB file, where it is not in OUT.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="FAMILY", help="Leave a family of evidence out; repeatable.")
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="P", help="Prior of an unknown lab (0.9), or of one lab (lab-amber=0.3); repeatable."),
    ] = None,
    split: Annotated[bool, typer.Option("--split", help="Look for several clients among the accounts.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings, attribution.toml.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Score any set of accounts, or stated evidence, against the dossiers; nothing is stored.

    Families: place, payment, identity, device, content, hours, release.

    \b
    Example:
        attribution score result --labs labs.yaml --ring ring-0001
        attribution score result --labs labs.yaml --accounts suspects.txt \\
            --without place
        attribution score result --labs labs.yaml --accounts suspects.txt \\
            --prior 0.9 --prior lab-amber=0.05
        attribution score --labs labs.yaml --stated report.yaml --json

    A file of stated evidence is described in docs/attribution.md.
    """
    from attribution.config import load_config
    from attribution.errors import UsageError
    from attribution.labs import loading

    if labs is None:
        raise UsageError("no dossiers to score against", remedy="name them with --labs labs.yaml")
    if sum(given is not None for given in (accounts, ring, stated)) != 1:
        raise UsageError("one thing to score is needed", remedy="give one of --accounts, --ring and --stated")
    known, settings, chances = loading.load(labs), load_config(config).labs, _prior(prior or [])
    if stated is not None:
        from attribution.labs.scoring import families, prior_of
        from attribution.labs.stated import load, score_stated

        found: Sequence[Attribution] = [
            score_stated(
                load(stated),
                known,
                settings,
                without=families(without or ()),
                prior=prior_of(chances, known.ids, settings),
            )
        ]
    else:
        from api.facts import FactScorer
        from attribution.store import open_store

        path = _facts(out, store)
        with open_store(str(path)) as results:
            names = _members(results.table("members").to_pandas(), ring) if ring is not None else _listed(accounts)
            weigh = FactScorer(path, results, known, settings)
            found = weigh(names, without=without or [], prior=chances, split=split)
    if json:
        _print_json(found)
    else:
        for one in found:
            _print(console(), one, known)


def _facts(out: str | None, store: Path | None) -> Path:
    """Return the DuckDB file with the run's facts."""
    from attribution.errors import NotFoundError, UsageError
    from attribution.output import STORE

    if store is None and out is None:
        raise UsageError("no logs to score from", remedy="name the folder of a run, or its DuckDB file with --store")
    path = store or Path(str(out))
    path = path / STORE if path.is_dir() else path
    if not path.is_file():
        raise NotFoundError(f"{path}: no such store", remedy="name the run's folder, or its DuckDB file with --store")
    return path


def _listed(path: Path | None) -> list[str]:
    """Read account ids, one a line; blank lines and a heading `account_id` are passed over."""
    from attribution.errors import InputError

    assert path is not None  # noqa: S101  # the caller has seen to it
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: larger than {MOST_BYTES} bytes", remedy="give account ids, one a line")
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}", remedy="save it as plain text") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", remedy="name a file of account ids") from error
    names = [line.strip() for line in lines if line.strip()]
    return names[1:] if names[:1] == ["account_id"] else names


def _members(members: object, ring: str) -> list[str]:
    """Return a ring's accounts."""
    import pandas as pd

    from attribution.errors import NotFoundError

    assert isinstance(members, pd.DataFrame)  # noqa: S101  # the store's type
    names = members.loc[members["ring_id"] == ring, "account_id"].astype(str).tolist()
    if not names:
        raise NotFoundError(f"no ring {ring!r} in this run", remedy="`attribution show OUT` lists the rings")
    return sorted(names)


def _prior(given: Sequence[str]) -> float | Mapping[str, float] | None:
    """Read priors: a number for an unknown lab, `LAB=NUMBER` for one lab."""
    from attribution.domain import UNKNOWN_LAB
    from attribution.errors import UsageError

    chances: dict[str, float] = {}
    for item in given:
        name, _, value = item.rpartition("=")
        try:
            chances[name or UNKNOWN_LAB] = float(value)
        except ValueError:
            raise UsageError(
                f"prior {item!r} is no probability", remedy="write --prior 0.9, or --prior lab-amber=0.3"
            ) from None
    if set(chances) == {UNKNOWN_LAB}:
        return chances[UNKNOWN_LAB]
    return chances or None


def _print(out: Console, one: Attribution, known: Dossiers) -> None:
    from attribution.labs.evidence import TABLE

    names = {lab.id: lab.name for lab in known.labs}
    out.print(text(f"{one.campaign_id}: {one.reason}", "bold", limit=600))
    rows = table("Who benefits", "lab", "", ">posterior", "likelihood", "confidence")
    for row in one.posteriors:
        bar = text("█" * round(WIDE * row.posterior), "blue", limit=WIDE)
        cells = (row.likelihood_term, row.confidence_level)
        rows.add_row(
            text(names.get(row.lab_id, row.lab_id)), bar, text(f"{row.posterior:.3f}"), *(text(cell) for cell in cells)
        )
    out.print(rows)
    says = {rule.name: rule.text for rule in TABLE}
    ledger = table("Evidence about the labs (nats)", "lab", "family", "what", ">weight", "says")
    weighty = [line for line in one.evidence if line.weight]
    for line in sorted(weighty, key=lambda line: (-abs(line.weight), line.lab_id or "", line.name)):
        cells_ = (names.get(line.lab_id or "", ""), line.family, line.name.replace("_", " "), f"{line.weight:+.2f}")
        ledger.add_row(*(text(cell) for cell in cells_), text(says.get(line.name, ""), limit=100))
    out.print(ledger)
    silent = sum(line.weight == 0 for line in one.evidence)
    out.print(f"{silent:,} more lines weigh nothing; --json shows every line with what it was computed from.")


def _print_json(found: Sequence[Attribution]) -> None:
    import msgspec

    document = {
        "results": [
            {
                "campaign_id": one.campaign_id,
                "abstained": one.abstained,
                "reason": one.reason,
                "posteriors": one.posteriors,
                "evidence": one.evidence,
            }
            for one in found
        ]
    }
    write_json(msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1))
