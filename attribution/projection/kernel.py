"""The projection kernel: every pair of accounts that shares a kept value, scored row by row.

Gustavson's sparse product with a dense accumulator: for each account `a` in ascending order, walk over its values,
rarest first, and over each value's accounts `b > a`; the accumulator holds each partner's nats by facet. When the row
is finished its pairs are combined, and only those under the bound are counted or written.
O(sum over values of d (d - 1) / 2) updates, O(accounts x facets) memory a thread. Rows do not see one another, so
any cut into chunks gives the same bytes. What a pair's values are worth (`fact_nats`, `combine`) is compiled in this
file as well, because numba's cache sees only the file of the function that it compiled.
"""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from attribution.projection.scratch import Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules
    from attribution.projection.scratch import Out, Scratch

CONTENT = 3
"""The group of template, template family and burst."""
BINS_PER_NAT = 128
SLACK = 1e-3
"""Quick tests leave this many nats for rounding; what is closer to a bound is computed in full."""
RISING = -1.6
"""Where the rarest shared value is worth more than this (over -1 - ln 2), `ceilings` rises with the values shared."""


@njit(cache=True, nogil=True)
def fact_nats(level: int, expected: float) -> float:
    """Return -ln of an upper bound of P(at least `level` values shared | `expected` by chance), never under 0.

    One value: Markov's inequality, P <= expected. More: the Poisson tail, which bounds sums of independent indicators
    from expected + 1 on (Anderson and Samuels 1967), itself bounded by its first term and a geometric series:
    P <= exp(-expected) expected^j / j! / (1 - expected / (j + 1)).
    """
    if level == 1:
        return -log(expected) if expected < 1.0 else 0.0
    return _several(level, expected, log(expected), lgamma(level + 1.0))


@njit(cache=True, nogil=True)
def _several(level: int, expected: float, log_expected: float, log_factorial: float) -> float:
    """Return `fact_nats` of two values or more, its logarithms being known."""
    if expected > level - 1:
        return 0.0
    return max(0.0, expected - level * log_expected + log_factorial + log(1.0 - expected / (level + 1.0)))


@njit(cache=True, nogil=True)
def is_level(level: int) -> bool:
    """Return whether a number of shared values is one of `rules.LEVELS`: 1, 2, 3, 4, 6, 8, 12, ..., 48, 64."""
    power = level & -level
    return bool(level == power or level == 3 * power)


@njit(cache=True, nogil=True)
def combine(  # arrays, as the compiled callers have them
    nats: NDArray[np.float32],
    degree_a: NDArray[np.float64],
    degree_b: NDArray[np.float64],
    rules: Rules,
    shown: NDArray[np.float64],
    room: NDArray[np.float64],
) -> tuple[float, float]:
    """Combine one pair's capped nats by facet; fill `shown`, where a burst counts by what it adds to content.

    `room` (3, groups) is overwritten; it saves an allocation a pair.

    Returns
    -------
    weight : sum over groups of the greatest facet, nats.
    log_p : ln of the pair's p-value; 0 where no anchor facet speaks.

    Notes
    -----
    A group's nats X_g satisfy P(X_g >= x) <= exp(-x) and P(X_g > 0) <= exp(-l_g), so for the set of the n groups that
    speak, P(sum >= x) <= exp(-x) Q_n(x - sum l_g) with Q_n(y) = sum over i < n of y^i / i!, a Gamma tail. The choice
    among the sets is paid for by Bonferroni: half of the chance goes to single anchor groups, half to all other sets.
    """
    room[:] = 0.0
    best, paid, reach = room[0], room[1], room[2]
    content = 0.0
    anchored = False
    for f in range(nats.shape[0]):
        g = rules.group[f]
        shown[f] = nats[f]
        reach[g] += min(1.0, degree_a[f] * degree_b[f] * rules.top_rate[f])
        best[g] = max(best[g], nats[f])
        paid[g] = max(paid[g], nats[f] - rules.choice[f])
        if g == CONTENT and f != rules.burst:
            content = max(content, nats[f])
        if rules.anchor[f] and nats[f] > 0.0:
            anchored = True
    if rules.burst >= 0:
        shown[rules.burst] = max(0.0, nats[rules.burst] - content)
    weight = 0.0
    total = 0.0
    least = 0.0
    speaking = 0
    for g in range(best.shape[0]):
        weight += best[g]
        if paid[g] > 0.0:
            total += paid[g]
            speaking += 1
            if reach[g] < 1.0:
                least -= log(reach[g])
    if speaking == 0 or not anchored:
        return weight, 0.0
    excess = max(0.0, total - least)
    term = 1.0
    tail = 1.0
    for i in range(1, speaking):
        term *= excess / i
        tail += term
    chosen = rules.alone if speaking == 1 else rules.several
    return weight, min(0.0, chosen - total + log(tail))


@njit(cache=True, nogil=True)
def skip_to(row: int, graph: Graph, cursor: NDArray[np.int64]) -> None:
    """Set each value's cursor behind its accounts before `row`. O(entries before it)."""
    cursor[:] = graph.column_start[:-1]
    for f in range(graph.row_start.shape[0]):
        for i in range(graph.row_start[f, 0], graph.row_start[f, row]):
            cursor[graph.row_value[i]] += 1


