r"""Groups that live on the same exits are one operator's.

Two accounts of one ring that leave through a pool of a thousand rented exits meet at none of them as a rule. Taken
together it shows: nearly everybody else whom the accounts behind one card meet at their exits is a customer of the same
operator. On an address of $d$ accounts each meets each of the others with weight $1/(d - 1)$. Of two groups of
$n_1 \le n_2$ accounts let

- $b$ be their meetings for each pair of accounts, and $b'$ the same without the two networks where they meet most: two
  operators with one client meet at its office and at its machines (`meetings`);
- $o$ the meetings of the first, for each pair of accounts, with strangers: everybody else but the groups that it is
  believed to meet at the rate $b'$ rather than a tenth of it, as in 4 (a large ring in pieces is no crowd);
- $w_1, w_2$ the meetings within each.

They are one operator's where

1. $b' \ge$ `NEARER` $\cdot\,o$ and, once their communities are known, $b \ge$ `OFTEN` $\cdot\,o$: a café, a carrier or
   a public VPN brings everybody together alike;
2. $w_i \le$ `APART` $\cdot\,b$, and `FEW` meetings more: a family, or a ring with exits of its own, meets itself first;
3. half of the accounts of the first meet the second: nobody is carried along by one colleague;
4. the first is of the second with probability `BELIEVED`: before anything is known as likely as the second is large
   among the $G$ accounts that are in groups, and by their $m = b' n_1 n_2$ meetings as a Poisson count,
   $m \ln(b'/o) - m + o\,n_1 n_2 \ge \ln[(G - n_2)/n_2] + \ln[p / (1 - p)]$.

Pairs of small groups cannot show that much. So Leiden proposes communities of groups, each looked at again as if it
were alone, and a group leaves where 1 to 3 do not hold between it and the rest of its community. Then communities, and
groups that are in none, are joined pair by pair, each with the one for which most speaks, until 1 to 4 hold for no
pair. Last, with everybody outside of the whole community as strangers, 1 to 3 are asked of every group once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import igraph
import numpy as np
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components

from attribution.rings.meetings import meetings, without_best
from attribution.rings.partition import leiden

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.domain import Incidence
    from attribution.rings.meetings import Meetings

OFTEN = 10.0
"""How much oftener than strangers the accounts of two groups must meet: 10 to 1, "strong" in Jeffreys' scale."""
NEARER = float((OFTEN - 1.0) / np.log(OFTEN))
"""From 3.9 times on `OFTEN` times as often explains a number of meetings better than as often does (Poisson)."""
APART = 4.0
"""How much oftener a group may meet itself than the other one."""
FEW = 3.0
"""Meetings within a group, counted from both sides, that say nothing: two accounts one of which replaced the other."""
BELIEVED = 0.95
POPULAR = 64
"""Addresses with more accounts are gateways: they tell nothing of who is whose."""


@dataclass(frozen=True, slots=True)
class Exits:
    """Which groups use which addresses.

    Attributes
    ----------
    uses : float64 (groups, values), accounts of each group at each address; none at a gateway.
    entry : int64 (visits,), for each account of a group and address it uses, the position in `uses.data`.
    visitor : int64 (visits,), that account.
    popularity : float64 (values,), accounts at each address.
    share : float64 (values,), what one meeting there weighs.
    network : int64 (values,), its network.
    size : int64 (groups,), accounts of each group.
    accounts : everybody.
    """

    uses: csr_array
    entry: NDArray[np.int64]
    visitor: NDArray[np.int64]
    popularity: NDArray[np.float64]
    share: NDArray[np.float64]
    network: NDArray[np.int64]
    size: NDArray[np.int64]
    accounts: int

    @classmethod
    def of(cls, group: NDArray[np.int64], addresses: Incidence) -> Exits:
        """Count who of each group (accounts,; -1: none) is where."""
        popularity = addresses.popularity().astype(np.float64)
        account = np.repeat(np.arange(len(group)), np.diff(addresses.indptr))
        at = popularity[addresses.indices]
        use = (at >= 2) & (at <= POPULAR) & (group[account] >= 0)
        account, value = account[use], addresses.indices[use].astype(np.int64)
        key, entry, users = np.unique(group[account] * len(popularity) + value, return_inverse=True, return_counts=True)
        groups = int(group.max(initial=-1)) + 1
        ends = key // len(popularity), key % len(popularity)
        start = np.searchsorted(ends[0], np.arange(groups + 1))
        return cls(
            uses=csr_array((users.astype(np.float64), ends[1], start), shape=(groups, len(popularity))),
            entry=entry,
            visitor=account,
            popularity=popularity,
            share=1.0 / np.maximum(popularity - 1.0, 1.0),
            network=_networks(addresses),
            size=np.bincount(group[group >= 0], minlength=groups),
            accounts=len(group),
        )


