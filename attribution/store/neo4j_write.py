"""Publishing a run into the graph, so that a reader sees all of it or none.

Everything is written under the run's content digest (its *generation*) and a new usage version, which no reader looks
at; one small transaction then makes the run visible; what no visible run needs is removed afterwards. All values are
absolute, so a batch that is sent twice (the driver retries a commit whose answer was lost) changes nothing. One
process writes at a time, under a lease that lapses when the process dies; the next one clears what it left.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attribution.domain import LINKS
from attribution.errors import StoreError
from attribution.store.base import ADDRESSES, FACTS, USAGE, USAGE_FACETS
from attribution.store.ledgers import LEDGER_KEYS
from graph_schema import queries, writes
from graph_schema.model import PER_RUN, USAGE_EDGES
from graph_schema.model import VERSIONED as VERSIONED_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.store.base import RunRecord
    from attribution.store.neo4j_client import Client, Rows, Step
    from attribution.telemetry import ProgressCallback

BATCH = 10_000
"""Rows a transaction."""
LONGEST_KEY = 1024
"""Bytes of a value that serves as its own key; the index takes 8,167."""


VERSIONED: tuple[str, ...] = (*FACTS, "links")
"""Tables whose rows are written once and hold for versions of the graph."""
UNKNOWN_ASN = "unknown"


def graph_key(value: str) -> str:
    """Return the key of an account or value: itself, or its SHA-256 where it is long (or looks like such a digest)."""
    data = value.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST_KEY and not value.startswith("sha256:"):
        return value
    return "sha256:" + hashlib.sha256(data).hexdigest()


def network_of(ip: str) -> str | None:
    """Return the /24 or /48 that an address lies in; None for what is no address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    prefix = 24 if address.version == 4 else 48  # IP versions
    return str(ipaddress.ip_network((address, prefix), strict=False))


class Lease:
    """The right to write. Every write renews it in its own transaction, or writes nothing if it was lost.

    Another process waits until the lease is dropped or lapses.
    """

    def __init__(self, client: Client, seconds: float = 30.0) -> None:
        self._client = client
        self._milliseconds = int(seconds * 1000)
        self.holder = secrets.token_hex(16)
        self.pending: int | None = None

    def take(self) -> None:
        """Wait for the lease, at most a little longer than it can outlive a dead holder."""
        deadline = time.monotonic() + self._milliseconds / 1000 + 5.0
        while not (rows := self._client.write(queries.TAKE_LEASE, **self._values())):
            if time.monotonic() > deadline:
                raise StoreError(
                    "another process is writing into this graph", remedy="wait until it has finished, then try again"
                )
            time.sleep(0.25)
        self.pending = rows[0]["pending"]

    def write(self, *steps: Step) -> list[Rows]:
        """Run the statements in one transaction if the lease still holds.

        Raises
        ------
        StoreError
            It was lost to another process; nothing was written.
        """
        return self._client.write_all([(queries.HOLD_LEASE, self._values()), *steps], guarded=True)[1:]

    def drop(self) -> None:
        """Give the lease back."""
        self._client.write(queries.DROP_LEASE, holder=self.holder)

    def _values(self) -> dict[str, str | int]:
        return {"holder": self.holder, "milliseconds": self._milliseconds}


