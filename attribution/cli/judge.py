"""`attribution judge`: what people decide, written into the store for the next run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attribution.cli.session import console, table, text, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attribution.judgements import Judgement
    from attribution.store import Store as StorePort

app = typer.Typer(help="Judgements of people.", no_args_is_help=True, rich_markup_mode=None)

Store = Annotated[str, typer.Option(metavar="STORE", help="DuckDB file of `run --store`, or neo4j://HOST:PORT.")]
Author = Annotated[str, typer.Option(envvar="ATTRIBUTION_AUTHOR", help="Who decides; or set ATTRIBUTION_AUTHOR.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the next report.")]
When = Annotated[str | None, typer.Option("--at", help="When, such as 2026-03-14T09:00:00Z; default: now.")]
Ring = Annotated[str, typer.Argument(metavar="RING", help="Id of a ring.")]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of an account.")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="Id of another account.")]
Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id of a campaign.")]
Lab = Annotated[str, typer.Argument(metavar="LAB", help="Id of a dossier.")]


@app.callback()
def group() -> None:
    """Write down what a person decided; the next run honours it and says where it changed an outcome.

    Judgements are only ever added. Nothing overwrites them: not a run, not another judgement. Who was wrong withdraws.
    Those that contradict one another are reported, and none of them is applied, until one is withdrawn. Writing the
    same judgement twice (same content, author and time) is writing it once.

    \b
    Example:
        export ATTRIBUTION_AUTHOR=mara
        attribution judge confirm ring-0f3a... --store s.duckdb \\
            --reason "two shell companies, one landlord"
        attribution judge benign ip 198.51.100.7 --store s.duckdb \\
            --reason "campus NAT, confirmed by its IT desk"
        attribution judge list --store s.duckdb
        attribution run logs/ --labs labs.yaml --out result --store s.duckdb

    \b
    Exit codes:
        0  written, or there already
        2  arguments that make no sense
        6  the store cannot be opened or written
        7  no such store, ring, campaign or judgement
        8  a judgement, or a record of a file, is wrong
    """


@app.command(short_help="Confirm that a ring is covertly coordinated.")
def confirm(ring: Ring, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Confirm that a ring is covertly coordinated, whatever the engine says.

    \b
    Example:
        attribution judge confirm ring-0f3a... --store s.duckdb --author mara \\
            --reason "the operator admitted it"
    """
    _write(store, "ring_confirmed", ring, None, author, reason, at)


