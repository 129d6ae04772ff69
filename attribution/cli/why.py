"""`attribution why`: what links two accounts, what holds a ring together, and what does not count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, session, table, text, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from attribution.inquiry import PairWhy, RingValue, RingWhy
    from attribution.projection import FacetDetail


def why(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder that `attribution run` wrote.")],
    subject: Annotated[
        str, typer.Argument(metavar="RING|ACCOUNT", help="A ring (number, id or its unique beginning), or an account.")
    ],
    other: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT", help="Another account, to compare the first one with.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The store, where the run was given one of its own.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Say why two accounts are linked or not, or what holds a ring together.

    Everything is computed again from the facts in the store, with the settings of the run: what is shared, how many
    such coincidences chance gives, what that weighs, what was too common to count, and what is missing.

    \b
    Example:
        attribution why result acc-000017 acc-000018
        attribution why result 1
        attribution why result ring-1f0c --json | jq '.ties'
    """
    from attribution.inquiry import RingWhy
    from attribution.inquiry import why as ask

    with session(context).telemetry() as telemetry, telemetry.stage("why"):
        told = ask(out, subject, other, store=store)
    if json:
        import msgspec

        write_json(msgspec.json.format(msgspec.json.encode(told, order="deterministic"), indent=1))
    elif isinstance(told, RingWhy):
        print_ring(told)
    else:
        print_pair(told)


def print_pair(told: PairWhy) -> None:
    """Print what was found about two accounts."""
    out = console()
    _note(out, told.note)
    found = told.why
    out.print(text(f"{found.accounts[0]} and {found.accounts[1]}: {found.reason}", "bold", limit=400))
    for account, ring in zip(found.accounts, told.rings, strict=True):
        out.print(text(f"{account} is in {ring or 'no cluster'}", limit=300))
    out.print(
        f"{found.weight:.2f} nats, chance {found.p_value:.3g} (links pass at {found.threshold:.3g};"
        f" false-discovery level that would link them {found.q_value:.3g})"
    )
    _judged(out, told.judged)
    rows = table("By facet", "facet", "family", ">shared", ">counting", ">nats", ">counted", "why")
    for facet in found.facets:
        if facet.missing is not None:
            cells: tuple[str, ...] = ("", "", "", "", f"unknown: the logs have no {facet.missing}")
        else:
            counting = sum(value.suppressed is None for value in facet.shared)
            cells = (
                f"{len(facet.shared)}",
                f"{counting}",
                f"{facet.nats:.2f}",
                f"{facet.counted:.2f}",
                _because(facet),
            )
        rows.add_row(text(facet.facet.value), text(facet.family.value), *(text(cell, limit=200) for cell in cells))
    out.print(rows)
    rows = table("Shared values", "facet", "value", ">accounts", ">expected by chance", "suppressed")
    for facet in found.facets:
        for value in facet.shared:
            named = (facet.facet.value, value.value, f"{value.accounts:,}", f"{value.expected:.3g}")
            rows.add_row(*(text(cell) for cell in named), text(value.suppressed or "", limit=200))
    if rows.row_count:
        out.print(rows)


def _judged(out: Console, judged: Sequence[str]) -> None:
    for one in judged:
        out.print(text(f"Judged: {one}", "bold", limit=400))


def _because(facet: FacetDetail) -> str:
    if not facet.shared:
        return f"nothing shared ({facet.degrees[0]} and {facet.degrees[1]} values)"
    if not facet.level:
        return "no more than chance gives"
    capped = f", capped at {facet.cap:g}" if facet.nats >= facet.cap else ""
    return f"best at {facet.level} shared, {facet.price:.2f} nats paid for looking{capped}"


def print_ring(told: RingWhy) -> None:
    """Print what holds a ring together."""
    out = console()
    _note(out, told.note)
    out.print(text(f"{told.ring_id}: {told.verdict}", "bold"))
    out.print(f"{len(told.members):,} accounts, {told.links:,} of {told.possible:,} pairs linked")
    _judged(out, told.judged)
    rows = table("What the links rest on", "facet", "family", ">links", ">nats", ">members", "missing")
    for facet in told.facets:
        cells = (facet.facet.value, facet.family.value, f"{facet.links:,}", f"{facet.nats:,.1f}", f"{facet.members:,}")
        rows.add_row(*(text(cell) for cell in cells), text(facet.missing or ""))
    out.print(rows)
    if len(told.cells) > 1:
        sizes = ", ".join(str(size) for size in told.cells)
        out.print(text(f"Its links hold together {len(told.cells)} cells, of {sizes} accounts.", limit=300))
        rows = table("What ties the cells as wholes", ">cell", ">cell", ">nats", ">chance", "rests on")
        for tie in told.ties:
            facets = ", ".join(f"{facet.value} {nats:.1f}" for facet, nats in tie.facets)
            chance = (str(tie.cells[0] + 1), str(tie.cells[1] + 1), f"{tie.weight:.1f}", f"{tie.p_value:.2g}")
            rows.add_row(*(text(cell) for cell in chance), text(facets, limit=200))
        out.print(rows)
    if told.unlinked:
        listed = ", ".join(told.unlinked[:10]) + (" …" if len(told.unlinked) > 10 else "")
        out.print(text(f"No link inside reaches {len(told.unlinked):,} accounts: {listed}", limit=500))
    _values(out, "What members share", told.shared)
    _values(out, "What they share that is too common to count", told.suppressed)
    rows = table("Strongest links", "account", "account", ">nats", ">chance")
    for link in told.strongest:
        pair = (*link.accounts, f"{link.weight:.1f}", f"{link.p_value:.2g}")
        rows.add_row(*(text(cell) for cell in pair))
    if rows.row_count:
        out.print(rows)


def _values(out: Console, title: str, values: Sequence[RingValue]) -> None:
    rows = table(title, "facet", "value", ">members", ">accounts", "reason")
    for value in values:
        cells = (value.facet.value, value.value, f"{value.members:,}", f"{value.accounts:,}")
        rows.add_row(*(text(cell) for cell in cells), text(value.suppressed or "", limit=200))
    if rows.row_count:
        out.print(rows)


def _note(out: Console, note: str) -> None:
    if note:
        out.print(text(f"Careful: {note}", "yellow", limit=300))
