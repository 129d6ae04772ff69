"""Shared subjects: rare words that a dossier's example and a campaign's templates have in common.

A client who rewords its prompts keeps what they are about: a product, a field, a name. Such a word tells labs apart
where the wording no longer does. How rare a word is, is counted among templates of the same task (those alike the
example) and among all others, so that the vocabulary of a task, which all who are after it share, weighs little.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.labs.similarity import MAX_CHARS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_SLOT = re.compile(r"\{[^{}]{0,40}\}|<[a-z_]{1,20}>|…|\.\.\.")
_WORD = re.compile(r"[^\W\d_\u2e80-\U0003ffff]{3,}")
SAME_TASK = 0.1
"""Likeness from which a template is of the example's task."""
FAR, FAR_WORTH = 0.005, 100.0
"""What a word's rate among templates of other tasks is shrunk to, and what that is worth."""
NEAR, ORDINARY, NEAR_WORTH = 0.02, 4.0, 20.0
"""Its rate among templates of the same task is shrunk to `NEAR` and so many times the rate among others: what is
ordinary language elsewhere is no subject here."""
REUSE, EXAMPLES = 0.2, 3.0
"""How often a lab's next campaign takes up an example's subject; of so many examples as this, of more the fewer."""
RAREST = 0.02
"""A chance is not believed to be smaller."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One example: its rarest word that the campaign has too (None: none), and the chance that anybody has such."""

    word: str | None
    chance: float


def words(text: str) -> frozenset[str]:
    """Return the words of three letters or more, without slots, in scripts that put blanks between words."""
    return frozenset(_WORD.findall(unicodedata.normalize("NFKC", _SLOT.sub(" ", text[:MAX_CHARS])).casefold()))


class Vocabulary:
    """The words of all examples, and which of the templates that are known have them."""

    def __init__(
        self, texts: Mapping[str, str], others: Sequence[str], examples: Sequence[str], alike: NDArray[np.float64]
    ) -> None:
        """Take the rings' templates by id, templates from outside, and each one's likeness to each example."""
        self._place = {name: row for row, name in enumerate(texts)}
        found = [words(text) for text in (*texts.values(), *others)]
        self._near = alike >= SAME_TASK
        self._words = [sorted(words(text)) for text in examples]
        self._has = [
            np.array([[word in text for word in mine] for text in found], dtype=bool).reshape(len(found), len(mine))
            for mine in self._words
        ]

    def subjects(self, templates: Sequence[str]) -> tuple[Subject | None, ...]:
        """Return what each example has in common with a campaign's templates; None where an example has no words."""
        own = np.zeros(len(self._near), dtype=bool)
        own[[self._place[name] for name in templates if name in self._place]] = True
        return tuple(self._subject(example, own) for example in range(len(self._words)))

    def _subject(self, example: int, own: NDArray[np.bool_]) -> Subject | None:
        mine, has, near = self._words[example], self._has[example], self._near[:, example]
        if not mine:
            return None
        close, far = near & ~own, ~near & ~own
        elsewhere = (has[far].sum(axis=0) + FAR * FAR_WORTH) / (int(far.sum()) + FAR_WORTH)
        expected = np.minimum(NEAR + ORDINARY * elsewhere, 1.0) * NEAR_WORTH
        rate = (has[close].sum(axis=0) + expected) / (int(close.sum()) + NEAR_WORTH)
        chance = 1.0 - (1.0 - rate) ** int((near & own).sum()) * (1.0 - elsewhere) ** int((~near & own).sum())
        shared = np.flatnonzero(has[own].any(axis=0))
        if not len(shared):
            return Subject(None, 1.0)
        best = min(shared.tolist(), key=lambda place: (float(chance[place]), mine[place]))
        anybody = math.fsum(chance[chance <= chance[best]].tolist())
        return Subject(mine[best], round(min(1.0, max(anybody, RAREST)), 9))


def subjects_weight(found: Sequence[Subject]) -> tuple[float, Mapping[str, object]]:
    """Return the log likelihood ratio of the shared subjects: an example taken up with a certain chance, or by chance.

    Each example: (1 - reuse) + reuse / chance where a word is shared, 1 - reuse where none is.
    """
    reuse = REUSE * min(1.0, EXAMPLES / max(len(found), 1))
    terms = [(1.0 - reuse) + (reuse / one.chance if one.word is not None else 0.0) for one in found]
    return math.fsum(math.log(term) for term in terms), {
        "model": "subjects",
        "words": [one.word for one in found],
        "chances": [one.chance for one in found],
        "reuse": reuse,
    }
