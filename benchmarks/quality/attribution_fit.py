"""Fit the families' coefficients on simulated campaigns and write them as JSON, with the hash of what they saw.

    python benchmarks/quality/attribution_fit.py            # prints, then writes attribution/labs/coefficients.json

Training worlds have the seeds 1 to 12; `attribution_quality.py` measures on seeds from 101.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import msgspec
import numpy as np
from attribution_rows import Row, gather
from attribution_worlds import FLAGS, STATES
from scipy.optimize import minimize
from scipy.special import logsumexp

from attribution.domain import UNKNOWN_LAB
from attribution.labs.calibration import as_json
from attribution.labs.ledger import LabFamily

FAMILIES = tuple(family.value for family in LabFamily)
TARGET = Path(__file__).parents[2] / "attribution" / "labs" / "coefficients.json"
JOBS = [
    (seed, evasion, "", tuple(STATES), 8)
    for seed, evasion in zip(range(1, 13), [0.0, 0.25, 0.5, 0.75] * 3, strict=True)
]
JOBS += [(20 + n, 0.25, flag, ("full", "60 % removed"), 8) for n, flag in enumerate(FLAGS) if flag]
RIDGE = 6.0
"""How strongly a coefficient is held at 1, in rows."""


def loss(theta: np.ndarray, rows: list[Row], prior: float = 0.5) -> float:
    """Return the mean negative log probability of the truth, plus the ridge."""
    total = 0.0
    for row in rows:
        labs = sorted(row.sums)
        logs = np.array([[row.sums[lab].get(family, 0.0) for family in FAMILIES] for lab in labs]) @ theta[:-1]
        logs = np.append(logs + np.log((1 - prior) / len(labs)), theta[-1] + np.log(prior))
        place = len(labs) if row.truth == UNKNOWN_LAB else labs.index(row.truth)
        total -= logs[place] - logsumexp(logs)
    return float(total / len(rows) + RIDGE * ((theta[:-1] - 1.0) ** 2).sum() / len(rows))


def fit(rows: list[Row]) -> np.ndarray:
    """Return the coefficients of the families, from 0 to 1.6, and the unknown's log likelihood."""
    start = np.append(np.ones(len(FAMILIES)), 0.5)
    bounds = [(0.2, 1.6)] * len(FAMILIES) + [(-1.0, 4.0)]
    return minimize(loss, start, args=(rows,), method="L-BFGS-B", bounds=bounds).x


def main() -> None:
    """Gather, fit, print, write."""
    rows = gather(JOBS)
    theta = fit(rows)
    families = {family: round(float(value), 3) for family, value in zip(FAMILIES, theta, strict=False)}
    digest = hashlib.sha256(msgspec.json.encode(rows, order="deterministic")).hexdigest()
    content = {
        "families": families,
        "unknown": round(float(theta[-1]), 3),
        "trained_on": digest,
        "worlds": "seeds 1-12 at evasion 0, .25, .5, .75 in every state of the dossiers; 21-23 with false flags",
    }
    print(
        f"{len(rows)} rows, loss {loss(theta, rows):.4f}, before {loss(np.append(np.ones(len(FAMILIES)), 0.5), rows):.4f}"
    )
    print(content)
    if "--dry" not in sys.argv:
        TARGET.write_bytes(as_json(content))


if __name__ == "__main__":
    main()
