"""Whether a part of a group is a template of its own, or the group's template with a slot filled in.

Slots of one template are filled with single things, and independently of each other. So two observations tell that
a group mixes templates: several words in a row, with a meaning, that all prompts of a part have where the group has a
slot (a sentence that one client uses and another doesn't); and two slots, apart from each other, that a part fills
with one value each although the group has others there (synonyms that go together). A language, a name, or a number
out of a few fills one slot with a word or two, and is neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import fitting
from attribution.ingest.templates.containment import gaps_of, is_richer
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.ingest.templates.strength import Strength
    from attribution.ingest.templates.tokens import Tokens

_RUN_WORDS = 3
_RUN_CONTENT = 2
_APART = 2
"""Fixed tokens between two filled slots, at least: no one shingle brought both values together."""
_USUAL = 0.6
"""What the group has there in more than this share of its prompts tells nothing."""
_CHANCE = -7.0
"""Natural logarithm of the chance that a part has the value by accident."""
_LOOKED_AT = 1024


@dataclass(frozen=True, slots=True)
class Group:
    """Prompts (rows) and what they have in common."""

    docs: NDArray[np.int64]
    pattern: NDArray[np.int64]


def is_own(tokens: Tokens, group: Group, part: Group, strength: Strength) -> bool:
    """Tell whether a part of a group is a template of its own; linear in 1,024 prompts of the group."""
    gaps = gaps_of(group.pattern, part.pattern)
    if gaps is None or is_richer(group.pattern, part.pattern, strength) or _has_run(gaps, strength):
        return True
    filled = _filled(group.pattern, gaps)
    docs = group.docs[:_LOOKED_AT]
    fitting_all = _count(tokens, docs, group.pattern)
    rare: list[int] = []
    for number, position in filled:
        share = _count(tokens, docs, _fill(group.pattern, gaps, number)) / max(fitting_all, 1)
        if share <= _USUAL and len(part.docs) * math.log(max(share, 1e-3)) <= _CHANCE:
            rare.append(position)
    return len(rare) > 1 and max(rare) - min(rare) >= _APART


def says_more(general: NDArray[np.int64], filled: NDArray[np.int64], strength: Strength) -> bool:
    """Tell the same by the two patterns alone: fixed words in a row, or in two slots apart from each other."""
    gaps = gaps_of(general, filled)
    if gaps is None or is_richer(general, filled, strength) or _has_run(gaps, strength):
        return True
    places = [position for _, position in _filled(general, gaps)]
    return len(places) > 1 and max(places) - min(places) >= _APART


def _has_run(gaps: list[NDArray[np.int64]], strength: Strength) -> bool:
    for gap in gaps:
        edges = [-1, *np.flatnonzero(gap == SLOT).tolist(), len(gap)]
        for begin, end in pairwise(edges):
            words, content = strength.measure(gap[begin + 1 : end])
            if words >= _RUN_WORDS and content >= _RUN_CONTENT:
                return True
    return False


def _filled(pattern: NDArray[np.int64], gaps: list[NDArray[np.int64]]) -> list[tuple[int, int]]:
    """Return which gaps hold fixed words, each with its place counted in fixed tokens of the pattern."""
    before = np.concatenate([[0], np.cumsum(pattern != SLOT)])
    out = []
    runs = _run_ends(pattern)
    for number, gap in enumerate(gaps):
        if (gap != SLOT).any():
            at = runs[number - 1] if number else 0
            out.append((number, int(before[at])))
    return out


def _run_ends(pattern: NDArray[np.int64]) -> list[int]:
    fixed = np.concatenate([pattern != SLOT, [False]])
    return (np.flatnonzero(fixed[:-1] & ~fixed[1:]) + 1).tolist()


def _fill(pattern: NDArray[np.int64], gaps: list[NDArray[np.int64]], number: int) -> NDArray[np.int64]:
    """Return the pattern with one gap as the part has it."""
    fixed = np.concatenate([[False], pattern != SLOT, [False]])
    begins, ends = np.flatnonzero(~fixed[:-1] & fixed[1:]), np.flatnonzero(fixed[:-1] & ~fixed[1:])
    left = ends[number - 1] if number else 0
    right = begins[number] if number < len(begins) else len(pattern)
    return np.concatenate([pattern[:left], gaps[number], pattern[right:]])


def _count(tokens: Tokens, docs: NDArray[np.int64], pattern: NDArray[np.int64]) -> int:
    return int(fitting.count_fitting(tokens.values, tokens.indptr, docs, pattern))
