from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from attribution.evaluate.metrics import (
    account_scores,
    brier,
    calibration,
    match_rings,
    overlap,
    pairwise_scores,
    retrieval,
    wilson,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=40)


def columns(labels: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.array(labels, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def test_a_case_by_hand() -> None:
    # Ring 0 = accounts 0..3, ring 1 = 4..5; cluster 0 = 0..2 and innocent 6; cluster 1 = 4.
    truth = np.array([0, 0, 0, 0, 1, 1, -1, -1])
    said = np.array([0, 0, 0, -1, 1, -1, 0, -1])
    accounts = account_scores(truth, said)
    assert (accounts.true_positives, accounts.predicted, accounts.actual) == (4, 5, 6)
    assert accounts.precision == pytest.approx(0.8)
    assert accounts.recall == pytest.approx(4 / 6)
    assert accounts.f1 == pytest.approx(8 / 11)
    pairs = pairwise_scores(truth, said)
    assert (pairs.true_positives, pairs.predicted, pairs.actual) == (3, 6, 7)
    matching = match_rings(truth, said)
    assert matching.cluster.tolist() == [0, 1]
    assert matching.jaccard.tolist() == pytest.approx([3 / 5, 1 / 2])
    assert matching.mean == pytest.approx(0.55)


def test_a_missed_ring_counts_nought() -> None:
    matching = match_rings(np.array([0, 0, 1, 1]), np.array([0, 0, -1, -1]))
    assert matching.cluster.tolist() == [0, -1]
    assert matching.mean == pytest.approx(0.5)


def test_one_cluster_serves_one_ring_only() -> None:
    matching = match_rings(np.array([0, 0, 0, 1, 1]), np.zeros(5, dtype=np.int64))
    assert sorted(matching.jaccard.tolist()) == [0.0, pytest.approx(0.6)]


def test_nothing_flagged_and_nothing_true() -> None:
    nobody = np.full(3, -1)
    assert math.isnan(account_scores(nobody, nobody).precision)
    assert math.isnan(match_rings(nobody, nobody).mean)
    assert match_rings(np.zeros(3, dtype=np.int64), nobody).mean == 0.0
    assert retrieval(0, 0, 5).recall == 0.0


@given(LABELS)
def test_pairs_agree_with_counting_every_pair(labels: list[tuple[int, int]]) -> None:
    truth, said = columns(labels)
    fast = pairwise_scores(truth, said)
    pairs = list(itertools.combinations(range(len(truth)), 2))
    actual = {(a, b) for a, b in pairs if truth[a] == truth[b] >= 0}
    predicted = {(a, b) for a, b in pairs if said[a] == said[b] >= 0}
    assert (fast.true_positives, fast.predicted, fast.actual) == (len(actual & predicted), len(predicted), len(actual))


@given(LABELS)
def test_matching_agrees_with_trying_every_assignment(labels: list[tuple[int, int]]) -> None:
    truth, said = columns(labels)
    shared = overlap(truth, said)
    rings, clusters = shared.shape
    index = np.zeros((rings, max(clusters, rings)))
    for ring, cluster in itertools.product(range(rings), range(clusters)):
        union = ((truth == ring) | (said == cluster)).sum()
        index[ring, cluster] = ((truth == ring) & (said == cluster)).sum() / max(union, 1)
    best = max(
        (
            sum(index[ring, place] for ring, place in enumerate(order))
            for order in itertools.permutations(range(index.shape[1]), rings)
        ),
        default=0.0,
    )
    assert match_rings(truth, said).jaccard.sum() == pytest.approx(best)


@given(st.integers(0, 300), st.integers(1, 300))
def test_wilson_agrees_with_scipy(hits: int, total: int) -> None:
    hits = min(hits, total)
    expected = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson(hits, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_without_observations_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_calibration_by_hand() -> None:
    found = calibration(np.array([0.05, 0.05, 0.95, 0.95]), np.array([0.0, 1.0, 1.0, 1.0]))
    # Bin 0: mean p .05, observed .5, gap .45; bin 9: mean p .95, observed 1, gap .05; each holds half.
    assert found.error == pytest.approx(0.25)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 2 * 0.05**2) / 4)
    assert [(one.low, one.count) for one in found.bins] == [(0.0, 2), (0.9, 2)]
    assert found.error_low <= found.error <= found.error_high


def test_certainty_falls_into_the_last_bin() -> None:
    assert calibration(np.array([1.0]), np.array([1.0])).error == 0.0


def test_no_observations_no_figures() -> None:
    assert math.isnan(calibration(np.array([]), np.array([])).error)
    assert math.isnan(brier(np.array([]), np.array([])))