@app.command()
def reject(ring: Ring, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Hold a ring for innocent, whatever the engine says.

    \b
    Example:
        attribution judge reject ring-0f3a... --store s.duckdb --author mara \\
            --reason "a hackathon, list of teams seen"
    """
    _write(store, "ring_rejected", ring, None, author, reason, at)


@app.command()
def exclude(ring: Ring, account: Account, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Take an account out of a ring.

    \b
    Example:
        attribution judge exclude ring-0f3a... acct-77 --store s.duckdb \\
            --author mara --reason "known customer"
    """
    _write(store, "not_a_member", ring, account, author, reason, at)


@app.command(short_help="Leave a value out: sharing it says nothing.")
def benign(
    facet: Annotated[str, typer.Argument(metavar="FACET", help="ip, network, device, payment, template, ...")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value, as the logs have it; a network as CIDR.")],
    store: Store,
    author: Author,
    reason: Reason,
    at: When = None,
) -> None:
    """Leave a value out before links are weighed, since sharing it says nothing; it is listed as suppressed.

    \b
    Example:
        attribution judge benign network 198.51.100.0/24 --store s.duckdb \\
            --author mara --reason "campus NAT"
    """
    _write(store, "benign_value", value, facet, author, reason, at)


@app.command(short_help="Tie two accounts that have one operator.")
def link(account: Account, other: Other, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Tie two accounts that have one operator: they stand in one cluster.

    \b
    Example:
        attribution judge link acct-77 acct-78 --store s.duckdb --author mara \\
            --reason "one passport for both"
    """
    _write(store, "must_link", account, other, author, reason, at)


@app.command(short_help="Part two accounts that do not have one operator.")
def unlink(account: Account, other: Other, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Part two accounts that do not have one operator: no cluster holds both.

    \b
    Example:
        attribution judge unlink acct-77 acct-12 --store s.duckdb \\
            --author mara --reason "met both"
    """
    _write(store, "cannot_link", account, other, author, reason, at)


@app.command()
def accept(campaign: Campaign, lab: Lab, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Accept that a lab benefits from a campaign.

    \b
    Example:
        attribution judge accept ring-0f3a...-c1 lab-amber --store s.duckdb \\
            --author mara --reason "partner's report"
    """
    _write(store, "attribution_accepted", campaign, lab, author, reason, at)


@app.command(short_help="Dispute that a lab benefits from a campaign.")
def dispute(campaign: Campaign, lab: Lab, store: Store, author: Author, reason: Reason, at: When = None) -> None:
    """Dispute that a lab benefits from a campaign: the engine no longer names it.

    \b
    Example:
        attribution judge dispute ring-0f3a...-c1 lab-amber --store s.duckdb \\
            --author mara --reason "borrowed network"
    """
    _write(store, "attribution_disputed", campaign, lab, author, reason, at)


@app.command()
def withdraw(
    judgement: Annotated[str, typer.Argument(metavar="JUDGEMENT", help="Id of a judgement: `judge list` has them.")],
    store: Store,
    author: Author,
    reason: Reason,
    at: When = None,
) -> None:
    """Take a judgement back; both stay on record.

    \b
    Example:
        attribution judge withdraw j-5e1c... --store s.duckdb --author mara \\
            --reason "wrong ring"
    """
    _write(store, "withdrawn", judgement, None, author, reason, at)


@app.command(name="import", short_help="Write all judgements of a file, or none if one is wrong.")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML with `judgements:`, or JSON Lines.")], store: Store
) -> None:
    """Write all judgements of a file, or none if a record is wrong; those that are there already stay as they are.

    \b
    Example:
        attribution judge import judgements.yaml --store s.duckdb
    """
    from attribution.judgements import load, to_table

    found = load(file)
    with _opened(store) as target:
        new = target.append("judgements", to_table(found))
    typer.echo(f"{new} new, {len(found) - new} there already")


@app.command(name="list")
def list_(
    store: Store,
    json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """List every judgement ever written, and whether it stands.

    \b
    Example:
        attribution judge list --store s.duckdb
    """
    from attribution.judgements import from_table, weigh
    from attribution.store import open_store

    with open_store(store) as source:
        every = from_table(source.ledger("judgements"))
    standing = weigh(every)
    quarrels = {one.judgement.id for one in standing.disputes}
    state = {
        one.id: "withdrawn" if one.id in standing.withdrawn else "contradicted" if one.id in quarrels else "stands"
        for one in every
    }
    if json:
        _print_json(every, state)
        return
    rows = table(f"{len(every)} judgements", "id", "says", "author", "decided", "reason", "state")
    for one in every:
        decided = f"{one.decided:%Y-%m-%d %H:%M}"
        cells = (one.id, one.says, one.author, decided, one.reason, state[one.id])
        rows.add_row(*(text(cell) for cell in cells))
    console().print(rows)
    for quarrel in standing.disputes:
        console().print(text(f"{quarrel.judgement.id}: {quarrel.says}", limit=1000))


def _print_json(every: Sequence[Judgement], state: dict[str, str]) -> None:
    import msgspec

    rows = [
        {
            "id": one.id,
            "kind": one.kind.value,
            "subject": one.subject,
            "object": one.object,
            "facet": one.facet,
            "author": one.author,
            "decided": one.decided.isoformat(),
            "reason": one.reason,
            "state": state[one.id],
        }
        for one in every
    ]
    write_json(msgspec.json.encode(rows))


def _write(store: str, kind: str, subject: str, other: str | None, author: str, reason: str, at: str | None) -> None:
    """Check a judgement against the store and append it."""
    from attribution.judgements import Kind, make, record

    one = make(Kind(kind), subject, other, author=author, reason=reason, decided=_moment(at), where=f"judge {kind}")
    with _opened(store) as target:
        new = record(target, one)
    typer.echo(f"{one.id}: {one.says}{'' if new else ' (there already)'}")


def _opened(store: str) -> StorePort:
    """Open a store that is there: a slip in its name must not make a new one."""
    from attribution.errors import NotFoundError
    from attribution.store import open_store

    if "://" not in store and not Path(store).exists():
        raise NotFoundError(
            f"{store}: no such store",
            remedy="name the file of `run --store`; before a first run, use `run --judgements`",
        )
    return open_store(store, write=True)


def _moment(at: str | None) -> dt.datetime:
    from attribution.errors import JudgementError

    if at is None:
        return dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        return dt.datetime.fromisoformat(at)
    except ValueError as error:
        raise JudgementError(f"--at {at}: not a time", remedy="write it as 2026-03-14T09:00:00Z") from error
