"""Which links of a ring are kept for people to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attribution.domain import Links, Ring

STRONGEST = 10
"""How many links of an account are kept."""


def backbone(links: Links, rings: Sequence[Ring], accounts: int, strongest: int = STRONGEST) -> NDArray[np.int64]:
    """Return the positions of the links that show how each ring hangs together, ascending.

    A ring of n accounts may have n²/2 links, which nobody can draw and no night can write. Kept are, within each ring,
    every account's `strongest` links and a spanning forest of greatest weight: at most n(`strongest` + 1) links. What
    is connected by links stays connected, the best path between two members (the one whose weakest link is strongest)
    stays whole, and no account loses the links that it stands on. Links that leave a ring are not kept: they are what
    the partition decided against, and `attribution why` recomputes any of them.

    Ties go to the smaller account numbers, so the choice depends on the content alone. O(m log m) for m links.
    """
    home = np.full(accounts, -1, np.int32)
    for number, ring in enumerate(rings):
        home[ring.members] = number
    inside = np.flatnonzero((home[links.source] == home[links.target]) & (home[links.source] >= 0))
    inside = inside[np.argsort(-links.weight[inside], kind="stable")]  # links come by (source, target)
    source, target = links.source[inside], links.target[inside]
    chosen = np.zeros(len(inside), bool)
    rank = np.arange(1.0, len(inside) + 1.0)
    forest = minimum_spanning_tree(coo_array((rank, (source, target)), shape=(accounts, accounts)))
    chosen[forest.data.astype(np.int64) - 1] = True
    ends = np.stack([source, target], axis=1).ravel()
    order = np.argsort(ends, kind="stable")
    starts = np.flatnonzero(np.diff(ends[order], prepend=-1))
    place = np.arange(len(ends)) - np.repeat(starts, np.diff(starts, append=len(ends)))
    chosen[order[place < strongest] // 2] = True
    return np.sort(inside[chosen])
