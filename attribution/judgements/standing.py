"""Which judgements stand: not withdrawn, and not contradicted by another one that stands as well."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from attribution.judgements.model import Judgement, Kind, from_table, to_table
from attribution.judgements.reading import load, of_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from attribution.store.base import Store

A = TypeVar("A", int, str)
"""An account: its number, or its name."""


class Effect(StrEnum):
    """What a judgement did to a run."""

    CHANGED = "changed"
    AGREED = "agreed"
    UNMET = "unmet"
    ABSENT = "absent"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one judgement in a run, in words."""

    judgement: Judgement
    effect: Effect
    says: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All judgements that are not withdrawn.

    Attributes
    ----------
    held : those that stand, by time and id.
    disputes : those that contradict one another, with what contradicts them: none of these is applied.
    withdrawn : those that were taken back, with the judgements that did so.
    """

    held: tuple[Judgement, ...] = ()
    disputes: tuple[Outcome, ...] = ()
    withdrawn: frozenset[str] = field(default_factory=frozenset)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that was said and stands; empty where nobody said anything."""
        names = sorted(one.id for one in (*self.held, *(dispute.judgement for dispute in self.disputes)))
        return hashlib.sha256("\n".join(names).encode()).hexdigest() if names else ""

    @property
    def everything(self) -> tuple[Judgement, ...]:
        """Those that stand, and those that contradict one another, by time and id."""
        both = (*self.held, *(dispute.judgement for dispute in self.disputes))
        return tuple(sorted(both, key=lambda one: (one.decided, one.id)))

    def of(self, *kinds: Kind) -> tuple[Judgement, ...]:
        """Return what stands of some kinds."""
        return tuple(one for one in self.held if one.kind in kinds)


def gather(store: Store, file: Path | None = None) -> Standing:
    """Return the judgements of a store; those that people typed into it and those of a file join them first, for good.

    Raises
    ------
    JudgementError
        The file is wrong, or what somebody typed.
    """
    store.adopt(lambda mark: to_table([of_mark(mark)]))
    if file is not None:
        store.append("judgements", to_table(load(file)))
    return weigh(from_table(store.ledger("judgements")))


def weigh(judgements: Iterable[Judgement], merged: Mapping[tuple[str, str], str] | None = None) -> Standing:
    """Take out what is withdrawn, and set aside what contradicts itself.

    Parameters
    ----------
    merged : (kind, id) to the id it went into: judgements about rings that became one are about one ring.
    """
    known = {one.id: one for one in judgements}
    gone = _withdrawn(known)
    active = [one for name, one in known.items() if name not in gone and not _takes_back(one, known)]
    against: dict[str, list[Judgement]] = {}
    for group in (_opposed(active, merged or {}), _torn(active)):
        for one, others in group.items():
            against.setdefault(one, []).extend(others)
    ordered = sorted(active, key=lambda one: (one.decided, one.id))
    disputes = tuple(
        Outcome(one, Effect.CONTRADICTED, _quarrel(against[one.id])) for one in ordered if one.id in against
    )
    return Standing(tuple(one for one in ordered if one.id not in against), disputes, frozenset(gone))


def follow(name: tuple[str, str], went: Mapping[tuple[str, str], str]) -> str:
    """Return the id that a ring or campaign has become part of, through all mergers."""
    kind, at = name
    seen = {at}
    while (kind, at) in went and went[kind, at] not in seen:
        at = went[kind, at]
        seen.add(at)
    return at


def _withdrawn(known: Mapping[str, Judgement]) -> set[str]:
    """Return the ids that are taken back; a withdrawal that is itself withdrawn takes nothing back."""
    withdrawals = [one for one in known.values() if one.kind is Kind.WITHDRAWN]
    gone: set[str] = set()
    # Latest first: a withdrawal can only be withdrawn by a later one.
    for one in sorted(withdrawals, key=lambda w: (w.decided, w.id), reverse=True):
        if one.id not in gone:
            gone.add(one.subject)
    return gone


def _takes_back(one: Judgement, known: Mapping[str, Judgement]) -> bool:
    """Tell a withdrawal that did its work from one of a judgement that nobody made: that one is reported."""
    return one.kind is Kind.WITHDRAWN and one.subject in known


def _opposed(active: Sequence[Judgement], merged: Mapping[tuple[str, str], str]) -> dict[str, list[Judgement]]:
    """Return judgements about one subject that cannot both be so."""
    rings: dict[str, list[Judgement]] = {}
    labs: dict[str, list[Judgement]] = {}
    for one in active:
        if one.kind in {Kind.RING_CONFIRMED, Kind.RING_REJECTED}:
            rings.setdefault(follow(("ring", one.subject), merged), []).append(one)
        elif one.kind in {Kind.ATTRIBUTION_ACCEPTED, Kind.ATTRIBUTION_DISPUTED}:
            labs.setdefault(follow(("campaign", one.subject), merged), []).append(one)
    against: dict[str, list[Judgement]] = {}
    for group in (*rings.values(), *labs.values()):
        for one in group:
            others = [other for other in group if _clash(one, other)]
            if others:
                against[one.id] = others
    return against


def _clash(one: Judgement, other: Judgement) -> bool:
    if one.kind in {Kind.RING_CONFIRMED, Kind.RING_REJECTED}:
        return one.kind is not other.kind
    if one.kind is other.kind:
        return one.kind is Kind.ATTRIBUTION_ACCEPTED and one.object != other.object
    return one.object == other.object


def _torn(active: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """Return cannot-links inside one group of must-links, and the must-links that tie that group."""
    must = [one for one in active if one.kind is Kind.MUST_LINK]
    group = groups_of((one.subject, str(one.object)) for one in must)
    against: dict[str, list[Judgement]] = {}
    for one in active:
        if one.kind is Kind.CANNOT_LINK and group.get(one.subject, one.subject) == group.get(str(one.object)):
            ties = [tie for tie in must if group[tie.subject] == group[one.subject]]
            against.setdefault(one.id, []).extend(ties)
            for tie in ties:
                against.setdefault(tie.id, []).append(one)
    return against


def groups_of(pairs: Iterable[tuple[A, A]]) -> dict[A, A]:
    """Return, for each account of some pairs, the first account of all that hang together with it."""
    root: dict[A, A] = {}

    def find(name: A) -> A:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return {name: find(name) for name in sorted(root)}


def _quarrel(others: Sequence[Judgement]) -> str:
    shown = "; ".join(f"{other.id} ({other.says}, {other.by})" for other in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""  # three are enough to see the quarrel
    return f"not applied: contradicted by {shown}{more}; withdraw one with `attribution judge withdraw`"