@njit(cache=True, nogil=True)
def _gather(
    a: int, graph: Graph, rules: Rules, scratch: Scratch, ceiling: NDArray[np.float64], log_bound: float
) -> int:
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


@njit(cache=True, nogil=True)
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
                    if min(cap, _ceiling(level, worth + price, ceiling) - price) <= partner[b, f]:
                        continue
                    expected = graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]
                    worth = _several(level, expected, -(worth + price), ceiling[level, 2]) - price
            if worth > partner[b, f]:
                partner[b, f] = min(worth, cap)
    return partners


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
    _mark(a, f, graph, scratch.marked, 1)
    for k in range(tallied):
        b = scratch.tallied[k]
        shared = int(scratch.tally[b] & np.uint32(255))
        v = graph.row_value[first + int(scratch.tally[b] >> np.uint32(8))]
        scratch.tally[b] = 0
        single = -graph.log_rate[v] - graph.log_degree[f, a] - graph.log_degree[f, b]
        if not scratch.met[b]:
            limit = single if shared == 1 else _ceiling(shared, single, ceiling)
            if (single > RISING or shared == 1) and limit - rules.price[f] < needed:
                continue
            scratch.met[b] = True
            scratch.touched[partners] = b
            partners += 1
        if shared == 1:
            scratch.partner[b, f] = max(0.0, min(single - rules.price[f], rules.cap[f]))
        else:
            scratch.partner[b, f] = _facet_nats(a, b, f, shared, graph, rules, scratch.marked, ceiling)
    _mark(a, f, graph, scratch.marked, 0)
    return partners


@njit(cache=True, nogil=True)
def _ceiling(level: int, nats: float, ceiling: NDArray[np.float64]) -> float:
    """Return an upper bound of `fact_nats`, `nats` being -ln(expected)."""
    return float(level * nats + ceiling[level, int(nats > 1.0)])


@njit(cache=True, nogil=True)
def ceilings(rules: Rules) -> NDArray[np.float64]:
    """Return what `fact_nats` is at most above level x -ln(expected), by level and whether -ln(expected) is over 1.

    Shape (most + 1, 3). That saves the logarithms of all that cannot raise a facet; what is left is computed in full,
    with ln level! from the third column.
    """
    most = 1
    for f in range(rules.facts.shape[0]):
        most = max(most, rules.facts[f])
    table = np.zeros((most + 1, 3))
    for level in range(2, most + 1):
        table[level, 0] = level - 1 + lgamma(level + 1.0) + SLACK
        table[level, 1] = 0.5 + lgamma(level + 1.0) + SLACK
        table[level, 2] = lgamma(level + 1.0)
    return table


@njit(cache=True, nogil=True)
def _passing(
    a: int, partners: int, graph: Graph, rules: Rules, scratch: Scratch, log_bound: float, room: NDArray[np.float64]
) -> int:
    """Put the partners with ln p <= `log_bound` into `scratch.passed`, clear the accumulator; return how many."""
    facets = rules.cap.shape[0]
    choice = min(rules.alone, rules.several)  # paid in any case, so the sum of nats less this bounds -ln p
    shown = np.empty(facets)
    passed = 0
    for k in range(partners):
        b = scratch.touched[k]
        total = np.float32(0.0)
        for f in range(facets):
            total += scratch.partner[b, f]
        if log_bound >= 0.0 or choice - total - SLACK <= log_bound:
            _, log_p = combine(scratch.partner[b, :facets], graph.degree[a], graph.degree[b], rules, shown, room)
            if log_p <= log_bound:
                scratch.passed[passed] = b
                scratch.passed_log_p[passed] = log_p
                passed += 1
        scratch.partner[b, :] = 0.0
        scratch.met[b] = False
    return passed


@njit(cache=True, nogil=True)
def count_rows(  # arrays and bounds, in the order of the pass
    first: int,
    last: int,
    graph: Graph,
    rules: Rules,
    scratch: Scratch,
    log_bound: float,
    histogram: NDArray[np.int64],
    most: int,
) -> Kept:
    """Count the pairs of rows `first` to `last` with ln p <= `log_bound` by floor(-ln p x BINS_PER_NAT).

    The pairs are kept as well unless there are more than `most`: then `Kept` is empty.
    """
    room = np.zeros((3, rules.groups))
    ceiling = ceilings(rules)
    skip_to(first, graph, scratch.cursor)
    start = np.zeros(last - first + 1, np.int64)
    partner = np.empty(min(most, 4096), np.int32)
    log_p = np.empty(min(most, 4096), np.float64)
    kept = 0
    for a in range(first, last):
        partners = _gather(a, graph, rules, scratch, ceiling, log_bound)
        passed = _passing(a, partners, graph, rules, scratch, log_bound, room)
        for k in range(passed):
            histogram[min(int(-scratch.passed_log_p[k] * BINS_PER_NAT), histogram.shape[0] - 1)] += 1
        if kept + passed > most:
            kept = most + 1
        else:
            if kept + passed > len(partner):
                size = min(most, max(kept + passed, 2 * len(partner)))
                partner = _grown(partner, kept, size)
                log_p = _grown(log_p, kept, size)
            partner[kept : kept + passed] = scratch.passed[:passed]
            log_p[kept : kept + passed] = scratch.passed_log_p[:passed]
            kept += passed
        start[a - first + 1] = kept
    if kept > most:
        return Kept(start[:0], partner[:0].copy(), log_p[:0].copy())
    return Kept(start, partner[:kept].copy(), log_p[:kept].copy())


