"""One row of the projection: all partners of an account, and what they share with it, facet by facet.

Gustavson's sparse product with a dense accumulator: for account `a`, walk over its values, rarest first, and over each
value's accounts `b > a`; the accumulator holds each partner's nats by facet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.compiled import borrowing, compiled
from attribution.projection.pairs import SLACK, ceiling_nats, is_level, several_nats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules
    from attribution.projection.scratch import Scratch

WORD = 64
"""Bits of a word: so many values of a row can be tallied."""
RISING = -1.6
"""Where the rarest shared value is worth more than this (over -1 - ln 2), `ceilings` rises with the values shared."""


@compiled
def skip_to(row: int, graph: Graph, cursor: NDArray[np.int64]) -> None:
    """Set each value's cursor behind its accounts before `row`. O(entries before it)."""
    cursor[:] = graph.column_start[:-1]
    for f in range(graph.row_start.shape[0]):
        for i in range(graph.row_start[f, 0], graph.row_start[f, row]):
            cursor[graph.row_value[i]] += 1


@borrowing
def gather(a: int, graph: Graph, rules: Rules, scratch: Scratch, ceiling: NDArray[np.float64], log_bound: float) -> int:
    """Fill the accumulator with row `a`; return how many partners it has. `ceiling` is that of `ceilings`.

    The heaviest facet comes last: most partners of a row share one popular value of it and nothing else. A pair known
    from no other facet has -ln p = nats - `rules.choice` - `rules.alone`, so it is only met if its nats can reach what
    `log_bound` needs. A row with more values of it than a word has bits is walked like any other.
    """
    partners = 0
    for f in range(graph.row_start.shape[0]):
        if f != graph.heaviest:
            partners = _walk(a, f, partners, graph, rules, scratch, ceiling)
    last = graph.heaviest
    if graph.row_start[last, a + 1] - graph.row_start[last, a] > WORD:
        return _walk(a, last, partners, graph, rules, scratch, ceiling)
    needed = np.inf
    if log_bound >= 0.0:
        needed = -np.inf
    elif rules.anchor[last]:
        needed = rules.choice[last] + rules.alone - log_bound - SLACK
    tallied = _tally(a, last, graph, scratch)
    return _weigh(a, last, partners, tallied, graph, rules, scratch, ceiling, needed)


@borrowing
def _walk(  # arrays, as the compiled callers have them
    a: int, f: int, partners: int, graph: Graph, rules: Rules, scratch: Scratch, ceiling: NDArray[np.float64]
) -> int:
    """Add one facet to row `a`, value by value, rarest first; return how many partners there are now."""
    partner = scratch.partner
    most, cap, price, counter = rules.facts[f], rules.cap[f], rules.price[f], scratch.counter[f]
    for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
        v = graph.row_value[i]
        start = scratch.cursor[v] + 1
        scratch.cursor[v] = start
        base = -graph.log_rate[v] - graph.log_degree[f, a] - price
        for j in range(start, graph.column_start[v + 1]):
            b = graph.column_account[j]
            if not scratch.met[b]:
                scratch.met[b] = True
                scratch.touched[partners] = b
                partners += 1
            worth = base - graph.log_degree[f, b]
            if most > 1:
                level = int(partner[b, counter]) + 1
                partner[b, counter] = level
                if level > 1:
                    if level > most or not is_level(level):
                        continue
                    if min(cap, ceiling_nats(level, worth + price, ceiling) - price) <= partner[b, f]:
                        continue
                    expected = graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]
                    worth = several_nats(level, expected, -(worth + price), ceiling[level, 2]) - price
            if worth > partner[b, f]:
                partner[b, f] = min(worth, cap)
    return partners


@borrowing
def _tally(a: int, f: int, graph: Graph, scratch: Scratch) -> int:
    """Note for each partner of row `a` in one facet which values it shares, a bit each; return how many partners."""
    tally = scratch.tally
    first = graph.row_start[f, a]
    tallied = 0
    for i in range(first, graph.row_start[f, a + 1]):
        v = graph.row_value[i]
        start = scratch.cursor[v] + 1
        scratch.cursor[v] = start
        bit = np.uint64(1) << np.uint64(i - first)
        for j in range(start, graph.column_start[v + 1]):
            b = graph.column_account[j]
            known = tally[b]
            tally[b] = known | bit
            scratch.tallied[tallied] = b  # overwritten by the next one where it is not new: a branch would be guessed
            tallied += int(known == 0)
    return tallied


