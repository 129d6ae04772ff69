"""Everything that arrives for one table as one relation, whatever the formats of its files.

Text files are read into a staging table, checked batch by batch while their raw lines are at hand. Parquet files stay
where they are and are scanned by the same rules whenever they are needed, so that millions of rows need no second copy.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.errors import InputError
from attribution.ingest.addresses import learn_addresses
from attribution.ingest.checks import SQL_TYPES, Physical, Rules, rules_of
from attribution.ingest.contract import EVENTS, Kind, Table, Word
from attribution.ingest.delimited import Delimited
from attribution.ingest.jsonl import JsonLines
from attribution.ingest.lines import FREE, Batch, Readable, Refusal, gathered, unpacked
from attribution.ingest.parquet import Footer, bomb, read_footer
from attribution.ingest.passage import pass_through
from attribution.ingest.plain import testable
from attribution.ingest.sources import Format, Source, glob_literal
from attribution.ingest.sql import literal, row, scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import duckdb

    from attribution.config import IngestConfig


@dataclass(slots=True)
class Arrivals:
    """The rows of one table as they come in.

    Attributes
    ----------
    known : contract columns that some file has.
    unknown : by file number, names of columns that the contract does not have.
    rows : by file number, rows in the file.
    direct : the plain rows are in the facts already: the store was empty, and nothing else has to be done with them.
    stored : how many these are.
    """

    con: duckdb.DuckDBPyConnection
    table: Table
    config: IngestConfig
    key: bytes
    known: set[str] = field(default_factory=set)
    unknown: dict[int, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    direct: bool = False
    stored: int = 0
    _selects: list[str] = field(default_factory=list)

    @property
    def _staged(self) -> str:
        return f"ingest_staged_{self.table.name}"

    def keyless(self) -> bool:
        """Tell whether some row has no key of its own."""
        return bool(scalar(self.con, f"select exists (select 1 from {self.relation} where {self.table.key} is null)"))

    @property
    def staged(self) -> str:
        """SQL of the rows among these that were looked at twice."""
        return self._selects[0]

    @property
    def relation(self) -> str:
        """SQL of all good rows: `file_no`, `line` and the contract's columns in canonical form."""
        return f"({' union all '.join(self._selects)})"

    def read(self, sources: Sequence[tuple[int, Source]], tick: Callable[[int], None]) -> None:
        """Take in the files, each with its number; refused rows go to `ingest_refused`."""
        columns = ", ".join(f"{column.name} {SQL_TYPES[column.kind]}" for column in self.table.columns)
        self.con.execute(f"create or replace temp table {self._staged} (file_no integer, line bigint, {columns})")
        self._selects.append(f"select * from {self._staged}")
        texts = [(number, source) for number, source in sources if source.format is not Format.PARQUET]
        if texts:
            self._stage(texts, tick)
        groups: dict[tuple[tuple[str, Physical], ...], list[tuple[int, Source, Footer]]] = defaultdict(list)
        for number, source in sources:
            if source.format is Format.PARQUET:
                footer = read_footer(source, self.config)
                self.rows[number], self.unknown[number] = footer.rows, footer.unknown
                self._require(source, footer.physical)
                groups[tuple(sorted(footer.physical.items()))].append((number, source, footer))
        self.con.execute("create or replace temp table ingest_piled (file_no integer, line bigint)")
        self.direct = (
            self.table is EVENTS
            and not texts
            and all(testable(self.table, dict(physical)) for physical in groups)
            and not scalar(self.con, "select exists (select 1 from events)")
        )
        for physical, members in groups.items():
            self._scan(members, dict(physical))
            tick(sum(self.rows[number] for number, _, _ in members))

    def _require(self, source: Source, present: Collection[str]) -> None:
        for column in self.table.columns:
            if column.required and column.name not in present:
                raise InputError(
                    f"{source.name}: has no column {column.name}",
                    remedy=f"{self.table.name} needs it; name the columns as the data contract does"
                    + (" and separate them with commas" if source.format is Format.CSV else ""),
                )
        self.known.update(name for name in present if self.table.column(name))

    def _scan(self, members: Sequence[tuple[int, Source, Footer]], physical: dict[str, Physical]) -> None:
        paths = ", ".join(literal(glob_literal(source.path)) for _, source, _ in members)
        numbers = ", ".join(str(number) for number, _, _ in members)
        columns = ", ".join(
            f"{name}::varchar as {name}" if held is Physical.TEXT else name for name, held in physical.items()
        )
        scan = (
            f"(select [{numbers}][file_index::int + 1]::int as file_no, file_row_number + 1 as line, {columns} "
            f"from read_parquet([{paths}], hive_partitioning = false))"
        )
        rules = rules_of(self.table, physical, self.config)
        if testable(self.table, physical):
            suspect = sorted({name for _, _, footer in members for name in footer.suspect})
            self._refuse_bombs(members, scan, suspect)
            into = self.table.name if self.direct else None
            stored, odd = pass_through(self.con, rules, members, self.config, into)
            self.stored += stored
        else:
            self._refuse_bombs(members, scan, [name for name, held in physical.items() if held is Physical.TEXT])
            odd = self._odd(rules, scan)
        self._selects.append(rules.plain(scan, odd))
        if odd != "false":
            self._look_again(rules, scan, odd)

    def _look_again(self, rules: Rules, scan: str, odd: str) -> None:
        """Stage or refuse the odd rows of a scan."""
        for name in self.table.names:
            if rules.is_address(name):
                learn_addresses(self.con, f"(select {name} from {scan} where {odd})", name)
        self.con.execute(f"create or replace temp table ingest_looked as {rules.second_look(scan, odd)}")
        self.con.execute(
            f"insert into {self._staged} select * exclude (reason, canon) from ingest_looked where reason is null"
        )
        digest = (
            f"case when starts_with(reason, '{Word.CARD_NUMBER}') "
            "then sha256(? || sha256(? || canon)) else sha256(canon) end"
        )
        self.con.execute(
            f"insert into ingest_refused select file_no, line, reason, {digest} from ingest_looked "
            "where reason is not null",
            [self.key.hex(), self.key.hex()],
        )
        self.con.execute("drop table ingest_looked")

    def _refuse_bombs(self, members: Sequence[tuple[int, Source, Footer]], scan: str, texts: Sequence[str]) -> None:
        """Raise if a file's text is far longer than the file: a page can repeat one long value a million times.

        Only lengths are looked at, which does not unfold anything.
        """
        if not texts:
            return
        total = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in texts)
        unfolded = dict(self.con.execute(f"select file_no, {total} from {scan} group by file_no").fetchall())
        for number, source, _ in members:
            if unfolded.get(number, 0) > FREE + self.config.max_unfolding * source.size:
                raise bomb(source.name)

    def _odd(self, rules: Rules, source: str) -> str:
        """Return the condition that tells the rows of `source` which need a second look, `false` if there are none."""
        counts = row(self.con, rules.count_odd(source))
        columns = [name for name, count in zip(self.table.names, counts, strict=True) if count]
        for name in columns:
            column = self.table.column(name)
            if column and column.kind is Kind.ADDRESS and rules.present.get(name) is Physical.TEXT:
                learn_addresses(self.con, source, name)
        return rules.odd(columns)

    def _stage(self, texts: Sequence[tuple[int, Source]], tick: Callable[[int], None]) -> None:
        for number, source in texts:
            refuse: list[Refusal] = []
            with unpacked(source, self.config) as stream:
                if source.format is Format.CSV:
                    self._stage_csv(number, source, stream, refuse, tick)
                else:
                    lines = JsonLines(self.table, source.name)
                    for batch in gathered(lines.batches(stream, self.config, refuse), self.config):
                        self._stage_batch(number, batch, refuse)
                        tick(batch.rows.num_rows)
                    self.known.update(lines.present)
                    self.unknown[number] = tuple(sorted(lines.unknown))
            self._refuse(number, refuse)

    def _stage_csv(
        self, number: int, source: Source, stream: Readable, refuse: list[Refusal], tick: Callable[[int], None]
    ) -> None:
        reader = Delimited(self.table, source.name, self.config)
        for batch in gathered(reader.batches(stream, refuse), self.config):
            self._require(source, reader.header)
            self._stage_batch(number, batch, refuse)
            tick(batch.rows.num_rows)
        self._require(source, reader.header)
        self.unknown[number] = tuple(name for name in reader.header if not self.table.column(name))

    def _stage_batch(self, number: int, batch: Batch, refuse: list[Refusal]) -> None:
        """Check a batch and stage its good rows. What is refused never reaches a table of the store."""
        self.con.register("ingest_batch", batch.rows)
        source = f"(select {number} as file_no, * from ingest_batch)"
        rules = rules_of(self.table, batch.physical, self.config)
        odd = self._odd(rules, source)
        self.rows[number] += scalar(self.con, f"insert into {self._staged} {rules.plain(source, odd)}")
        if odd != "false":
            second = rules.second_look(source, odd)
            good = f"select * exclude (reason, canon) from ({second}) where reason is null"
            self.rows[number] += scalar(self.con, f"insert into {self._staged} {good}")
            bad = self.con.execute(f"select line, reason from ({second}) where reason is not null").fetchall()
            for line, reason in bad:
                raw = batch.raw(line)
                card = reason.startswith(Word.CARD_NUMBER)
                digest = hmac.new(self.key, raw, hashlib.sha256) if card else hashlib.sha256(raw)
                refuse.append(Refusal(line, reason, digest.hexdigest()))
        self.con.unregister("ingest_batch")

    def _refuse(self, number: int, refuse: list[Refusal]) -> None:
        self.rows[number] += len(refuse)
        if refuse:
            table = pa.table(
                {
                    "line": pa.array([one.line for one in refuse], pa.int64()),
                    "reason": pa.array([str(one.reason) for one in refuse], pa.string()),
                    "digest": pa.array([one.digest for one in refuse], pa.string()),
                }
            )
            self.con.register("ingest_refusals", table)
            self.con.execute(f"insert into ingest_refused select {number}, line, reason, digest from ingest_refusals")
            self.con.unregister("ingest_refusals")
