r"""What single pairs of accounts are too thin to show: groups that use the same exits, accounts that belong to a group.

Links are validated pair by pair, and a pair shares little: two accounts of one ring that leave through a pool of a
thousand rented exits meet at none of them as a rule. Taken together it shows: nearly everybody else whom the accounts
behind one card meet at their exits is a customer of the same operator. Two steps, after the partition:

1. **Groups that live on the same exits are joined.** Groups are clusters and what else hangs together by validated
   links. On an address of $d$ accounts each meets each of the others with weight $1/(d - 1)$; Leiden on the weights
   between and within groups proposes communities of groups. Let $b$ be the meetings for each pair of an account of
   a group and one of the rest of its community, $o$ those with accounts outside of the community, $w$ all meetings
   within the group. The group stays where $b \ge$ `OFTEN` $\cdot\,o$ (a café, a carrier or a VPN brings everybody
   together alike), where $w \le$ `APART` $\cdot\,b \cdot$ pairs + `FEW` (a family, or a ring with exits of its own,
   meets itself first), and where that rests on `FACTS` addresses in two networks and on half of its accounts.
   Communities of several groups between which the same holds are joined, until there are none.
2. **Accounts that are left are taken in by the group they belong to** (`belonging`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import igraph
import numpy as np
import pandas as pd
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array, diags_array, triu
from scipy.sparse.csgraph import connected_components

from attribution.domain import Facet, Partition
from attribution.rings.belonging import taken_in
from attribution.rings.partition import leiden

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.domain import Incidence, Links, Population

OFTEN = 10.0
"""How much oftener than strangers the accounts of two groups must meet: 10 to 1, "strong" in Jeffreys' scale."""
APART = 4.0
"""How much oftener a group may meet itself than the rest of its community."""
FEW = 3.0
"""Meetings within a group that say nothing: two accounts one of which replaced the other."""
FACTS = 3
"""Addresses on which a tie must rest; one is a neighbour, two are a home and an office."""
POPULAR = 64
"""Addresses with more accounts are gateways: they tell nothing of who is whose."""


def gather(found: Partition, links: Links, population: Population, config: RingConfig, seed: int) -> Partition:
    """Join groups that live on the same exits, then take in the accounts that belong to a cluster.

    Returns
    -------
    Partition
        Clusters of at least `config.min_size`, by descending size, then first member; accounts that were in a cluster
        still are. What was joined or taken in has the frequency of its own links, or 1.

    Notes
    -----
    O(entries of the four facets x groups that meet); without addresses only the second step is left.
    """
    group = _groups(found, links, population.size)
    frequency = np.ones(population.size, np.float32)
    for cluster, share in zip(found.clusters, found.frequency, strict=True):
        frequency[cluster] = share
    addresses = population.incidence.get(Facet.IP)
    if addresses is not None:
        group = _joined(group, addresses, population, seed)
    group = _large(group, config.min_size)
    group = taken_in(group, population)
    members = [np.flatnonzero(group == number).astype(np.int32) for number in range(int(group.max(initial=-1)) + 1)]
    return Partition.by_size(members, [frequency[accounts] for accounts in members], found.agreement)


def _groups(found: Partition, links: Links, size: int) -> NDArray[np.int64]:
    """Give every account its group: its cluster, else what hangs together outside of clusters; alone: -1."""
    group = np.full(size, -1, np.int64)
    for number, cluster in enumerate(found.clusters):
        group[cluster] = number
    free = (group[links.source] < 0) & (group[links.target] < 0)
    ends = links.source[free], links.target[free]
    label = connected_components(coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size)), directed=False)
    rest = np.unique(np.concatenate(ends))
    group[rest] = len(found.clusters) + np.unique(label[1][rest], return_inverse=True)[1]
    return group