class Publication:
    """One publication, under a lease that is already held."""

    def __init__(self, lease: Lease, generation: str, version: int, progress: ProgressCallback | None) -> None:
        self._lease = lease
        self._generation = generation
        self.version = version
        self._progress = progress

    def clear(self, generations: list[str]) -> None:
        """Remove everything that no visible run sees."""
        for label in PER_RUN:
            self._drain(queries.for_label(writes.STALE_NODES, label), generations=generations)
        if self._lease.pending is not None:
            for used in VERSIONED_TYPES:
                self._drain(queries.for_type(writes.STALE_EDGES, used), version=self.version)
                self._drain(queries.for_type(writes.REOPEN_EDGES, used), version=self.version)

    def write_edges(self, run: RunRecord, current: Mapping[str, pa.Table], wanted: Mapping[str, pa.Table]) -> None:
        """Write what changed between two sets of versioned tables (`VERSIONED`), under the next version."""
        gone = {name: _less(current[name], wanted[name]) for name in VERSIONED}
        fresh = {name: _less(wanted[name], current[name]) for name in VERSIONED}
        if not any(map(len, (*gone.values(), *fresh.values()))):
            return
        self.version += 1
        self._lease.write((queries.MARK_PENDING, {"holder": self._lease.holder, "version": self.version}))
        stamp = {"version": self.version, "run": run.run_id}
        for facet in USAGE_FACETS:
            text, edges = queries.for_facet(writes.CLOSE_USAGE, facet), _edges(gone["usage"], facet, full=False)
            self._batches(f"{facet} edges that ended", text, edges, version=self.version)
        for name, columns, text in (
            ("addresses", _origins, writes.CLOSE_ADDRESSES),
            ("links", _ties, writes.CLOSE_LINKS),
        ):
            self._batches(f"{name} that ended", text, columns(gone[name]), version=self.version)
        links = fresh["links"]
        self._accounts(
            [*pc.unique(fresh["usage"]["account_id"]).to_pylist(), *_both(links["account_id"], links["other_id"])]
        )
        for facet in USAGE_FACETS:
            edges = _edges(fresh["usage"], facet, full=True)
            values = _unique(edges.pop("value_text"))
            self._values(facet, values)
            self._batches(f"{facet} edges", queries.for_facet(writes.WRITE_USAGE, facet), edges, **stamp)
        self._values("ip", _unique(fresh["addresses"]["ip"].to_pylist()))
        origins = _origins(fresh["addresses"])
        systems = dict(zip(origins["key"], zip(origins["asn"], origins["as_org"], strict=True), strict=True))
        asn, as_org = ([systems[key][at] for key in sorted(systems)] for at in (0, 1))
        self._batches("systems", writes.WRITE_ASNS, {"key": sorted(systems), "asn": asn, "as_org": as_org})
        self._batches("addresses", writes.WRITE_ADDRESSES, origins, **stamp)
        self._batches("links", writes.WRITE_LINKS, _ties(links), **stamp)

    def write_tables(self, tables: Mapping[str, pa.Table]) -> None:
        """Write all result tables under this generation."""
        self._accounts(tables["members"]["account_id"].to_pylist())
        self._accounts(tables["campaign_members"]["account_id"].to_pylist())
        for name in _WRITES:
            text, columns = _WRITES[name], tables[name].column_names
            ordered = tables[name].sort_by([(column, "ascending") for column in columns])
            lists: dict[str, list[Any]] = {column: _listed(ordered[column]) for column in columns}
            if "$account[" in text:
                lists["account"] = _keys(lists.pop("account_id"))
            if "$ordinal[" in text:
                lists["ordinal"] = list(range(len(ordered)))
            self._batches(name, text, lists, generation=self._generation)
        for kind, text in _SUPERSEDES.items():
            self._batches(f"{kind} lineage", text, _heirs(tables["lineage"], kind), generation=self._generation)

    def show(self, run: RunRecord, report: str, *, sequence: int) -> None:
        """Make the run visible in one transaction."""
        facts = {
            "run_id": run.run_id,
            "generation": self._generation,
            "sequence": sequence,
            "version": self.version,
            "config_digest": run.config_digest,
            "seed": run.seed,
            "manifest": run.manifest,
            "report": report,
        }
        names = {"run_id": run.run_id, "generation": self._generation}
        self._lease.write(
            (queries.CLEAR_PENDING, {"holder": self._lease.holder}),
            (queries.SHOW_RUN, facts),
            (queries.UNLINK_RINGS, names),
            (queries.LINK_RINGS, names),
        )

    def _accounts(self, accounts: list[str]) -> None:
        names = _unique(accounts)
        self._batches("accounts", writes.WRITE_ACCOUNTS, {"key": _keys(names), "account_id": names})

    def _values(self, facet: str, values: list[str]) -> None:
        text = queries.for_facet(writes.WRITE_VALUES, facet)
        self._batches(f"{facet} values", text, {"key": _keys(values), "value": values})
        if facet == "ip":
            self._networks(values)

    def _networks(self, ips: list[str]) -> None:
        pairs = [(graph_key(ip), network) for ip in ips if (network := network_of(ip)) is not None]
        lists = {"key": [key for key, _ in pairs], "network": [network for _, network in pairs]}
        self._batches("networks", writes.WRITE_NETWORKS, lists)

    def _batches(self, label: str, text: str, lists: dict[str, list[Any]], **values: object) -> None:
        rows = len(next(iter(lists.values())))
        for start in range(0, rows, BATCH):
            part = {name: column[start : start + BATCH] for name, column in lists.items()}
            self._lease.write((text, {**part, **values}))
            if self._progress is not None:
                self._progress(label, min(start + BATCH, rows), rows)

    def _drain(self, text: str, **values: object) -> None:
        while True:
            rows = self._lease.write((text, {"batch": BATCH, **values}))[0]
            if not rows[0]["removed"]:
                return


