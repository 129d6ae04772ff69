"""Publishing a run into the graph, so that a reader sees all of it or none.

Everything is written under the run's content digest (its *generation*) and a new usage version, which no reader looks
at; one small transaction then makes the run visible; what no visible run needs is removed afterwards. One process
writes at a time, under a lease that lapses when the process dies (`neo4j_lease`); the next one clears what it left.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attribution.ingest.addresses import network_of
from attribution.store.base import FACTS, USAGE_FACETS
from attribution.store.ledgers import LEDGER_KEYS
from attribution.store.neo4j_rows import (
    BATCH,
    apart,
    asn_key,
    batches,
    graph_key,
    graph_keys,
    grouped,
    less,
    listed,
)
from graph_schema import queries, writes
from graph_schema.model import PER_RUN
from graph_schema.model import VERSIONED as VERSIONED_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from attribution.store.base import RunRecord
    from attribution.store.neo4j_client import Client, Step
    from attribution.store.neo4j_lease import Lease
    from attribution.store.neo4j_rows import Columns
    from attribution.telemetry import ProgressCallback

VERSIONED: tuple[str, ...] = (*FACTS, "links")
"""Tables whose rows are written once and hold for versions of the graph."""
SIDES = (("ip",), ("device", "payment", "template"))
"""Facets that may be written side by side: no value belongs to both."""


class Publication:
    """One publication, under a lease that is already held."""

    def __init__(self, lease: Lease, generation: str, version: int, progress: ProgressCallback | None) -> None:
        self._lease = lease
        self._generation = generation
        self._progress = progress
        self._said = threading.Lock()
        self.version = version

    def clear(self, generations: list[str]) -> None:
        """Remove everything that no visible run sees."""
        self._drain([queries.for_label(writes.STALE_NODES, label) for label in PER_RUN], generations=generations)
        if self._lease.pending is not None:
            texts = (writes.STALE_EDGES, writes.REOPEN_EDGES)
            self._drain(
                [queries.for_type(text, used) for text in texts for used in VERSIONED_TYPES], version=self.version
            )

    def write_edges(
        self, run: RunRecord, current: Mapping[str, pa.Table], wanted: Mapping[str, pa.Table], loaded: pa.Table
    ) -> None:
        """Write what changed between two sets of versioned tables (`VERSIONED`), under the next version.

        A usage edge that others `loaded` stands as they loaded it: it is neither ended nor written a second time.
        """
        gone = {name: less(current[name], wanted[name]) for name in VERSIONED}
        fresh = {name: less(wanted[name], current[name]) for name in VERSIONED}
        gone["usage"], fresh["usage"] = (apart(rows["usage"], loaded) for rows in (gone, fresh))
        fresh = {name: rows.sort_by(_ORDER[name]) for name, rows in fresh.items()}
        self.write_networks(loaded.filter(pc.equal(loaded["facet"], "ip")))
        if not any(map(len, (*gone.values(), *fresh.values()))):
            return
        self.version += 1
        self._lease.write((queries.MARK_PENDING, {"holder": self._lease.holder, "version": self.version}))
        self._end(gone)
        usage, addresses, links = (fresh[name] for name in VERSIONED)
        self._lease.write_lanes(
            self._accounts([usage["account_id"], links["account_id"], links["other_id"]]),
            self._all_values(usage, addresses),
        )
        stamp = {"version": self.version, "run": run.run_id}
        halves = _halves(usage)
        for one, other in (halves, halves[::-1]):  # neither accounts nor values meet in two lanes
            self._lease.write_lanes(self._usage(one, SIDES[0], stamp), self._usage(other, SIDES[1], stamp))
        self._lease.write_lanes(
            self._steps("addresses", writes.WRITE_ADDRESSES, _origins(addresses), len(addresses), stamp),
            self._steps("links", writes.WRITE_LINKS, grouped(links, *links.column_names), len(links), stamp),
        )

    def write_networks(self, addresses: pa.Table) -> None:
        """Put the addresses that others loaded into their networks."""
        self._lease.write_lanes(self._networks(_unique([addresses["value"]])))

    def write_tables(self, tables: Mapping[str, pa.Table]) -> None:
        """Write all result tables under this generation."""
        people = [tables[name]["account_id"] for name in ("members", "campaign_members")]
        self._lease.write_lanes(self._accounts(people))
        for name, text in _WRITES.items():
            columns = tables[name].column_names
            ordered = tables[name].sort_by([(column, "ascending") for column in columns])
            lists: Columns = {column: listed(ordered[column]) for column in columns}
            if "$account[" in text:
                lists["account"] = graph_keys(lists.pop("account_id"))
            if "$ordinal[" in text:
                lists["ordinal"] = list(range(len(ordered)))
            self._merge(name, text, lists, generation=self._generation)
        for kind, text in _SUPERSEDES.items():
            self._merge(f"{kind} lineage", text, _heirs(tables["lineage"], kind), generation=self._generation)

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

    def _end(self, gone: Mapping[str, pa.Table]) -> None:
        """End the edges that no longer hold."""
        for facet in USAGE_FACETS:
            rows = _of(gone["usage"], (facet,)).sort_by(_ORDER["usage"])
            lists = {name: graph_keys(rows[name].to_pylist()) for name in ("account_id", "value")}
            self._merge(
                f"{facet} edges that ended",
                queries.for_facet(writes.CLOSE_USAGE, facet),
                lists,
                version=self.version,
            )
        ips = {"ip": graph_keys(sorted(gone["addresses"]["ip"].to_pylist()))}
        self._merge("addresses that ended", writes.CLOSE_ADDRESSES, ips, version=self.version)
        links = gone["links"].sort_by(_ORDER["links"])
        ends = {name: graph_keys(links[name].to_pylist()) for name in ("account_id", "other_id")}
        self._merge("links that ended", writes.CLOSE_LINKS, ends, version=self.version)

    def _accounts(self, columns: Iterable[pa.ChunkedArray]) -> Iterator[Step]:
        names = _unique(columns)
        lists = {"key": graph_keys(names), "account_id": names}
        yield from self._steps("accounts", writes.WRITE_ACCOUNTS, batches(lists), len(names))

    def _all_values(self, usage: pa.Table, addresses: pa.Table) -> Iterator[Step]:
        for facet in USAGE_FACETS:
            columns = [_of(usage, (facet,))["value"], *([addresses["ip"]] if facet == "ip" else [])]
            values = _unique(columns)
            lists: Columns = {"key": graph_keys(values), "value": values}
            text = queries.for_facet(writes.WRITE_VALUES, facet)
            yield from self._steps(f"{facet} values", text, batches(lists), len(values))
            if facet == "ip":
                yield from self._networks(values)
        systems = dict(zip(addresses["asn"].to_pylist(), addresses["as_org"].to_pylist(), strict=True))
        named = sorted((asn_key(asn), asn, None if asn is None else systems[asn]) for asn in systems)
        lists = {name: [one[at] for one in named] for at, name in enumerate(("key", "asn", "as_org"))}
        yield from self._steps("systems", writes.WRITE_ASNS, batches(lists), len(named))

    def _networks(self, ips: list[str]) -> Iterator[Step]:
        pairs = [(graph_key(ip), network) for ip in ips if (network := network_of(ip)) is not None]
        lists: Columns = {"key": [key for key, _ in pairs], "network": [network for _, network in pairs]}
        yield from self._steps("networks", writes.WRITE_NETWORKS, batches(lists), len(pairs))

    def _usage(self, usage: pa.Table, side: tuple[str, ...], stamp: Mapping[str, object]) -> Iterator[Step]:
        for facet in side:
            rows = _of(usage, (facet,))
            text = queries.for_facet(writes.WRITE_USAGE, facet)
            groups = grouped(rows, "account_id", "value", "events", "first_seen", "last_seen")
            yield from self._steps(f"{facet} edges", text, groups, len(rows), stamp)

    def _merge(self, label: str, text: str, lists: Columns, **values: object) -> None:
        rows = len(next(iter(lists.values())))
        for _, given in self._steps(label, text, batches(lists), rows, values):
            self._lease.write((text, given))

    def _steps(
        self, label: str, text: str, parts: Iterable[Columns], rows: int, values: Mapping[str, object] | None = None
    ) -> Iterator[Step]:
        """Yield one step a part, and say how far it is when the next one is asked for."""
        for number, part in enumerate(parts, start=1):
            yield text, {**part, **(values or {})}
            if self._progress is not None:
                with self._said:
                    self._progress(label, min(number * BATCH, rows), rows)

    def _drain(self, texts: list[str], **values: object) -> None:
        """Run texts that remove a batch each, in one transaction, again and again those that found something."""
        while texts:
            found = self._lease.write(*((text, {"batch": BATCH, **values}) for text in texts))
            texts = [text for text, rows in zip(texts, found, strict=True) if rows[0]["removed"]]


_ORDER: Mapping[str, list[tuple[str, str]]] = {
    "usage": [("account_id", "ascending"), ("facet", "ascending"), ("value", "ascending")],
    "addresses": [("asn", "ascending"), ("ip", "ascending")],
    "links": [("account_id", "ascending"), ("other_id", "ascending")],
}
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


def adopt(client: Client, place: str, row: pa.Table) -> None:
    """Complete a judgement that somebody typed; one whose content is in the ledger already stays as it is."""
    client.write(
        writes.ADOPT_JUDGEMENT,
        place=place,
        **{name: listed(row[name])[0] for name in row.column_names if name != "kind"},
    )


def append(client: Client, name: str, rows: pa.Table) -> int:
    """Append rows to a ledger; return how many were new. A batch that is sent twice changes nothing."""
    keys = LEDGER_KEYS[name]
    there = {tuple(row[key] for key in keys) for row in client.read(queries.LEDGERS[name])}
    found = zip(*(rows[key].to_pylist() for key in keys), strict=True)
    fresh = rows.take(pa.array([at for at, key in enumerate(found) if key not in there], pa.int64()))
    for part in batches({column: listed(fresh[column]) for column in fresh.column_names}):
        client.write(_APPENDS[name], **part)
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


def _origins(addresses: pa.Table) -> Iterator[Columns]:
    """Return the addresses in groups of one autonomous system."""
    keys = pa.chunked_array([[asn_key(asn) for asn in addresses["asn"].to_pylist()]], pa.string())
    return grouped(addresses.append_column("key", keys), "key", "ip", "as_org", "country", "kind")


def _halves(usage: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Cut usage edges, in the order of their accounts, into two halves without a common account."""
    if not len(usage):
        return usage, usage
    account = usage["account_id"]
    low = pc.sum(pc.less(account, account[len(usage) // 2])).as_py()
    return usage.slice(0, low), usage.slice(low)


def _of(usage: pa.Table, facets: tuple[str, ...]) -> pa.Table:
    return usage.filter(pc.is_in(usage["facet"], value_set=pa.array(facets, pa.string())))


def _unique(columns: Iterable[pa.ChunkedArray]) -> list[str]:
    return sorted({name for column in columns for name in pc.unique(column).to_pylist()})
