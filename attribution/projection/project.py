"""From a population to validated links: null, kernel, false-discovery control, and the list of what was suppressed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.domain import Links
from attribution.projection.kernel import BINS_PER_NAT, count_rows, write_rows
from attribution.projection.layout import lay_out, row_work, rules
from attribution.projection.null import LEAST, FacetNull, Null, fit
from attribution.projection.scratch import Kept, Out, allocate
from attribution.schemas import OUTPUT_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.config import ProjectionConfig
    from attribution.domain import Population
    from attribution.projection.layout import Graph, Rules
    from attribution.projection.scratch import Scratch

CHUNKS = 16
THREADS = min(2, os.cpu_count() or 1)
BINS = 200 * BINS_PER_NAT
KEPT = 2_000_000
"""Pairs that a chunk keeps from the counting pass for the writing pass, 12 bytes each; one with more looks again."""
NONE = Kept(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float64))


@dataclass(frozen=True, slots=True)
class Projection:
    """Validated links and what they rest on.

    Attributes
    ----------
    links : validated pairs, sorted by (source, target).
    suppressed : values too common to count, in the schema of `OUTPUT_TABLES["suppressed"]`.
    null : the fitted null model.
    validated : pairs that passed, before `links_per_account` thinned the links of the largest groups.
    counts : int64 (bins,), pairs by floor(-ln p x BINS_PER_NAT), those that could pass at most.
    """

    links: Links
    suppressed: pa.Table
    null: Null
    validated: int
    counts: NDArray[np.int64]


def project(population: Population, config: ProjectionConfig) -> Projection:
    """Find the pairs of accounts that share more than chance explains.

    Null hypothesis of a pair: both picked their values at random, given how busy they are and how popular each value
    is (`null`). Pairs are validated by Benjamini-Hochberg at `config.false_discovery_rate` over all pairs of accounts
    that share any kept value with anybody; pairs that share nothing have p = 1 and are never enumerated.
    O(sum over kept values of d^2) time, `kernel`.
    """
    null = fit(population, config.false_discovery_rate)
    graph, rule = lay_out(population, null), rules(null)
    chunks = _chunks(row_work(graph)) if null.facets else []
    updates = sum(int((f.popularity[f.kept] * (f.popularity[f.kept] - 1) // 2).sum()) for f in null.facets.values())
    # At most `updates` pairs can be discovered, so no p-value above level * updates / pairs can pass.
    bound = config.false_discovery_rate * min(updates, null.pairs) / max(null.pairs, 1)
    counts, kept = np.zeros((len(chunks), BINS), np.int64), [NONE for _ in chunks]
    if bound > 0:
        counts, kept = _count(graph, rule, chunks, np.log(bound), KEPT)
    edge = step_up(counts.sum(axis=0), null.pairs, config.false_discovery_rate)
    expected = [int(count[edge:].sum()) for count in counts] if edge is not None else [0 for _ in chunks]
    pairs = _write(graph, rule, chunks, kept, -(edge or 0) / BINS_PER_NAT, config.links_per_account, expected)
    links = Links(
        source=pairs.source,
        target=pairs.target,
        by_facet=pairs.by_facet,
        weight=pairs.weight,
        p_value=np.exp(pairs.log_p),
        facets=tuple(null.facets),
        threshold=float(np.exp(-edge / BINS_PER_NAT)) if edge is not None else 0.0,
    )
    return Projection(
        links=links,
        suppressed=_suppressed(population, null),
        null=null,
        validated=sum(expected),
        counts=counts.sum(axis=0),
    )


def pair_counts(population: Population, null: Null, *, log_bound: float = 0.0) -> NDArray[np.int64]:
    """Count all pairs that share anything and have ln p <= `log_bound`, by floor(-ln p x BINS_PER_NAT)."""
    graph = lay_out(population, null)
    counts, _ = _count(graph, rules(null), _chunks(row_work(graph)), log_bound, 0)
    return np.asarray(counts.sum(axis=0), np.int64)


def step_up(counts: NDArray[np.int64], hypotheses: int, level: float) -> int | None:
    """Benjamini-Hochberg on counts of -ln p in bins of 1/BINS_PER_NAT nats: return the lowest bin that is rejected.

    Rejecting all p <= t for a t with t <= level x rejected / hypotheses controls the false-discovery rate under
    positive regression dependence (Benjamini and Yekutieli 2001); here t runs over the edges of bins. None: no bin.
    """
    rejected = np.cumsum(counts[::-1])[::-1]
    edges = np.exp(-np.arange(len(counts)) / BINS_PER_NAT)
    passed = np.flatnonzero((rejected > 0) & (edges * max(hypotheses, 1) <= level * rejected))
    return int(passed[0]) if len(passed) else None


def _chunks(work: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut the rows into CHUNKS ranges of about the same work; the cut never depends on the machine."""
    done = np.cumsum(work + 1)
    cuts = (
        np.searchsorted(done, np.arange(1, CHUNKS) * (int(done[-1]) / CHUNKS)) if len(done) else np.zeros(0, np.int64)
    )
    bounds = [0, *(int(cut) for cut in cuts), len(work)]
    return [(first, last) for first, last in pairwise(bounds) if first < last]


