"""Of two templates, whether one is the other with a slot filled in, or says more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import fitting
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.ingest.templates.strength import Strength

    Rule = Callable[[NDArray[np.int64], NDArray[np.int64], Strength], bool]

_NEW_TOKENS = 4
_NEW_CONTENT = 3


def fillings(patterns: list[NDArray[np.int64]], own: Rule, strength: Strength) -> dict[int, int]:
    """Return which patterns are another one with slots filled in: position to position of the most general such.

    `own` tells of a general pattern and one that fits it whether the latter is a template of its own.
    """
    index = _Index.of(patterns)
    size = [int((pattern != SLOT).sum()) for pattern in patterns]
    out: dict[int, int] = {}
    for number, pattern in enumerate(patterns):
        wider = [
            other
            for other in index.candidates(pattern)
            if size[other] < size[number]
            and gaps_of(patterns[other], pattern) is not None
            and not own(patterns[other], pattern, strength)
        ]
        if wider:
            out[number] = min(wider, key=lambda other: (size[other], patterns[other].tobytes()))
    return {number: _root(out, whole) for number, whole in out.items()}


def _root(within: dict[int, int], number: int) -> int:
    while number in within:
        number = within[number]
    return number


@dataclass(frozen=True, slots=True)
class _Index:
    """Finds the patterns that may be contained in a pattern, by one of their own words that is rare among all."""

    by_token: dict[int, list[int]]

    @classmethod
    def of(cls, patterns: list[NDArray[np.int64]]) -> _Index:
        """Index patterns under their rarest token."""
        owned = [set(pattern.tolist()) - {SLOT} for pattern in patterns]
        counts = Counter(token for own in owned for token in own)
        by_token: dict[int, list[int]] = {}
        for number, own in enumerate(owned):
            if own:
                by_token.setdefault(min(own, key=lambda token: (counts[token], token)), []).append(number)
        return cls(by_token)

    def candidates(self, pattern: NDArray[np.int64]) -> list[int]:
        """Return the patterns whose rarest token this one has."""
        return [number for token in sorted(set(pattern.tolist())) for number in self.by_token.get(token, [])]


def is_richer(gaps: list[NDArray[np.int64]], strength: Strength) -> bool:
    """Tell whether a part has structure of its own inside a slot of its parent, rather than one value of the slot.

    It has when some slot of the parent holds, in the part (`gaps_of`), two or more runs of fixed tokens (at least four
    in all, three of them with a meaning; keywords of programs have none) with a slot beside them.
    """
    for gap in gaps:
        kept, content = strength.measure(gap)
        runs = int(((gap[1:] != SLOT) & (gap[:-1] == SLOT)).sum()) + int(len(gap) > 0 and gap[0] != SLOT)
        if kept >= _NEW_TOKENS and content >= _NEW_CONTENT and runs > 1 and (gap == SLOT).any():
            return True
    return False


def gaps_of(parent: NDArray[np.int64], part: NDArray[np.int64]) -> list[NDArray[np.int64]] | None:
    """Return what stands in the part where the parent has slots, or None where the parent does not fit the part."""
    out = np.zeros(2 * len(parent) + 2, np.int64)
    runs = int(fitting.places(part, 0, len(part), parent, out))
    if not runs:
        return None
    edges = [0, *out[: 2 * runs].tolist(), len(part)]
    return [part[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
