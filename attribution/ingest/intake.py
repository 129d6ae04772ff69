"""Logs in, facts out: what was read, what became of every row, and what is new."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import InputError
from attribution.ingest import facts
from attribution.ingest.arrivals import Arrivals
from attribution.ingest.contract import EVENTS, FACETS, REMEDIES, TABLES, Table, Word
from attribution.ingest.parquet import damaged
from attribution.ingest.sources import Format, Source, discover, overlooked, sha256_of
from attribution.schemas import OUTPUT_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from attribution.config import Config


_SHOWN = 5
"""Unknown columns named in a warning; `FileAccount.unknown_columns` has them all."""


@dataclass(frozen=True, slots=True)
class FileAccount:
    """What became of the rows of one file: `accepted + duplicates + quarantined = rows`, always.

    The figures speak of this input alone, whatever the store held before.
    """

    table: str
    file: str
    sha256: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Intake:
    """The result of one ingest.

    Attributes
    ----------
    files : one account a file, in the order of tables and names.
    quarantine : the contract's table, sorted by file, line and reason.
    known : columns that the input has, as `table.column`.
    new_events : accepted events that the store did not have yet.
    warnings : sentences for a person.
    """

    files: tuple[FileAccount, ...]
    quarantine: pa.Table
    known: frozenset[str]
    new_events: int
    warnings: tuple[str, ...]


def ingest(
    source: Path,
    con: duckdb.DuckDBPyConnection,
    config: Config,
    *,
    key: bytes,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Intake:
    """Read an input folder (or one events file) into the fact tables of `con`.

    Call it inside a transaction (`con.begin()`) and commit afterwards: ingest never commits, so that a killed or
    failed run leaves nothing behind. Facts of earlier runs are kept; what comes again is not stored again.

    Parameters
    ----------
    source : folder with `events` and, optionally, `accounts`, `ips`, `payments`, each a file or a folder of parts.
        `truth` is never opened.
    con : a connection of `attribution.warehouse.database.connect`.
    key : secret for the hashes of prompts and of rows that hold card numbers; the same key gives the same hashes.
    progress : called with (label, rows done, rows in all or None).

    Raises
    ------
    InputError
        The input cannot be used at all; single bad rows go to quarantine instead.
    """
    sources = discover(source)
    with ThreadPoolExecutor(1) as pool:
        digests = [pool.submit(sha256_of, one.path) for one in sources]
        try:
            return _take_in(source, sources, digests, con, config, key=key, progress=progress or _silent)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _take_in(
    source: Path,
    sources: tuple[Source, ...],
    digests: Sequence[Future[str]],
    con: duckdb.DuckDBPyConnection,
    config: Config,
    *,
    key: bytes,
    progress: Callable[[str, int, int | None], None],
) -> Intake:
    _prepare(con)
    known: set[str] = set()
    accounts: list[FileAccount] = []
    new_events = 0
    for table in TABLES:
        numbered = [(number, one) for number, one in enumerate(sources) if one.table is table]
        if not numbered:
            continue
        arrivals = Arrivals(con, table, config.ingest, key)
        try:
            arrivals.read(numbered, _ticker(progress, table))
            stored = facts.store(con, table, arrivals, config, key=key)
        except duckdb.Error as error:
            raise _blamed(numbered, error) from error
        if table is EVENTS:
            new_events = stored
        accounts += _accounts(con, arrivals, numbered, digests)
        known.update(f"{table.name}.{name}" for name in arrivals.known)
        progress(table.name, sum(arrivals.rows.values()), sum(arrivals.rows.values()))
    quarantine = _quarantine(con, sources)
    _require_events(accounts, quarantine)
    if not known.intersection(f"events.{name}" for name in FACETS):
        raise InputError(
            f"{source}: events have nothing that accounts could share",
            remedy=f"export at least one of the columns {', '.join(FACETS)}",
        )
    con.executemany("insert into input_columns values (?) on conflict do nothing", [[name] for name in sorted(known)])
    warnings = [*overlooked(source, sources, known), *_warnings(accounts)]
    facts.clean_up(con)
    return Intake(tuple(accounts), quarantine, frozenset(known), new_events, tuple(warnings))


def _silent(label: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def _ticker(progress: Callable[[str, int, int | None], None], table: Table) -> Callable[[int], None]:
    done = 0

    def tick(rows: int) -> None:
        nonlocal done
        done += rows
        progress(table.name, done, None)

    return tick


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("set timezone = 'UTC'")
    con.execute(
        "create or replace temp table ingest_refused (file_no integer, line bigint, reason varchar, digest varchar)"
    )
    con.execute("create or replace temp table ingest_addresses (raw varchar, canonical varchar)")


def _blamed(numbered: Sequence[tuple[int, Source]], error: duckdb.Error) -> Exception:
    """Return the error as the fault of the Parquet file that it names; as it is if it names none."""
    for _, source in numbered:
        if source.format is Format.PARQUET and f'"{source.path.absolute()}"' in str(error):
            return damaged(source.name)
    return error


def _accounts(
    con: duckdb.DuckDBPyConnection,
    arrivals: Arrivals,
    numbered: Sequence[tuple[int, Source]],
    digests: Sequence[Future[str]],
) -> list[FileAccount]:
    refused = dict(con.execute("select file_no, count(*) from ingest_refused group by all").fetchall())
    doubled = dict(
        con.execute(
            "select file_no, count(*) from ingest_contested where outcome = 'duplicate' group by all"
        ).fetchall()
    )
    accounts = []
    for number, source in numbered:
        rows, duplicates, quarantined = arrivals.rows[number], doubled.get(number, 0), refused.get(number, 0)
        accounts.append(
            FileAccount(
                table=source.table.name,
                file=source.name,
                sha256=digests[number].result(),
                rows=rows,
                accepted=rows - duplicates - quarantined,
                duplicates=duplicates,
                quarantined=quarantined,
                unknown_columns=arrivals.unknown.get(number, ()),
            )
        )
    return accounts


def _quarantine(con: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> pa.Table:
    con.register("ingest_files", pa.table({"no": range(len(sources)), "file": [source.name for source in sources]}))
    table = con.sql(
        "select file, line, reason, digest from ingest_refused join ingest_files on no = file_no order by all"
    ).to_arrow_table()
    con.unregister("ingest_files")
    return table.cast(OUTPUT_TABLES["quarantine"])


def _require_events(accounts: Sequence[FileAccount], quarantine: pa.Table) -> None:
    """Raise if there is not one usable event: that is an export gone wrong, not a few bad rows."""
    events = [account for account in accounts if account.table == EVENTS.name]
    if any(account.accepted for account in events):
        return
    names = events[0].file if len(events) == 1 else f"{events[0].file} and {len(events) - 1} more"
    if not any(account.rows for account in events):
        raise InputError(f"{names}: holds no rows", remedy="export it again; an input needs at least one event")
    refused = quarantine.filter(pc.is_in(quarantine["file"], pa.array([account.file for account in events])))
    reasons = {one["values"]: one["counts"] for one in pc.value_counts(refused["reason"]).to_pylist()}
    reason, count = min(reasons.items(), key=lambda item: (-item[1], item[0]))
    first = refused.slice(pc.index(refused["reason"], reason).as_py(), 1).to_pylist()[0]
    raise InputError(
        f"{names}: every row is refused, {count} for {reason}, the first at {first['file']} line {first['line']}",
        remedy=REMEDIES[Word(reason.partition(":")[0])],
    )


def _warnings(accounts: Sequence[FileAccount]) -> list[str]:
    warnings = []
    for account in accounts:
        if account.unknown_columns:
            names = [name or "(one without a name)" for name in account.unknown_columns[:_SHOWN]]
            shown = ", ".join(names) + ", …" * (len(account.unknown_columns) > _SHOWN)
            warnings.append(f"{account.file}: columns that the contract does not know were left out: {shown}")
        if account.rows and not account.accepted:
            why = "could be used" if account.quarantined else "says anything new: all stand elsewhere as well"
            warnings.append(f"{account.file}: no row {why}")
    return warnings
