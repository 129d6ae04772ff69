"""Capability targets: how well what a campaign extracts fits what a lab is said to be after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from attribution.labs.dossiers import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DRAWS = 6.0
"""The most templates that count: a client orders capabilities, not templates."""
LAB_WORTH = 6.0
"""How far a campaign strays from its lab's targets: as a sample of this size does."""
GENERAL_WORTH = 3.0
"""How far labs differ from labs in general."""
STRAY = 0.1
"""Part of a campaign that is outside the listed targets."""


def targets_weight(
    seen: Mapping[str, float], listed: Mapping[str, float], general: Mapping[str, float], templates: int
) -> tuple[float, Mapping[str, object]]:
    """Return the log likelihood ratio of a campaign's capability shares under a lab against labs in general.

    Both are Dirichlet-multinomial: around the listed shares (a tenth of it around labs in general; what the list leaves
    open goes there too) with worth `LAB_WORTH`, and around labs in general with worth `GENERAL_WORTH`.
    """
    names = sorted({*CAPABILITIES, *seen, *listed})
    draws = min(DRAWS, float(max(templates, 1)))
    share = np.array([seen.get(name, 0.0) for name in names])
    counts = draws * share / max(float(share.sum()), 1e-12)
    base = np.array([general.get(name, 1e-3) for name in names])
    base /= base.sum()
    wanted = np.array([listed.get(name, 0.0) for name in names])
    wanted = wanted / max(float(wanted.sum()), 1.0)
    mean = (1.0 - STRAY) * (wanted + (1.0 - wanted.sum()) * base) + STRAY * base
    ratio = _marginal(counts, LAB_WORTH * mean) - _marginal(counts, GENERAL_WORTH * base)
    return round(ratio, 12), {
        "model": "targets",
        "seen": dict(sorted(seen.items())),
        "listed": dict(sorted(listed.items())),
        "general": {name: round(float(b), 9) for name, b in zip(names, base, strict=True)},
        "draws": draws,
        "lab_worth": LAB_WORTH,
        "general_worth": GENERAL_WORTH,
        "stray": STRAY,
    }


def _marginal(counts: NDArray[np.float64], alpha: NDArray[np.float64]) -> float:
    total, start = float(counts.sum()), float(alpha.sum())
    return float(gammaln(start) - gammaln(start + total) + (gammaln(alpha + counts) - gammaln(alpha)).sum())
