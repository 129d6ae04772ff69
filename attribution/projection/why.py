"""Why two accounts are linked, or why not: every facet with its shared values, figures, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import FAMILY_OF, Facet, Family
from attribution.projection.kernel import BINS_PER_NAT
from attribution.projection.layout import rules
from attribution.projection.pairs import combine, fact_nats, is_level
from attribution.projection.project import Projection, project, reason
from attribution.projection.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.config import ProjectionConfig
    from attribution.domain import Population
    from attribution.projection.null import FacetNull

COLUMNS: Mapping[Facet, str] = {
    Facet.IP: "events.ip",
    Facet.NETWORK: "events.ip",
    Facet.DEVICE: "events.device_id",
    Facet.PAYMENT: "events.payment_id",
    Facet.BATCH: "payments.bin",
    Facet.TEMPLATE: "events.prompt or events.template_id",
    Facet.TEMPLATE_FAMILY: "events.prompt",
    Facet.BURST: "events.ts",
    Facet.SIGNUP: "accounts.created_at",
}
"""The input column that a facet comes from, for saying what is missing."""


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that both used: how many accounts used it, how many such values chance would give, and whether it counts.

    `expected` is lambda(a, b, d): by chance the two share so many values this common or rarer. `suppressed` says why
    the value does not count, None where it does.
    """

    value: str
    accounts: int
    expected: float
    suppressed: str | None


@dataclass(frozen=True, slots=True)
class FacetDetail:
    """What one facet says of two accounts.

    `nats` = min(cap, max over tested j of fact_nats(j, expected of the j-th rarest) - price), at least 0; `level` is
    the j that won (0: nothing shared). `counted` is what it adds to the link (a burst counts by what it adds to the
    templates). `missing` names the input column without which the facet is unknown.
    """

    facet: Facet
    family: Family
    degrees: tuple[int, int]
    entries: int
    shared: tuple[SharedValue, ...]
    level: int
    price: float
    cap: float
    nats: float
    counted: float
    missing: str | None


@dataclass(frozen=True, slots=True)
class Why:
    """Two accounts, facet by facet, and the sum: `q_value` is the least false-discovery level that would link them."""

    accounts: tuple[str, str]
    facets: tuple[FacetDetail, ...]
    weight: float
    p_value: float
    q_value: float
    threshold: float
    linked: bool
    reason: str


def why(
    population: Population, config: ProjectionConfig, a: int, b: int, *, projection: Projection | None = None
) -> Why:
    """Explain two accounts with the kernel's own arithmetic; without `projection` it is computed first."""
    found = projection or project(population, config)
    null = found.null
    rule = rules(null)
    nats = np.zeros(len(null.facets), np.float32)
    drafts = {}
    for number, (facet, fitted) in enumerate(null.facets.items()):
        shared = _shared(population, fitted, a, b, null.floor)
        level, worth = _worth(shared, facet, float(rule.price[number]))
        nats[number] = min(worth, float(rule.cap[number]))
        drafts[facet] = (shared, level)
    degree = np.array([[fitted.degree[c] for fitted in null.facets.values()] for c in (a, b)], np.float64)
    shown = np.zeros(len(nats))
    weight, log_p = (
        combine(nats, degree[0], degree[1], rule, shown, np.zeros((3, rule.groups)), 0.0) if len(nats) else (0.0, 0.0)
    )
    details = []
    for facet in RULES:
        if facet not in null.facets:
            details.append(_unknown(facet))
            continue
        number, fitted = list(null.facets).index(facet), null.facets[facet]
        details.append(
            FacetDetail(
                facet=facet,
                family=FAMILY_OF[facet],
                degrees=(int(fitted.degree[a]), int(fitted.degree[b])),
                entries=fitted.entries,
                shared=drafts[facet][0],
                level=drafts[facet][1],
                price=float(rule.price[number]),
                cap=float(rule.cap[number]),
                nats=float(nats[number]),
                counted=float(shown[number]),
                missing=None,
            )
        )
    p_value, threshold = float(np.exp(log_p)), found.links.threshold
    return Why(
        accounts=(population.accounts[a].as_py(), population.accounts[b].as_py()),
        facets=tuple(details),
        weight=float(weight),
        p_value=p_value,
        q_value=_q_value(found, log_p),
        threshold=threshold,
        linked=0.0 < p_value <= threshold,
        reason=_reason(details, p_value, threshold),
    )


def _shared(population: Population, fitted: FacetNull, a: int, b: int, floor: float) -> tuple[SharedValue, ...]:
    matrix = population.incidence[fitted.facet]
    both = np.intersect1d(matrix.row(a), matrix.row(b))
    both = both[np.lexsort((both, fitted.popularity[both]))]
    product = float(fitted.degree[a]) * float(fitted.degree[b])
    return tuple(
        SharedValue(
            value=matrix.values[int(v)].as_py(),
            accounts=int(fitted.popularity[v]),
            expected=product * float(fitted.rate[v]),
            suppressed=None if fitted.kept[v] else reason(fitted, int(v), floor),
        )
        for v in both
    )


def _worth(shared: tuple[SharedValue, ...], facet: Facet, price: float) -> tuple[int, float]:
    best = (0, 0.0)
    for level, value in enumerate((value for value in shared if value.suppressed is None), start=1):
        if level <= RULES[facet].facts and is_level(level):
            worth = fact_nats(level, value.expected) - price
            if worth > best[1]:
                best = (level, worth)
    return best


def _unknown(facet: Facet) -> FacetDetail:
    return FacetDetail(
        facet=facet,
        family=FAMILY_OF[facet],
        degrees=(0, 0),
        entries=0,
        shared=(),
        level=0,
        price=0.0,
        cap=0.0,
        nats=0.0,
        counted=0.0,
        missing=COLUMNS[facet],
    )


def _q_value(found: Projection, log_p: float) -> float:
    """Return the least level at which the pair would pass, to the resolution of the histogram; 1 where not counted."""
    rejected = np.cumsum(found.counts[::-1])[::-1]
    place = min(int(-log_p * BINS_PER_NAT), len(rejected) - 1)
    edges = np.exp(-np.arange(place + 1) / BINS_PER_NAT)
    below = rejected[: place + 1]
    q = np.where(below > 0, edges * found.null.pairs / np.maximum(below, 1), 1.0)
    return float(min(1.0, q.min()))


def _reason(details: list[FacetDetail], p_value: float, threshold: float) -> str:
    if 0.0 < p_value <= threshold:
        return f"linked: chance {p_value:.3g} at most {threshold:.3g}"
    if not any(detail.shared for detail in details):
        return "not linked: nothing shared"
    if not any(detail.nats > 0 for detail in details):
        return "not linked: all that is shared is too common to count"
    if p_value >= 1.0:
        return "not linked: place, timing and sign-up support a link but cannot carry one"
    return f"not linked: chance {p_value:.3g} exceeds {threshold:.3g}"
