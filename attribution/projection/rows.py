"""One row of the projection: all partners of an account, and what they share with it, facet by facet.

Gustavson's sparse product with a dense accumulator: for account `a`, walk over its values, rarest first, and over each
value's accounts `b > a`; the accumulator holds each partner's nats by facet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attribution.compiled import borrowing, compiled
from attribution.projection.pairs import SLACK, ceiling_nats, ceilings, is_level, several_nats
from attribution.projection.scratch import WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules
    from attribution.projection.scratch import Scratch


MET = np.uint64(1 << 63)
"""The bit of a tally that says that the partner is met already."""


class Aim(NamedTuple):
    """What the pairs of a pass must reach, and what follows from it for those that cannot.

    Attributes
    ----------
    log_bound : ln p that a pair may have at most.
    ceiling : that of `ceilings`.
    late : the facet that is looked up last, for partners that something else speaks for; -1 without.
    needed : nats of the heaviest facet from which a pair passes by it alone.
    least_sum : sum of nats over facets that a pair needs at least.
    least : float64 (WORD + 1,), the nats that the rarest shared value of the heaviest facet must bring where so many
        values are shared at most, with the help of the late facet.
    entry : float32 (entries of the heaviest facet,), what a value must bring a row, before the partner's degree counts,
        so that it and the partner's further values can be enough.
    """

    log_bound: float
    ceiling: NDArray[np.float64]
    late: int
    needed: float
    least_sum: float
    least: NDArray[np.float64]
    entry: NDArray[np.float32]


@compiled
def aim_at(log_bound: float, graph: Graph, rules: Rules) -> Aim:
    """Work out what pairs with ln p <= `log_bound` must have. O(entries of the heaviest facet).

    One facet alone has -ln p = nats - `rules.choice` - `rules.alone`. With the late one it pays `rules.several` instead
    and gets that one's cap at most; it need bring hardly anything where that one is enough and lacks but an anchor.
    Where a facet carries no link only those count who are met already; where everything passes, everybody.
    """
    last, late = graph.heaviest, -1
    for f in range(graph.work.shape[0]):
        if not rules.anchor[f] and f != last and log_bound < 0.0 and (late < 0 or graph.work[f] > graph.work[late]):
            late = f
    least_sum = min(rules.alone, rules.several) - log_bound - SLACK
    needed, helped = np.inf, np.inf
    if log_bound >= 0.0:
        needed = helped = -np.inf
    elif rules.anchor[last]:
        needed = helped = rules.choice[last] + rules.alone - log_bound - SLACK
        if late >= 0:
            more = max(0.0, rules.cap[late] - rules.choice[late])
            helped = min(needed, rules.choice[last] + rules.several - log_bound - more - SLACK)
            if more >= rules.alone - log_bound - SLACK:
                helped = min(helped, 0.0)
    ceiling = ceilings(rules)
    least = _least(helped + rules.price[last], rules.facts[last], ceiling)
    return Aim(log_bound, ceiling, late, needed, least_sum, least, _entries(last, least, graph))


@compiled
def _least(nats: float, facts: int, ceiling: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the rarest of up to 1, 2, ... shared values must bring so that all can bring `nats`: (WORD + 1,).

    The inverse of `ceiling_nats`, the least over the numbers of values.
    """
    least = np.full(WORD + 1, nats)
    for level in range(2, WORD + 1):
        least[level] = least[level - 1]
        if level <= facts:
            few = (nats - ceiling[level, 0]) / level
            least[level] = min(least[level], few if few <= 1.0 else max(1.0, (nats - ceiling[level, 1]) / level))
    return least


@compiled
def _entries(f: int, least: NDArray[np.float64], graph: Graph) -> NDArray[np.float32]:
    first = graph.row_start[f, 0]
    entry = np.zeros(graph.row_start[f, -1] - first, np.float32)
    cursor = graph.column_start[:-1].copy()
    for b in range(graph.row_start.shape[1] - 1):
        end = graph.row_start[f, b + 1]
        for i in range(graph.row_start[f, b], end):
            v = graph.row_value[i]
            entry[cursor[v] - first] = least[min(end - i, WORD)] + graph.log_degree[f, b] - SLACK
            cursor[v] += 1
    return entry


@compiled
def skip_to(row: int, graph: Graph, cursor: NDArray[np.int64]) -> None:
    """Set each value's cursor behind its accounts before `row`. O(entries before it)."""
    cursor[:] = graph.column_start[:-1]
    for f in range(graph.row_start.shape[0]):
        for i in range(graph.row_start[f, 0], graph.row_start[f, row]):
            cursor[graph.row_value[i]] += 1


@borrowing
def gather(a: int, graph: Graph, rules: Rules, scratch: Scratch, aim: Aim) -> int:
    """Fill the accumulator with row `a`; return how many partners it has.

    Most partners of a row share values of the heaviest facet or of `aim.late` with it and nothing else, so these come
    last: of the heaviest one those are noted who are met by then or could pass by it; the late one, which carries no
    link, matters for these alone. A row with more than `WORD` values of the heaviest facet is walked like any other.
    """
    partners = 0
    last = graph.heaviest
    for f in range(graph.row_start.shape[0]):
        if f not in (last, aim.late):
            partners = _walk(a, f, partners, graph, rules, scratch, aim)
    if graph.row_start[last, a + 1] - graph.row_start[last, a] > WORD:
        partners = _walk(a, last, partners, graph, rules, scratch, aim)
        return _walk(a, aim.late, partners, graph, rules, scratch, aim) if aim.late >= 0 else partners
    tallied = _tally(a, last, partners, graph, scratch, aim)
    if aim.late >= 0:
        partners = _walk(a, aim.late, partners, graph, rules, scratch, aim)
    return _weigh(a, last, partners, tallied, graph, rules, scratch, aim)


