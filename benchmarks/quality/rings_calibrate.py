"""Fit the coefficients of the verdict's probability on simulated worlds held out from everything else.

    python benchmarks/quality/rings_calibrate.py --results calibration.jsonl

Logistic regression of "at least half of the members are in true rings" on the score and on the score without its
strongest family, with a ridge towards the score at its word that weighs as much as `PULL` clusters. Worlds are as large
as those of the tables: with the same rings among half as many innocents a ring is twice as common among clusters, and
every probability says too much elsewhere. Prints the coefficients, the same of either half of the seeds applied to the
other, the calibration, and the SHA-256 of the training table. A person reviews them and writes
`attribution/rings/calibration.json`; nothing is written here.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import msgspec
import numpy as np
from rings import collect
from rings_worlds import ROWS
from scipy.optimize import minimize

from attribution.evaluate.metrics import calibration

PULL = 20.0
MIXED = (
    "careless",
    "moderate",
    "private",
    "paraphrased",
    "no rings",
    "without accounts",
    "without prompts",
    "without payments",
    "without devices",
    "without addresses",
    "framing",
    "dilution",
)


AT_ITS_WORD = np.array([0.0, 1.0, 0.0])
"""Intercept, weight of the score, weight of the score without its strongest family."""


def fit(known: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the three coefficients; `known` is (clusters, 3): 1, the score, the score without its strongest family."""

    def loss(at: np.ndarray) -> float:
        logit = known @ at
        return float(np.sum(np.logaddexp(0, logit) - outcome * logit) + PULL / 2 * np.sum((at - AT_ITS_WORD) ** 2))

    return np.asarray(minimize(loss, AT_ITS_WORD, bounds=[(None, None), (0, None), (0, None)]).x)


def probability(known: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return what coefficients say of clusters."""
    return np.asarray(1 / (1 + np.exp(-np.clip(known @ at, -30, 30))))


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(501, 507)))
    parser.add_argument("--accounts", type=int, default=12_000)
    parser.add_argument("--results", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    rows = [row for row in ROWS if row.name in MIXED]
    found = collect(rows, wanted.seeds, wanted.accounts, wanted.results, wanted.processes, others=False)
    pairs = [(one.seed, cluster) for one in found for cluster in one.clusters]
    seed = np.array([seed for seed, _ in pairs])
    known = np.array([(1.0, cluster.score, cluster.weakest) for _, cluster in pairs])
    outcome = np.array([float(cluster.guilty >= 0.5) for _, cluster in pairs])
    table = hashlib.sha256(msgspec.json.encode([known.tolist(), outcome.tolist()])).hexdigest()
    print(f"{len(pairs)} clusters, {int(outcome.sum())} of rings, table {table}")
    coefficients = fit(known, outcome)
    print("intercept {:.4f} score {:.4f} weakest {:.4f}".format(*coefficients))
    half = seed <= np.median(wanted.seeds)
    for name, rows, at in (
        ("as it is", half | True, AT_ITS_WORD),
        ("fitted", half | True, coefficients),
        ("first half by the second", half, fit(known[~half], outcome[~half])),
        ("second half by the first", ~half, fit(known[half], outcome[half])),
    ):
        got = calibration(probability(known[rows], at), outcome[rows])
        print(f"{name}: ECE {got.error:.4f} ({got.error_low:.4f}-{got.error_high:.4f}), Brier {got.brier:.4f}")


if __name__ == "__main__":
    main()
