"""Whether a part of a group is a template of its own, or the group's template with a slot filled in.

Slots of one template are filled with single things, and independently of each other. So two observations tell that
a group mixes templates: several words in a row, with a meaning, that all prompts of a part have where the group has a
slot (a sentence that one client uses and another doesn't); and two slots, apart from each other, that a part fills
with one value each although the group has others there (synonyms that go together). A language, a name, or a number
out of a few fills one slot with a word or two, and is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
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
_LOOSE = 1
"""Words with a meaning that a run needs more if it touches no fixed words: it may be a phrase that people use."""
_SLOTS = 2
_APART = 2
"""Fixed tokens between two filled slots, at least: no one shingle brought both values together."""
_SPAN = 5
"""Tokens from the first filled slot to the last, at least, where they are closer."""
_CHI_SQUARE = 10.0
"""With one degree of freedom: one in 600 by accident."""
_LOOKED_AT = 512


@dataclass(frozen=True, slots=True)
class Group:
    """Prompts (rows) and what they have in common."""

    docs: NDArray[np.int64]
    pattern: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Filled:
    """A slot that a part fills: which, after how many fixed tokens of the group, and where in the part's pattern."""

    number: int
    after: int
    first: int
    last: int
    phrase: bool


def is_own(tokens: Tokens, group: Group, part: Group, strength: Strength) -> bool:
    """Tell whether a part of a group is a template of its own; linear in 512 prompts of the group."""
    gaps = gaps_of(group.pattern, part.pattern)
    if gaps is None or _sentence(gaps, strength):
        return True
    filled = _filled(group.pattern, gaps, strength)
    if not _apart(filled):
        return False
    docs = group.docs[:_LOOKED_AT]
    docs = docs[_fitting(tokens, docs, group.pattern)]
    has = [_fitting(tokens, docs, _fill(group.pattern, gaps, slot.number)) for slot in filled]
    pairs = combinations(range(len(filled)), 2)
    return any(_apart([filled[i], filled[j]]) and _together(has[i], has[j]) for i, j in pairs)


def _together(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Tell whether two slots have their values in the same prompts, more than chance allows (chi square)."""
    n, a, b, both = len(one), int(one.sum()), int(other.sum()), int((one & other).sum())
    excess = both * n - a * b
    return excess > 0 and excess * excess * n >= _CHI_SQUARE * a * b * (n - a) * (n - b)


def says_more(general: NDArray[np.int64], filled: NDArray[np.int64], strength: Strength) -> bool:
    """Tell the same by the two patterns alone: fixed words in a row, or in two slots apart from each other."""
    gaps = gaps_of(general, filled)
    return gaps is None or _sentence(gaps, strength) or _apart(_filled(general, gaps, strength))


def has_sentence(general: NDArray[np.int64], part: NDArray[np.int64], strength: Strength) -> bool:
    """Tell whether a part of a pattern that it fits has structure, or words in a row, where that one has a slot."""
    gaps = gaps_of(general, part)
    return gaps is not None and _sentence(gaps, strength)


def _sentence(gaps: list[NDArray[np.int64]], strength: Strength) -> bool:
    return is_richer(gaps, strength) or any(_has_run(gap, strength, _RUN_CONTENT) for gap in gaps)


def _apart(filled: list[_Filled]) -> bool:
    """Tell whether two slots are filled, not merely because one shingle, or two values in a row, reach into both."""
    if len(filled) < _SLOTS:
        return False
    wide = filled[-1].after - filled[0].after >= _APART or filled[-1].last - filled[0].first >= _SPAN
    return wide or any(slot.phrase for slot in filled)


def _has_run(gap: NDArray[np.int64], strength: Strength, least: float) -> bool:
    return len(gap) > 0 and strength.has_run(gap, _RUN_WORDS, least, _LOOSE)


def _filled(pattern: NDArray[np.int64], gaps: list[NDArray[np.int64]], strength: Strength) -> list[_Filled]:
    """Return which gaps hold fixed words, in order."""
    ends = [0, *_run_ends(pattern)]
    before = np.concatenate([[0], np.cumsum(pattern != SLOT)])
    out = []
    at = 0
    for number, gap in enumerate(gaps):
        after = int(before[ends[number]])
        own = np.flatnonzero(gap != SLOT)
        if len(own):
            phrase = _has_run(gap, strength, 1.0)
            out.append(_Filled(number, after, after + at + int(own[0]), after + at + int(own[-1]), phrase))
        at += len(gap)
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


def _fitting(tokens: Tokens, docs: NDArray[np.int64], pattern: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(fitting.which_fit(tokens.values, tokens.indptr, docs, pattern))
