"""Capability targets: how well what a campaign extracts fits what a lab is said to be after."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, logsumexp

from attribution.domain import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

UNRECOGNISED = "general"
"""What no particular capability was recognised in: it says nothing of anybody, and a list of it neither."""
DRAWS = 6.0
"""The most templates that count: a client orders capabilities, not templates."""
LAB_WORTH = 8.0
"""How far a campaign strays from its lab's targets: as a sample of this size does."""
GENERAL_WORTH = 1.5
"""How far labs differ from labs in general."""
STRAY = 0.2
"""Part of a campaign that is outside the listed targets."""


def targets_weight(
    seen: Mapping[str, float],
    listed: Mapping[str, float],
    general: Mapping[str, float],
    others: Sequence[Mapping[str, float]],
    templates: int,
) -> tuple[float, Mapping[str, object]]:
    """Return the log likelihood ratio of a campaign's capability shares under a lab against labs in general.

    A lab: Dirichlet-multinomial around its listed shares (a fifth of it around labs in general; what the list leaves
    open goes there too) with worth `LAB_WORTH`. Labs in general: half Dirichlet-multinomial around what all dossiers
    list, with worth `GENERAL_WORTH`; half one of the other dossiers' labs, each as likely. What was not recognised is
    left out and makes the rest worth less.
    """
    names = sorted({*CAPABILITIES, *seen, *listed, *general} - {UNRECOGNISED})
    share = np.array([seen.get(name, 0.0) for name in names])
    whole = float(share.sum()) + seen.get(UNRECOGNISED, 0.0)
    draws = min(DRAWS, float(max(templates, 1))) * float(share.sum()) / max(whole, 1e-12)
    counts = draws * share / max(float(share.sum()), 1e-12)
    base = np.array([general.get(name, 1e-3) for name in names])
    base /= base.sum()
    lab = _marginal(counts, LAB_WORTH * _around(listed, names, base))
    broad = _marginal(counts, GENERAL_WORTH * base)
    rivals = [_marginal(counts, LAB_WORTH * _around(other, names, base)) for other in others]
    crowd = float(logsumexp(rivals) - math.log(len(rivals))) if rivals else broad
    other_labs = float(np.logaddexp(broad, crowd) - math.log(2.0))
    return round(lab - other_labs, 12), {
        "model": "targets",
        "seen": dict(sorted(seen.items())),
        "listed": dict(sorted(listed.items())),
        "general": {name: float(b) for name, b in zip(names, base, strict=True)},
        "log_other_dossiers": crowd,
        "draws": draws,
        "lab_worth": LAB_WORTH,
        "general_worth": GENERAL_WORTH,
        "stray": STRAY,
    }


def _around(listed: Mapping[str, float], names: Sequence[str], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of a lab's campaigns: its list, and a little of what labs in general are after."""
    wanted = np.array([listed.get(name, 0.0) for name in names])
    wanted = wanted / max(float(wanted.sum()), 1.0)
    return np.asarray((1.0 - STRAY) * (wanted + (1.0 - wanted.sum()) * base) + STRAY * base)


def _marginal(counts: NDArray[np.float64], alpha: NDArray[np.float64]) -> float:
    total, start = float(counts.sum()), float(alpha.sum())
    return float(gammaln(start) - gammaln(start + total) + (gammaln(alpha + counts) - gammaln(alpha)).sum())
