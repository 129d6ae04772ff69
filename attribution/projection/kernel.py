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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules

CONTENT = 3
"""The group of template, template family and burst."""
BINS_PER_NAT = 128
SLACK = 1e-3
"""Quick tests leave this many nats for rounding; what is closer to a bound is computed in full."""


class Scratch(NamedTuple):
    """One thread's accumulator.

    `partner` (accounts, 16 or more) is zero between rows. One cache line holds all that a row knows of a partner: nats
    by facet, then the number of shared values of each facet that counts several (`counter` says in which column, -1:
    none), then whether the partner was met at all. Single precision holds the counts exactly.
    """

    cursor: NDArray[np.int64]
    partner: NDArray[np.float32]
    counter: NDArray[np.int64]
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


@njit(cache=True, nogil=True)
def fact_nats(level: int, expected: float) -> float:
    """Return -ln of an upper bound of P(at least `level` values shared | `expected` by chance), never under 0.

    One value: Markov's inequality, P <= expected. More: the Poisson tail, which bounds sums of independent indicators
    from expected + 1 on (Anderson and Samuels 1967), itself bounded by its first term and a geometric series:
    P <= exp(-expected) expected^j / j! / (1 - expected / (j + 1)).
    """
    if level == 1:
        return -log(expected) if expected < 1.0 else 0.0
    if expected > level - 1:
        return 0.0
    return max(0.0, expected - level * log(expected) + lgamma(level + 1.0) + log(1.0 - expected / (level + 1.0)))


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
def row_work(graph: Graph) -> NDArray[np.int64]:
    """Return the number of updates that each row costs, shape (accounts,). O(entries)."""
    facets, accounts = graph.row_start.shape[0], graph.row_start.shape[1] - 1
    cursor = graph.column_start[:-1].copy()
    work = np.zeros(accounts, np.int64)
    for a in range(accounts):
        for f in range(facets):
            for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
                v = graph.row_value[i]
                cursor[v] += 1
                work[a] += graph.column_start[v + 1] - cursor[v]
    return work


@njit(cache=True, nogil=True)
def skip_to(row: int, graph: Graph, cursor: NDArray[np.int64]) -> None:
    """Set each value's cursor behind its accounts before `row`. O(entries before it)."""
    cursor[:] = graph.column_start[:-1]
    for f in range(graph.row_start.shape[0]):
        for i in range(graph.row_start[f, 0], graph.row_start[f, row]):
            cursor[graph.row_value[i]] += 1


@njit(cache=True, nogil=True)
def _gather(a: int, graph: Graph, rules: Rules, scratch: Scratch, ceiling: NDArray[np.float64]) -> int:
    """Fill the accumulator with row `a`; return how many partners it has. `ceiling` is that of `ceilings`."""
    partner = scratch.partner
    met = partner.shape[1] - 1
    partners = 0
    for f in range(graph.row_start.shape[0]):
        most = rules.facts[f]
        cap = rules.cap[f]
        price = rules.price[f]
        counter = scratch.counter[f]
        for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
            v = graph.row_value[i]
            start = scratch.cursor[v] + 1
            scratch.cursor[v] = start
            base = -graph.log_rate[v] - np.log(graph.degree[a, f]) - price
            for j in range(start, graph.column_start[v + 1]):
                b = graph.column_account[j]
                if partner[b, met] == 0.0:
                    partner[b, met] = 1.0
                    scratch.touched[partners] = b
                    partners += 1
                worth = base - graph.column_log_degree[j]
                if most > 1:
                    level = int(partner[b, counter]) + 1
                    partner[b, counter] = level
                    if level > 1:
                        if level > most or not is_level(level):
                            continue
                        nats = worth + price
                        if min(cap, level * nats + ceiling[level, int(nats > 1.0)] - price) <= partner[b, f]:
                            continue
                        worth = fact_nats(level, graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]) - price
                if worth > partner[b, f]:
                    partner[b, f] = min(worth, cap)
    return partners


@njit(cache=True, nogil=True)
def ceilings(rules: Rules) -> NDArray[np.float64]:
    """Return what `fact_nats` is at most above level x -ln(expected), by level and whether -ln(expected) is over 1.

    Shape (most + 1, 2). That saves the logarithms of all that cannot raise a facet; what is left is computed in full.
    """
    most = 1
    for f in range(rules.facts.shape[0]):
        most = max(most, rules.facts[f])
    table = np.zeros((most + 1, 2))
    for level in range(2, most + 1):
        table[level, 0] = level - 1 + lgamma(level + 1.0) + SLACK
        table[level, 1] = 0.5 + lgamma(level + 1.0) + SLACK
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
        partners = _gather(a, graph, rules, scratch, ceiling)
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
            partners = _gather(a, graph, rules, scratch, ceiling)
            passed = _passing(a, partners, graph, rules, scratch, log_bound, room)
        else:
            for k in range(kept.start[a - first], kept.start[a - first + 1]):
                if kept.log_p[k] <= log_bound:
                    scratch.passed[passed] = kept.partner[k]
                    scratch.passed_log_p[passed] = kept.log_p[k]
                    passed += 1
        for b in np.sort(_strongest(a, scratch.passed[:passed], scratch.passed_log_p[:passed], most)):
            _pair(a, b, graph, rules, nats)
            weight, log_p = combine(nats, graph.degree[a], graph.degree[b], rules, shown, room)
            out.source[written] = a
            out.target[written] = b
            out.by_facet[written, :] = shown
            out.weight[written] = weight
            out.log_p[written] = log_p
            written += 1
    return written


@njit(cache=True, nogil=True)
def _pair(a: int, b: int, graph: Graph, rules: Rules, nats: NDArray[np.float32]) -> None:
    """Fill `nats` with one pair's capped nats by facet, as `_gather` does: a walk over both rows, rarest first."""
    for f in range(nats.shape[0]):
        nats[f] = 0.0
        level = 0
        i, j = graph.row_start[f, a], graph.row_start[f, b]
        while i < graph.row_start[f, a + 1] and j < graph.row_start[f, b + 1] and level < rules.facts[f]:
            v, other = graph.row_value[i], graph.row_value[j]
            if v != other:
                users = graph.column_start[v + 1] - graph.column_start[v]
                others = graph.column_start[other + 1] - graph.column_start[other]
                if users < others or (users == others and v < other):
                    i += 1
                else:
                    j += 1
                continue
            level += 1
            worth = 0.0
            if level == 1:
                column = graph.column_account[graph.column_start[v] : graph.column_start[v + 1]]
                place = graph.column_start[v] + np.searchsorted(column, b)
                base = -graph.log_rate[v] - np.log(graph.degree[a, f]) - rules.price[f]
                worth = base - graph.column_log_degree[place]
            elif is_level(level):
                worth = fact_nats(level, graph.degree[a, f] * graph.degree[b, f] * graph.rate[v]) - rules.price[f]
            if worth > nats[f]:
                nats[f] = min(worth, rules.cap[f])
            i += 1
            j += 1


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
