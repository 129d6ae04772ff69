"""From a population to validated links: null, kernel, false-discovery control, and the list of what was suppressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.domain import OUTPUT_TABLES, Facet, Links
from attribution.projection.kernel import score_rows
from attribution.projection.layout import lay_out
from attribution.projection.null import Null, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.config import ProjectionConfig
    from attribution.domain import Population
    from attribution.projection.layout import Layout

FIRST_ROOM = 1 << 20


@dataclass(frozen=True, slots=True)
class Projection:
    """Validated links and what they rest on.

    Attributes
    ----------
    links : validated pairs, sorted by (source, target).
    suppressed : values too common to count, in the schema of `OUTPUT_TABLES["suppressed"]`.
    null : the fitted null model.
    candidates : pairs whose p-value could have been small enough.
    """

    links: Links
    suppressed: pa.Table
    null: Null
    candidates: int


@dataclass(frozen=True, slots=True)
class _Pairs:
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    by_facet: NDArray[np.float32]
    weight: NDArray[np.float32]
    log_p: NDArray[np.float64]

    def take(self, keep: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(self.source[keep], self.target[keep], self.by_facet[keep], self.weight[keep], self.log_p[keep])


def project(population: Population, config: ProjectionConfig) -> Projection:
    """Find the pairs of accounts that share more than chance explains.

    Null hypothesis of a pair: both picked their values at random, given how busy they are and how popular each value
    is (`null`). Pairs are validated by Benjamini-Hochberg at `config.false_discovery_rate` over all pairs of accounts
    that share any kept value with anybody; pairs that share nothing have p = 1 and are never enumerated.
    O(sum over kept values of d^2) time, `kernel`.
    """
    null = fit(population, config.false_discovery_rate)
    layout = lay_out(population, null)
    updates = sum(int((f.popularity[f.kept] * (f.popularity[f.kept] - 1) // 2).sum()) for f in null.facets.values())
    # At most `updates` pairs can be discovered, so no p-value above level * updates / pairs can pass.
    bound = config.false_discovery_rate * min(updates, null.pairs) / max(null.pairs, 1)
    pairs = _score(layout, population.size, np.log(bound) if bound > 0 else -np.inf)
    threshold = step_up(np.exp(pairs.log_p), null.pairs, config.false_discovery_rate)
    kept = pairs.take(np.exp(pairs.log_p) <= threshold)
    links = Links(
        source=kept.source,
        target=kept.target,
        by_facet=kept.by_facet,
        weight=kept.weight,
        p_value=np.exp(kept.log_p),
        facets=layout.facets,
        threshold=threshold,
    )
    return Projection(links=links, suppressed=_suppressed(population, null), null=null, candidates=len(pairs.source))


def step_up(p_values: NDArray[np.float64], hypotheses: int, level: float) -> float:
    """Return the greatest p-value that Benjamini-Hochberg rejects at `level` (0.0: none).

    `p_values` are those of the hypotheses that were looked at; the others count as 1. Valid under positive regression
    dependence (Benjamini and Yekutieli 2001).
    """
    ordered = np.sort(p_values)
    passed = np.flatnonzero(ordered <= level * np.arange(1, len(ordered) + 1) / max(hypotheses, 1))
    return float(ordered[passed[-1]]) if len(passed) else 0.0


def _score(layout: Layout, accounts: int, log_bound: float) -> _Pairs:
    facets = len(layout.facets)
    burst = layout.facets.index(Facet.BURST) if Facet.BURST in layout.facets else -1
    cursor = layout.column_start[:-1].copy()
    nats = np.zeros((accounts, facets), np.float64)
    count = np.zeros((accounts, facets), np.int32)
    room = max(min(FIRST_ROOM, accounts * accounts), accounts)
    buffers = (
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty((room, facets), np.float32),
        np.empty(room, np.float32),
        np.empty(room, np.float64),
    )
    parts: list[_Pairs] = []
    row = 0
    while row < accounts and facets:
        row, written = score_rows(
            row,
            accounts,
            layout.row_start,
            layout.row_value,
            layout.column_start,
            layout.column_account,
            cursor,
            layout.rate,
            layout.degree,
            layout.top_rate,
            layout.facts,
            layout.cap,
            layout.anchor,
            layout.group,
            layout.price,
            layout.group_price,
            layout.groups,
            burst,
            log_bound,
            nats,
            count,
            *buffers,
        )
        parts.append(_Pairs(*(buffer[:written].copy() for buffer in buffers)))
    if not parts:
        parts.append(_Pairs(*(buffer[:0] for buffer in buffers)))
    return _Pairs(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _Pairs.__slots__),
    )


def _suppressed(population: Population, null: Null) -> pa.Table:
    facets, values, accounts, reasons = [], [], [], []
    for facet, fitted in null.facets.items():
        names = population.incidence[facet].values
        for number in np.flatnonzero(~fitted.kept & (fitted.popularity >= 2)):
            nats = -float(np.log(fitted.first_rate[number]))
            facets.append(facet.value)
            values.append(names[int(number)].as_py())
            accounts.append(int(fitted.popularity[number]))
            reasons.append(
                f"at best {max(nats, 0.0):.2f} nats between two accounts, under the floor of {null.floor:.2f}: "
                "too common to count"
            )
    schema = OUTPUT_TABLES["suppressed"]
    return pa.table([facets, values, accounts, reasons], schema=schema)
