r"""Who only hides among others: a cluster is parted where its hidden part stands on feet of its own.

A ring that works from an agency's office, on its card and with its templates, or that copies a team's prompts, is
linked to these people, and rightly: they do share. But people with an office or a name are open about what they are,
and who hides among them has ties that they have not. Three steps, for each cluster:

1. **Open** are three or more members at home in one place that is no data centre, or of one organisation
   (`ties.ties_of`), if they are a group by themselves: had they nothing to do with one another, a value with $u$ users
   in the cluster would have no more outsiders than the $o$ that it has with probability $P(X \le o)$, $X \sim
   \mathrm{Binomial}(u, \beta)$, $\beta$ the outsiders' share of the cluster. The greatest $-\ln P$ of each family
   (instruments, devices, templates) counts; together they must reach `LEAST` nats for `HALF` of the group. A few
   accounts of a ring that leave through one exit have nothing of their own.
2. **Each member goes to those whose values it uses**: those of the open ones who use nothing that is the others' own
   with `LEAST` nats (nor, in rounds, of those found out so: accounts of a ring may sit in the office, more of them than
   the agency has people), or those of the others who have ties of their own in the same sense, with `OWN` nats. It goes
   by the sum over families of the greatest and the least

   $$ \ln\frac{(h + p) / (H + 1)}{(b + p) / (B + 1)}, \qquad p = \frac{h + b}{H + B} $$

   of its values, h of the H hidden and b of the B open ones using it beside the member itself (shrunk by one account
   that uses it as often as all of them do). Twice, since some of a ring may sit in the office most of the time.
3. **The cluster is parted** where `MOST` of those who leave have ties of their own, less than `HALF` of them share an
   instrument or a device with those who stay, and who stays is mostly open and who leaves mostly not. Home workers
   share the company's card, and its prompts; students at home the course's; the accounts of one operator its cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr

from attribution.domain import Facet, Partition
from attribution.rings.ties import ties_of
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from attribution.domain import Population
    from attribution.rings.view import Entries

OWN = float(np.log(100.0))
"""Nats from which accounts that are not open have ties of their own: 100 to 1, "decisive" in Jeffreys' scale."""
LEAST = float(np.log(10.0))
"""The same for open ones: 10 to 1, "strong"; a home or a name in common speaks for them already."""
MOST = 0.75
"""Share of those who leave that must have ties of their own: a random part of a ring has not."""
HALF = 0.5
"""Share of an open group that must have ties of its own, and of those who leave from which on instruments and devices
in common with those who stay make them one group."""
SEVERAL = 3
"""Accounts that share a home, an organisation or a value not by accident."""
TINY = 1e-300
COSTLY = (Facet.PAYMENT, Facet.DEVICE)
FAMILIES = (*COSTLY, Facet.TEMPLATE)
"""One facet of each family that says who belongs to whom. Not addresses: the open ones were found by them."""


def part(found: Partition, population: Population, least: int) -> Partition:
    """Part the clusters that hold a hidden group beside an open one.

    Parameters
    ----------
    least : accounts that either part must have.

    Returns
    -------
    Partition
        Clusters by descending size, then first member; each account keeps its frequency.

    Notes
    -----
    O(entries of the three facets of all members).
    """
    if not found.clusters:
        return found
    view = View.of(population, found.clusters)
    open_ = _open(view)
    hidden = ~open_ & (own_ties(view, view.numbered(open_)) >= OWN)
    away = _sided(view, hidden, _plainly(view, open_))
    away = _sided(view, away, ~away)  # once more, now that those who only looked open are with the others
    own, with_stay = own_ties(view, view.numbered(away)) >= OWN, _with(view, ~away)
    size = _per_cluster(view, away)
    holds = (size >= least) & (_per_cluster(view, away & own) >= MOST * size)
    holds &= _per_cluster(view, away & with_stay) < HALF * size
    holds &= (view.size - size >= least) & (_per_cluster(view, open_ & ~away) >= HALF * (view.size - size))
    holds &= _per_cluster(view, open_ & away) < HALF * size
    leaves = np.split(away & holds[view.cluster], np.cumsum(view.size)[:-1])
    return cut(found, ((side, ~side) if side.any() else (~side,) for side in leaves))


