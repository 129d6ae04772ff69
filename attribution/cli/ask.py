"""`attribution ask`: named questions of a run in Neo4j."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from attribution.cli.answers import laid_out
from attribution.cli.session import console, session, table, text, write_json
from attribution.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.investigate import Answer
    from graph_schema.investigations import Investigation
    from graph_schema.parameters import Value

WHOLE = "detail"
"""Column that only programs get: a ledger line's JSON would fill the terminal."""
SECONDS = 30.0


def ask(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which question; without one, all are listed.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="What the question takes; may be repeated."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="ATTRIBUTION_STORE",
            help="neo4j://HOST:PORT[/DATABASE]; without it, the question is explained.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Print addresses that open the question in Neo4j Browser, and no answer.")
    ] = False,
    browser: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="ATTRIBUTION_NEO4J_BROWSER",
            help="Where Neo4j Browser answers [default: port 7474 of the store's host].",
        ),
    ] = None,
    browser_files: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write style, guide and favourites for Neo4j Browser, and ask nothing."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long the server may work on it.", min=0.1, max=3600)] = SECONDS,
) -> None:
    """Ask a named question of a run in Neo4j: who bridges two rings, why two accounts are linked, what changed.

    Without a name, the questions are listed; without a store, the one named is explained. User and password are read
    from ATTRIBUTION_NEO4J_USER and ATTRIBUTION_NEO4J_PASSWORD.

    \b
    Example:
        attribution ask
        attribution ask why_linked
        attribution ask rings_to_look_at --store neo4j://localhost:7687
        attribution ask ring_overview --param ring=ring-1f0c \\
            --store neo4j://localhost:7687 --json
        attribution ask ring_overview --param ring=ring-1f0c --link

    \b
    Exit codes:
        0  answered (also with no rows), listed or explained
        2  no such question or parameter, or a value that it does not take
        6  the server cannot be reached, or the time limit was reached
        7  the graph has no such run, ring, account or value
    """
    if browser_files is not None:
        _write_browser_files(browser_files)
        return
    if name is None:
        _list(json=json)
        return
    from attribution.investigate import find, parsed

    one = find(name)
    values = parsed(one, _pairs(param or ()))
    if link:
        _print_links(one, _named(store, one, values), browser or _beside(store), store or "")
    elif store is None:
        if param:
            raise UsageError("there is no graph to ask", remedy="name one: --store neo4j://HOST:7687")
        _explain(one, json=json)
    else:
        found = _answer(context, store, one, values, seconds)
        _write(found, browser) if json else _print(found, store)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in texts:
        name, sign, value = one.partition("=")
        if not sign or not value:
            raise UsageError(f"--param {one}: no value", remedy="write --param NAME=VALUE")
        if name in pairs:
            raise UsageError(f"--param {name} is given twice", remedy="give it once")
        pairs[name] = value
    return pairs


def _answer(
    context: typer.Context, store: str, one: Investigation, values: Mapping[str, Value], seconds: float
) -> Answer:
    from attribution.investigate import answer
    from attribution.store import open_store

    with session(context).telemetry() as telemetry, telemetry.stage("ask") as stage, open_store(store) as opened:
        found = answer(opened, one.name, values, seconds=seconds)
        stage.rows = len(found.rows)
    return found


