"""Fit the families' coefficients on simulated campaigns and write them as JSON, with the hash of what they saw.

    python benchmarks/quality/attribution_fit.py            # prints, then writes attribution/labs/coefficients.json
    python benchmarks/quality/attribution_fit.py --check    # writes nothing; fails where its bytes would be others

Training worlds have the seeds 601 to 612 and 2601 to 2612, and 613 to 626 with false flags: factors that are fitted
where nobody deceives would trust what can be borrowed or copied too much. `attribution_quality.py` measures on others.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from attribution_rows import Row, gather
from attribution_worlds import STATES
from scipy.optimize import minimize
from scipy.special import logsumexp

from attribution.domain import UNKNOWN_LAB
from attribution.labs.calibration import as_json
from attribution.labs.ledger import LabFamily

FAMILIES = tuple(family.value for family in LabFamily)
PARTS = tuple(f"{family}{sign}" for sign in "+-" for family in FAMILIES)
TARGET = Path(__file__).parents[2] / "attribution" / "labs" / "coefficients.json"
SEEDS = (*range(601, 613), *range(2601, 2613))
FLAGGED = {"network borrowed": range(613, 621), "templates copied": range(621, 625), "hours imitated": range(625, 627)}
EVASIONS = (0.0, 0.25, 0.5, 0.75)
JOBS = [
    *((seed, EVASIONS[(seed - 1) % 4], "", tuple(STATES), 8) for seed in SEEDS),
    *((seed, EVASIONS[(seed - 1) % 4], flag, ("full",), 8) for flag, seeds in FLAGGED.items() for seed in seeds),
]
RIDGE = 6.0
"""How strongly a coefficient is held at 1, in rows."""


@dataclass(frozen=True)
class Table:
    """Rows as numbers: the labs' nats by part, shape (labs, parts), and which answer is true (last: unknown)."""

    nats: list[np.ndarray]
    truth: list[int]

    @classmethod
    def of(cls, rows: list[Row]) -> Table:
        """Take the rows' sums."""
        labs = [sorted(row.sums) for row in rows]
        nats = [
            np.array([[row.sums[lab].get(part, 0.0) for part in PARTS] for lab in mine])
            for row, mine in zip(rows, labs, strict=True)
        ]
        truth = [
            len(mine) if row.truth == UNKNOWN_LAB else mine.index(row.truth)
            for row, mine in zip(rows, labs, strict=True)
        ]
        return cls(nats, truth)


def loss(theta: np.ndarray, table: Table, prior: float = 0.5) -> tuple[float, np.ndarray]:
    """Return the mean negative log probability of the truth plus the ridge, and its gradient."""
    total, slope = 0.0, np.zeros(len(theta))
    for nats, truth in zip(table.nats, table.truth, strict=True):
        logs = nats @ theta[:-1] + np.log((1 - prior) / len(nats))
        logs = np.append(logs, theta[-1] + np.log(prior))
        whole = logsumexp(logs)
        total -= logs[truth] - whole
        wrong = np.exp(logs - whole)
        wrong[truth] -= 1.0
        slope += np.append(wrong[:-1] @ nats, wrong[-1])
    off, count = theta[:-1] - 1.0, len(table.nats)
    slope[:-1] += 2.0 * RIDGE * off
    return float((total + RIDGE * (off**2).sum()) / count), slope / count


def fit(rows: list[Row]) -> np.ndarray:
    """Return the coefficients of the families, for and against, and the unknown's log likelihood.

    That is never below 0: a dossier about which nothing is seen must not outrank an unknown lab. A weight against a lab
    counts at most twice, one for it at most one and a half times: what wins a name must be there without the fit.
    """
    start = np.append(np.ones(len(PARTS)), 0.5)
    bounds = [(0.2, 1.5)] * len(FAMILIES) + [(0.1, 2.0)] * len(FAMILIES) + [(0.05, 4.0)]
    return minimize(loss, start, args=(Table.of(rows),), jac=True, method="L-BFGS-B", bounds=bounds).x


def correlations(rows: list[Row]) -> None:
    """Print how families' weights go together, given the lab: true labs alone, then other labs alone."""
    for which in ("the true lab", "another lab"):
        mine = [
            [sums.get(f"{family}+", 0.0) + sums.get(f"{family}-", 0.0) for family in FAMILIES]
            for row in rows
            if row.state == "full"
            for lab, sums in sorted(row.sums.items())
            if (lab == row.truth) == (which == "the true lab")
        ]
        table = np.array(mine)
        used = table.std(axis=0) > 0
        names = [family for family, seen in zip(FAMILIES, used, strict=True) if seen]
        values = np.corrcoef(table[:, used].T)
        pairs = [(values[a, b], names[a], names[b]) for a in range(len(names)) for b in range(a + 1, len(names))]
        largest = sorted(pairs, key=lambda pair: -abs(pair[0]))[:5]
        middle = np.median([abs(pair[0]) for pair in pairs])
        print(
            f"correlation of weights given {which} ({len(mine)}): median |r| {middle:.2f};",
            ", ".join(f"{a}-{b} {r:+.2f}" for r, a, b in largest),
        )


def content_of(rows: list[Row]) -> dict[str, Any]:
    """Return what the file says: the factors, and the hash of the rows that they were fitted on."""
    theta = [round(float(value), 3) for value in fit(rows)]
    return {
        "against": dict(zip(FAMILIES, theta[len(FAMILIES) :], strict=False)),
        "families": dict(zip(FAMILIES, theta, strict=False)),
        "trained_on": hashlib.sha256(msgspec.json.encode(rows, order="deterministic")).hexdigest(),
        "unknown": theta[-1],
        "worlds": "seeds 601-612 and 2601-2612 at evasion 0, .25, .5, .75 in turn, dossiers in every state; "
        "613-626 with false flags",
    }


def main() -> None:
    """Gather, fit, print, and write or compare."""
    rows, _ = gather(JOBS, joined=False)
    correlations(rows)
    content = content_of(rows)
    table, start = Table.of(rows), np.append(np.ones(len(PARTS)), 0.5)
    fitted = np.array([*content["families"].values(), *content["against"].values(), content["unknown"]])
    print(f"{len(rows)} rows, loss {loss(fitted, table)[0]:.4f}, before {loss(start, table)[0]:.4f}")
    print(content)
    if "--check" not in sys.argv:
        TARGET.write_bytes(as_json(content))
    elif TARGET.read_bytes() != as_json(content):
        sys.exit(f"{TARGET.name} holds other bytes than these rows give")


if __name__ == "__main__":
    main()
