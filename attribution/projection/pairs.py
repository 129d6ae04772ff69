"""What a pair's shared values are worth, in nats, and what the pair's p-value is."""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING

import numpy as np

from attribution.compiled import borrowing, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Rules

CONTENT = 3
"""The group of template, template family and burst."""
TASTE = 2.0
"""Values that chance may let two accounts share so that sharing many more of them still tells anything."""
SLACK = 1e-3
"""Quick tests leave this many nats for rounding; what is closer to a bound is computed in full."""


@borrowing
def fact_nats(level: int, expected: float) -> float:
    """Return -ln of an upper bound of P(at least `level` values shared | `expected` by chance), never under 0.

    One value: Markov's inequality, P <= expected. More: the Poisson tail, which bounds sums of independent indicators
    from expected + 1 on (Anderson and Samuels 1967), itself bounded by its first term and a geometric series:
    P <= exp(-expected) expected^j / j! / (1 - expected / (j + 1)).

    Where chance alone lets more than `TASTE` values be shared, no number of them counts: the tail would have to be
    trusted far out, and people with one taste choose popular values alike.
    """
    if level == 1:
        return -log(expected) if expected < 1.0 else 0.0
    return several_nats(level, expected, log(expected), lgamma(level + 1.0))


@borrowing
def several_nats(level: int, expected: float, log_expected: float, log_factorial: float) -> float:
    """Return `fact_nats` of two values or more, its logarithms being known."""
    if expected > min(level - 1.0, TASTE):
        return 0.0
    return max(0.0, expected - level * log_expected + log_factorial + log(1.0 - expected / (level + 1.0)))


@borrowing
def is_level(level: int) -> bool:
    """Return whether a number of shared values is one of `rules.LEVELS`: 1, 2, 3, 4, 6, 8, 12, ..., 48, 64."""
    power = level & -level
    return bool(level == power or level == 3 * power)


@borrowing
def combine(  # arrays, as the compiled callers have them
    nats: NDArray[np.float32],
    degree_a: NDArray[np.float64],
    degree_b: NDArray[np.float64],
    rules: Rules,
    shown: NDArray[np.float64],
    room: NDArray[np.float64],
    log_bound: float,
) -> tuple[float, float]:
    """Combine one pair's capped nats by facet; fill `shown`, where a burst counts by what it adds to content.

    `room` (3, groups) is overwritten; it saves an allocation a pair.

    Returns
    -------
    weight : sum over groups of the greatest facet, nats.
    log_p : ln of the pair's p-value; 0 where no anchor facet speaks, or where it is over `log_bound` plainly.

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
    speaking = 0
    for g in range(best.shape[0]):
        weight += best[g]
        if paid[g] > 0.0:
            total += paid[g]
            speaking += 1
    chosen = rules.alone if speaking == 1 else rules.several
    if speaking == 0 or not anchored or chosen - total - SLACK > log_bound:
        return weight, 0.0
    excess = max(0.0, total - _least(paid, reach))
    term = 1.0
    tail = 1.0
    for i in range(1, speaking):
        term *= excess / i
        tail += term
    return weight, min(0.0, chosen - total + log(tail))


@borrowing
def _least(paid: NDArray[np.float64], reach: NDArray[np.float64]) -> float:
    """Return the nats that the groups that speak bring at least, the sum of l_g."""
    least = 0.0
    for g in range(paid.shape[0]):
        if paid[g] > 0.0 and reach[g] < 1.0:
            least -= log(reach[g])
    return least


@borrowing
def ceiling_nats(level: int, nats: float, ceiling: NDArray[np.float64]) -> float:
    """Return an upper bound of `fact_nats`, `nats` being -ln(expected)."""
    return float(level * nats + ceiling[level, int(nats > 1.0)])


@compiled
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
