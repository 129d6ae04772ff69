"""How often groups of accounts meet at addresses, whatever happens at the two networks where they meet most.

One place in common makes two groups meet at all of its addresses: a café, an office. A client of two operators brings
both to its office and to its machines in a data centre, two networks. The exits of one operator are rented all over,
so its cells meet in network after network. What counts between two groups is therefore what is left without the two
networks that count most for the pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array, triu

from attribution.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


BEST = 2
"""Networks that are left out: a home and an office, or a client's office and its machines."""


class Meetings(NamedTuple):
    """Pairs of groups that meet in more than `BEST` networks.

    Attributes
    ----------
    one, other : int64 (pairs,), one < other, sorted.
    all : float64 (pairs,), meetings: accounts of the one times those of the other, times `share`, over addresses.
    rest : float64 (pairs,), the same without the two networks that count most for this pair; above 0.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    all: NDArray[np.float64]
    rest: NDArray[np.float64]


def meetings(uses: csr_array, share: NDArray[np.float64], network: NDArray[np.int64]) -> Meetings:
    """Count the meetings of every pair of groups.

    Parameters
    ----------
    uses : (groups, values), accounts of each group at each address.
    share : (values,), what one meeting at an address weighs.
    network : int64 (values,), the network of each address.

    Notes
    -----
    O(sum over addresses of the square of the groups there).
    """
    order = np.argsort(network, kind="stable")
    rows = uses[:, order].tocsr()
    rows.sort_indices()
    columns = rows.tocsc()
    pairs = triu((rows.sign() @ rows.sign().T).tocsr(), 1).tocsr()
    pairs.sort_indices()
    everywhere, rest = _counted(
        pairs.indptr.astype(np.int64), pairs.indices.astype(np.int64),
        rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data.astype(np.float64),
        columns.indptr.astype(np.int64), columns.indices.astype(np.int64), columns.data.astype(np.float64),
        share[order], network[order],
    )  # fmt: skip
    one = np.repeat(np.arange(uses.shape[0]), np.diff(pairs.indptr))
    met = rest > 0
    return Meetings(one[met], pairs.indices[met].astype(np.int64), everywhere[met], rest[met])


def without_best(
    group: NDArray[np.int64], network: NDArray[np.int64], met: NDArray[np.float64], groups: int
) -> NDArray[np.float64]:
    """Sum `met` (entries,) by group (groups,), the two networks with the most of each group left out."""
    networks = int(network.max(initial=0)) + 1
    key, entry = np.unique(group.astype(np.int64) * networks + network, return_inverse=True)
    by, own = np.bincount(entry, weights=met, minlength=len(key)), key // networks
    order = np.lexsort((-by, own))
    by, own = by[order], own[order]
    left = np.arange(len(own)) - np.searchsorted(own, own) >= BEST
    return np.asarray(np.bincount(own[left], weights=by[left], minlength=groups), np.float64)


@compiled
def _counted(
    pair_start: NDArray[np.int64],
    pair_other: NDArray[np.int64],
    row_start: NDArray[np.int64],
    row_value: NDArray[np.int64],
    row_users: NDArray[np.float64],
    value_start: NDArray[np.int64],
    value_group: NDArray[np.int64],
    value_users: NDArray[np.float64],
    share: NDArray[np.float64],
    network: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each pair's meetings, and those without its two best networks. Values are ordered by network."""
    groups, pairs = len(row_start) - 1, len(pair_other)
    everywhere, rest = np.zeros(pairs), np.zeros(pairs)
    first, second = np.zeros(groups), np.zeros(groups)  # the best two networks so far, by the other group
    now = np.zeros(groups)
    slot = np.full(groups, -1)
    touched = np.empty(groups + 1, np.int64)
    for a in range(groups):
        for p in range(pair_start[a], pair_start[a + 1]):
            slot[pair_other[p]] = p
            first[pair_other[p]] = second[pair_other[p]] = 0.0
        met = 0
        for entry in range(row_start[a], row_start[a + 1]):
            v = row_value[entry]
            for place in range(value_start[v], value_start[v + 1]):
                b = value_group[place]
                touched[met] = b
                met += b > a and now[b] == 0.0
                now[b] += (b > a) * row_users[entry] * value_users[place] * share[v]
            if entry + 1 == row_start[a + 1] or network[row_value[entry + 1]] != network[v]:
                for b in touched[:met]:
                    p = slot[b]
                    everywhere[p] += now[b]
                    if now[b] > first[b]:
                        first[b], now[b] = now[b], first[b]
                    if now[b] > second[b]:
                        second[b], now[b] = now[b], second[b]
                    rest[p] += now[b]
                    now[b] = 0.0
                met = 0
    return everywhere, rest
