"""The projection kernel: every pair of accounts that shares a kept value, counted in one pass, written in a second.

Accounts are taken in ascending order. When a row (`rows`) is finished its pairs are combined (`pairs`), and only those
under the bound are counted or written.
O(sum over values of d (d - 1) / 2) updates, O(accounts x facets) memory a thread. Rows do not see one another, so
any cut into chunks gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.compiled import borrowing, compiled
from attribution.projection.pairs import combine
from attribution.projection.rows import aim_at, facet_nats, gather, mark_values, skip_to
from attribution.projection.scratch import Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Graph, Rules
    from attribution.projection.rows import Aim
    from attribution.projection.scratch import Out, Scratch

BINS_PER_NAT = 128


@borrowing
def _passing(
    a: int,
    partners: int,
    graph: Graph,
    rules: Rules,
    scratch: Scratch,
    aim: Aim,
    room: NDArray[np.float64],
    shown: NDArray[np.float64],
) -> int:
    """Put the partners with ln p <= `aim.log_bound` into `scratch.passed`, clear the accumulator; return how many."""
    facets = rules.cap.shape[0]
    passed = 0
    for k in range(partners):
        b = scratch.touched[k]
        total = np.float32(0.0)
        for f in range(facets):
            total += scratch.partner[b, f]
        if total >= aim.least_sum or aim.log_bound >= 0.0:
            nats = scratch.partner[b, :facets]
            _, log_p = combine(nats, graph.degree[a], graph.degree[b], rules, shown, room, aim.log_bound)
            if log_p <= aim.log_bound:
                scratch.passed[passed] = b
                scratch.passed_log_p[passed] = log_p
                passed += 1
        scratch.partner[b, :] = 0.0
        scratch.met[b] = False
    return passed


@compiled
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
    shown = np.zeros(rules.cap.shape[0])
    aim = aim_at(log_bound, graph, rules)
    skip_to(first, graph, scratch.cursor)
    start = np.zeros(last - first + 1, np.int64)
    partner = np.empty(min(most, 4096), np.int32)
    log_p = np.empty(min(most, 4096), np.float64)
    kept = 0
    for a in range(first, last):
        partners = gather(a, graph, rules, scratch, aim)
        passed = _passing(a, partners, graph, rules, scratch, aim, room, shown)
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


@compiled
def _grown(array: NDArray[Any], used: int, size: int) -> NDArray[Any]:
    longer = np.empty(size, array.dtype)
    longer[:used] = array[:used]
    return longer


@compiled
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
    aim = aim_at(log_bound, graph, rules)
    again = len(kept.start) == 0
    if again:
        skip_to(first, graph, scratch.cursor)
    written = 0
    for a in range(first, last):
        passed = 0
        if again:
            partners = gather(a, graph, rules, scratch, aim)
            passed = _passing(a, partners, graph, rules, scratch, aim, room, shown)
        else:
            for k in range(kept.start[a - first], kept.start[a - first + 1]):
                if kept.log_p[k] <= log_bound:
                    scratch.passed[passed] = kept.partner[k]
                    scratch.passed_log_p[passed] = kept.log_p[k]
                    passed += 1
        for f in range(nats.shape[0]):
            mark_values(a, f, graph, scratch.marked, 1)
        for b in np.sort(_strongest(a, scratch.passed[:passed], scratch.passed_log_p[:passed], most)):
            for f in range(nats.shape[0]):
                nats[f] = facet_nats(a, b, f, rules.facts[f], graph, rules, scratch.marked, aim.ceiling)
            weight, log_p = combine(nats, graph.degree[a], graph.degree[b], rules, shown, room, 0.0)
            out.source[written] = a
            out.target[written] = b
            out.by_facet[written, :] = shown
            out.weight[written] = weight
            out.log_p[written] = log_p
            written += 1
        for f in range(nats.shape[0]):
            mark_values(a, f, graph, scratch.marked, 0)
    return written


@compiled
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


@compiled
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
