"""What is enough for a template: shared words that carry a meaning, in several runs or in most of the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import kernels
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Strength:
    """Decides whether a consensus is a template. `common` holds the tokens that carry no meaning (sorted)."""

    common: frozenset[int]

    def plain(self) -> NDArray[np.bool_]:
        """Return a bitmap over the lowest 16 bits of tokens: the common ones, and the marks of begin and end."""
        out = np.zeros(1 << 16, np.bool_)
        out[[token & 0xFFFF for token in sorted(self.common)]] = True
        out[[kernels.BEGIN, kernels.END]] = True
        return out

    def measure(self, tokens: NDArray[np.int64]) -> tuple[float, float]:
        """Return the number of fixed words and of those that carry meaning; a single character is half a word."""
        words = content = 0.0
        for token in tokens.tolist():
            if token != SLOT:
                worth = 0.5 if token & 1 else 1.0
                words += worth
                content += 0.0 if token in self.common else worth
        return words, content

    def enough(self, tokens: NDArray[np.int64], coverage: float) -> bool:
        """Tell whether fixed tokens that make up `coverage` of the typical prompt are a template."""
        words, content = self.measure(tokens)
        runs = int((tokens[1:] != SLOT)[tokens[:-1] == SLOT].sum()) + int(len(tokens) > 0 and tokens[0] != SLOT)
        return any(rule.passes(words, content, runs, coverage) for rule in _RULES)


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