@njit(cache=True, nogil=True)
def _grown(array: NDArray[Any], used: int, size: int) -> NDArray[Any]:
    longer = np.empty(size, array.dtype)
    longer[:used] = array[:used]
    return longer


@njit(cache=True, nogil=True)
def write_rows(  # arrays and bounds, in the order of the pass
    first: int,
    last: int,
    graph: Graph,
    rules: Rules,
    scratch: Scratch,
    log_bound: float,
    most: int,
    kept: Kept,
    out: Out,
) -> int:
    """Write the pairs of rows `first` to `last` with ln p <= `log_bound`, at most `most` a row; return how many.

    The pairs come from `kept`, or are found again where nothing was kept.
    """
    shown = np.zeros(rules.cap.shape[0])
    nats = np.zeros(rules.cap.shape[0], np.float32)
    room = np.zeros((3, rules.groups))
    ceiling = ceilings(rules)
    again = len(kept.start) == 0
    if again:
        skip_to(first, graph, scratch.cursor)
    written = 0
    for a in range(first, last):
        passed = 0
        if again:
            partners = _gather(a, graph, rules, scratch, ceiling, log_bound)
            passed = _passing(a, partners, graph, rules, scratch, log_bound, room)
        else:
            for k in range(kept.start[a - first], kept.start[a - first + 1]):
                if kept.log_p[k] <= log_bound:
                    scratch.passed[passed] = kept.partner[k]
                    scratch.passed_log_p[passed] = kept.log_p[k]
                    passed += 1
        for f in range(nats.shape[0]):
            _mark(a, f, graph, scratch.marked, 1)
        for b in np.sort(_strongest(a, scratch.passed[:passed], scratch.passed_log_p[:passed], most)):
            for f in range(nats.shape[0]):
                nats[f] = _facet_nats(a, b, f, rules.facts[f], graph, rules, scratch.marked, ceiling)
            weight, log_p = combine(nats, graph.degree[a], graph.degree[b], rules, shown, room)
            out.source[written] = a
            out.target[written] = b
            out.by_facet[written, :] = shown
            out.weight[written] = weight
            out.log_p[written] = log_p
            written += 1
        for f in range(nats.shape[0]):
            _mark(a, f, graph, scratch.marked, 0)
    return written


@njit(cache=True, nogil=True)
def _mark(a: int, f: int, graph: Graph, marked: NDArray[np.uint8], mark: int) -> None:
    """Mark the values of one row in one facet with 1, or take the marks back with 0."""
    for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
        marked[graph.row_value[i]] = mark


@njit(cache=True, nogil=True)
def _facet_nats(  # arrays, as the compiled callers have them
    a: int,
    b: int,
    f: int,
    shared: int,
    graph: Graph,
    rules: Rules,
    marked: NDArray[np.uint8],
    ceiling: NDArray[np.float64],
) -> np.float32:
    """Return one pair's capped nats in one facet, as `_gather` adds them up, rarest value first.

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
            elif min(cap, _ceiling(level, worth + price, ceiling) - price) > nats:
                expected = graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]
                worth = _several(level, expected, -(worth + price), ceiling[level, 2]) - price
        if worth > nats:
            nats = np.float32(min(worth, cap))
        if level == shared:
            break
    return nats


@njit(cache=True, nogil=True)
def _strongest(a: int, partners: NDArray[np.int32], log_p: NDArray[np.float64], most: int) -> NDArray[np.int32]:
    """Return all partners, or half of `most` by strength and the other half by a hash of the pair.

    The strongest carry the evidence, the hashed ones keep a large ring in one piece. Ties go by the hash.
    """
    if len(partners) <= most:
        return partners.copy()
    order = np.argsort(_scattered(a, partners), kind="mergesort")
    mixed, strength = partners[order], log_p[order]
    by_strength = np.argsort(strength, kind="mergesort")
    chosen = np.zeros(len(mixed), np.bool_)
    chosen[by_strength[: most // 2]] = True
    left = most - most // 2
    for k in range(len(mixed)):
        if left > 0 and not chosen[k]:
            chosen[k] = True
            left -= 1
    return mixed[chosen]


@njit(cache=True, nogil=True)
def _scattered(a: int, partners: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return a hash of each pair (splitmix64), which scatters ties over the partners."""
    mixed = np.empty(len(partners), np.uint64)
    for k in range(len(partners)):
        x = (np.uint64(a) << np.uint64(32)) | np.uint64(partners[k])
        x += np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed[k] = x ^ (x >> np.uint64(31))
    return mixed