@borrowing
def _walk(  # arrays, as the compiled callers have them
    a: int, f: int, partners: int, graph: Graph, rules: Rules, scratch: Scratch, aim: Aim
) -> int:
    """Add one facet to row `a`, value by value, rarest first; return how many partners there are now.

    The late facet is added for those alone who are met or tallied.
    """
    everybody = f != aim.late
    partner, ceiling = scratch.partner, aim.ceiling
    most, cap, price, counter = rules.facts[f], rules.cap[f], rules.price[f], scratch.counter[f]
    for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
        v = graph.row_value[i]
        start = scratch.cursor[v] + 1
        scratch.cursor[v] = start
        base = -graph.log_rate[v] - graph.log_degree[f, a] - price
        for j in range(start, graph.column_start[v + 1]):
            b = graph.column_account[j]
            if not (scratch.met[b] or everybody or scratch.tally[b] != 0):
                continue
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
def _tally(a: int, f: int, partners: int, graph: Graph, scratch: Scratch, aim: Aim) -> int:
    """Note which values of one facet row `a` shares with whom, a bit each; return with how many partners.

    Left out are those who are not met and of whom no number of values, from the rarest shared one on, is enough.
    """
    tally = scratch.tally
    first, end = graph.row_start[f, a], graph.row_start[f, a + 1]
    offset = graph.row_start[f, 0]
    for k in range(partners):
        tally[scratch.touched[k]] = MET
    tallied = 0
    for i in range(first, end):
        v = graph.row_value[i]
        start = scratch.cursor[v] + 1
        scratch.cursor[v] = start
        bit = np.uint64(1) << np.uint64(i - first)
        base = -graph.log_rate[v] - graph.log_degree[f, a]
        scratch.base[i - first] = base
        reach = np.float32(base if base >= aim.least[end - i] else -np.inf)
        for j in range(start, graph.column_start[v + 1]):
            b = graph.column_account[j]
            known = tally[b]
            noted = np.uint64((known != 0) | (reach >= aim.entry[j - offset]))  # no branch: it would be guessed
            tally[b] = known | (bit * noted)
            scratch.tallied[tallied] = b  # overwritten by the next one where it is not new
            tallied += int(noted & np.uint64(known & ~MET == 0))
    return tallied


@borrowing
def _weigh(  # arrays and bounds, in the order of the row
    a: int, f: int, partners: int, tallied: int, graph: Graph, rules: Rules, scratch: Scratch, aim: Aim
) -> int:
    """Weigh what was tallied for the partners that can pass; return how many are met."""
    cap, price = rules.cap[f], rules.price[f]
    for k in range(partners):
        scratch.tally[scratch.touched[k]] &= ~MET
    for k in range(tallied):
        b = scratch.tallied[k]
        shared = scratch.tally[b]
        scratch.tally[b] = 0
        most, level = _tallied_most(f, b, shared, graph, rules, scratch.base, aim)
        most = min(cap, most - price)
        if scratch.met[b]:
            total = most
            for other in range(rules.cap.shape[0]):
                total += scratch.partner[b, other]
            if total < aim.least_sum and aim.log_bound < 0.0:
                continue
        else:
            if most < aim.needed:
                continue
            scratch.met[b] = True
            scratch.touched[partners] = b
            partners += 1
        scratch.partner[b, f] = _tallied_nats(a, b, f, shared, level, graph, rules, aim)
    return partners


@borrowing
def _tallied_most(
    f: int, b: int, shared: np.uint64, graph: Graph, rules: Rules, base: NDArray[np.float64], aim: Aim
) -> tuple[float, int]:
    """Return an upper bound of one pair's nats in one facet, before cap and price, and the level that may reach it."""
    most = -np.inf
    degree = graph.log_degree[f, b]
    level = best = 0
    while shared != 0 and level < rules.facts[f]:
        level += 1
        if is_level(level):
            nats = base[lowest(shared)] - degree
            if level > 1:
                nats = ceiling_nats(level, nats, aim.ceiling)
            if nats > most:
                most, best = nats, level
        shared &= shared - np.uint64(1)
    return most, best


@borrowing
def _tallied_nats(  # arrays, as the compiled callers have them
    a: int, b: int, f: int, shared: np.uint64, best: int, graph: Graph, rules: Rules, aim: Aim
) -> np.float32:
    """Return one pair's capped nats in one facet, `shared` being the bits of the row's values that `b` has.

    The greatest over the levels in any order: the `best` one first, so that few others need their logarithms.
    """
    nats = np.float32(0.0)
    for once in range(2):
        rest = shared
        level = 0
        while rest != 0 and level < rules.facts[f]:
            level += 1
            if (level == best) != bool(once) and is_level(level):
                v = graph.row_value[graph.row_start[f, a] + lowest(rest)]
                nats = _raised(nats, level, a, b, f, v, graph, rules, aim.ceiling)
            if level == best and not once:
                break
            rest &= rest - np.uint64(1)
        if nats >= rules.cap[f]:
            break
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
