"""The null model: accounts pick values at random, keeping how busy each account and how popular each value is.

Bipartite configuration model of each facet. With `E` entries, account degrees `k` and popularities `d`, the expected
number of values of popularity at most `d` that accounts `a` and `b` share is

    lambda(a, b, d) = k_a k_b S(d),   S(d) = sum over values with d_v <= d of s(d_v) d_v (d_v - 1) / (E (E - 1)),

since a value offers d_v (d_v - 1) ordered pairs of places, and each ordered pair of places is taken by one place of
`a` and one of `b` with probability k_a k_b / (E (E - 1)). Markov's inequality makes min(1, lambda) an upper bound of
the probability of sharing any such value. `s` is 1 but for what is personal by nature (`rules.rule_of`).

Accounts that share nothing with anybody (`silent`) count as part of the population only up to the number of those
that do, or up to `SILENT` if that is more: however large a flood of throwaway accounts, it can at most double the
population, which is worth 2 ln 2 nats a facet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from attribution.projection.pairs import TASTE
from attribution.projection.rules import GROUPS, LEVELS, RULES, Rule, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.domain import Facet, Incidence, Population


LEAST = 2
"""A value of fewer accounts links nobody."""


SILENT = 1_000
"""Accounts that share nothing are counted up to this number in any case."""
WORK = 1_000_000_000
"""Pair updates that one projection may cost; the most popular values are suppressed until it fits."""


@dataclass(frozen=True, slots=True)
class FacetNull:
    """The null of one facet.

    Attributes
    ----------
    popularity : int64 (values,), accounts of each value.
    kept : bool (values,), False where the value is suppressed.
    typical : float64 (values,), nats that the value could bring, by which the floor judged.
    rate : float64 (values,), S(d_v) over kept values; 0 where suppressed.
    degree : int64 (accounts,), values of each account, those that it used alone included, suppressed ones not.
    entries : E, the sum of degrees.
    top_rate : S of the most popular kept value: k_a k_b top_rate bounds the chance to share anything.
    """

    facet: Facet
    popularity: NDArray[np.int64]
    kept: NDArray[np.bool_]
    typical: NDArray[np.float64]
    rate: NDArray[np.float64]
    degree: NDArray[np.int64]
    entries: int
    top_rate: float


@dataclass(frozen=True, slots=True)
class Null:
    """All facets' nulls, and what suppressed.

    Attributes
    ----------
    floor : nats under which a value is suppressed.
    accounts : accounts with a kept value in any facet, and as many silent ones as count: their pairs are hypotheses.
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

    A value is suppressed when it would bring less than `floor = ln(n / level) / 5` nats, `n` accounts sharing anything:
    if all five independent groups of facets brought no more than that, the sum would not reach what one account's
    links need, ln(n / level). It is judged between two of its users of median degree who share, where the facet counts
    several values, all that are about as popular (within a factor of two). What is left is cut to `WORK` updates, the
    most popular values first.
    """
    facets = {facet: matrix for facet in RULES if (matrix := population.incidence.get(facet)) is not None}
    users = {facet: popularity(matrix) for facet, matrix in facets.items()}
    shared = {facet: count >= LEAST for facet, count in users.items()}
    members = _members(population, shared)
    floor = max(1.0, float(np.log(max(members.size, LEAST) / false_discovery_rate)) / GROUPS)
    typical = {
        facet: _typical(matrix, users[facet], shared[facet], members, rule_of(population, facet))
        for facet, matrix in facets.items()
    }
    most = _affordable([users[facet][typical[facet] >= floor] for facet in facets])
    kept = {facet: (typical[facet] >= floor) & (users[facet] <= most) for facet in facets}
    members = _members(population, kept)
    fitted = {}
    for facet, matrix in facets.items():
        degree = _degree(matrix, shared[facet] & ~kept[facet])
        entries = members.entries(degree)
        rate = _rates(users[facet], kept[facet], entries, rule_of(population, facet).strangers)
        fitted[facet] = FacetNull(
            facet=facet,
            popularity=users[facet],
            kept=kept[facet],
            typical=typical[facet],
            rate=rate,
            degree=np.where(members.sharing, degree, 0),
            entries=entries,
            top_rate=float(rate.max(initial=0.0)),
        )
    return Null(facets=fitted, floor=floor, accounts=members.size)


@dataclass(frozen=True, slots=True)
class _Members:
    """Who is part of the null: all that share something, and `counted` of the `silent` that do not."""

    sharing: NDArray[np.bool_]
    silent: int
    counted: int

    @property
    def size(self) -> int:
        return int(self.sharing.sum()) + self.counted

    def entries(self, degree: NDArray[np.int64]) -> int:
        alone = int(degree[~self.sharing].sum())
        return int(degree[self.sharing].sum()) + (alone * self.counted // self.silent if self.silent else 0)


def _members(population: Population, kept: Mapping[Facet, NDArray[np.bool_]]) -> _Members:
    sharing = np.zeros(population.size, np.bool_)
    for facet, keep in kept.items():
        matrix = population.incidence[facet]
        sharing[_owner(matrix)[keep[matrix.indices]]] = True
    silent = int((~sharing).sum())
    return _Members(sharing, silent, min(silent, max(population.size - silent, SILENT)))


def popularity(matrix: Incidence) -> NDArray[np.int64]:
    """Return how many accounts used each value, shape (values,)."""
    return np.bincount(matrix.indices, minlength=len(matrix.values)).astype(np.int64)


def _typical(
    matrix: Incidence, users: NDArray[np.int64], shared: NDArray[np.bool_], members: _Members, rule: Rule
) -> NDArray[np.float64]:
    """Return the nats that each value could bring two typical users, -inf where nobody shares it."""
    nats = np.full(len(users), -np.inf)
    if not shared.any():
        return nats
    degree = _degree(matrix, np.zeros(len(users), np.bool_))
    rate = _rates(users, shared, members.entries(degree), rule.strangers)
    owner = degree[_owner(matrix)]
    order = np.lexsort((owner, matrix.indices))
    middle = np.cumsum(users) - users + users // 2
    median = np.maximum(owner[order[np.minimum(middle, len(order) - 1)]], 1)
    ordered = np.sort(users[shared])
    alike = np.searchsorted(ordered, users, "right") - np.searchsorted(ordered, users // 2, "right")
    expected = rate * median.astype(np.float64) ** 2
    for level in LEVELS:
        possible = shared & (alike >= level) & (median >= level) & (level <= rule.facts)
        nats[possible] = np.maximum(nats[possible], fact_bound(level, expected[possible]))
    return nats


def fact_bound(level: int, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `pairs.fact_nats` of many expectations at once."""
    if level == 1:
        return -np.log(np.clip(expected, 1e-300, 1.0))
    most = min(level - 1.0, TASTE)
    less = np.clip(expected, 1e-300, most)
    nats = less - level * np.log(less) + lgamma(level + 1) + np.log(1.0 - less / (level + 1))
    return np.where(expected > most, 0.0, np.maximum(nats, 0.0))


