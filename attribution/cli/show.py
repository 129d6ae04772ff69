"""`attribution show`: what a run found, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, table, text, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from attribution.report import Document
    from attribution.report.document import CampaignEntry, LedgerLine, RingEntry

ROWS = 30
STYLES = {"coordinated": "bold red", "undetermined": "yellow", "innocent": "green"}
BAR = 24
"""Columns of the longest bar where there is room, and half of it where there is not."""
WIDE = 160
"""Columns of a terminal from which on all of a ring stands side by side."""


def show(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder that `attribution run` wrote.")],
    ring: Annotated[str | None, typer.Argument(metavar="RING", help="Id or number of a ring, for its details.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON for programs (the report document).")] = False,
    limit: Annotated[int, typer.Option(help="Rows of each table.", min=1)] = ROWS,
) -> None:
    """Show the rings of a run, or everything about one ring.

    \b
    Example:
        attribution show result
        attribution show result 1
        attribution show result --json | jq \\
            '.rings[] | select(.verdict == "coordinated") | .ring_id'
    """
    import msgspec

    from attribution.report import stored

    found = stored.read(out)
    chosen = None if ring is None else found.ring(ring)
    if json:
        write_json(stored.encode(found) if chosen is None else msgspec.json.encode(chosen, order="deterministic"))
    elif chosen is None:
        print_rings(found, limit=limit)
    else:
        _print_ring(found, chosen, limit)


def print_rings(found: Document, *, limit: int) -> None:
    """Print the table of rings, coordinated ones first; a narrow terminal gets fewer columns, never broken ones."""
    from attribution.report import wording

    out = console()
    if not found.rings:
        out.print(f"No ring was found among {found.run.accounts:,} accounts.")
        _print_limit(out, found)
        return
    wide = out.width >= WIDE
    last = ("best innocent", "who benefits", "likelihood", "confidence") if wide else ("who benefits",)
    rows = table("Rings", ">#", "ring", "verdict", ">prob.", ">accounts", *last)
    for column in rows.columns[:5]:
        column.no_wrap = True
    for number, ring in enumerate(found.rings[:limit], start=1):
        style = STYLES.get(ring.verdict, "")
        chance = text(wording.percent(ring.probability))
        head = [text(number), text(ring.ring_id, limit=24), text(ring.verdict, style), chance, text(f"{ring.size:,}")]
        head += [text(ring.explanation or "none")] if wide else []
        for campaign in ring.campaigns or (None,):
            cells = [text(cell, limit=60) for cell in _lab(campaign, ring)]
            rows.add_row(*head, *(cells if wide else [_stacked(cells)]))
            head = [text("")] * len(head)
    out.print(rows)
    if len(found.rings) > limit:
        out.print(f"{len(found.rings) - limit:,} more: `attribution show` with --limit {len(found.rings)} lists all.")
    _print_limit(out, found)


def _print_limit(out: Console, found: Document) -> None:
    if found.run.limit:
        out.print(text(found.run.limit, "yellow", limit=400))


def _stacked(cells: Sequence[Text]) -> Text:
    """Return cells of a row one below the other, for a narrow terminal."""
    from rich.text import Text

    return Text("\n").join(cell for cell in cells if cell.plain)


def _lab(campaign: CampaignEntry | None, ring: RingEntry) -> tuple[str, str, str]:
    from attribution.report import wording

    if campaign is None:
        return ring.reason if ring.verdict == "undetermined" else "", "", ""
    if campaign.abstained or not campaign.posteriors:
        return "abstained", "", ""
    best = campaign.posteriors[0]
    return (
        best.name,
        f"{best.likelihood_term} ({wording.percent(best.posterior)})",
        f"confidence {best.confidence_level}",
    )


def _print_ring(found: Document, ring: RingEntry, limit: int) -> None:
    from attribution.report import wording

    out = console()
    out.print(text(f"{ring.ring_id}: {ring.verdict}", STYLES.get(ring.verdict, "")))
    out.print(text(ring.verdict_sentence, limit=500))
    span = f"{ring.first_seen} to {ring.last_seen}"
    out.print(text(f"{ring.size:,} accounts, {ring.events:,} events, {span}, stability {ring.stability:.2f}"))
    if ring.reason:
        out.print(text(f"Reason: {ring.reason}", limit=400))
    if ring.unknown:
        out.print(text(f"Unknown: {', '.join(ring.unknown)}", limit=500))
    _print_ledger(out, "Evidence (nats; above zero for coordination)", ring.ledger, limit)
    if ring.without:
        rows = table("Score with a family left out", "family", ">score")
        for left in ring.without:
            rows.add_row(text(left.family), text(f"{left.score:+.2f}"))
        out.print(rows)
    for view in ring.priors:
        chance = wording.percent(view.probability)
        out.print(text(f"If covert rings were {wording.how_common(view.times)}: {view.verdict}, probability {chance}"))
    for campaign in ring.campaigns:
        _print_campaign(out, found, campaign, limit)
    rows = table(f"Members ({ring.size:,})", "account", ">confidence", ">stability")
    for member in ring.members[:limit]:
        rows.add_row(text(member.account_id), text(f"{member.confidence:.3f}"), text(f"{member.stability:.2f}"))
    out.print(rows)
    if ring.size > limit:
        out.print(f"{ring.size - limit:,} more in members.parquet.")


def _print_campaign(out: Console, found: Document, campaign: CampaignEntry, limit: int) -> None:
    from attribution.report import wording

    targets = ", ".join(
        f"{wording.words(target.capability)} {wording.percent(target.share)}" for target in campaign.targets
    )
    title = f"Campaign {campaign.campaign_id}: {campaign.size:,} accounts, {campaign.events:,} events"
    out.print(text(title, "bold", limit=200))
    if targets:
        out.print(text(f"Targets: {targets}", limit=300))
    out.print(text(campaign.verdict_sentence, limit=400))
    if campaign.abstained and campaign.reason:
        out.print(text(f"Reason: {campaign.reason}", limit=500))
    rows = table("Who benefits", "lab", "", ">posterior", "likelihood", "confidence")
    longest = BAR if out.width >= WIDE else BAR // 2
    for row in campaign.posteriors:
        bar = text("█" * round(longest * row.posterior), "blue")
        rows.add_row(
            text(row.name),
            bar,
            text(wording.percent(row.posterior)),
            text(row.likelihood_term),
            text(row.confidence_level),
        )
    if campaign.posteriors:
        out.print(rows)
    names = {lab.lab_id: lab.name for lab in found.labs}
    _print_ledger(out, "Evidence about the labs", campaign.ledger, limit, names)


def _print_ledger(
    out: Console, title: str, lines: Sequence[LedgerLine], limit: int, labs: dict[str, str] | None = None
) -> None:
    from attribution.report import wording

    if not lines:
        return
    rows = table(title, *(["lab"] if labs is not None else []), "family", "what", ">weight", "", "says")
    largest = max(abs(line.weight) for line in lines) or 1.0
    for line in [line for line in lines if line.weight][:limit]:
        bar = text("█" * round(BAR / 2 * abs(line.weight) / largest), "red" if line.weight > 0 else "green")
        cells = [
            text(line.family),
            text(wording.words(line.name)),
            text(f"{line.weight:+.2f}"),
            bar,
            text(line.says, limit=200),
        ]
        if labs is not None:
            cells.insert(0, text(labs.get(line.lab_id or "", line.lab_id or "")))
        rows.add_row(*cells)
    out.print(rows)
    silent = len(lines) - min(limit, sum(line.weight != 0 for line in lines))
    if silent:
        out.print(f"{silent:,} more lines, or lines that weigh nothing, in evidence.parquet.")