def cut(found: Partition, sides: Iterable[Sequence[NDArray[np.bool_]]]) -> Partition:
    """Return the sides of each cluster, masks of its members, as clusters; each account keeps its frequency."""
    parts = [
        (accounts[side], share[side])
        for accounts, share, masks in zip(found.clusters, found.frequency, sides, strict=True)
        for side in masks
    ]
    return Partition.by_size([accounts for accounts, _ in parts], [share for _, share in parts], found.agreement)


def _per_cluster(view: View, which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the members for whom something holds, int64 (clusters,)."""
    return np.bincount(view.cluster[which], minlength=len(view.size))


def _open(view: View) -> NDArray[np.bool_]:
    """Tell which members are open: at home in one place, or of one organisation, with others who are a group."""
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    for tie in ties_of(view):
        group = view.numbered(tie)
        size = np.bincount(group)
        stands = np.bincount(group[own_ties(view, group) >= LEAST], minlength=len(size)) >= np.maximum(
            SEVERAL, HALF * size
        )
        found |= (tie >= 0) & stands[group]
    return found


def _plainly(view: View, open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the open ones who use nothing that is the others' own, nor that of those found out so: at most n rounds."""
    plain = open_
    while (theirs := plain & _uses_own_of(view, ~plain)).any():
        plain = plain & ~theirs
    return plain


def _uses_own_of(view: View, side: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell who uses a value that is a side's own, with `LEAST` nats."""
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    others = 1 - (_per_cluster(view, side) / view.size)[view.cluster]
    for facet in FAMILIES:
        entries = view.entries(facet)
        if entries is not None:
            users = np.bincount(entries.group, weights=side[entries.member])[entries.group]
            own = nats_apart(entries.inside - users, entries.inside, others[entries.member])
            found |= view.per_member(entries.member[(users >= SEVERAL) & (own >= LEAST)]) > 0
    return found


def nats_apart(
    outside: NDArray[np.floating] | NDArray[np.integer], users: NDArray[np.int64], share: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return -ln of the probability of at most so many users from outside, if use and side had nothing to do."""
    return np.asarray(-np.log(np.maximum(bdtr(outside, users, share), TINY)))


def own_ties(view: View, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the nats of the ties that each member has with its group of the cluster and with nobody else in it."""
    size = np.bincount(group)[group]
    others = 1 - size / view.size[view.cluster]
    nats = np.zeros(len(view.account))
    for facet in FAMILIES:
        entries = view.entries(facet)
        if entries is None:
            continue
        key = entries.value * (int(group.max(initial=0)) + 1) + group[entries.member]
        _, number, count = np.unique(key, return_inverse=True, return_counts=True)
        users = count[number]
        own = nats_apart(entries.inside - users, entries.inside, others[entries.member])
        nats += _most(view, entries, np.where(users >= SEVERAL, own, 0.0))
    return nats


def _with(view: View, open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell who shares an instrument or a device with open ones."""
    found: NDArray[np.bool_] = np.zeros(len(view.account), np.bool_)
    for facet in COSTLY:
        entries = view.entries(facet)
        if entries is not None:
            found |= view.per_member(entries.member[_beside(entries, open_) > 0]) > 0
    return found


def _beside(entries: Entries, which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count the members of a kind that use the value of each entry beside its own member."""
    users = np.bincount(entries.group, weights=which[entries.member])[entries.group]
    return np.asarray(users - which[entries.member], dtype=np.float64)


def _sided(view: View, hidden: NDArray[np.bool_], open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell who uses the values of the hidden rather than of the open ones; as found where nothing speaks."""
    nats = np.zeros(len(view.account))
    for facet in FAMILIES:
        entries = view.entries(facet)
        if entries is None:
            continue
        h, b = _beside(entries, hidden), _beside(entries, open_)
        of_h, of_b = (_per_cluster(view, side)[view.cluster[entries.member]] for side in (hidden, open_))
        both = (h + b) / np.maximum(of_h + of_b, 1)
        ratio = np.log(np.maximum(h + both, TINY) / (of_h + 1)) - np.log(np.maximum(b + both, TINY) / (of_b + 1))
        ratio[h + b == 0] = 0.0
        nats += _most(view, entries, np.maximum(ratio, 0.0)) - _most(view, entries, np.maximum(-ratio, 0.0))
    return np.where(nats == 0.0, hidden, nats > 0.0)


def _most(view: View, entries: Entries, nats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each member's greatest of some nats that are 0 or more."""
    most = np.zeros(len(view.account))
    np.maximum.at(most, entries.member, nats)
    return most
