"""What is enough for a template: shared words that carry a meaning, in several runs or in most of the prompt."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import judging, kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rule:
    """What is enough for a template: fixed words, those with a meaning, runs of them, their share of the prompt."""

    words: float
    content: float
    runs: int
    coverage: float

    def passes(self, words: float, content: float, runs: int, coverage: float) -> bool:
        """Tell whether all four are reached."""
        return words >= self.words and content >= self.content and runs >= self.runs and coverage >= self.coverage


_RULES = (
    Rule(words=4, content=3, runs=1, coverage=0.0),
    Rule(words=6, content=2, runs=2, coverage=0.0),
    Rule(words=5, content=1, runs=4, coverage=0.0),
    Rule(words=3, content=2, runs=1, coverage=0.5),
    Rule(words=3, content=1, runs=1, coverage=0.7),
)
PLAUSIBLE = Rule(words=4, content=2, runs=1, coverage=0.0)


@dataclass(frozen=True, slots=True)
class Strength:
    """Decides whether a consensus is a template.

    Attributes
    ----------
    plain : bool (65,536,), a bitmap over the lowest 16 bits of tokens: the common ones, and the marks of begin and end.
    common : int64, the tokens that carry no meaning, sorted.
    """

    plain: NDArray[np.bool_]
    common: NDArray[np.int64]

    @classmethod
    def of(cls, common: frozenset[int]) -> Strength:
        """Return the judgement by these tokens without meaning."""
        ordered = np.asarray(sorted(common), np.int64)
        plain = np.zeros(1 << 16, np.bool_)
        plain[ordered & 0xFFFF] = True
        plain[[kernels.BEGIN, kernels.END]] = True
        return cls(plain, ordered)

    @property
    def rules(self) -> NDArray[np.float64]:
        """What is enough, one row a rule, as `judging.enough` reads it."""
        return np.asarray([astuple(rule) for rule in _RULES], np.float64)

    def measure(self, tokens: NDArray[np.int64]) -> tuple[float, float]:
        """Return the number of fixed words and of those that carry meaning; a single character is half a word."""
        words, content = judging.measure(tokens, self.plain, self.common)
        return words, content

    def enough(self, tokens: NDArray[np.int64], coverage: float) -> bool:
        """Tell whether fixed tokens that make up `coverage` of the typical prompt are a template."""
        return bool(judging.enough(tokens, coverage, self.plain, self.common, self.rules))

    def has_run(self, gap: NDArray[np.int64], words: float, least: float, loose: float) -> bool:
        """Tell whether `words` fixed words stand in a row, `least` with a meaning, `loose` more if slots are around."""
        return bool(judging.has_run(gap, words, float(least), float(loose), self.plain, self.common))