def _count(
    graph: Graph, rule: Rules, chunks: list[tuple[int, int]], log_bound: float, keep: int
) -> tuple[NDArray[np.int64], list[Kept]]:
    """Count pairs by bin; the bound is loosened to the edge of its bin, so that every bin is counted whole.

    Return the pairs as well, chunk by chunk, where there are at most `keep`.
    """
    log_bound = -float(np.floor(-log_bound * BINS_PER_NAT)) / BINS_PER_NAT
    counts = np.zeros((len(chunks), BINS), np.int64)
    kept = [NONE for _ in chunks]

    def work(number: int, scratch: Scratch) -> None:
        kept[number] = count_rows(*chunks[number], graph, rule, scratch, log_bound, counts[number], keep)

    _share(work, len(chunks), graph, rule)
    return counts, kept


def _write(  # arrays and bounds, in the order of the pass
    graph: Graph,
    rule: Rules,
    chunks: list[tuple[int, int]],
    kept: list[Kept],
    log_bound: float,
    most: int,
    expected: list[int],
) -> Out:
    facets = graph.degree.shape[1]
    room = [min(count, (last - first) * most) for count, (first, last) in zip(expected, chunks, strict=True)]
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(room, np.int64))])
    total = int(start[-1])
    whole = Out(
        source=np.empty(total, np.int32),
        target=np.empty(total, np.int32),
        by_facet=np.empty((total, facets), np.float32),
        weight=np.empty(total, np.float32),
        log_p=np.empty(total, np.float64),
    )
    written = np.zeros(len(chunks), np.int64)

    def work(number: int, scratch: Scratch) -> None:
        if room[number]:
            part = _rows(whole, slice(start[number], start[number + 1]))
            written[number] = write_rows(*chunks[number], graph, rule, scratch, log_bound, most, kept[number], part)
            kept[number] = NONE

    _share(work, len(chunks), graph, rule)
    if (written == room).all():
        return whole
    keep = np.concatenate([np.arange(s, s + n) for s, n in zip(start[:-1], written, strict=True)])
    return _rows(whole, keep)


def _rows(pairs: Out, rows: slice | NDArray[np.int64]) -> Out:
    return Out(pairs.source[rows], pairs.target[rows], pairs.by_facet[rows], pairs.weight[rows], pairs.log_p[rows])


def _share(work: Callable[[int, Scratch], None], tasks: int, graph: Graph, rule: Rules) -> None:
    """Do the tasks on up to THREADS threads, each with its own scratch; which thread does which cannot matter."""
    numbers = iter(range(tasks))

    def run() -> None:
        scratch = allocate(graph, rule)
        for number in numbers:
            work(number, scratch)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(run) for _ in range(min(THREADS, tasks))]:
            future.result()


def reason(fitted: FacetNull, value: int, floor: float) -> str:
    """Say why a value is suppressed, with the figures."""
    nats = fitted.typical[value]
    users = int(fitted.popularity[value])
    if nats < floor:
        return f"too common: would bring two typical users {nats:.2f} nats, under the floor of {floor:.2f}"
    return f"too many pairs to look at: {users * (users - 1) // 2}; would bring two typical users {nats:.2f} nats"


def _suppressed(population: Population, null: Null) -> pa.Table:
    facets, values, accounts, reasons = [], [], [], []
    for facet, fitted in null.facets.items():
        names = population.incidence[facet].values
        for number in np.flatnonzero(~fitted.kept & (fitted.popularity >= LEAST)):
            facets.append(facet.value)
            values.append(names[int(number)].as_py())
            accounts.append(int(fitted.popularity[number]))
            reasons.append(reason(fitted, int(number), null.floor))
    schema = OUTPUT_TABLES["suppressed"]
    return pa.table([facets, values, accounts, reasons], schema=schema)
