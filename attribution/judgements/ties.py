"""Must-links and cannot-links: on the validated links first, then on the clusters, since Leiden promises nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Partition
from attribution.judgements.standing import groups_of
from attribution.plaintext import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from attribution.domain import Links
    from attribution.judgements.model import Judgement

MUST = 50.0
"""Nats of a link that a person vouches for: more than any evidence in the logs may bring."""
SURE = 5e-324
"""Its p-value: the least number above zero, since 0 has no logarithm."""
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tie:
    """Accounts of the logs that people say have one operator.

    Attributes
    ----------
    accounts : two of them, or more that hang on the same absent accounts; ascending.
    judgements : the must-links that say so.
    absent : names of the accounts between them that are not in the logs; none where a judgement names both.
    """

    accounts: tuple[int, ...]
    judgements: tuple[Judgement, ...]
    absent: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Pairs that hold all of them together."""
        return tuple(pairwise(self.accounts))


@dataclass(frozen=True, slots=True)
class Moves:
    """What the constraints did to the clusters.

    Attributes
    ----------
    joined : accounts, or clusters of them, brought together, by pair of accounts that must be together.
    left : the account that left its cluster, by pair that must not be together.
    """

    joined: frozenset[Pair]
    left: Mapping[Pair, int]


def stated(judgements: Iterable[Judgement], place: Mapping[str, int]) -> tuple[Tie, ...]:
    """Return what must-links tie, directly or through accounts that are not in the logs.

    `place` is the number of each account that is. A must-link whose absent account leads nowhere ties nothing.
    """
    direct: dict[Pair, list[Judgement]] = {}
    open_ended: list[Judgement] = []
    for one in judgements:
        first, second = place.get(one.subject), place.get(str(one.object))
        if first is None or second is None:
            open_ended.append(one)
        else:
            direct.setdefault((min(first, second), max(first, second)), []).append(one)
    return (*(Tie(pair, tuple(direct[pair])) for pair in sorted(direct)), *_through(open_ended, place))


def _through(judgements: Sequence[Judgement], place: Mapping[str, int]) -> tuple[Tie, ...]:
    """Return what is tied through absent accounts: one tie for each set of these that hang together."""
    leading = _leading(judgements, place)
    named = [(one, {one.subject, str(one.object)}) for one in judgements]
    used = [(one, names) for one, names in named if names - place.keys() <= leading]
    first = groups_of((min(gone), max(gone)) for _, names in used for gone in [names - place.keys()])
    accounts: dict[str, set[int]] = {}
    said: dict[str, list[Judgement]] = {}
    for one, names in used:
        root = first[min(names - place.keys())]
        accounts.setdefault(root, set()).update(place[name] for name in names & place.keys())
        said.setdefault(root, []).append(one)
    return tuple(
        Tie(tuple(sorted(accounts[root])), tuple(said[root]), tuple(name for name in first if first[name] == root))
        for root in sorted(said)
        if len(accounts[root]) > 1
    )


def _leading(judgements: Sequence[Judgement], place: Mapping[str, int]) -> set[str]:
    """Return the absent accounts that lead from one account to another: dead ends are taken off, one by one."""
    beside: dict[str, set[str]] = {}
    for one in judgements:
        for name, other in ((one.subject, str(one.object)), (str(one.object), one.subject)):
            if name not in place:
                beside.setdefault(name, set()).add(other)
    ends = [name for name in beside if len(beside[name]) < 2]
    while ends:
        end = ends.pop()
        for other in beside.pop(end):
            if other in beside:
                beside[other].discard(end)
                ends += [other] if len(beside[other]) == 1 else []
    return set(beside)


def few(names: Sequence[str]) -> str:
    """Return names for a sentence, fit to be shown: all, or the first three and how many more."""
    shown = [clean(name, 80) for name in names[:3]]
    more = [f"{len(names) - 3:,} more"] if len(names) > 3 else []
    return " and ".join(filter(None, (", ".join([*shown, *more][:-1]), [*shown, *more][-1])))