def joined(group: NDArray[np.int64], addresses: Incidence, seed: int) -> NDArray[np.int64]:
    """Return groups (accounts,; -1: in none) with those that live on the same exits made one.

    O(rounds x sum over addresses of the square of the groups there), rounds about the logarithm of the groups joined.
    """
    exits = Exits.of(group, addresses)
    met = meetings(exits.uses, exits.share, exits.network)
    if not len(met.one):
        return group
    label = _settled(exits, _proposed(exits, met, seed), NEARER)
    label = _settled(exits, _grown(exits, label), OFTEN)
    return np.where(group >= 0, label[group], -1)


def _networks(addresses: Incidence) -> NDArray[np.int64]:
    """Code each address's network by its text: the first three parts of an IPv4 or IPv6 address."""
    short = pc.replace_substring_regex(addresses.values, r"\.[^.]*$", "")
    short = pc.replace_substring_regex(short, "^((?:[^:]*:){3}).*$", "\\1")
    return np.asarray(short.dictionary_encode().indices, dtype=np.int64)


def _proposed(exits: Exits, met: Meetings, seed: int) -> NDArray[np.int64]:
    """Return Leiden's communities of groups (groups,), each cut once more as if it were alone."""
    row, value = exits.uses.tocoo().coords
    pairs = exits.uses.data * (exits.uses.data - 1.0) / 2.0
    loops = without_best(row, exits.network[value], pairs * exits.share[value], len(exits.size))
    own = np.arange(len(exits.size))
    ends = np.column_stack([np.append(met.one, own), np.append(met.other, own)])
    graph = igraph.Graph(n=len(own), edges=ends)
    graph.es["weight"] = np.append(met.rest, loops)
    label = leiden(graph, 1.0, seed).astype(np.int64)
    order = np.argsort(label, kind="stable")
    out = label.copy()
    for inside in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if len(inside) > 2:
            out[inside] = out.max() + 1 + leiden(graph.induced_subgraph(inside.tolist()), 1.0, seed)
    return np.unique(out, return_inverse=True)[1].astype(np.int64)


def _settled(exits: Exits, label: NDArray[np.int64], often: float) -> NDArray[np.int64]:
    """Let the groups leave that do not belong to their community; the largest one of each is the last to."""
    while True:
        core = np.zeros(len(label), np.bool_)
        order = np.lexsort((-exits.size, label))
        core[order[np.unique(label[order], return_index=True)[1]]] = True
        leaves = ~_stays(exits, label, core, often) & (np.bincount(label)[label] > 1)
        leaves = leaves & ~core if (leaves & ~core).any() else leaves
        if not leaves.any():
            return np.unique(label, return_inverse=True)[1].astype(np.int64)
        label = label.copy()
        label[leaves] = label.max() + 1 + np.arange(np.count_nonzero(leaves))


