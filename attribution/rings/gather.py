"""What single pairs of accounts are too thin to show: groups that use the same exits, accounts that belong to a group.

Links are validated pair by pair, and a pair shares little. Two steps, after the partition:

1. **Groups that live on the same exits are joined** (`exits`). Groups are clusters and what else hangs together by
   validated links.
2. **Accounts that are left are taken in by the group they belong to** (`belonging`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from attribution.domain import Facet, Partition
from attribution.rings.belonging import taken_in
from attribution.rings.exits import joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.domain import Links, Population


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
        group = joined(group, addresses, seed)
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