def _named(store: str | None, one: Investigation, values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the parameters as the graph has them, where one is at hand: whole ids in place of their beginnings."""
    from attribution.investigate import checked, resolve
    from attribution.store import open_store

    if store is None:
        return checked(one, values)
    with open_store(store) as opened:
        return {**resolve(opened, one.name, values), "run": values.get("run")}


def _list(*, json: bool) -> None:
    from graph_schema.investigations import load

    if json:
        _dump([_facts(one) for one in load().values()])
        return
    rows = table("Questions of a run in Neo4j", "name", "takes", "question")
    rows.columns[0].no_wrap = True
    for one in load().values():
        takes = ", ".join(p.name if p.needed else f"[{p.name}]" for p in one.own)
        rows.add_row(text(one.name), text(takes), text(one.question, limit=300))
    out = console()
    out.print(rows)
    out.print("Brackets: may be left out. `attribution ask NAME` explains one, with --store URL it is answered.")


def _explain(one: Investigation, *, json: bool) -> None:
    if json:
        _dump(_facts(one))
        return
    out = console()
    out.print(text(one.title, "bold"))
    out.print(text(one.question, limit=400))
    rows = table("Parameters", "name", "takes", "default", "meaning")
    for p in one.parameters:
        default = "needed" if p.needed else "" if p.default is None else str(p.default)
        rows.add_row(text(p.name), text(p.takes), text(default), text(p.doc, limit=200))
    out.print(rows)
    if one.picture is not None:
        out.print(text(f"Picture in Neo4j Browser (--link): {one.picture.shows}.", limit=300))
    out.print(text(f"Afterwards: {', '.join(one.next)}", limit=300))
    out.print(text(f"attribution ask {one.name}{_example(one)} --store neo4j://localhost:7687", limit=400))


def _example(one: Investigation) -> str:
    return "".join(f" --param {p.name}=..." for p in one.own if p.needed)


def _print(found: Answer, store: str) -> None:
    from attribution.investigate import find

    out = console()
    one = found.investigation
    shown = [column for column in found.columns if column != WHOLE]
    if not found.rows:
        out.print(text(f"{one.title}: no rows", "bold"))
    else:
        out.print(laid_out(out, one.title, shown, found.rows))
    more = ", more may follow" if found.full else ""
    out.print(text(f"run {found.run_id}, {'1 row' if len(found.rows) == 1 else f'{len(found.rows):,} rows{more}'}"))
    if WHOLE in found.columns:
        out.print("--json also shows what each weight is recomputed from.")
    for name, known in found.following().items():
        takes = "".join(
            f" --param {p.name}={shlex.quote(known.get(p.name, '...'))}"
            for p in find(name).own
            if p.name in known or p.needed
        )
        out.print(text(f"next: attribution ask {name}{takes} --store {store}", limit=400), soft_wrap=True)


def _write(found: Answer, browser: str | None) -> None:
    facts = {
        "name": found.investigation.name,
        "run_id": found.run_id,
        "parameters": dict(found.parameters),
        "columns": list(found.columns),
        "rows": [dict(row) for row in found.rows],
    }
    _dump({**facts, **({"browser": found.links(browser)} if browser else {})})


def _facts(one: Investigation) -> dict[str, object]:
    """Return what there is to know about a question, for programs."""
    takes = [
        {"name": p.name, "kind": p.kind, "needed": p.needed, "default": p.default, "takes": p.takes, "meaning": p.doc}
        for p in one.parameters
    ]
    return {
        "name": one.name,
        "title": one.title,
        "question": one.question,
        "parameters": takes,
        "columns": list(one.columns),
        "next": list(one.next),
        "picture": None if one.picture is None else one.picture.shows,
    }


def _print_links(one: Investigation, values: Mapping[str, Value], browser: str, graph: str) -> None:
    from attribution.investigate import links

    for kind, address in links(one, values, browser, graph).items():
        typer.echo(f"{kind}: {address}")


def _beside(store: str | None) -> str:
    """Return where Browser answers beside a store, by Neo4j's own default."""
    host = urlsplit(store).hostname if store and "://" in store else None
    host = f"[{host}]" if host and ":" in host else host
    return f"http://{host or 'localhost'}:7474"


def _write_browser_files(folder: Path) -> None:
    from graph_schema.browser import FILES, favourites

    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (folder / name).write_text(make(), "utf-8")
    (folder / "favourites.zip").write_bytes(favourites())
    typer.echo(f"{folder}: {', '.join((*FILES, 'favourites.zip'))}")


def _dump(value: object) -> None:
    import msgspec

    write_json(msgspec.json.format(msgspec.json.encode(value), indent=1))
