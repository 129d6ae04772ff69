"""What a release pivot says of a lab."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.labs.dossiers import Dossier
    from attribution.labs.facts import Facts

MOVES = 0.7
"""Probability that a lab's campaign moves at a release of its dossier."""
PRIOR_RATE, PRIOR_WORTH = 0.4, 3.0
"""What is thought of campaigns in general before others are seen: four of ten move at any release."""


def pivot_weight(facts: Facts, lab: Dossier) -> tuple[float, Mapping[str, object]] | None:
    """Return log(MOVES / rate of other rings' campaigns) for the best pivot at a listed day; None without one."""
    best: tuple[float, Mapping[str, object]] | None = None
    for pivot in facts.pivots:
        day = dt.date.fromisoformat(pivot.day)
        if not pivot.significant or all(abs((day - listed).days) > 1 for listed in lab.releases):
            continue
        moved, others = facts.pivot_base.get(pivot.day, (0, 0))
        rate = (moved + PRIOR_RATE * PRIOR_WORTH) / (others + PRIOR_WORTH)
        ratio = max(0.0, math.log(MOVES / rate))
        if best is None or ratio > best[0]:
            best = (
                ratio,
                {
                    "model": "pivot",
                    "new_model": pivot.model,
                    "day": pivot.day,
                    "share": pivot.share,
                    "control_share": pivot.control_share,
                    "effect": pivot.effect,
                    "interval": [pivot.low, pivot.high],
                    "p_value": pivot.p_value,
                    "moved": moved,
                    "others": others,
                    "moves": MOVES,
                    "prior_rate": PRIOR_RATE,
                    "prior_worth": PRIOR_WORTH,
                },
            )
    return best
