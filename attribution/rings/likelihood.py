r"""How well each hypothesis explains each cluster: beta-binomial marginals, one for each indicator.

For an indicator that holds for $k$ of $n$ known members and a hypothesis that expects a share distributed as Beta(a,
b),

$$ \ell = \ln\left[(1-\epsilon)\binom{n}{k}\frac{B(k+a, n-k+b)}{B(a,b)} + \frac{\epsilon}{n+1}\right] + \ln(n+1) $$

nats against "any share is as likely" (the last term subtracts that reference), with $\epsilon$ = `SURPRISE`. The
share is one unknown for the whole cluster, so a thousand members who copy one another's habit count as one habit, not
as a thousand: however large $n$, $\ell$ tends to the log density of the beta at the observed share. Members resemble
one another for reasons that no explanation lists, so no cluster counts as more than `WITNESSES` independent ones: k
and n are scaled down to that. $n = 0$ gives 0: unknown is no evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, gammaln

from attribution.rings.expectations import SURPRISE
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS

if TYPE_CHECKING:
    from numpy.typing import NDArray

WITNESSES = 40.0
"""The most members whose answers count as independent of one another."""
SIZE_SURPRISE = 0.002
"""Probability of a size that an explanation does not foresee: no family has eighty members."""
SIZE_SPREAD = (2.0, 100_000.0)
"""Sizes between which an unforeseen cluster is log-uniform."""


def fit(k: NDArray[np.float64], n: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    """Nats for a Beta(a, b) expectation against a uniform one, elementwise over (k, n)."""
    scale = np.minimum(1.0, WITNESSES / np.maximum(n, 1.0))
    k, n = k * scale, n * scale
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    expected = np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b))
    return np.asarray(np.log((1 - SURPRISE) * expected * (n + 1) + SURPRISE), dtype=np.float64)


def size_fit(size: NDArray[np.float64], median: float, spread: float) -> NDArray[np.float64]:
    """Log density of the size: log-normal, with `SIZE_SURPRISE` of log-uniform so that no size is impossible."""
    z = (np.log(size) - np.log(median)) / spread
    normal = np.exp(-0.5 * z * z) / (spread * np.sqrt(2 * np.pi))
    low, high = SIZE_SPREAD
    return np.asarray(np.log((1 - SIZE_SURPRISE) * normal + SIZE_SURPRISE / np.log(high / low)), dtype=np.float64)


def table(k: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nats of every hypothesis for every indicator of every cluster.

    Parameters
    ----------
    k, n : (clusters, indicators), for how many of how many known members each indicator holds.

    Returns
    -------
    float64 (clusters, hypotheses, indicators)
    """
    out = np.zeros((len(k), len(HYPOTHESES), len(INDICATORS)))
    for h, hypothesis in enumerate(HYPOTHESES):
        for i, indicator in enumerate(INDICATORS):
            expectation = hypothesis.expects.get(indicator.name)
            if expectation is not None:
                out[:, h, i] = fit(k[:, i], n[:, i], *expectation.beta)
    return out


def prior(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log prior times size density, (clusters, hypotheses)."""
    total = sum(h.prior for h in HYPOTHESES)
    return np.column_stack([np.log(h.prior / total) + size_fit(size, *h.size) for h in HYPOTHESES])