def _affordable(users: list[NDArray[np.int64]]) -> int:
    """Return the greatest popularity up to which all values together cost at most `WORK` updates."""
    every = np.sort(np.concatenate([np.zeros(1, np.int64), *users]))
    fits = np.cumsum(every * (every - 1) // 2) <= WORK
    return int(every[-1] if fits.all() else every[int(np.argmin(fits))] - 1)


def _degree(matrix: Incidence, without: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the values of each account, `without` some values, shape (accounts,)."""
    full = matrix.degrees()
    return full - np.bincount(_owner(matrix)[without[matrix.indices]], minlength=len(full))


def _rates(users: NDArray[np.int64], kept: NDArray[np.bool_], entries: int, strangers: float) -> NDArray[np.float64]:
    """Return S(d_v) of every kept value, 0 elsewhere. Summed by popularity, so the order of values cannot matter."""
    values = np.bincount(users[kept], minlength=LEAST).astype(np.float64)
    sizes = np.arange(len(values), dtype=np.float64)
    meeting = np.minimum(1.0, strangers * (sizes / LEAST) ** 2)
    below = np.cumsum(values * sizes * (sizes - 1.0) * meeting)
    rate = np.zeros(len(users))
    if entries > 1:
        rate[kept] = below[users[kept]] / (float(entries) * float(entries - 1))
    return rate


def _owner(matrix: Incidence) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
