"""`attribution run`: the engine on a provider's logs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from attribution.cli import show
from attribution.cli.session import session
from attribution.errors import ConfigError, InputError, UsageError

KEY, KEY_FILE = "ATTRIBUTION_HASH_KEY", "ATTRIBUTION_HASH_KEY_FILE"
"""Environment variables: the deployment's secret for keyed hashes, or the file that holds it."""


def run(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Folder with `events` (and accounts, ips, payments), an events file, or neo4j://[USER@]HOST:7687[/DB].",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the tables and the report.")],
    labs: Annotated[
        Path | None, typer.Option(help="Dossiers; without them every campaign is of an unknown lab.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="attribution.toml; without it the defaults.")] = None,
    seed: Annotated[
        int, typer.Option(help="Same input, configuration and seed: same bytes.", min=0, max=2**63 - 1)
    ] = 0,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="STORE",
            help="What lasts from run to run: a DuckDB file (facts, results, ids, judgements; default: in OUT), or "
            "neo4j://[USER@]HOST:7687[/DB] (all but facts).",
        ),
    ] = None,
    judgements: Annotated[
        Path | None, typer.Option(help="What people decided (YAML or JSON Lines), beside what the store holds.")
    ] = None,
) -> None:
    """Read logs; write rings, campaigns, attributions and a report.

    INPUT holds Parquet, CSV or JSON Lines (.gz, .zst, one file or a folder of parts), as docs/data-contract.md says.
    Rows that cannot be used go to OUT/quarantine.parquet with their place and reason. The secret for keyed
    hashes of prompts is read from the environment variable ATTRIBUTION_HASH_KEY, or from the file that
    ATTRIBUTION_HASH_KEY_FILE names.

    INPUT may also be a Neo4j graph with usage edges that others loaded (docs/neo4j.md): what is found is written back
    to it. Hours, days and bursts are unknown then.

    \b
    Example:
        attribution run logs/ --labs labs.yaml --out result
        attribution run neo4j://localhost:7687 --labs labs.yaml --out result
        attribution run events.jsonl.gz --out result --config attribution.toml \\
            --seed 7
    """
    check(source, out)
    from attribution.pipeline import DEFAULT_KEY
    from attribution.pipeline import run as analyse

    key = secret() or DEFAULT_KEY
    with session(context).telemetry() as telemetry:
        result = analyse(
            source,
            labs=labs,
            out=out,
            config=config,
            seed=seed,
            store=store,
            judgements=judgements,
            key=key,
            telemetry=telemetry,
        )
    show.print_rings(result.report, limit=show.ROWS)
    typer.echo(f"report: {result.out / 'report.html'}")


def check(source: str, out: Path) -> None:
    """Refuse what is wrong before anything heavy is loaded.

    Raises
    ------
    InputError
        There is no such input, or it is an address that nothing is read from.
    UsageError
        The output folder is a file, or is the input.
    """
    if "://" in source:
        from attribution.store.neo4j_client import SCHEMES

        if source.partition("://")[0] not in SCHEMES:
            raise InputError(
                f"{source}: logs are read from files, usage edges from neo4j:// or bolt://",
                remedy="export the logs and name their folder, or write neo4j://[USER@]HOST:7687[/DB]",
            )
    folder = Path(source)
    if "://" not in source and not folder.exists():
        raise InputError(
            f"{source}: no such file or folder", remedy="name the folder that holds events.parquet, .csv or .jsonl"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file", remedy="name a folder with --out")
    if folder.is_dir() and out.exists() and folder.samefile(out):
        raise UsageError(f"{out}: is the input folder", remedy="name another folder with --out")


def secret() -> bytes | None:
    """Return the deployment's secret; None where neither variable is set.

    Raises
    ------
    ConfigError
        The file that should hold it cannot be read, or holds nothing.
    """
    if (given := os.environ.get(KEY)) or not (name := os.environ.get(KEY_FILE)):
        return given.encode() if given else None
    try:
        found = Path(name).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ConfigError(
            f"{KEY_FILE}: {name} cannot be read", remedy="name a file with a long random text, and keep it"
        ) from error
    if not found:
        raise ConfigError(f"{KEY_FILE}: {name} is empty", remedy="put a long random text into it, and keep it")
    return found
