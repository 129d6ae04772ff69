"""What became of each group since the run before, and which id it has from now on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from attribution.lineage.matching import Group, assign, compare

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from attribution.lineage.matching import Pairs

CHANGED = 0.1
"""Part of its size by which a group must change to be said to have grown or shrunk."""
MOST = 0.5
"""Part of a group that must come from, or go to, another one to be called a split or a merger."""
_NUMBERED = re.compile(r"(.*-c)\d+")


class Event(StrEnum):
    """What happened to an id since the run before."""

    BORN = "born"
    KEPT = "kept"
    GREW = "grew"
    SHRANK = "shrank"
    SPLIT = "split"
    RETURNED = "returned"
    MERGED = "merged"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lineage: `id` after, sizes before and after, accounts that joined and left, and why.

    `other` is the id that a split came out of, or that a merged group went into.
    """

    kind: str
    id: str
    event: Event
    other: str | None
    previous_size: int
    size: int
    joined: int
    departed: int
    overlap: float
    reason: str


@dataclass(frozen=True, slots=True)
class Followed:
    """`ids`: the id that each group of this run brought to the id that it has from now on; `steps` by id."""

    ids: Mapping[str, str]
    steps: tuple[Step, ...]


def follow(
    kind: str,
    before: Sequence[Group],
    after: Sequence[Group],
    *,
    dormant: Sequence[Group] = (),
    taken: Collection[str] = (),
    present: Collection[str] = (),
) -> Followed:
    """Give every group of `after` its lasting id.

    Parameters
    ----------
    dormant : groups that ended in one of the last runs, as they were last seen: one that comes back is itself again.
    taken : every id that was ever given to a group of this kind: a new group gets none of them.
    present : accounts that the logs have, for the reason of an end.
    """
    old, new, away = (sorted(side, key=lambda group: group.id) for side in (before, after, dormant))
    pairs = compare(old, new)
    heir = assign(pairs, (len(old), len(new)))
    ids: dict[int, str] = {int(c): old[p].id for p, c in enumerate(heir) if c >= 0}
    matched = {int(c): p for p, c in enumerate(heir) if c >= 0}
    split = _splits(pairs, set(matched))
    lone = [c for c in range(len(new)) if c not in matched and c not in split]
    back = _returned(away, new, lone, used={group.id for group in old})
    ids |= {c: group.id for c, (group, _) in back.items()}
    used = set(ids.values()) | set(taken) | {group.id for group in (*old, *away)}
    for c, group in enumerate(new):
        if c not in ids:
            ids[c] = fresh(group.id, used)
            used.add(ids[c])
    steps = [_kept(kind, old[p], new[c], pairs, p, c) for c, p in matched.items()]
    steps += [_split(kind, ids[c], old[p], new[c], pairs, p, c) for c, p in split.items()]
    steps += [_back(kind, group, new[c], overlap) for c, (group, overlap) in back.items()]
    steps += [_born(kind, ids[c], new[c], known=bool(old)) for c in lone if c not in back]
    steps += [_gone(kind, old[p], pairs, p, ids, new, present) for p in range(len(old)) if heir[p] < 0]
    return Followed({group.id: ids[c] for c, group in enumerate(new)}, tuple(sorted(steps, key=lambda step: step.id)))


def fresh(wanted: str, taken: Collection[str]) -> str:
    """Return an id that nobody ever had: the one that the content gives, or the next after it."""
    numbered, name, tries = _NUMBERED.fullmatch(wanted), wanted, 1
    while name in taken:
        tries += 1
        if numbered:
            name = f"{numbered[1]}{tries}"
        else:
            head, _, _ = wanted.rpartition("-")
            name = f"{head}-{hashlib.sha256(f'{wanted}/{tries}'.encode()).hexdigest()[:12]}"
    return name


def _splits(pairs: Pairs, matched: set[int]) -> dict[int, int]:
    """Return the groups that came, for the most part, out of one group that lives on elsewhere (or ended in parts)."""
    best: dict[int, tuple[float, int]] = {}
    for p, c, made in zip(pairs.before.tolist(), pairs.after.tolist(), pairs.made.tolist(), strict=True):
        if c not in matched and made >= MOST and (c not in best or made > best[c][0]):
            best[c] = (made, p)
    return {c: p for c, (_, p) in sorted(best.items())}


