"""Template reuse: what the likeness of a campaign's templates to a dossier's examples is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.special import betaln

from attribution.labs.ledger import shrunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.labs.claims import Count

VERBATIM = (20.0, 1.5)
"""Likeness of a template that is used again as it was, slots apart: Beta parameters."""
REWORDED = (8.0, 7.0)
"""Likeness of the nearest template where the lab asks for the same in other words."""
CHANCE = (2.0, 5.0)
"""Likeness of the nearest template of somebody who asks for the same capability."""
MIX = (0.2, 0.6, 0.2)
"""How often a lab's next campaign repeats an example, rewords it, or has nothing of all of them."""
EXAMPLES = 3
"""So many examples are meant: a campaign has nothing of fewer more often, as each one is left out on its own."""


def mix_of(examples: int) -> tuple[float, float, float]:
    """Return how often the nearest of so many examples is repeated, reworded, or nothing of them is there."""
    nothing = MIX[2] ** (min(max(examples, 1), EXAMPLES) / EXAMPLES)
    taken = (1.0 - nothing) / (1.0 - MIX[2])
    return MIX[0] * taken, MIX[1] * taken, nothing


def wording_weight(nearest: float, outside: Count, examples: int) -> tuple[float, Mapping[str, object]]:
    """Return the log likelihood ratio of the likeness of the nearest of `examples`, under the lab against anybody else.

    Anybody else repeats an example by as much as the most used templates outside rings do (shrunk to 3 in 1,000).
    """
    at = min(max(nearest, 0.01), 0.99)
    copied = shrunk(outside.base_hits, outside.base_trials, at=0.003)
    verbatim, reworded, chance = (math.exp(_log_beta(at, shape)) for shape in (VERBATIM, REWORDED, CHANCE))
    mix = mix_of(examples)
    lab = mix[0] * verbatim + mix[1] * reworded + mix[2] * chance
    other = copied * verbatim + (1.0 - copied) * chance
    return math.log(lab / other), {
        "model": "wording",
        "nearest": nearest,
        "at": at,
        "verbatim": list(VERBATIM),
        "reworded": list(REWORDED),
        "chance": list(CHANCE),
        "mix": list(mix),
        "examples": examples,
        "base_hits": outside.base_hits,
        "base_trials": outside.base_trials,
        "copied": copied,
    }


def _log_beta(x: float, shape: tuple[float, float]) -> float:
    a, b = shape
    return float((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - betaln(a, b))
