"""What the store remembers: the run before, the groups that it found, the ids that were ever given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import NotFoundError
from attribution.lineage.follow import Event, Followed, follow
from attribution.lineage.groups import (
    campaign_groups,
    read_marks,
    renamed_campaigns,
    renamed_rings,
    ring_groups,
    write_marks,
)
from attribution.lineage.matching import Group
from attribution.store.ledgers import LEDGERS, LINEAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from attribution.domain import Campaign, Population, Ring
    from attribution.store.base import RunRecord, Store

RING, CAMPAIGN = "ring", "campaign"
DORMANT = 14
"""Runs after its end within which a group that comes back is itself again."""
_TABLES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {RING: ("members", "ring_id", "confidence"), CAMPAIGN: ("campaign_members", "campaign_id", "share")}
)
_GIVEN = frozenset({Event.BORN.value, Event.SPLIT.value})


@dataclass(frozen=True, slots=True)
class Past:
    """What came before a run.

    Attributes
    ----------
    previous_run : the run that it is compared with, None for the first one of a store.
    groups, dormant : by kind (`ring`, `campaign`), as the run before left them; those that ended lately.
    taken : by kind, every id that was ever given.
    went : (kind, id) to the ids that it went into or came out of, over the whole history: for judgements that follow.
    verdicts, names : ring to verdict, campaign to the lab that was named (None: abstained), in the run before.
    dossiers : lab to version in the run before; None where that run did not say.
    judgements : ids of those that the run before knew; None where it did not say.
    """

    previous_run: str | None = None
    groups: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    dormant: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)
    merged: Mapping[tuple[str, str], str] = field(default_factory=dict)
    split: Mapping[tuple[str, str], str] = field(default_factory=dict)
    verdicts: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    dossiers: Mapping[str, str] | None = None
    judgements: frozenset[str] | None = None


def recall(store: Store, run_id: str) -> Past:
    """Return what came before a run; a run that is repeated is compared with the same one as at first.

    The store's latest run is the one before, unless it is this very run.
    """
    runs = {run.run_id: run for run in store.runs()}
    previous = _previous(runs[run_id]) if run_id in runs else next(iter(runs), None)
    given = store.ledger("identities").filter(pc.not_equal(pc.field("run_id"), run_id)).to_pylist()
    taken = {kind: frozenset(r["id"] for r in given if r["kind"] == kind and r["event"] in _GIVEN) for kind in _TABLES}
    if previous is None or previous not in runs:
        return Past(taken=taken)
    chain = _chain(runs, previous)
    within = set(chain)
    known = [row for row in given if row["run_id"] in within]
    facts = _facts(runs[previous])
    groups = {kind: _groups(store, kind, previous) for kind in _TABLES}
    return Past(
        previous_run=previous,
        groups=groups,
        dormant={kind: _dormant(store, kind, chain, {group.id for group in groups[kind]}) for kind in _TABLES},
        taken=taken,
        merged={(r["kind"], r["id"]): r["other"] for r in known if r["event"] == Event.MERGED},
        split={(r["kind"], r["id"]): r["other"] for r in known if r["event"] == Event.SPLIT},
        verdicts=_column(store.table("rings", previous), "ring_id", "verdict"),
        names=_names(store.table("attributions", previous)),
        dossiers=facts.get("dossiers"),
        judgements=frozenset(facts["judgements"]) if "judgements" in facts else None,
    )


def follow_rings(rings: Sequence[Ring], past: Past, population: Population) -> tuple[tuple[Ring, ...], pa.Table]:
    """Return the rings under their lasting ids, and their rows of the lineage table."""
    groups = ring_groups(rings, population)
    followed = _followed(RING, groups, past, population)
    return renamed_rings(rings, followed.ids), lineage_table(RING, followed, groups, past)


def follow_campaigns(
    campaigns: Sequence[Campaign], past: Past, population: Population
) -> tuple[tuple[Campaign, ...], pa.Table]:
    """Return the campaigns under their lasting ids, and their rows of the lineage table."""
    groups = campaign_groups(campaigns, population)
    followed = _followed(CAMPAIGN, groups, past, population)
    return renamed_campaigns(campaigns, followed.ids), lineage_table(CAMPAIGN, followed, groups, past)


def _followed(kind: str, groups: Sequence[Group], past: Past, population: Population) -> Followed:
    return follow(
        kind,
        past.groups.get(kind, ()),
        groups,
        dormant=past.dormant.get(kind, ()),
        taken=past.taken.get(kind, frozenset()),
        present=set(population.accounts.to_pylist()) if past.groups.get(kind) else (),
    )


def lineage_table(kind: str, followed: Followed, groups: Iterable[Group], past: Past) -> pa.Table:
    """Return the steps in the schema of `LINEAGE`, with the marks of the groups of this run."""
    marks = {followed.ids[group.id]: write_marks(group.marks) for group in groups}
    rows = [
        (
            *(kind, s.id, s.event.value, s.other, past.previous_run, s.previous_size),
            *(s.size, s.joined, s.departed, s.overlap, s.reason, marks.get(s.id, "[]")),
        )
        for s in followed.steps
    ]
    return pa.Table.from_pylist([dict(zip(LINEAGE.names, row, strict=True)) for row in rows], schema=LINEAGE)


def identities(lineage: pa.Table, run_id: str) -> pa.Table:
    """Return what a run adds to the ledger of ids: those that it gave, and what merged into what."""
    telling = (Event.BORN, Event.SPLIT, Event.MERGED)
    rows = [
        {"kind": row["kind"], "id": row["id"], "event": row["event"], "other": row["other"] or "", "run_id": run_id}
        for row in lineage.to_pylist()
        if row["event"] in telling
    ]
    return pa.Table.from_pylist(rows, schema=LEDGERS["identities"])


def _facts(run: RunRecord) -> dict[str, Any]:
    try:
        facts = json.loads(run.manifest)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _previous(run: RunRecord) -> str | None:
    found = _facts(run).get("previous_run")
    return found if isinstance(found, str) else None


def _chain(runs: Mapping[str, RunRecord], last: str) -> list[str]:
    """Return a run and those before it, latest first."""
    chain: list[str] = []
    at: str | None = last
    while at is not None and at in runs and at not in chain:
        chain.append(at)
        at = _previous(runs[at])
    return chain


def _groups(store: Store, kind: str, run_id: str, only: frozenset[str] | None = None) -> tuple[Group, ...]:
    table, key, weight = _TABLES[kind]
    rows, lineage = store.table(table, run_id), _lineage(store, kind, run_id)
    if only is not None:
        rows = rows.filter(pc.is_in(rows[key], value_set=pa.array(sorted(only), pa.string())))
    members: dict[str, dict[str, float]] = {}
    for name, account, share in zip(*(rows[column].to_pylist() for column in (key, "account_id", weight)), strict=True):
        members.setdefault(name, {})[account] = share
    marks = _column(lineage, "id", "marks")
    return tuple(
        Group(name, dict(sorted(mine.items())), read_marks(marks.get(name, "[]")))
        for name, mine in sorted(members.items())
    )


def _dormant(store: Store, kind: str, chain: Sequence[str], alive: set[str]) -> tuple[Group, ...]:
    """Return the groups that ended in one of the last runs, as the run before their end had them."""
    found: list[Group] = []
    seen = set(alive)
    for run_id in chain[:DORMANT]:
        rows = _lineage(store, kind, run_id)
        ended = rows.filter(pc.equal(rows["event"], Event.ENDED.value))
        wanted = frozenset(ended["id"].to_pylist()) - seen
        before = next((run for run in ended["previous_run"].to_pylist() if run), None)
        if wanted and before is not None:
            try:
                found += _groups(store, kind, before, wanted)
            except NotFoundError:  # the run was removed since
                continue
        seen |= wanted
    return tuple(sorted(found, key=lambda group: group.id))


def _lineage(store: Store, kind: str, run_id: str) -> pa.Table:
    rows = store.table("lineage", run_id)
    return rows.filter(pc.equal(rows["kind"], kind))


def _names(rows: pa.Table) -> dict[str, str | None]:
    return {
        row["campaign_id"]: None if row["abstained"] else row["lab_id"] for row in rows.to_pylist() if row["rank"] == 1
    }


def _column(table: pa.Table, key: str, value: str) -> dict[str, str]:
    return dict(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True))
