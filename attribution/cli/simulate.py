"""`attribution simulate`: labelled worlds, innocent look-alikes included."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from attribution.cli.session import session
from attribution.errors import UsageError

if TYPE_CHECKING:
    from attribution.simulate.options import WorldOptions

GROUPS = ("attacks", "dossiers", "flags")
"""Parts of the options whose fields are set as `group.field`."""
DIALS = "dials"


def simulate(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder for the world: events, accounts, ips, payments, labs.yaml, truth."),
    ],
    accounts: Annotated[int | None, typer.Option(help="All accounts, those in rings included. [40000]", min=1)] = None,
    rings: Annotated[int | None, typer.Option(help="Covert rings. [9]", min=0)] = None,
    labs: Annotated[int | None, typer.Option(help="Labs behind them; a quarter has no dossier. [4]", min=1)] = None,
    evasion: Annotated[
        float | None, typer.Option(help="0 careless to 1 hardest; moves all dials. [0]", min=0.0, max=1.0)
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="A named world: careless, moderate, private, ..., framing, ..., innocent.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same options and seed: same bytes. [1]", min=0)] = None,
    no_rings: Annotated[bool, typer.Option("--no-rings", help="Innocents only: whatever is flagged is wrong.")] = False,
    drop: Annotated[
        str | None, typer.Option(help="Columns or tables left out, separated by commas: prompt,device,accounts.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="parquet, csv, jsonl, jsonl.gz, ... [parquet]")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other option or dial; repeatable.")
    ] = None,
) -> None:
    """Make a labelled world: rings, and people who share things for honest reasons.

    `--set` reaches everything in docs/simulator.md: options (days), dials of evasion (accounts_per_card), attacks on
    the method (attacks.framing), the state of the dossiers (dossiers.missing) and false flags (flags.network).

    \b
    Example:
        attribution simulate world --accounts 4000 --evasion 0.25 --seed 3
        attribution simulate world --preset private --drop device \\
            --set accounts_per_card=2
        attribution simulate world --no-rings
    """
    from attribution.simulate import simulate as make_world

    given = {
        "accounts": accounts,
        "rings": rings,
        "labs": labs,
        "evasion": evasion,
        "seed": seed,
        "no_rings": no_rings or None,
        "drop": None if drop is None else tuple(name.strip() for name in drop.split(",") if name.strip()),
        "file_format": file_format,
    }
    options = build({name: value for name, value in given.items() if value is not None}, preset, settings or [])
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file", remedy="name a folder")
    with session(context).telemetry() as telemetry, telemetry.stage("simulate") as stage:
        stage.rows = make_world(out, options, progress=telemetry.progress).events
    typer.echo(f"world: {out}")


def build(given: dict[str, object], preset: str | None, settings: list[str]) -> WorldOptions:
    """Return the options of a world: the preset first, then what was given, then each `--set`.

    Raises
    ------
    UsageError
        No such preset, option or dial, or an impossible value.
    """
    from attribution.simulate import options as worlds

    options = worlds.preset(preset, **given) if preset is not None else worlds.WorldOptions(**given)  # type: ignore[arg-type]  # typed by the command
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting!r} has no value", remedy="write --set NAME=VALUE")
        options = _with(options, name.strip(), value.strip())
    return options


def _with(options: WorldOptions, name: str, value: str) -> WorldOptions:
    dials = options.resolved
    if hasattr(dials, name):
        return dataclasses.replace(options, dials=dataclasses.replace(dials, **_parsed(type(dials), name, value)))
    group, _, inner = name.partition(".")
    if group in GROUPS:
        part = getattr(options, group)
        if inner in {field.name for field in dataclasses.fields(part)}:
            return dataclasses.replace(
                options, **{group: dataclasses.replace(part, **_parsed(type(part), inner, value))}
            )
    elif name in _plain(options):
        return dataclasses.replace(options, **_parsed(type(options), name, value))
    raise UsageError(f"there is no dial {name!r}", remedy=f"choose one of {', '.join(_names(options))}")


def _plain(options: WorldOptions) -> list[str]:
    """Return the options that are a number, a word or yes/no."""
    return [field.name for field in dataclasses.fields(options) if field.name not in {*GROUPS, DIALS, "drop"}]


def _names(options: WorldOptions) -> list[str]:
    grouped = [f"{group}.{field.name}" for group in GROUPS for field in dataclasses.fields(getattr(options, group))]
    return [*_plain(options), *(field.name for field in dataclasses.fields(options.resolved)), *grouped]


def _parsed(owner: type, name: str, value: str) -> dict[str, Any]:
    kind = get_type_hints(owner)[name]
    try:
        if kind is bool:
            return {
                name: {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value.lower()]
            }
        return {name: kind(value)}
    except (ValueError, KeyError) as error:
        raise UsageError(f"{name}: {value!r} is no {kind.__name__}", remedy=f"write --set {name}=VALUE") from error
