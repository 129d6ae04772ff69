"""What a pair's shared values are worth: the arithmetic that the kernel and `why` have in common, compiled.

Each facet's nats X satisfy P(X >= x) <= exp(-x) under the null (`docs/projection.md`), so weights are read as
"a chance of exp(-x) at most".
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.projection.layout import Rules

CONTENT = 3
"""The group of template, template family and burst."""


@njit(cache=True, nogil=True)
def fact_nats(level: int, expected: float) -> float:
    """Return -ln of an upper bound of P(at least `level` values shared | `expected` by chance), never under 0.

    One value: Markov's inequality, P <= expected. More: Chernoff's for independent or negatively dependent
    indicators, P <= exp(-(j ln(j / expected) - j + expected)).
    """
    if expected >= level:
        return 0.0
    if level == 1:
        return -log(expected)
    return level * log(level / expected) - level + expected


@njit(cache=True, nogil=True)
def is_level(level: int) -> bool:
    """Return whether a number of shared values is one of `rules.LEVELS`: 1, 2, 3, 4, 6, 8, 12, ..., 48, 64."""
    power = level & -level
    return bool(level == power or level == 3 * power)


@njit(cache=True, nogil=True)
def combine(
    nats: NDArray[np.float32],
    degree_a: NDArray[np.float64],
    degree_b: NDArray[np.float64],
    rules: Rules,
    shown: NDArray[np.float64],
) -> tuple[float, float]:
    """Combine one pair's capped nats by facet; fill `shown`, where a burst counts by what it adds to content.

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
    best = np.zeros(rules.groups)
    paid = np.zeros(rules.groups)
    reach = np.zeros(rules.groups)
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
