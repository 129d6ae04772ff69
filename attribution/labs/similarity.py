"""How alike two prompt templates are, by words, neighbouring words and character runs; blind to slots and to order.

No model, no download, any script: a Chinese template has no words that blanks separate, its character runs do the work.
What it cannot see is a paraphrase in other words; meaning is the business of the capability recogniser.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_WORD = re.compile(r"\w+", re.UNICODE)
_SLOT = re.compile(r"\{[^{}]{0,40}\}|<[a-z_]{1,20}>|…|\.\.\.")
RUN = 4
"""Length of a character run."""
MAX_CHARS = 4_000
"""Characters of a template that are looked at."""
MIN_FEATURES = 6
"""A shorter text is too little to be recognised again."""


def features(text: str) -> frozenset[str]:
    """Return the words, pairs of neighbouring words and character runs of a template, without its slots."""
    plain = unicodedata.normalize("NFKC", _SLOT.sub(" ", text[:MAX_CHARS])).casefold()
    words = _WORD.findall(plain)
    found = {f"w:{word}" for word in words if not word.isdecimal()}
    found.update(f"p:{a} {b}" for a, b in pairwise(words))
    for word in words:
        found.update(f"c:{word[i : i + RUN]}" for i in range(len(word) - RUN + 1))
    if any(ord(char) > 0x2E7F for char in plain):  # scripts without blanks between words
        run = "".join(words)
        found.update(f"r:{run[i : i + 2]}" for i in range(len(run) - 1))
    return frozenset(found)


def rarity(corpus: Iterable[frozenset[str]]) -> Mapping[str, float]:
    """Return each feature's weight: the log of how few texts of the corpus have it (+1, so that none weighs zero)."""
    count: dict[str, int] = {}
    total = 0
    for text in corpus:
        total += 1
        for feature in text:
            count[feature] = count.get(feature, 0) + 1
    return {feature: float(np.log((1 + total) / (1 + seen)) + 1.0) for feature, seen in count.items()}


def similarity(
    left: Sequence[frozenset[str]], right: Sequence[frozenset[str]], weight: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the weighted Ochiai coefficient of each pair, shape (left, right), from 0 to 1.

    The weight of the common features over the geometric mean of both weights; 0 where a text is too short. Cost is
    that of a sparse product. Exact: no hashing, no sampling.
    """
    names = {name: place for place, name in enumerate(sorted(set().union(*left, *right)))}
    if not names:
        return np.zeros((len(left), len(right)))
    rarest = max(weight.values(), default=1.0)
    values = np.array([weight.get(name, rarest) for name in names])
    a, b = _matrix(left, names), _matrix(right, names)
    common = (a.multiply(values[np.newaxis, :]).tocsr() @ b.T).toarray()
    size_a, size_b = np.asarray(a @ values), np.asarray(b @ values)
    scale = np.sqrt(np.outer(size_a, size_b))
    return np.asarray(
        np.round(np.divide(common, scale, out=np.zeros_like(common, dtype=np.float64), where=scale > 0), 12)
    )


def _matrix(texts: Sequence[frozenset[str]], names: Mapping[str, int]) -> sparse.csr_matrix:
    rows = [sorted(names[f] for f in text) if len(text) >= MIN_FEATURES else [] for text in texts]
    indptr = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    indices = np.array([column for row in rows for column in row], dtype=np.int64)
    return sparse.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(texts), len(names)))