@borrowing
def _weigh(  # arrays and bounds, in the order of the row
    a: int,
    f: int,
    partners: int,
    tallied: int,
    graph: Graph,
    rules: Rules,
    scratch: Scratch,
    ceiling: NDArray[np.float64],
    needed: float,
) -> int:
    """Weigh what was tallied for the partners that are met, or that reach `needed` nats; return how many are met."""
    first = graph.row_start[f, a]
    for k in range(tallied):
        b = scratch.tallied[k]
        shared = scratch.tally[b]
        scratch.tally[b] = 0
        if not scratch.met[b]:
            count = min(ones(shared), rules.facts[f])
            v = graph.row_value[first + lowest(shared)]
            single = -graph.log_rate[v] - graph.log_degree[f, a] - graph.log_degree[f, b]
            limit = single if count == 1 else ceiling_nats(count, single, ceiling)
            if (single > RISING or count == 1) and limit - rules.price[f] < needed:
                continue
            scratch.met[b] = True
            scratch.touched[partners] = b
            partners += 1
        scratch.partner[b, f] = _tallied_nats(a, b, f, shared, graph, rules, ceiling)
    return partners


@borrowing
def _tallied_nats(  # arrays, as the compiled callers have them
    a: int,
    b: int,
    f: int,
    shared: np.uint64,
    graph: Graph,
    rules: Rules,
    ceiling: NDArray[np.float64],
) -> np.float32:
    """Return one pair's capped nats in one facet, `shared` being the bits of the row's values that `b` has."""
    nats = np.float32(0.0)
    level = 0
    while shared != 0 and level < rules.facts[f]:
        level += 1
        v = graph.row_value[graph.row_start[f, a] + lowest(shared)]
        nats = _raised(nats, level, a, b, f, v, graph, rules, ceiling)
        shared &= shared - np.uint64(1)
    return nats


@borrowing
def mark_values(a: int, f: int, graph: Graph, marked: NDArray[np.uint8], mark: int) -> None:
    """Mark the values of one row in one facet with 1, or take the marks back with 0."""
    for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
        marked[graph.row_value[i]] = mark


@borrowing
def facet_nats(  # arrays, as the compiled callers have them
    a: int,
    b: int,
    f: int,
    shared: int,
    graph: Graph,
    rules: Rules,
    marked: NDArray[np.uint8],
    ceiling: NDArray[np.float64],
) -> np.float32:
    """Return one pair's capped nats in one facet, as `gather` adds them up, rarest value first.

    The values of `a` are `marked`, so a walk over those of `b` finds the ones that are shared: `shared` at most.
    """
    nats = np.float32(0.0)
    level = 0
    for j in range(graph.row_start[f, b], graph.row_start[f, b + 1]):
        v = graph.row_value[j]
        if marked[v] == 0:
            continue
        level += 1
        nats = _raised(nats, level, a, b, f, v, graph, rules, ceiling)
        if level == shared:
            break
    return nats


@borrowing
def _raised(  # arrays, as the compiled callers have them
    nats: np.float32,
    level: int,
    a: int,
    b: int,
    f: int,
    v: int,
    graph: Graph,
    rules: Rules,
    ceiling: NDArray[np.float64],
) -> np.float32:
    """Return a pair's capped nats in one facet, `v` being the value that makes `level` shared ones."""
    cap, price = rules.cap[f], rules.price[f]
    worth = -graph.log_rate[v] - graph.log_degree[f, a] - price - graph.log_degree[f, b]
    if level > 1:
        if not is_level(level):
            worth = 0.0
        elif min(cap, ceiling_nats(level, worth + price, ceiling) - price) > nats:
            expected = graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]
            worth = several_nats(level, expected, -(worth + price), ceiling[level, 2]) - price
    return np.float32(min(worth, cap)) if worth > nats else nats


@borrowing
def ones(word: np.uint64) -> np.int64:
    """Return how many bits of a word are set: sums of 2, 4 and 8 bits side by side (Knuth, TAOCP 7.1.3)."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@borrowing
def lowest(word: np.uint64) -> np.int64:
    """Return the number of a word's lowest bit that is set."""
    return ones((word & (~word + np.uint64(1))) - np.uint64(1))