def _returned(
    away: Sequence[Group], new: Sequence[Group], lone: Sequence[int], used: set[str]
) -> dict[int, tuple[Group, float]]:
    """Match what has no past with what was gone for a while."""
    candidates = [group for group in away if group.id not in used]
    if not candidates or not lone:
        return {}
    pairs = compare(candidates, [new[c] for c in lone])
    heir = assign(pairs, (len(candidates), len(lone)))
    at = {(p, c): k for k, (p, c) in enumerate(zip(pairs.before.tolist(), pairs.after.tolist(), strict=True))}
    return {
        lone[int(c)]: (candidates[p], float(pairs.overlap[at[p, int(c)]])) for p, c in enumerate(heir) if int(c) >= 0
    }


def _row(pairs: Pairs, p: int, c: int) -> int:
    return int(np.flatnonzero((pairs.before == p) & (pairs.after == c))[0])


def _kept(kind: str, old: Group, new: Group, pairs: Pairs, p: int, c: int) -> Step:
    at, was, now = _row(pairs, p, c), len(old.members), len(new.members)
    shared = int(pairs.shared[at])
    event = Event.KEPT
    if abs(now - was) > CHANGED * was:
        event = Event.GREW if now > was else Event.SHRANK
    said = f"{shared:,} of {was:,} accounts are still in it, {now - shared:,} joined, {was - shared:,} left"
    if not shared:
        said = f"none of its {was:,} accounts is left, but {pairs.kept[at]:.0%} of what told it from others"
    return Step(kind, old.id, event, None, was, now, now - shared, was - shared, _rounded(pairs.overlap[at]), said)


def _split(kind: str, name: str, old: Group, new: Group, pairs: Pairs, p: int, c: int) -> Step:
    at, was, now = _row(pairs, p, c), len(old.members), len(new.members)
    shared = int(pairs.shared[at])
    said = f"{shared:,} of its {now:,} accounts were in {old.id} ({was:,}) before"
    return Step(kind, name, Event.SPLIT, old.id, was, now, now - shared, 0, _rounded(pairs.overlap[at]), said)


def _back(kind: str, old: Group, new: Group, overlap: float) -> Step:
    was, now = len(old.members), len(new.members)
    shared = len(old.members.keys() & new.members.keys())
    said = f"gone for a while; {shared:,} of the {was:,} accounts that it had when last seen are back"
    return Step(kind, old.id, Event.RETURNED, None, was, now, now - shared, was - shared, _rounded(overlap), said)


def _born(kind: str, name: str, new: Group, *, known: bool) -> Step:
    said = "shares too little with any group of the run before" if known else "no run before knows any group"
    return Step(kind, name, Event.BORN, None, 0, len(new.members), len(new.members), 0, 0.0, said)


def _gone(
    kind: str,
    old: Group,
    pairs: Pairs,
    p: int,
    ids: Mapping[int, str],
    new: Sequence[Group],
    present: Collection[str],
) -> Step:
    """Say where the accounts of a group that has no heir are now."""
    mine = np.flatnonzero(pairs.before == p)
    was = len(old.members)
    if len(mine):
        best = mine[int(np.argmax(pairs.kept[mine]))]
        into = ids[int(pairs.after[best])]
        if pairs.kept[best] >= MOST:
            said = f"{int(pairs.shared[best]):,} of its {was:,} accounts are now in {into}"
            return Step(kind, old.id, Event.MERGED, into, was, 0, 0, was, _rounded(pairs.overlap[best]), said)
    elsewhere = set().union(*(new[int(c)].members.keys() for c in pairs.after[mine])) & old.members.keys()
    lost = sum(account not in present for account in old.members) if present else 0
    alone = was - len(elsewhere) - lost
    said = f"of its {was:,} accounts {len(elsewhere):,} are in other groups, {alone:,} in none"
    said += f", {lost:,} no longer in the logs" if lost else ""
    return Step(kind, old.id, Event.ENDED, None, was, 0, 0, was, 0.0, said)


def _rounded(overlap: float) -> float:
    return round(float(overlap), 6)
