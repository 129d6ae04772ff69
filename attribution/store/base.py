"""The port that every store serves: what a run publishes, and what can be read back.

Two implementations stand behind it, `embedded.EmbeddedStore` (one DuckDB file) and `neo4j.Neo4jStore`; one contract
suite holds both to the same answers. Everything is synchronous; rows travel as Arrow tables with declared columns.

What is promised of both: a run is visible whole or not at all; publishing a run twice changes nothing; `digest` depends
on the visible content alone, never on the storage or on the order of writing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import StoreError
from attribution.schemas import LINKS, OUTPUT_TABLES, UTC_TIME
from attribution.store.ledgers import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from attribution.domain import Verdict

USAGE = pa.schema(
    [
        pa.field("facet", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("events", pa.int64(), nullable=False),
        pa.field("first_seen", UTC_TIME, nullable=False),
        pa.field("last_seen", UTC_TIME, nullable=False),
    ]
)
"""Usage edges: an account used a value that at least one other account used as well (facets `ip`, `device`,
`payment`, `template`)."""

USAGE_FACETS: tuple[str, ...] = ("ip", "device", "payment", "template")
"""The facets whose values stand in the logs themselves; the others are derived from these."""

ADDRESSES = pa.schema(
    [
        pa.field("ip", pa.string(), nullable=False),
        pa.field("asn", pa.int64()),
        pa.field("as_org", pa.string()),
        pa.field("country", pa.string()),
        pa.field("kind", pa.string()),
    ]
)
"""Where an address that two or more accounts used comes from, if the logs or a lookup file tell: its autonomous system
and who runs that, its country, and whether it is residential, hosting, VPN, … Null is unknown."""

FACTS: Mapping[str, pa.Schema] = {"usage": USAGE, "addresses": ADDRESSES}
"""Tables of facts: two nights share nearly all rows, so each is written once and holds from `since` up to `until`."""

RESULTS: Mapping[str, pa.Schema] = {**OUTPUT_TABLES, "lineage": LINEAGE, "links": LINKS}
"""Tables of results, whose rows belong to one run."""

STORED: Mapping[str, pa.Schema] = {**RESULTS, **FACTS}
"""Every table that a run has in a store, by name."""

MAY_BE_ABSENT: tuple[str, ...] = ("lineage", "links")
"""Results that a caller may leave out; they are empty then."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "rings": ("ring_id",),
    "members": ("ring_id", "account_id"),
    "campaigns": ("campaign_id",),
    "campaign_members": ("campaign_id", "account_id"),
    "attributions": ("campaign_id", "lab_id"),
    "lineage": ("kind", "id"),
    "links": ("account_id", "other_id"),
    "usage": ("facet", "value", "account_id"),
    "addresses": ("ip",),
}
"""Columns that name one row; `evidence`, `suppressed` and `quarantine` are lists whose rows may repeat."""

REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("members", "ring_id", "rings"),
    ("campaigns", "ring_id", "rings"),
    ("campaign_members", "campaign_id", "campaigns"),
    ("attributions", "campaign_id", "campaigns"),
)
"""(table, column, table it must be found in)."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution; `run_id` follows from its inputs, configuration and seed.

    `manifest` is run.json's content as its first publication had it: it holds timings, so it is no part of the digest.
    """

    run_id: str
    config_digest: str
    seed: int
    manifest: str = "{}"


class Published(enum.StrEnum):
    """What `publish` did."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"  # the same run id with other content: another version of the code, as a rule


@dataclass(frozen=True, slots=True)
class RingQuery:
    """Which rings to read. Rings come by probability, highest first, then by id.

    Attributes
    ----------
    lab : a lab that leads (rank 1) in at least one campaign of the ring; `unknown` is one of them.
    text : part of the ring's id or explanation, upper and lower case alike, or the whole id of a member account.
    after : (probability, ring_id) of the last row already read.
    """

    verdict: Verdict | None = None
    min_probability: float = 0.0
    min_size: int = 0
    lab: str | None = None
    text: str | None = None
    after: tuple[float, str] | None = None
    limit: int = 100


Typed: TypeAlias = str | int | float | bool | list[object] | None
"""What a property that a person typed may hold."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A judgement as a person typed it, unchecked: `place` tells the node, a missing property is None."""

    place: str
    kind: Typed
    subject: Typed
    object: Typed
    facet: Typed
    author: Typed
    reason: Typed
    decided: Typed


