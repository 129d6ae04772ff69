"""The null model: accounts pick values at random, keeping how busy each account and how popular each value is.

Bipartite configuration model on the values that two accounts or more share. With `E` entries, account degrees `k` and
popularities `d`, the expected number of values of popularity at most `d` that accounts `a` and `b` share is

    lambda(a, b, d) = k_a k_b S(d),   S(d) = sum over values with d_v <= d of d_v (d_v - 1) / (E (E - 1)),

since a value offers d_v (d_v - 1) ordered pairs of places, and each ordered pair of places is taken by one place of
`a` and one of `b` with probability k_a k_b / (E (E - 1)). Markov's inequality makes min(1, lambda) an upper bound of
the probability of sharing any such value. Nothing in it depends on accounts or values that share nothing, so a flood
of unrelated throwaway accounts changes no weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.projection.rules import GROUPS, RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.domain import Facet, Incidence, Population


LEAST = 2
"""A value of fewer accounts links nobody."""


@dataclass(frozen=True, slots=True)
class FacetNull:
    """The null of one facet.

    Attributes
    ----------
    popularity : int64 (values,), accounts of each value.
    kept : bool (values,), False where the value is suppressed.
    first_rate : float64 (values,), S(d_v) over all values: what suppression was judged by.
    rate : float64 (values,), S(d_v) over kept values; 0 where suppressed.
    degree : int64 (accounts,), kept values of each account.
    entries : kept entries E.
    top_rate : S of the most popular kept value: k_a k_b top_rate bounds the chance to share anything.
    """

    facet: Facet
    popularity: NDArray[np.int64]
    kept: NDArray[np.bool_]
    first_rate: NDArray[np.float64]
    rate: NDArray[np.float64]
    degree: NDArray[np.int64]
    entries: int
    top_rate: float


@dataclass(frozen=True, slots=True)
class Null:
    """All facets' nulls, and the floor that suppressed.

    Attributes
    ----------
    floor : nats under which a value is suppressed.
    accounts : accounts with a kept value in any facet; only their pairs are hypotheses.
    """

    facets: Mapping[Facet, FacetNull]
    floor: float
    accounts: int

    @property
    def pairs(self) -> int:
        """Number of hypotheses."""
        return self.accounts * (self.accounts - 1) // 2


def fit(population: Population, false_discovery_rate: float) -> Null:
    """Fit the null of every facet. O(entries + values log values).

    A value is suppressed when even between accounts that share nothing else of the facet (degree 1) it would bring
    less than `floor = ln(n / level) / 5` nats, `n` accounts sharing anything: if all five independent groups of facets
    brought no more than that, the sum would not reach what one account's links need, ln(n / level).
    """
    sharing = _sharing(
        population, {facet: popularity(matrix) >= LEAST for facet, matrix in population.incidence.items()}
    )
    floor = max(1.0, float(np.log(max(sharing, LEAST) / false_discovery_rate)) / GROUPS)
    facets = {
        facet: _fit_facet(facet, population.incidence[facet], floor, population.size)
        for facet in RULES
        if facet in population.incidence
    }
    accounts = _sharing(population, {facet: null.kept for facet, null in facets.items()})
    return Null(facets=facets, floor=floor, accounts=accounts)


def popularity(matrix: Incidence) -> NDArray[np.int64]:
    """Return how many accounts used each value, shape (values,)."""
    return np.bincount(matrix.indices, minlength=len(matrix.values)).astype(np.int64)


def _fit_facet(facet: Facet, matrix: Incidence, floor: float, accounts: int) -> FacetNull:
    users = popularity(matrix)
    first = _rates(users, users >= LEAST)
    kept = (users >= LEAST) & (first <= np.exp(-floor))
    owner = np.repeat(np.arange(accounts, dtype=np.int64), np.diff(matrix.indptr))
    degree = np.bincount(owner[kept[matrix.indices]], minlength=accounts).astype(np.int64)
    rate = _rates(users, kept)
    return FacetNull(
        facet=facet,
        popularity=users,
        kept=kept,
        first_rate=first,
        rate=rate,
        degree=degree,
        entries=int(users[kept].sum()),
        top_rate=float(rate.max(initial=0.0)),
    )


def _rates(users: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return S(d_v) of every kept value, 0 elsewhere. Integers are summed, so order cannot matter."""
    entries = int(users[kept].sum())
    places = np.bincount(users[kept], minlength=2)
    sizes = np.arange(len(places), dtype=np.int64)
    below = np.cumsum(places * sizes * (sizes - 1))
    rate = np.zeros(len(users))
    if entries > 1:
        rate[kept] = below[users[kept]] / (float(entries) * float(entries - 1))
    return rate


def _sharing(population: Population, kept: Mapping[Facet, NDArray[np.bool_]]) -> int:
    shares = np.zeros(population.size, np.bool_)
    for facet, keep in kept.items():
        matrix = population.incidence[facet]
        owner = np.repeat(np.arange(population.size), np.diff(matrix.indptr))
        shares[owner[keep[matrix.indices]]] = True
    return int(shares.sum())