def _large(group: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    """Keep the groups of at least `least` accounts, numbered anew in order; the rest is -1."""
    known = group >= 0
    size = np.bincount(group[known], minlength=1)
    number = np.where(size >= least, np.cumsum(size >= least) - 1, -1)
    return np.where(known, number[group], -1)


def _joined(group: NDArray[np.int64], addresses: Incidence, population: Population, seed: int) -> NDArray[np.int64]:
    """Return groups with those that live on the same exits made one."""
    account = np.repeat(np.arange(population.size), np.diff(addresses.indptr))
    popularity = addresses.popularity()[addresses.indices]
    use = (popularity >= 2) & (popularity <= POPULAR)
    account, value = account[use], addresses.indices[use].astype(np.int64)
    inside = group[account] >= 0
    groups = int(group.max(initial=-1)) + 1
    at, where = group[account[inside]], value[inside]
    uses = csr_array((np.ones(len(at)), (at, where)), shape=(groups, len(addresses.values)))
    uses.sum_duplicates()
    share = 1.0 / np.maximum(addresses.popularity() - 1.0, 1.0)
    tie = triu(uses @ diags_array(share) @ uses.T).tocoo()
    loop = tie.coords[0] == tie.coords[1]
    tie.data[loop] = (tie.data[loop] - (uses @ share)[tie.coords[0][loop]]) / 2
    if not tie.nnz:
        return group
    graph = igraph.Graph(n=groups, edges=np.column_stack(tie.coords))
    graph.es["weight"] = np.maximum(tie.data, 0.0)
    label = leiden(graph, 1.0, seed).astype(np.int64)
    network = _networks(addresses)
    entries = pd.DataFrame({"account": account, "value": value, "group": group[account], "network": network[value]})
    size = np.bincount(group[group >= 0], minlength=groups)
    while True:
        leaves = ~_stays(entries, label, size, population.size)
        if not leaves.any():
            break
        label[leaves] = label.max() + 1 + np.arange(np.count_nonzero(leaves))
    label = _halves(uses, addresses.popularity(), label, size, population.size)
    return np.where(group >= 0, label[group], -1)


def _halves(
    uses: csr_array, popularity: NDArray[np.int32], label: NDArray[np.int64], size: NDArray[np.int64], accounts: int
) -> NDArray[np.int64]:
    """Join communities of several groups between which the same test holds: Leiden halves what is alike throughout."""
    share = 1.0 / np.maximum(popularity - 1.0, 1.0)
    while True:
        count = int(label.max()) + 1
        fold = csr_array((np.ones(len(label)), (label, np.arange(len(label)))), shape=(count, len(label)))
        by, members, several = fold @ uses, fold @ size, np.bincount(label, minlength=count) > 1
        strangers = np.maximum(popularity - np.asarray(by.sum(axis=0)).ravel(), 0)
        outside = (by @ (share * strangers)) / np.maximum(members * (accounts - size.sum()), 1)
        meetings = (by @ diags_array(share) @ by.T).tocsr()
        within = meetings.diagonal() - by @ share
        a, b = triu(meetings, 1).tocoo().coords
        a, b = (end[several[a] & several[b]] for end in (a, b))
        if not len(a):
            return label
        between = np.asarray(meetings[a, b]).ravel() / (members[a] * members[b])
        used = by.sign()
        wide = (between >= OFTEN * np.maximum(outside[a], outside[b])) & ((used @ used.T).tocsr()[a, b] >= FACTS)
        for end in (a, b):
            wide &= within[end] <= APART * between * members[end] * (members[end] - 1) + FEW
        if not wide.any():
            return label
        bridge = coo_array((np.ones(np.count_nonzero(wide), np.int8), (a[wide], b[wide])), shape=(count, count))
        label = connected_components(bridge, directed=False)[1].astype(np.int64)[label]


def _networks(addresses: Incidence) -> NDArray[np.int64]:
    """Code each address's network by its text: the first three parts of an IPv4 or IPv6 address."""
    short = pc.replace_substring_regex(addresses.values, r"\.[^.]*$", "")
    short = pc.replace_substring_regex(short, "^((?:[^:]*:){3}).*$", "\\1")
    return np.asarray(short.dictionary_encode().indices, dtype=np.int64)


def _stays(
    entries: pd.DataFrame, label: NDArray[np.int64], size: NDArray[np.int64], accounts: int
) -> NDArray[np.bool_]:
    """Tell which groups belong to their community by whom they meet, bool (groups,); the largest one of each does."""
    own = entries["group"].to_numpy()
    frame = entries.assign(community=np.where(own >= 0, label[own], -1))
    users = frame.groupby("value")["account"].transform("size")
    mine = frame.groupby(["value", "group"])["account"].transform("size")
    near = frame.groupby(["value", "community"])["account"].transform("size")
    others = np.maximum(users - 1, 1)
    met = {"within": (mine - 1) / others, "between": (near - mine) / others, "outside": (users - near) / others}
    frame = frame.assign(**met)[own >= 0]
    groups = pd.RangeIndex(len(label))
    sums = frame.groupby("group")[list(met)].sum().reindex(groups, fill_value=0.0)
    rest = np.bincount(label, weights=size)[label] - size
    between: pd.Series = sums["between"] / np.maximum(size * rest, 1)
    outside: pd.Series = sums["outside"] / np.maximum(size * (accounts - size - rest), 1)
    hit = frame[frame["between"] > 0].groupby("group")[["value", "network", "account"]].nunique()
    facts = hit.reindex(groups, fill_value=0)
    stays = (between >= OFTEN * outside) & (sums["within"] <= APART * between * size * (size - 1) + FEW)
    stays &= (facts["value"] >= FACTS) & (facts["network"] > 1) & (facts["account"] >= np.maximum(2, 0.5 * size))
    first = pd.DataFrame({"label": label, "size": -size}).sort_values(["label", "size"], kind="stable")
    core = first.drop_duplicates("label").index
    answer: NDArray[np.bool_] = stays.to_numpy(copy=True)
    answer[core] = True
    return answer
