r"""Which communities of one component belong together after all: those joined by a wide bridge.

Leiden sees cells inside a ring (the accounts behind one card, one device farm, one template batch), and their
description is indeed shorter when they are told apart. They still have one operator. What separates a cell of the
same ring from a stranger that touches it is how many accounts the bridge rests on: a framed victim, a recycled
address or a chance link joins one or two accounts of a group, an operator's shared cards, machines and templates run
through the whole of it. So two communities are joined when at least `LEAST` accounts on either side, and `WIDTH` of
the smaller side, are ends of validated links between the two, `THICK` links for each of them. Each link of a bridge
was validated against chance; the width guards against a few injected ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 3
THICK = 2.0
"""Links for each account of the narrower end: chance and framing bring one, a common operator several."""
WIDTH = 0.25
"""More than twice what an attacker reaches who injects links to a tenth of a group."""


def join(source: NDArray[np.int64], target: NDArray[np.int64], label: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return labels with communities on either end of a wide bridge made one, repeated until no bridge is wide.

    Parameters
    ----------
    source, target : (links,), positions of the ends.
    label : int32 (accounts,), communities, numbered from 0.

    Notes
    -----
    O(links log links) a round; each round at least halves the communities that take part, so rounds are few.
    """
    while True:
        groups = int(label.max()) + 1
        wide = _wide(source, target, label)
        if not len(wide):
            return label
        graph = coo_array((np.ones(len(wide), np.int8), (wide[:, 0], wide[:, 1])), shape=(groups, groups))
        label = connected_components(graph, directed=False)[1].astype(np.int32)[label]


def _wide(source: NDArray[np.int64], target: NDArray[np.int64], label: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pairs of communities with a wide bridge, shape (pairs, 2)."""
    groups, accounts = int(label.max()) + 1, len(label)
    size = np.bincount(label, minlength=groups)
    across = label[source] != label[target]
    source, target = source[across], target[across]
    end = np.concatenate([source, target]).astype(np.int64)
    way = label[end].astype(np.int64) * groups + label[np.concatenate([target, source])]
    links = np.unique(way, return_counts=True)[1]
    # one entry an account and the community it reaches into; the account's own community follows from it
    reach = np.unique(way * accounts + end) // accounts
    bridge, width = np.unique(reach, return_counts=True)
    one, other = bridge // groups, bridge % groups
    back = np.searchsorted(bridge, other * groups + one)
    narrow = np.minimum(width, width[back])
    wide = narrow >= np.maximum(LEAST, np.ceil(WIDTH * np.minimum(size[one], size[other])))
    wide &= links >= THICK * narrow
    pairs: NDArray[np.int64] = np.column_stack([one, other])[wide & (one < other)]
    return pairs