class Store(Protocol):
    """A store of runs. `run_id` None means the latest run.

    Every read raises `NotFoundError` for a run, ring or campaign that is not there, and `StoreError` when the store
    cannot be reached.
    """

    def publish(self, run: RunRecord, tables: Mapping[str, pa.Table], *, report: str = "{}") -> Published:
        """Make a run visible, whole. Publishing a run that is there already changes nothing but makes it the latest.

        `tables` are the tables of `OUTPUT_TABLES`, and optionally `lineage`, `links` and those of `FACTS`; what is left
        out of the latter the embedded store reads from the facts of its own file, the graph takes it for empty.
        """

    def append(self, name: str, rows: pa.Table) -> int:
        """Append rows to a ledger of `LEDGERS`; return how many were new. Rows that are there stay as they are."""

    def adopt(self, read: Callable[[Mark], pa.Table]) -> int:
        """Take what people wrote into the store by hand into the ledger of judgements; return how many there were.

        `read` checks one mark and returns its row of the ledger; what it raises goes through, and no mark is changed.
        """

    def ledger(self, name: str) -> pa.Table:
        """Return a whole ledger, by its key; empty where nothing was ever appended."""

    def runs(self) -> list[RunRecord]:
        """Return all visible runs, the latest first."""

    def run(self, run_id: str | None = None) -> RunRecord:
        """Return one run."""

    def report(self, run_id: str | None = None) -> str:
        """Return the run's report document (JSON)."""

    def table(self, name: str, run_id: str | None = None) -> pa.Table:
        """Return a whole table of `STORED`, in no particular order."""

    def rings(self, query: RingQuery, run_id: str | None = None) -> pa.Table:
        """Return one page of rings."""

    def ring(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return one ring, as a table of one row."""

    def members(
        self, ring_id: str, *, after: tuple[float, str] | None = None, limit: int = 100, run_id: str | None = None
    ) -> pa.Table:
        """Return members by confidence, highest first, then by account; `after` is the last one already read."""

    def evidence(self, subject: str, run_id: str | None = None) -> pa.Table:
        """Return the ledger of a ring or campaign, by lab, family, name, weight, detail."""

    def campaigns(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the campaigns of a ring, largest first."""

    def campaign(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return one campaign, as a table of one row."""

    def attributions(self, campaign_id: str, run_id: str | None = None) -> pa.Table:
        """Return the posterior of a campaign, by rank."""

    def shared(self, ring_id: str, run_id: str | None = None) -> pa.Table:
        """Return the usage edges of values that at least two members of a ring used, by facet, value, account."""

    def digest(self, run_id: str | None = None) -> str:
        """Return the SHA-256 of everything that is visible of a run."""

    def close(self) -> None:
        """Let go of the file or the connections."""

    def __enter__(self) -> Self:
        """Return the store itself; leaving the block closes it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""


def checked(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with exactly the declared columns, types and order, keys unique, references whole.

    Raises
    ------
    StoreError
        A table is missing or unknown, has other columns, repeats a key, or refers to a row that is not there.
    """
    if missing := OUTPUT_TABLES.keys() - tables.keys():
        raise StoreError(f"a run must publish the table(s) {sorted(missing)}", remedy="this is a bug: report it")
    tables = {**{name: STORED[name].empty_table() for name in MAY_BE_ABSENT}, **tables}
    if unknown := tables.keys() - STORED.keys():
        raise StoreError(f"a run publishes unknown table(s) {sorted(unknown)}", remedy="this is a bug: report it")
    whole = {name: _conform(name, tables[name]) for name in STORED if name in tables}
    _check_keys(whole)
    return whole


def _check_keys(whole: Mapping[str, pa.Table]) -> None:
    for name, key in KEYS.items():
        if name in whole and _distinct(whole[name].select(key)) != len(whole[name]):
            raise StoreError(f"table {name} has the same {' and '.join(key)} twice", remedy="this is a bug: report it")
    for name, column, target in REFERENCES:
        known = whole[target][KEYS[target][0]]
        if not pc.all(pc.is_in(whole[name][column], value_set=known.combine_chunks()), min_count=0).as_py():
            raise StoreError(
                f"table {name} names a {column} that {target} does not have", remedy="this is a bug: report it"
            )
    if not pc.all(pc.less(whole["links"]["account_id"], whole["links"]["other_id"]), min_count=0).as_py():
        raise StoreError("a link does not name its smaller account id first", remedy="this is a bug: report it")
    pairs = whole["attributions"].select(["campaign_id", "ring_id"])
    if len(pairs.join(whole["campaigns"].select(pairs.column_names), pairs.column_names, join_type="left anti")):
        raise StoreError("an attribution names another ring than its campaign", remedy="this is a bug: report it")


def _distinct(table: pa.Table) -> int:
    """Return how many different rows a table of texts has; Arrow's own grouping takes ten times the memory."""
    number = np.zeros(len(table), np.int64)
    for column in table.columns:
        coded = one_chunk(column).dictionary_encode()
        if len(table.columns) > 2:
            number = np.unique(number, return_inverse=True)[1]
        number = number * len(coded.dictionary) + coded.indices.to_numpy()
    return len(np.unique(number))


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return the column as one array; it is copied only where it lies in several pieces."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _conform(name: str, table: pa.Table) -> pa.Table:
    schema = STORED[name]
    if set(table.column_names) != set(schema.names):
        raise StoreError(
            f"table {name} has columns {table.column_names}, not {schema.names}", remedy="this is a bug: report it"
        )
    try:
        table = table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise StoreError(f"table {name} has another type: {error}", remedy="this is a bug: report it") from error
    for column in schema:
        if pa.types.is_floating(column.type) and not pc.all(pc.is_finite(table[column.name]), min_count=0).as_py():
            raise StoreError(f"table {name} has a {column.name} that is no number", remedy="this is a bug: report it")
    return table


def naive(table: pa.Table) -> pa.Table:
    """Return the table with UTC times as DuckDB's TIMESTAMP, as the facts have them."""
    fields = [pa.field(f.name, pa.timestamp("us")) if f.type == UTC_TIME else f for f in table.schema]
    return table.cast(pa.schema(fields))
