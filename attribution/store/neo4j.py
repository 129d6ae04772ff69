"""The store in a Neo4j graph: the same port as the embedded file, over Bolt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.errors import NotFoundError, StoreError
from attribution.store.base import (
    FACTS,
    STORED,
    USAGE,
    USAGE_FACETS,
    Mark,
    Published,
    RingQuery,
    RunRecord,
    checked,
)
from attribution.store.digests import content_digest
from attribution.store.ledgers import by_key, ledger_rows, ledger_schema
from attribution.store.migrate import migrate, shipped
from attribution.store.neo4j_lease import Lease
from attribution.store.neo4j_rows import graph_key
from attribution.store.neo4j_tables import as_table, once, standing, versioned
from attribution.store.neo4j_write import VERSIONED, Publication, adopt, append
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self, TypeVar

    from attribution.store.neo4j_client import Client, Rows
    from attribution.telemetry import ProgressCallback

    T = TypeVar("T")
    Run = Callable[..., Rows]

_NO_RUN = "`attribution graph load` brings one in; `attribution ask runs` and GET /v1/runs list what is there"
ATTEMPTS = 5
"""How often a read starts again because the run it reads was replaced under it."""


@dataclass(frozen=True, slots=True)
class View:
    """A visible version of a run: everything that is read with it stays as it is while the run stays visible."""

    run_id: str
    generation: str
    version: int


class Neo4jStore:
    """Runs in a graph. Opening it does not connect; the first publication brings the schema up to date."""

    def __init__(
        self, client: Client, *, lease_seconds: float = 30.0, progress: ProgressCallback | None = None
    ) -> None:
        self._client = client
        self._lease_seconds = lease_seconds
        self._progress = progress

    @property
    def address(self) -> str:
        """Where the graph answers, with the database if one was named."""
        return self._client.address

    def ping(self) -> None:
        """Ask the server for one row; raises StoreError if it does not answer."""
        self._client.read(queries.PING)

    def publish(self, run: RunRecord, tables: Mapping[str, pa.Table], *, report: str = "{}") -> Published:
        """Write a run and make it visible at the end; see `Store.publish`. Facts that are not given are empty."""
        whole = checked(tables)
        whole = {**{name: schema.empty_table() for name, schema in FACTS.items()}, **whole}
        generation = content_digest(run, report, whole)
        migrate(self._client, shipped())
        lease = Lease(self._client, self._lease_seconds)
        lease.take()
        try:
            return self._publish(lease, generation, run, whole, report)
        finally:
            lease.drop()

    def _publish(
        self, lease: Lease, generation: str, run: RunRecord, whole: Mapping[str, pa.Table], report: str
    ) -> Published:
        committed = self._client.read(queries.COMMITTED)[0]
        sequence, version = committed["sequence"] + 1, committed["version"]
        latest = self._client.read(queries.RESOLVE, run=None)
        old = self._client.read(queries.RESOLVE, run=run.run_id)
        if old and old[0]["generation"] == generation:
            if latest[0]["run_id"] != run.run_id:
                lease.write((queries.MOVE_RUN, {"run_id": run.run_id, "sequence": sequence}))
            return Published.UNCHANGED
        publication = Publication(lease, generation, version, self._progress)
        publication.clear(committed["generations"])
        current, loaded = self._client.reading(lambda read: standing(read, version))
        publication.write_edges(run, current, whole, loaded)
        publication.write_tables(whole)
        publication.show(run, report, sequence=sequence)
        if old:
            publication.clear(self._client.read(queries.COMMITTED)[0]["generations"])
        return Published.REPLACED if old else Published.NEW

    def append(self, name: str, rows: pa.Table) -> int:
        """Append rows to a ledger; those that are there stay as they are."""
        wanted = ledger_rows(name, rows)
        migrate(self._client, shipped())
        return append(self._client, name, wanted)

    def adopt(self, read: Callable[[Mark], pa.Table]) -> int:
        """Complete the `Judgement` nodes that analysts wrote: they get the id that follows from their content."""
        marks = [Mark(**row) for row in self._client.read(queries.MARKS)]
        checked_rows = [(mark.place, read(mark)) for mark in marks]
        if marks:
            migrate(self._client, shipped())
        for place, row in checked_rows:
            adopt(self._client, place, row)
        return len(marks)

    def ledger(self, name: str) -> pa.Table:
        """Return a whole ledger, by its key."""
        schema = ledger_schema(name)
        return by_key(name, as_table(self._client.read(queries.LEDGERS[name]), schema))

    def runs(self) -> list[RunRecord]:
        """Return all visible runs, the latest first."""
        return [RunRecord(**row) for row in self._client.read(queries.RUNS)]

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return one run, the latest by default."""
        return self.viewing(_record, run_id)

    def report(self, run_id: str | None = None) -> str:
        """Return the run's report document (JSON)."""
        return self.viewing(_report, run_id)

    def table(self, name: str, run_id: str | None = None) -> pa.Table:
        """Return a whole table of `STORED`."""
        if name not in STORED:
            raise NotFoundError(f"no table {name!r}", remedy=f"tables: {', '.join(STORED)}")
        if name in VERSIONED:
            return self.viewing(lambda run, view: versioned(run, name, view.version), run_id)
        return self._read(queries.TABLES[name], name, run_id)

    def rings(self, query: RingQuery, run_id: str | None = None) -> pa.Table:
        """Return one page of rings."""
        after, after_id = query.after or (None, None)
        return self._read(
            queries.RINGS,
            "rings",
            run_id,
            verdict=query.verdict.value if query.verdict else None,
            min_probability=query.min_probability,
            min_size=query.min_size,
            lab=query.lab,
            text=query.text,
            account=graph_key(query.text) if query.text else None,
            after=after,
            after_id=after_id,
            limit=query.limit,
        )

    def ring(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return one ring, as a table of one row."""
        return self.viewing(lambda run, view: _ring(run, view, ring_id), run_id)

    def members(
        self, ring_id: str, *, after: tuple[float, str] | None = None, limit: int = 100, run_id: str | None = None
    ) -> pa.Table:
        """Return one page of members."""
        confidence, account = after or (None, None)
        return self._read(
            queries.MEMBERS, "members", run_id, ring=ring_id, after=confidence, after_id=account, limit=limit
        )

    def evidence(self, subject: str, run_id: str | None = None) -> pa.Table:
        """Return the ledger of a ring or campaign."""
        return self._read(queries.EVIDENCE, "evidence", run_id, subject=subject)

    def campaigns(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the campaigns of a ring."""
        return self._read(queries.CAMPAIGNS, "campaigns", run_id, ring=ring_id)

    def campaign(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return one campaign, as a table of one row."""
        return self.viewing(lambda run, view: _campaign(run, view, campaign_id), run_id)

    def attributions(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return the posterior of a campaign, by rank."""
        return self._read(queries.ATTRIBUTIONS, "attributions", run_id, campaign=campaign_id)

    def shared(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the usage edges of values that at least two members used."""

        def work(run: Run, view: View) -> pa.Table:
            _ring(run, view, ring_id)
            parts = []
            for facet in sorted(USAGE_FACETS):
                text = queries.for_facet(queries.SHARED, facet)
                rows = run(text, generation=view.generation, version=view.version, subject=ring_id)
                parts.append(as_table([{"facet": facet, **row, "account_id": row["account"]} for row in rows], USAGE))
            return once(pa.concat_tables(parts))

        return self.viewing(work, run_id)

    def digest(self, run_id: str | None = None) -> str:
        """Return the SHA-256 of what is visible of a run, recomputed from the graph."""

        def work(run: Run, view: View) -> str:
            record, report = _record(run, view), _report(run, view)
            tables = {
                name: versioned(run, name, view.version)
                if name in VERSIONED
                else as_table(run(queries.TABLES[name], generation=view.generation), STORED[name])
                for name in STORED
            }
            return content_digest(record, report, tables)

        return self.viewing(work, run_id)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def viewing(self, work: Callable[[Run, View], T], run_id: str | None = None, *, seconds: float | None = None) -> T:
        """Read with texts of `graph_schema` within one visible version of a run; again if it was replaced meanwhile.

        Raises
        ------
        NotFoundError
            The graph holds no such run.
        SlowError
            It took longer than `seconds`.
        StoreError
            The run was replaced again and again.
        """
        for _ in range(ATTEMPTS):
            result = self._client.reading(lambda run: _attempt(run, run_id, work), seconds=seconds)
            if result is not None:
                return result[0]
        raise StoreError("the run was replaced again and again while it was read", remedy="try again")

    def _read(
        self,
        text: str,
        table: str,
        run_id: str | None,
        /,
        *,
        ring: str | None = None,
        campaign: str | None = None,
        **values: str | float | None,
    ) -> pa.Table:
        """Run one query of a view; with `ring` or `campaign`, that is its subject, and it must be there."""

        def work(run: Run, view: View) -> pa.Table:
            if ring is not None:
                _ring(run, view, ring)
            if campaign is not None:
                _campaign(run, view, campaign)
            subject = {} if ring is None and campaign is None else {"subject": ring or campaign}
            return as_table(run(text, generation=view.generation, **subject, **values), STORED[table])

        return self.viewing(work, run_id)


def _attempt(run: Run, run_id: str | None, work: Callable[[Run, View], T]) -> tuple[T] | None:
    rows = run(queries.RESOLVE, run=run_id)
    if not rows:
        what = f"no run {run_id!r}" if run_id is not None else "the store holds no run"
        raise NotFoundError(what, remedy=_NO_RUN)
    view = View(**rows[0])
    failed: Exception | None = None
    try:
        result = work(run, view)
    except (NotFoundError, LookupError, TypeError, ValueError) as error:  # what a row without its properties comes to
        failed = error
    again = run(queries.RESOLVE, run=view.run_id)
    if not again or again[0]["generation"] != view.generation:
        return None  # half of it was gone already
    if failed is not None:
        raise failed
    return (result,)


def _record(run: Run, view: View) -> RunRecord:
    for row in run(queries.RUNS):
        if row["run_id"] == view.run_id:
            return RunRecord(**row)
    raise NotFoundError(f"no run {view.run_id!r}")


def _report(run: Run, view: View) -> str:
    for row in run(queries.REPORT, generation=view.generation):
        return str(row["report"])
    raise NotFoundError(f"no run {view.run_id!r}")


def _ring(run: Run, view: View, ring_id: str) -> pa.Table:
    return _found(run, view, queries.RING, "rings", ring_id)


def _campaign(run: Run, view: View, campaign_id: str) -> pa.Table:
    return _found(run, view, queries.CAMPAIGN, "campaigns", campaign_id)


def _found(run: Run, view: View, text: str, table: str, name: str) -> pa.Table:
    rows = run(text, generation=view.generation, subject=name)
    if not rows:
        raise NotFoundError(
            f"no {table[:-1]} {name!r} in this run", remedy="`attribution show OUT` lists what is there"
        )
    return as_table(rows, STORED[table])
