"""Fit the coefficients of the verdict's probability on simulated worlds held out from everything else.

    python benchmarks/quality/rings_calibrate.py --seeds 501 502 503 504 505 506 507 508 --results calibration.jsonl

Logistic regression of "at least half of the members are in true rings" on the score, with a ridge towards intercept 0
and slope 1 that weighs as much as `PULL` clusters: few clusters near the boundary must not decide. Prints the
coefficients, the calibration with them and without, and the SHA-256 of the training table. A person reviews them and
writes `attribution/rings/calibration.json`; nothing is written here.
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


def fit(score: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Return intercept and slope."""

    def loss(at: np.ndarray) -> float:
        logit = at[0] + at[1] * score
        return float(np.sum(np.logaddexp(0, logit) - outcome * logit) + PULL / 2 * (at[0] ** 2 + (at[1] - 1) ** 2))

    intercept, slope = minimize(loss, np.array([0.0, 1.0])).x
    return float(intercept), float(slope)


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(501, 509)))
    parser.add_argument("--accounts", type=int, default=6_000)
    parser.add_argument("--results", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    rows = [row for row in ROWS if row.name in MIXED]
    found = collect(rows, wanted.seeds, wanted.accounts, wanted.results, wanted.processes, others=False)
    clusters = [cluster for one in found for cluster in one.clusters]
    score = np.array([cluster.score for cluster in clusters])
    outcome = np.array([float(cluster.guilty >= 0.5) for cluster in clusters])
    intercept, slope = fit(score, outcome)
    table = hashlib.sha256(msgspec.json.encode(list(zip(score.tolist(), outcome.tolist(), strict=True)))).hexdigest()
    print(f"{len(clusters)} clusters, {int(outcome.sum())} of rings, table {table}")
    print(f"intercept {intercept:.4f} slope {slope:.4f}")
    for name, a, b in (("as it is", 0.0, 1.0), ("fitted", intercept, slope)):
        got = calibration(1 / (1 + np.exp(-np.clip(a + b * score, -30, 30))), outcome)
        print(f"{name}: ECE {got.error:.4f} ({got.error_low:.4f}-{got.error_high:.4f}), Brier {got.brier:.4f}")


if __name__ == "__main__":
    main()