def constrain(links: Links, must: Sequence[Pair], cannot: Sequence[Pair]) -> tuple[Links, frozenset[Pair]]:
    """Return the links with those that must be, without those that cannot be; and the pairs that were linked before."""
    wanted, barred = sorted(set(must)), sorted(set(cannot))
    size = int(max([*links.source, *links.target, *(b for pair in (*wanted, *barred) for b in pair)], default=0)) + 1
    key = links.source.astype(np.int64) * size + links.target
    there = {pair: np.flatnonzero(key == _key(pair, size)) for pair in (*wanted, *barred)}
    keep = np.ones(len(key), bool)
    for pair in (*wanted, *barred):
        keep[there[pair]] = False
    nothing = np.zeros((1, len(links.facets)), np.float32)
    old = [links.by_facet[there[pair]] if len(there[pair]) else nothing for pair in wanted]
    source = np.concatenate([links.source[keep], np.array([a for a, _ in wanted], np.int32)])
    target = np.concatenate([links.target[keep], np.array([b for _, b in wanted], np.int32)])
    order = np.lexsort((target, source))
    weights = [max(MUST, float(links.weight[there[pair]].sum())) for pair in wanted]
    made = replace(
        links,
        source=source[order].astype(np.int32),
        target=target[order].astype(np.int32),
        by_facet=np.concatenate([links.by_facet[keep], *old])[order].astype(np.float32),
        weight=np.concatenate([links.weight[keep], np.array(weights, np.float32)])[order].astype(np.float32),
        p_value=np.concatenate([links.p_value[keep], np.full(len(wanted), SURE)])[order],
    )
    return made, frozenset(pair for pair, rows in there.items() if len(rows))


def hold(
    found: Partition, links: Links, must: Sequence[Pair], cannot: Sequence[Pair], min_size: int
) -> tuple[Partition, Moves]:
    """Return the clusters with every constraint kept.

    Accounts that must be together are put into one cluster, whole clusters with them. Of two that cannot be together
    the one with the weaker ties to the rest leaves, with all that must be with it. O(clusters + links x constraints).
    """
    clusters = {
        at: dict(zip(c.tolist(), f.tolist(), strict=True))
        for at, (c, f) in enumerate(zip(found.clusters, found.frequency, strict=True))
    }
    home = {account: at for at, members in clusters.items() for account in members}
    tied = _groups(must)
    joined: set[Pair] = set()
    for group in tied:
        if _gather(group, clusters, home, min_size):
            joined |= {pair for pair in must if pair[0] in group}
    left: dict[Pair, int] = {}
    for pair in sorted(set(cannot)):
        if pair[0] in home and home.get(pair[0]) == home.get(pair[1]):
            leaver = _weaker(pair, clusters[home[pair[0]]], links)
            _leave(next((g for g in tied if leaver in g), frozenset({leaver})), clusters, home, min_size)
            left[pair] = leaver
    kept = [members for members in clusters.values() if len(members) >= min_size]
    arrays = [np.array(sorted(members), np.int32) for members in kept]
    shares = [
        np.array([members[account] for account in accounts.tolist()], np.float32)
        for members, accounts in zip(kept, arrays, strict=True)
    ]
    return Partition.by_size(arrays, shares, found.agreement), Moves(frozenset(joined), left)


def _key(pair: Pair, size: int) -> int:
    return min(pair) * size + max(pair)


def _groups(must: Sequence[Pair]) -> list[frozenset[int]]:
    """Return the accounts that must be together, directly or through others, in groups by their first account."""
    found: dict[int, set[int]] = {}
    for account, first in groups_of(must).items():
        found.setdefault(first, set()).add(account)
    return [frozenset(found[first]) for first in sorted(found)]


def _gather(group: frozenset[int], clusters: dict[int, dict[int, float]], home: dict[int, int], min_size: int) -> bool:
    """Put a group into one cluster, the largest that it touches; say whether anything moved."""
    touched = sorted({home[account] for account in group if account in home}, key=lambda at: (-len(clusters[at]), at))
    if not touched:
        if len(group) < min_size:
            return False
        touched = [max(clusters, default=-1) + 1]
        clusters[touched[0]] = {}
    into, moved = touched[0], len(touched) > 1
    for at in touched[1:]:
        clusters[into] |= clusters.pop(at)
    for account in sorted(group):
        if account not in clusters[into]:
            clusters[into][account] = 1.0
            moved = True
    home.update(dict.fromkeys(clusters[into], into))
    return moved


def _weaker(pair: Pair, members: Mapping[int, float], links: Links) -> int:
    """Return which of two accounts has the weaker ties to the other members; the later one if they are equal."""
    inside = np.isin(links.source, list(members)) & np.isin(links.target, list(members))
    ties: NDArray[np.float64] = np.zeros(2)
    for at, account in enumerate(pair):
        mine = inside & ((links.source == account) | (links.target == account))
        ties[at] = round(float(np.sum(links.weight[mine].astype(np.float64))), 6)
    return pair[0] if ties[0] < ties[1] else pair[1]


def _leave(group: frozenset[int], clusters: dict[int, dict[int, float]], home: dict[int, int], min_size: int) -> None:
    at = home.get(min(group), -1)
    gone = {account: clusters[at].pop(account) for account in sorted(group) if account in clusters.get(at, {})}
    for account in gone:
        del home[account]
    if len(gone) >= min_size:
        fresh = max(clusters) + 1
        clusters[fresh] = gone
        home.update(dict.fromkeys(gone, fresh))
