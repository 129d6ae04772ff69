"""The default store: results beside the facts in one DuckDB file, nothing to start.

A run is written in one transaction, so a process that is killed on the way leaves nothing behind. One process writes
at a time (DuckDB's rule); readers that must not block the nightly run use `snapshot.SnapshotStore`.
"""

from __future__ import annotations

import struct
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import duckdb
import pyarrow as pa

from attribution.errors import NotFoundError, StoreError
from attribution.store import results_sql as sql
from attribution.store.base import (
    FACTS,
    RESULTS,
    STORED,
    USAGE,
    Published,
    RingQuery,
    RunRecord,
    checked,
    naive,
)
from attribution.store.digests import content_digest
from attribution.store.kept_facts import aware, first, keep
from attribution.store.ledgers import by_key, ledger_rows, ledger_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from attribution.store.base import Mark
    from attribution.store.kept_facts import KeptFacts


class _ForgottenError(Exception):
    """What was prepared is not published."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A transaction that has the facts; `end` commits it, or rolls it back on an error."""

    end: ExitStack
    con: duckdb.DuckDBPyConnection
    facts: KeptFacts


class EmbeddedStore:
    """The store in an open DuckDB database (see `attribution.warehouse.database.connect`).

    The connection stays the caller's: closing the store does not close it unless `owned` says so.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, *, owned: bool = False) -> None:
        self._con = con
        self._owned = owned
        self._ready = False
        self._begun: _Begun | None = None
        self._check_format()

    def prepare(self) -> None:
        """Write down the facts of the run that is published next, in the transaction that `publish` ends.

        They need nothing that the run finds, so this may go on in a thread while it looks. Nobody sees them before.

        Raises
        ------
        StoreError
            The file cannot be written.
        """
        self._forget()
        with self._transaction() as con:
            con.execute(
                sql.ddl()
            )  # by itself: laid out in a transaction that stays open, it would lock out the ledgers
        self._begun = self._begin({})

    def publish(self, run: RunRecord, tables: Mapping[str, pa.Table], *, report: str | bytes = "{}") -> Published:
        """Write a run in one transaction; see `Store.publish`. Facts that are not given are what the logs tell.

        A report in bytes is UTF-8; it is not copied on its way to the database, as a long one should not be.
        """
        whole = checked(tables)
        if given := {name: whole[name] for name in FACTS if name in whole}:
            self._forget()
        begun, self._begun = self._begun or self._begin(given), None
        con = begun.con
        with begun.end:
            content = content_digest(run, report, whole, begun.facts.digests)
            old = first(con, "select content from results.runs where run_id = $1", run.run_id)
            if old and old[0] == content:
                con.execute("rollback")  # its facts are there, at the version that it named
                con.execute("begin")
                con.execute(
                    "update results.runs set sequence = (select max(sequence) + 1 from results.runs)"
                    " where run_id = $1 and sequence < (select max(sequence) from results.runs)",
                    [run.run_id],
                )
                return Published.UNCHANGED
            if old:
                self._erase(con, run.run_id)
            for name in RESULTS:
                con.register("incoming", naive(whole[name]))
                con.execute(f"insert into results.{name} select $1, * from incoming", [run.run_id])
                con.unregister("incoming")
            # as a table: a parameter of 190 MB is copied five times
            row = [run.run_id, run.config_digest, run.seed, run.manifest, None, begun.facts.version, content]
            incoming = {f"c{at}": [one] for at, one in enumerate(row)} | {"c4": _lent(report)}
            con.register("incoming", pa.table(incoming))
            con.execute(
                "insert into results.runs select c0, c1, c2, c3, c4,"
                " coalesce((select max(sequence) from results.runs), 0) + 1, c5, c6 from incoming"
            )
            con.unregister("incoming")
        return Published.REPLACED if old else Published.NEW

    def append(self, name: str, rows: pa.Table) -> int:
        """Append rows to a ledger; those that are there stay as they are."""
        wanted = ledger_rows(name, rows)
        with self._transaction() as con:
            con.execute(sql.ddl())
            con.register("incoming", naive(wanted))
            count = first(con, sql.APPEND[name])
            con.unregister("incoming")
        return int(count[0]) if count else 0

    def adopt(self, read: Callable[[Mark], pa.Table]) -> int:  # noqa: ARG002  # the port's signature
        """Return 0: nobody writes into a file by hand."""
        return 0

    def ledger(self, name: str) -> pa.Table:
        """Return a whole ledger, by its key."""
        schema = ledger_schema(name)
        if not self._laid_out():
            return schema.empty_table()
        return by_key(name, aware(self._cursor().sql(sql.LEDGER[name]).to_arrow_table(), schema))

    def runs(self) -> list[RunRecord]:
        """Return all runs, the latest first."""
        if not self._laid_out():
            return []
        rows = self._cursor().execute(
            "select run_id, config_digest, seed, manifest from results.runs order by sequence desc"
        )
        return [RunRecord(*row) for row in rows.fetchall()]

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return one run, the latest by default."""
        wanted, _ = self._resolve(run_id)
        return next(run for run in self.runs() if run.run_id == wanted)

    def report(self, run_id: str | None = None) -> str:
        """Return the run's report document (JSON)."""
        wanted, _ = self._resolve(run_id)
        row = first(self._cursor(), "select report from results.runs where run_id = $1", wanted)
        return cast("str", row[0]) if row else "{}"

    def table(self, name: str, run_id: str | None = None) -> pa.Table:
        """Return a whole table of `STORED`."""
        if name not in STORED:
            raise NotFoundError(f"no table {name!r}", remedy=f"tables: {', '.join(STORED)}")
        return self._read(sql.select(name), STORED[name], run_id)

    def rings(self, query: RingQuery, run_id: str | None = None) -> pa.Table:
        """Return one page of rings."""
        after, after_id = query.after or (None, None)
        return self._read(
            sql.RINGS,
            STORED["rings"],
            run_id,
            verdict=query.verdict.value if query.verdict else None,
            min_probability=query.min_probability,
            min_size=query.min_size,
            lab=query.lab,
            text=query.text,
            after=after,
            after_id=after_id,
            limit=query.limit,
        )

    def ring(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return one ring, as a table of one row."""
        return _found(self._read(sql.RING, STORED["rings"], run_id, subject=ring_id), "ring", ring_id)

    def members(
        self, ring_id: str, *, after: tuple[float, str] | None = None, limit: int = 100, run_id: str | None = None
    ) -> pa.Table:
        """Return one page of members."""
        confidence, account = after or (None, None)
        rows = self._read(
            sql.MEMBERS, STORED["members"], run_id, subject=ring_id, after=confidence, after_id=account, limit=limit
        )
        return rows if len(rows) else self._nothing(rows, self.ring, ring_id, run_id)

    def evidence(self, subject: str, run_id: str | None = None) -> pa.Table:
        """Return the ledger of a ring or campaign."""
        return self._read(sql.EVIDENCE, STORED["evidence"], run_id, subject=subject)

    def campaigns(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the campaigns of a ring."""
        rows = self._read(sql.CAMPAIGNS, STORED["campaigns"], run_id, subject=ring_id)
        return rows if len(rows) else self._nothing(rows, self.ring, ring_id, run_id)

    def campaign(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return one campaign, as a table of one row."""
        rows = self._read(sql.CAMPAIGN, STORED["campaigns"], run_id, subject=campaign_id)
        return _found(rows, "campaign", campaign_id)

    def attributions(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return the posterior of a campaign, by rank."""
        rows = self._read(sql.ATTRIBUTIONS, STORED["attributions"], run_id, subject=campaign_id)
        return rows if len(rows) else self._nothing(rows, self.campaign, campaign_id, run_id)

    def shared(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the usage edges of values that at least two members used."""
        rows = self._read(sql.SHARED, USAGE, run_id, subject=ring_id)
        return rows if len(rows) else self._nothing(rows, self.ring, ring_id, run_id)

    def digest(self, run_id: str | None = None) -> str:
        """Return the SHA-256 of what is visible of a run, recomputed from the rows."""
        run = self.run(run_id)
        tables = {name: self.table(name, run.run_id) for name in STORED}
        return content_digest(run, self.report(run.run_id), tables)

    def close(self) -> None:
        """Undo what was prepared and not published, and close the connection if it is the store's own."""
        self._forget()
        if self._owned:
            self._con.close()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of one's own to the same database: threads must not share one."""
        return self._con.cursor()

    def _laid_out(self) -> bool:
        if not self._ready:  # once there, the tables stay
            query = "select count(*) from duckdb_tables() where schema_name = 'results' and table_name = 'runs'"
            self._ready = first(self._cursor(), query) != (0,)
        return self._ready

    def _check_format(self) -> None:
        if self._laid_out():
            try:
                row = first(self._cursor(), "select version from results.format")
            except duckdb.Error:  # no such table, or another one
                row = None
            if row is None or row[0] != sql.FORMAT:
                raise StoreError(
                    f"the store has {f'format {row[0]}' if row else 'no format'}, this version reads {sql.FORMAT}",
                    remedy="name a new file with --store, or use the version that wrote it",
                )

    def _resolve(self, run_id: str | None) -> tuple[str, int]:
        """Return the id and usage version of a visible run."""
        row = None
        if self._laid_out():
            row = first(
                self._cursor(),
                "select run_id, usage_version from results.runs where $1 is null or run_id = $1"
                " order by sequence desc limit 1",
                run_id,
            )
        if row is None:
            what = f"no run {run_id!r}" if run_id is not None else "the store holds no run"
            raise NotFoundError(f"{what}", remedy="`attribution run` makes one; GET /v1/runs lists what is there")
        return row[0], row[1]

    def _read(self, query: str, schema: pa.Schema, run_id: str | None, **values: str | float | None) -> pa.Table:
        run, version = self._resolve(run_id)
        given = {"run": run, "version": version, **values}
        used = {name: value for name, value in given.items() if f"${name}" in query}
        table = self._cursor().sql(query, params=used).to_arrow_table()
        return aware(table, schema)

    @staticmethod
    def _nothing(
        rows: pa.Table, owner: Callable[[str, str | None], pa.Table], name: str, run_id: str | None
    ) -> pa.Table:
        """Return the empty table if its ring or campaign is there; NotFoundError if not."""
        owner(name, run_id)
        return rows

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        con = self._cursor()
        try:
            con.execute("begin")
            yield con
            con.execute("commit")
        except duckdb.Error as error:
            raise StoreError(
                f"the run could not be written: {str(error).splitlines()[0]}",
                remedy="check the disk and that no other process writes this file, then run again",
            ) from error
        finally:
            con.close()  # rolls back what was not committed

    def _begin(self, given: Mapping[str, pa.Table]) -> _Begun:
        with ExitStack() as opened:
            con = opened.enter_context(self._transaction())
            con.execute(sql.ddl())
            facts = keep(con, given)
            return _Begun(opened.pop_all(), con, facts)

    def _forget(self) -> None:
        """Roll back what was prepared and not published."""
        begun, self._begun = self._begun, None
        if begun is not None:
            with suppress(_ForgottenError), begun.end:
                raise _ForgottenError

    @staticmethod
    def _erase(con: duckdb.DuckDBPyConnection, run_id: str) -> None:
        for name in (*RESULTS, "runs"):
            con.execute(f"delete from results.{name} where run_id = $1", [run_id])


def _lent(text: str | bytes) -> pa.LargeStringArray:
    """Return one text as a column; bytes are borrowed."""
    data = text.encode() if isinstance(text, str) else text
    buffers = [None, pa.py_buffer(struct.pack("=2q", 0, len(data))), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), 1, buffers)


def _found(rows: pa.Table, what: str, name: str) -> pa.Table:
    if not len(rows):
        raise NotFoundError(f"no {what} {name!r} in this run", remedy="`attribution show OUT` lists what is there")
    return rows