def _stays(exits: Exits, label: NDArray[np.int64], core: NDArray[np.bool_], often: float) -> NDArray[np.bool_]:
    """Tell which groups are one operator's with the rest of their community, bool (groups,)."""
    groups, size = len(label), exits.size
    row, value = exits.uses.tocoo().coords
    own, share = exits.uses.data, exits.share[value]
    key, entry = np.unique(label[row] * len(exits.share) + value, return_inverse=True)
    near = np.bincount(entry, weights=own, minlength=len(key))[entry] - own
    between = own * near * share
    rest = np.bincount(label, weights=size)[label] - size

    def each(met: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(row, weights=met, minlength=groups).astype(np.float64)

    pairs = np.maximum(size * rest, 1)
    rate = each(between) / pairs
    outside = each(own * (exits.popularity[value] - own - near) * share)
    meets, people = _likewise(exits, label, rate)
    outside = np.maximum(outside - meets, 0) / np.maximum(size * (exits.accounts - size - rest - people), 1)
    left = without_best(row, exits.network[value], between, groups) / pairs
    first = np.unique(exits.visitor[near[exits.entry] > 0], return_index=True)[1]
    reach = np.bincount(row[exits.entry[near[exits.entry] > 0][first]], minlength=groups)
    within = each(own * (own - 1.0) * share)
    answer: NDArray[np.bool_] = (left > 0) & (left >= NEARER * outside) & (rate >= often * outside)
    answer &= core | (reach >= np.maximum(2, 0.5 * size))
    return answer & (within <= APART * rate * size * (size - 1) + FEW)


def _likewise(
    exits: Exits, label: NDArray[np.int64], rate: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return meetings with and accounts of other communities that a group meets as often as its own, both (groups,)."""
    count, groups = int(label.max()) + 1, len(label)
    fold = csr_array((np.ones(groups), (label, np.arange(groups))), shape=(count, groups))
    size = np.bincount(label, weights=exits.size)
    met = (exits.uses @ diags_array(exits.share) @ (fold @ exits.uses).T).tocoo()
    row, other = met.coords
    needed = _needed(size[other], exits.size.sum())
    alike = (label[row] != other) & (_alike(met.data, exits.size[row] * size[other], needed) >= rate[row])
    found = (np.bincount(row[alike], weights=one[alike], minlength=groups) for one in (met.data, size[other]))
    meets, people = (one.astype(np.float64) for one in found)
    return meets, people


def _grown(exits: Exits, label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join pairs of communities, each with the one for which most speaks, until no pair passes."""
    while True:
        count = int(label.max()) + 1
        fold = csr_array((np.ones(len(label)), (label, np.arange(len(label)))), shape=(count, len(label)))
        by, size = (fold @ exits.uses).tocsr(), np.bincount(label, weights=exits.size).astype(np.float64)
        met = meetings(by, exits.share, exits.network)
        nats = _nats(exits, by, size, met)
        passing = nats >= _needed(np.maximum(size[met.one], size[met.other]), exits.size.sum())
        if passing.any():
            passing[passing] = _reached(exits, label, size, met.one[passing], met.other[passing])
        if not passing.any():
            return label
        label = _merged(met.one[passing], met.other[passing], nats[passing], count)[label]


def _nats(exits: Exits, by: csr_array, size: NDArray[np.float64], met: Meetings) -> NDArray[np.float64]:
    """Weigh each pair of communities for being one operator's (pairs,); minus infinity where a condition fails."""
    pairs = size[met.one] * size[met.other]
    squares = by.multiply(by).tocsr() @ exits.share
    within, others = squares - by @ exits.share, by @ (exits.share * exits.popularity) - squares
    rates = _strangers(exits, size, others, met)
    smaller = np.sign(size[met.other] - size[met.one])
    outside = np.where(smaller > 0, rates[0], np.where(smaller < 0, rates[1], np.maximum(*rates)))
    holds = met.rest >= NEARER * outside * pairs
    for end in (met.one, met.other):
        holds &= within[end] <= APART * met.all / pairs * size[end] * (size[end] - 1) + FEW
    chance = outside * pairs
    return np.where(holds, met.rest * np.log(met.rest / chance) - met.rest + chance, -np.inf)


def _strangers(
    exits: Exits, size: NDArray[np.float64], others: NDArray[np.float64], met: Meetings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how often either end of each pair meets strangers, both (pairs,); one meeting is added, so none is 0."""
    pairs = size[met.one] * size[met.other]
    rate, found = met.rest / pairs, []
    for end, other in ((met.one, met.other), (met.other, met.one)):
        alike = _alike(met.rest, pairs, _needed(size[other], exits.size.sum()))
        sums = _sums_above(end, alike, rate, np.column_stack([met.all, size[other]]))
        meets, people = (sums + np.column_stack([met.all, size[other]]) * (alike < rate)[:, None]).T
        strangers = np.maximum(exits.accounts - size[end] - people, 1)
        found.append((np.maximum(others[end] - meets, 0.0) + 1.0) / (size[end] * strangers))
    return found[0], found[1]


def _alike(met: NDArray[np.float64], pairs: NDArray[np.float64], needed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest rate that so many meetings are believed to be of, rather than of an `OFTEN`th of it."""
    return np.asarray((met * np.log(OFTEN) - needed) / ((1.0 - 1.0 / OFTEN) * pairs), np.float64)


def _needed(size: NDArray[np.float64], grouped: int) -> NDArray[np.float64]:
    """Return the nats that make a group of this size the right one with probability `BELIEVED`: as likely as large."""
    return np.asarray(np.log(np.maximum(grouped - size, 1) / size) + np.log(BELIEVED / (1.0 - BELIEVED)), np.float64)


def _sums_above(
    end: NDArray[np.int64], value: NDArray[np.float64], asked: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum the columns (rows, n) over all rows of the same `end` whose `value` is at least what each row `asked`."""
    rows = len(end)
    order = np.lexsort((np.repeat([0, 1], rows), -np.append(value, asked), np.append(end, end)))
    total = np.cumsum(np.append(columns, np.zeros_like(columns), axis=0)[order], axis=0)
    ends = np.append(end, end)[order]
    first = np.searchsorted(ends, ends)
    before = np.append(np.zeros((1, columns.shape[1])), total, axis=0)[first]
    out = np.empty((2 * rows, columns.shape[1]))
    out[order] = total - before
    return np.asarray(out[rows:], np.float64)


def _reached(
    exits: Exits,
    label: NDArray[np.int64],
    size: NDArray[np.float64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell where half of the accounts of the smaller community, and two, meet the other one, bool (pairs,)."""
    row, value = exits.uses.tocoo().coords
    home, place = label[row][exits.entry], value[exits.entry]
    turned = size[one] > size[other]
    small, large = np.where(turned, other, one), np.where(turned, one, other)
    asked = np.isin(home, small)
    visitor, account = np.unique(exits.visitor[asked], return_inverse=True)
    shape = len(visitor), len(exits.share)
    visits = csr_array((np.ones(len(account)), (account, place[asked])), shape=shape)
    users = csr_array((np.ones(len(home)), (place, home)), shape=(shape[1], len(size)))
    of = np.empty(len(visitor), np.int64)
    of[account] = home[asked]
    fold = csr_array((np.ones(len(of)), (of, np.arange(len(of)))), shape=(len(size), len(of)))
    people = (fold @ (visits @ users).sign()).tocsr()
    return np.asarray(people[small, large]).ravel() >= np.maximum(2, 0.5 * size[small])


def _merged(
    one: NDArray[np.int64], other: NDArray[np.int64], nats: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Return new numbers (count,): communities that are each other's best are joined, with all whose best they are."""
    end, partner, weight = np.append(one, other), np.append(other, one), np.append(nats, nats)
    order = np.lexsort((partner, -weight, end))
    order = order[np.unique(end[order], return_index=True)[1]]
    best = np.arange(count)
    best[end[order]] = partner[order]
    core = best[best] == np.arange(count)
    chosen = np.flatnonzero(core | core[best])
    bridge = coo_array((np.ones(len(chosen), np.int8), (chosen, best[chosen])), shape=(count, count))
    return np.asarray(connected_components(bridge, directed=False)[1], np.int64)