_WRITES: Mapping[str, str] = {
    "rings": writes.WRITE_RINGS,
    "members": writes.WRITE_MEMBERS,
    "campaigns": writes.WRITE_CAMPAIGNS,
    "campaign_members": writes.WRITE_CAMPAIGN_MEMBERS,
    "attributions": writes.WRITE_ATTRIBUTIONS,
    "evidence": writes.WRITE_EVIDENCE,
    "suppressed": writes.WRITE_SUPPRESSED,
    "quarantine": writes.WRITE_QUARANTINE,
    "lineage": writes.WRITE_LINEAGE,
}
_SUPERSEDES: Mapping[str, str] = {"ring": writes.SUPERSEDE_RINGS, "campaign": writes.SUPERSEDE_CAMPAIGNS}
_APPENDS: Mapping[str, str] = {
    "judgements": writes.APPEND_JUDGEMENTS,
    "identities": writes.APPEND_IDENTITIES,
    "claims": writes.APPEND_CLAIMS,
}


def append(client: Client, name: str, rows: pa.Table) -> int:
    """Append rows to a ledger; return how many were new. A batch that is sent twice changes nothing."""
    keys = LEDGER_KEYS[name]
    there = {tuple(row[key] for key in keys) for row in client.read(queries.LEDGERS[name])}
    found = zip(*(rows[key].to_pylist() for key in keys), strict=True)
    fresh = rows.take(pa.array([at for at, key in enumerate(found) if key not in there], pa.int64()))
    for start in range(0, len(fresh), BATCH):
        part = fresh.slice(start, BATCH)
        client.write(_APPENDS[name], **{column: _listed(part[column]) for column in part.column_names})
    return len(fresh)


def _heirs(lineage: pa.Table, kind: str) -> dict[str, list[Any]]:
    """Return, in columns, which group of this run stands for which of the run before."""
    ends = {"split": ("id", "other"), "merged": ("other", "id")}
    rows = [
        (row["previous_run"], row[new], row[old], row["event"], row["overlap"])
        for row in lineage.to_pylist()
        if row["kind"] == kind and row["previous_run"] and row["event"] not in {"born", "returned", "ended"}
        for new, old in (ends.get(row["event"], ("id", "id")),)
    ]
    columns = list(zip(*sorted(rows), strict=True)) or [()] * 5
    return dict(zip(("previous_run", "new", "old", "event", "overlap"), map(list, columns), strict=True))


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; times as microseconds since 1970."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


