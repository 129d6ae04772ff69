"""What the projection kernel writes into: one thread's accumulator, the pairs of a chunk, and the links."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules

WORD = 63
"""So many values of a row can be tallied: the bits of a word, less one for itself."""
LINE = 64
"""Bytes of a cache line."""


class Scratch(NamedTuple):
    """One thread's accumulator; `partner`, `met`, `tally` and `marked` are zero between rows.

    `partner` (accounts, 16 or more): one cache line holds all that a row knows of a partner: nats by facet, then the
    number of shared values of each facet that counts several (`counter` says in which column, -1: none). Single
    precision holds the counts exactly. `met` (accounts,) says whether the partner has a line. `tally` (accounts,) holds
    which of the row's values of the heaviest facet are shared, a bit each, the rarest lowest; a row's partners of that
    facet stand in `tallied`. `base` (WORD,) holds what each of these values brings the row, in nats, before a partner's
    degree counts. `marked` (values,) says which values are the row's own.
    """

    cursor: NDArray[np.int64]
    partner: NDArray[np.float32]
    counter: NDArray[np.int64]
    met: NDArray[np.bool_]
    tally: NDArray[np.uint64]
    tallied: NDArray[np.int32]
    base: NDArray[np.float64]
    marked: NDArray[np.uint8]
    touched: NDArray[np.int32]
    passed: NDArray[np.int32]
    passed_log_p: NDArray[np.float64]


class Kept(NamedTuple):
    """Pairs that the counting pass keeps for the writing pass: where each row's start, partner and ln p."""

    start: NDArray[np.int64]
    partner: NDArray[np.int32]
    log_p: NDArray[np.float64]


class Out(NamedTuple):
    """Where pairs are written; `Links` says what the columns are."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    by_facet: NDArray[np.float32]
    weight: NDArray[np.float32]
    log_p: NDArray[np.float64]


def allocate(graph: Graph, rule: Rules) -> Scratch:
    """Return an accumulator for one thread. O(accounts) memory, 64 or 128 bytes each."""
    accounts, facets = graph.degree.shape
    several = rule.facts > 1
    floats = LINE // np.dtype(np.float32).itemsize
    width = -(-(facets + int(several.sum())) // floats) * floats
    room = np.zeros(accounts * width + floats, np.float32)
    first = -room.ctypes.data % LINE // room.itemsize
    return Scratch(
        cursor=np.zeros(len(graph.rate), np.int64),
        partner=room[first : first + accounts * width].reshape(accounts, width),
        counter=np.where(several, facets + np.cumsum(several) - 1, -1),
        met=np.zeros(accounts, np.bool_),
        tally=np.zeros(accounts, np.uint64),
        tallied=np.empty(accounts, np.int32),
        base=np.zeros(WORD),
        marked=np.zeros(len(graph.rate), np.uint8),
        touched=np.empty(accounts, np.int32),
        passed=np.empty(accounts, np.int32),
        passed_log_p=np.empty(accounts, np.float64),
    )
