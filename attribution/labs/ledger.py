"""Small arithmetic that all evidence shares: likelihood ratios of counts, doubt about a source, caps, ICD 203 terms."""

from __future__ import annotations

import math
from enum import StrEnum

from scipy.special import betaln


class LabFamily(StrEnum):
    """Families of evidence about a lab. Facts of one family depend on each other and count once."""

    PLACE = "place"
    PAYMENT = "payment"
    IDENTITY = "identity"
    DEVICE = "device"
    CONTENT = "content"
    HOURS = "hours"
    RELEASE = "release"


BEHAVIOUR = frozenset({LabFamily.CONTENT, LabFamily.HOURS, LabFamily.RELEASE})
"""What many labs have in common and anybody can imitate. Alone it names nobody."""
INFRASTRUCTURE = frozenset(LabFamily) - BEHAVIOUR
"""What is rented, bought or signed up: often the operator's, not the client's. Alone it names nobody."""

TERMS: tuple[tuple[float, str], ...] = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
)


def likelihood_term(probability: float) -> str:
    """Return the ICD 203 term for a probability."""
    return next((term for limit, term in TERMS if probability < limit), "almost certain")


def beta_binomial(hits: float, trials: float, mean: float, strength: float) -> float:
    """Return the log probability of `hits` in `trials` (a given order) where the rate is Beta(mean, strength).

    `strength` is the number of earlier trials that the mean is worth: small means that groups differ much.
    """
    a, b = mean * strength, (1.0 - mean) * strength
    return float(betaln(a + hits, b + trials - hits) - betaln(a, b))


def shrunk(hits: float, trials: float, *, at: float = 0.001, worth: float = 100.0) -> float:
    """Return a rate that leans on `at` as if that had been seen in `worth` trials: no count makes it 0 or 1."""
    return (hits + at * worth) / (trials + worth)


def mixed(weight: float, probability: float) -> float:
    """Return the weight of a fact that holds with `probability` only: log(p e^w + 1 - p)."""
    if probability >= 1.0:
        return weight
    low = math.log1p(-probability)
    high = math.log(probability) + weight if probability > 0.0 else -math.inf
    top = max(low, high)
    return top + math.log(math.exp(low - top) + math.exp(high - top))


def capped(weight: float, floor: float, cap: float) -> float:
    """Return the weight within its documented bounds."""
    return min(max(weight, floor), cap)


def share_weight(
    hits: float,
    trials: float,
    base: float,
    *,
    typical: float,
    worth: float,
    trials_cap: float,
    careful: float,
    spread: float,
) -> float:
    """Return the log likelihood ratio of seeing a lab's fact on `hits` of `trials`.

    Under the lab, with probability `careful` its operator keeps the fact out of sight and the base rate rules; else the
    rate is Beta(base + (1 - base) typical, worth). Under anybody else it is Beta(base, spread): the base rate of
    accounts outside rings, with the spread of groups that share an exit (the smaller the more they differ). More than
    `trials_cap` trials count as `trials_cap` (accounts of one operator are no independent draws). What is seen no more
    often than the base rate never speaks for the lab.
    """
    if trials <= 0:
        return 0.0
    base = min(max(base, 1e-6), 0.99)
    scale = min(1.0, trials_cap / trials)
    hits, trials = hits * scale, trials * scale
    other = beta_binomial(hits, trials, base, spread)
    lab = beta_binomial(hits, trials, base + (1.0 - base) * typical, worth)
    weight = mixed(lab - other, 1.0 - careful)
    return weight if hits > base * trials else min(weight, 0.0)