def _edges(usage: pa.Table, facet: str, *, full: bool) -> dict[str, list[Any]]:
    rows = usage.filter(pc.equal(usage["facet"], facet)).sort_by([("account_id", "ascending"), ("value", "ascending")])
    accounts, values = rows["account_id"].to_pylist(), rows["value"].to_pylist()
    lists: dict[str, list[Any]] = {"account": _keys(accounts), "value": _keys(values)}
    if full:
        lists |= {name: _listed(rows[name]) for name in ("events", "first_seen", "last_seen")}
        lists["value_text"] = values
    return lists


def _origins(addresses: pa.Table) -> dict[str, list[Any]]:
    rows = addresses.sort_by([("ip", "ascending")])
    lists = {name: _listed(rows[name]) for name in ADDRESSES.names}
    lists["key"] = [UNKNOWN_ASN if asn is None else str(asn) for asn in lists["asn"]]
    return {**lists, "ip": _keys(lists["ip"])}


def _ties(links: pa.Table) -> dict[str, list[Any]]:
    rows = links.sort_by([("account_id", "ascending"), ("other_id", "ascending")])
    ends = {"account": _keys(rows["account_id"].to_pylist()), "other": _keys(rows["other_id"].to_pylist())}
    return {**ends, **{name: _listed(rows[name]) for name in ("weight", "p_value", "facets")}}


def _less(one: pa.Table, other: pa.Table) -> pa.Table:
    """Return the rows of one table that another one, with the same key, does not have; null equals null."""
    nullable = [field.name for field in one.schema if field.nullable]
    if not nullable:
        return one.join(other, one.schema.names, join_type="left anti")
    return one.take(pa.array(_rows_missing(one, other), pa.int64()))


def _rows_missing(one: pa.Table, other: pa.Table) -> list[int]:
    there = set(zip(*(column.to_pylist() for column in other.columns), strict=True))
    return [at for at, row in enumerate(zip(*(c.to_pylist() for c in one.columns), strict=True)) if row not in there]


def _both(*columns: pa.ChunkedArray) -> list[str]:
    return [name for column in columns for name in pc.unique(column).to_pylist()]


def _keys(values: list[str]) -> list[str]:
    return [graph_key(value) for value in values]


def _unique(values: list[str]) -> list[str]:
    return sorted(set(values))


def usage_columns(rows: Rows) -> dict[str, list[Any]]:
    """Unfold rows of one account each (`queries.USAGE`) into the columns of `USAGE`."""
    columns: dict[str, list[Any]] = {name: [] for name in USAGE.names}
    for row in rows:
        columns["facet"] += [_FACETS[used] for used in row["type"]]
        columns["account_id"] += [row["account"]] * len(row["type"])
        for name in ("value", "events", "first_seen", "last_seen"):
            columns[name] += row[name]
    return columns


def address_columns(rows: Rows) -> dict[str, list[Any]]:
    """Unfold rows of one autonomous system each (`queries.ADDRESSES`) into the columns of `ADDRESSES`."""
    columns: dict[str, list[Any]] = {name: [] for name in ADDRESSES.names}
    for row in rows:
        columns["ip"] += row["ip"]
        columns["asn"] += [row["asn"]] * len(row["ip"])
        for at, name in enumerate(("as_org", "country", "kind")):
            columns[name] += [facts[at] for facts in row["facts"]]
    return columns


def link_columns(rows: Rows) -> dict[str, list[Any]]:
    """Unfold rows of one account each (`queries.LINKS`) into the columns of `LINKS`."""
    columns: dict[str, list[Any]] = {name: [] for name in LINKS.names}
    for row in rows:
        columns["account_id"] += [row["account_id"]] * len(row["other_id"])
        for name in ("other_id", "weight", "p_value", "facets"):
            columns[name] += row[name]
    return columns


_FACETS: Mapping[str, str] = {used: facet for facet, (used, _) in USAGE_EDGES.items()}
