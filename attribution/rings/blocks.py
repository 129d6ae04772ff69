r"""Who shares nothing but words: a cluster falls into the blocks that instruments, devices and addresses hold together.

Words are free. Whoever copies a prompt sends it, and an operator who copies a team's prompts to frame it is linked to
that team, whether or not it has an office or a name in common. A block are members who meet on an instrument, a device
or an address more than strangers do (`ties.meet`), and all who are linked by such meetings. A block is parted from the
largest one if the words differ as well: had the two, of $n$ and $m$ members, nothing to do with which words are whose,
a template with $u$ users would have at most its $o$ on the other side with probability $P(X \le o)$, $X \sim
\mathrm{Binomial}(u, m / (n + m))$, and for some template this must be 1 to 10 or less (`STRONG`). If what leaves is
large enough to be a cluster, either side may have such a template, and it becomes one. If it is too small for that,
the largest block must have it, and it is left out: what it has cost something, and nothing of that, nor the words of
the others, ties it to them. A batch of a ring's accounts that has wordings of its own stays.

Only in clusters of which `MOST` members are in blocks: strangers whom a prompt brings together mostly are in none.
Members in no block stay with the largest. Nothing is done where addresses, templates, or both instruments and devices
are not in the logs: what is unknown cannot be seen to be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from attribution.domain import Facet
from attribution.rings.parting import COSTLY, SEVERAL, cut, nats_apart
from attribution.rings.ties import meet
from attribution.rings.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.domain import Partition, Population

STRONG = float(np.log(10.0))
"""Nats by which words must differ: 10 to 1, "strong"; that nothing costly is shared speaks already."""
MOST = 0.75
"""Share of a cluster that must be in blocks of two or more."""


def fall_apart(found: Partition, population: Population, least: int) -> Partition:
    """Cut the clusters whose blocks share nothing but words.

    Parameters
    ----------
    least : accounts that a block must have to be a cluster.

    Returns
    -------
    Partition
        Clusters by descending size, then first member; each account keeps its frequency.

    Notes
    -----
    O(entries of instruments, devices, addresses and templates of all members + blocks x templates of a cluster).
    """
    known = population.incidence.keys()
    if not found.clusters or not {Facet.IP, Facet.TEMPLATE} <= known or known.isdisjoint(COSTLY):
        return found
    view = View.of(population, found.clusters)
    block = blocks(view)
    own = np.split(block, np.cumsum(view.size)[:-1])
    sides = (_sides(accounts, mine, population, least) for accounts, mine in zip(found.clusters, own, strict=True))
    return cut(found, sides)


def blocks(view: View) -> NDArray[np.int64]:
    """Give every member the number of its block, dense; int64 (members,). No block is in two clusters."""
    members, values = [], []
    count = len(view.account)
    for facet in (*COSTLY, Facet.IP):
        entries = view.entries(facet)
        if entries is not None:
            shared = view.once(meet, facet)
            members.append(entries.member[shared])
            values.append(entries.group[shared] + count)
            count += int(entries.group.max(initial=-1)) + 1
    row, column = np.concatenate(members), np.concatenate(values)
    graph = coo_array((np.ones(len(row), np.int8), (row, column)), shape=(count, count))
    label = connected_components(graph, directed=False)[1][: len(view.account)]
    return np.asarray(np.unique(label, return_inverse=True)[1], dtype=np.int64)


def _sides(
    accounts: NDArray[np.int32], block: NDArray[np.int64], population: Population, least: int
) -> list[NDArray[np.bool_]]:
    """Tell who is in each part of one cluster; who is in none is left out."""
    _, number, size = np.unique(block, return_inverse=True, return_counts=True)
    largest = int(size.argmax())
    loose = size[number] == 1
    if len(size) == 1 or size[largest] < least or np.count_nonzero(~loose) < MOST * len(accounts):
        return [np.ones(len(accounts), np.bool_)]
    users = _users(accounts, number, len(size), population)
    stays, leave = loose | (number == largest), []
    for other in np.flatnonzero((size > 1) & (np.arange(len(size)) != largest)).tolist():
        differ = _own(users[largest], users[other], int(size[largest]), int(size[other]))
        if size[other] >= least:
            differ = max(differ, _own(users[other], users[largest], int(size[other]), int(size[largest])))
        if differ < STRONG:
            stays |= number == other
        elif size[other] >= least:
            leave.append(number == other)
    return [stays, *leave]


def _users(
    accounts: NDArray[np.int32], number: NDArray[np.int64], blocks: int, population: Population
) -> NDArray[np.int64]:
    """Count the users of each template of a cluster in each of its blocks, int64 (blocks, templates)."""
    words = population.incidence[Facet.TEMPLATE]
    at, length = words.places(accounts)
    used, template = np.unique(words.indices[at], return_inverse=True)
    shape = (blocks, len(used))
    used_by = (np.repeat(number, length), template)
    return np.asarray(coo_array((np.ones(len(at), np.int64), used_by), shape=shape).toarray())


def _own(mine: NDArray[np.int64], theirs: NDArray[np.int64], size: int, others: int) -> float:
    """Return the most nats with which a template is one side's and not the other's."""
    several = mine >= SEVERAL
    nats = nats_apart(theirs[several], (mine + theirs)[several], others / (size + others))
    return float(nats.max(initial=0.0))
