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
    `log_bound` needs.
    """
    partners = 0
    for f in range(graph.row_start.shape[0]):
        if f != graph.heaviest:
            partners = _walk(a, f, partners, graph, rules, scratch, ceiling)
    last = graph.heaviest
    needed = np.inf
    if log_bound >= 0.0:
        needed = -np.inf
    elif rules.anchor[last]:
        needed = rules.choice[last] + rules.alone - log_bound - SLACK
    tallied = _tally(a, last, graph, rules, scratch)
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
def _tally(a: int, f: int, graph: Graph, rules: Rules, scratch: Scratch) -> int:
    """Count for each partner of row `a` in one facet what it shares, and which value is the rarest; return how many."""
    tally = scratch.tally
    first = graph.row_start[f, a]
    most = np.uint32(rules.facts[f])
    tallied = 0
    for i in range(first, graph.row_start[f, a + 1]):
        v = graph.row_value[i]
        start = scratch.cursor[v] + 1
        scratch.cursor[v] = start
        rarest = (np.uint32(i - first) << np.uint32(8)) | np.uint32(1)
        for j in range(start, graph.column_start[v + 1]):
            b = graph.column_account[j]
            known = tally[b]
            if known == 0:
                tally[b] = rarest
                scratch.tallied[tallied] = b
                tallied += 1
            elif known & np.uint32(255) < most:
                tally[b] = known + np.uint32(1)
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
    mark_values(a, f, graph, scratch.marked, 1)
    for k in range(tallied):
        b = scratch.tallied[k]
        shared = int(scratch.tally[b] & np.uint32(255))
        v = graph.row_value[first + int(scratch.tally[b] >> np.uint32(8))]
        scratch.tally[b] = 0
        single = -graph.log_rate[v] - graph.log_degree[f, a] - graph.log_degree[f, b]
        if not scratch.met[b]:
            limit = single if shared == 1 else ceiling_nats(shared, single, ceiling)
            if (single > RISING or shared == 1) and limit - rules.price[f] < needed:
                continue
            scratch.met[b] = True
            scratch.touched[partners] = b
            partners += 1
        if shared == 1:
            scratch.partner[b, f] = max(0.0, min(single - rules.price[f], rules.cap[f]))
        else:
            scratch.partner[b, f] = facet_nats(a, b, f, shared, graph, rules, scratch.marked, ceiling)
    mark_values(a, f, graph, scratch.marked, 0)
    return partners


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
    cap, price = rules.cap[f], rules.price[f]
    level = 0
    for j in range(graph.row_start[f, b], graph.row_start[f, b + 1]):
        v = graph.row_value[j]
        if marked[v] == 0:
            continue
        level += 1
        worth = -graph.log_rate[v] - graph.log_degree[f, a] - price - graph.log_degree[f, b]
        if level > 1:
            if not is_level(level):
                worth = 0.0
            elif min(cap, ceiling_nats(level, worth + price, ceiling) - price) > nats:
                expected = graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]
                worth = several_nats(level, expected, -(worth + price), ceiling[level, 2]) - price
        if worth > nats:
            nats = np.float32(min(worth, cap))
        if level == shared:
            break
    return nats
