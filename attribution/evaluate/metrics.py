"""What a clustering is worth against the truth. Every figure is defined in its docstring; undefined ones are NaN.

Truth and prediction are integer labels by account, `-1` for none, in the same order of accounts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Precision TP / (TP + FP), recall TP / (TP + FN), F1 = 2 P R / (P + R); NaN where a denominator is 0."""

    precision: float
    recall: float
    f1: float
    true_positives: int
    predicted: int
    actual: int


def retrieval(true_positives: int, predicted: int, actual: int) -> Retrieval:
    """Return precision, recall and F1 from counts; F1 = 2 TP / (predicted + actual)."""
    return Retrieval(
        precision=true_positives / predicted if predicted else math.nan,
        recall=true_positives / actual if actual else math.nan,
        f1=2.0 * true_positives / (predicted + actual) if predicted + actual else math.nan,
        true_positives=true_positives,
        predicted=predicted,
        actual=actual,
    )


def account_scores(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Retrieval:
    """Score the flagged accounts: an account counts as found if it is in any flagged cluster and in any true ring."""
    return retrieval(int(((truth >= 0) & (predicted >= 0)).sum()), int((predicted >= 0).sum()), int((truth >= 0).sum()))


def overlap(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many accounts each true ring (row) shares with each cluster (column)."""
    rows, columns = int(truth.max(initial=-1)) + 1, int(predicted.max(initial=-1)) + 1
    both = (truth >= 0) & (predicted >= 0)
    return np.bincount(truth[both] * max(columns, 1) + predicted[both], minlength=rows * columns)[
        : rows * columns
    ].reshape(rows, columns)


def pairwise_scores(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Retrieval:
    """Score pairs of accounts: a pair is predicted if both are in one cluster, true if both are in one ring.

    With n_ij the accounts of ring i in cluster j: TP = sum C(n_ij, 2), predicted = sum_j C(|cluster j|, 2),
    actual = sum_i C(|ring i|, 2). Linear in accounts plus rings x clusters.
    """

    def pairs(counts: NDArray[np.int64]) -> int:
        return int((counts * (counts - 1) // 2).sum())

    return retrieval(
        pairs(overlap(truth, predicted)),
        pairs(np.bincount(predicted[predicted >= 0])),
        pairs(np.bincount(truth[truth >= 0])),
    )


@dataclass(frozen=True, slots=True)
class Matching:
    """Rings matched one to one with clusters.

    Attributes
    ----------
    cluster : the cluster of each ring, -1 where it is missed.
    jaccard : |ring and cluster| / |ring or cluster|, 0 where it is missed.
    """

    cluster: NDArray[np.int64]
    jaccard: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean Jaccard over all true rings, a missed ring counting 0; NaN without rings."""
        return float(self.jaccard.mean()) if len(self.jaccard) else math.nan


def match_rings(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Matching:
    """Match rings and clusters one to one so that the sum of Jaccard indices is greatest (Hungarian method)."""
    shared = overlap(truth, predicted)
    rings, clusters = shared.shape
    cluster, jaccard = np.full(rings, -1, dtype=np.int64), np.zeros(rings)
    if rings and clusters:
        union = (
            np.bincount(truth[truth >= 0], minlength=rings)[:, None]
            + np.bincount(predicted[predicted >= 0], minlength=clusters)[None, :]
            - shared
        )
        index = shared / np.maximum(union, 1)
        for row, column in zip(*linear_sum_assignment(index, maximize=True), strict=True):
            if shared[row, column]:
                cluster[row], jaccard[row] = column, index[row, column]
    return Matching(cluster, jaccard)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a share; (0, 1) without observations.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = hits / n and z = 1.96 (Wilson 1927).
    """
    if total == 0:
        return 0.0, 1.0
    share, square = hits / total, Z95 * Z95
    middle = share + square / (2 * total)
    spread = Z95 * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    bottom, top = (middle - spread) / (1 + square / total), (middle + spread) / (1 + square / total)
    return (0.0 if hits == 0 else max(bottom, 0.0)), (1.0 if hits == total else min(top, 1.0))


def brier(probability: NDArray[np.float64], outcome: NDArray[np.float64]) -> float:
    """Return the mean of (p - y)²; NaN without observations."""
    return float(np.mean((probability - outcome) ** 2)) if len(probability) else math.nan


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram."""

    low: float
    high: float
    count: int
    mean_probability: float
    observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far stated probabilities are from what happened; interval by 1,000 bootstrap resamples (2.5 to 97.5 %)."""

    count: int
    brier: float
    error: float
    error_low: float
    error_high: float
    bins: tuple[Bin, ...]


def _error(probability: NDArray[np.float64], outcome: NDArray[np.float64], bins: int) -> float:
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=probability - outcome, minlength=bins)
    return float(np.abs(gap).sum() / len(probability))


def calibration(
    probability: NDArray[np.float64], outcome: NDArray[np.float64], bins: int = 10, resamples: int = 1000
) -> Calibration:
    """Return Brier score and expected calibration error.

    ECE = sum_b (n_b / n) |mean p in b - mean y in b| over `bins` equal intervals of [0, 1], the last one closed
    (Naeini et al. 2015). It is biased upwards for few observations: read the interval.
    """
    if not len(probability):
        return Calibration(0, math.nan, math.nan, math.nan, math.nan, ())
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    bars = tuple(
        Bin(one / bins, (one + 1) / bins, int(here.sum()), float(probability[here].mean()), float(outcome[here].mean()))
        for one in range(bins)
        if (here := place == one).any()
    )
    rng = np.random.Generator(np.random.PCG64(0))
    drawn = [
        _error(probability[pick], outcome[pick], bins)
        for pick in (rng.integers(0, len(probability), len(probability)) for _ in range(resamples))
    ]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Calibration(
        len(probability), brier(probability, outcome), _error(probability, outcome, bins), low, high, bars
    )
