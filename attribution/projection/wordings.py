"""How alike two templates are: words, stems and character n-grams in any order, and meaning where a model is installed.

Everything is weighed by how few templates have it (idf): popular wording is as little evidence as a popular address.
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
READ = 4000
"""Characters of a template that are looked at."""
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
        import wordllama  # noqa: PLC0415  # optional, and half a second to import
    except ImportError:
        return None
    from pathlib import Path  # noqa: PLC0415  # only here

    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(model.embed(list(texts), norm=True), np.float32)

    return embed


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
    column = {feature: i for i, feature in enumerate(sorted(popularity))}
    idf = (
        np.log((len(bags) + 1) / (np.asarray([popularity[f] for f in column], float) + 0.5)) if column else np.zeros(0)
    )
    indptr = np.concatenate([[0], np.cumsum([len(bag) for bag in bags])])
    ordered = [sorted((column[feature], weight) for feature, weight in bag.items()) for bag in bags]
    indices = np.asarray([i for row in ordered for i, _ in row], np.int64)
    weight = np.asarray([w for row in ordered for _, w in row]) * idf[indices] if len(indices) else np.zeros(0)
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
    words: sparse.csr_array, shapes: sparse.csr_array, vectors: NDArray[np.float32] | None, pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how alike the templates of each pair are: the mean of words and shapes, or of these and meaning."""
    out = np.zeros(len(pairs))
    for begin in range(0, len(pairs), 8 * BLOCK):
        a, b = pairs[begin : begin + 8 * BLOCK].T
        alike = 0.5 * inner(words, a, b) + 0.5 * inner(shapes, a, b)
        if vectors is not None:
            meaning = np.clip(np.einsum("ij,ij->i", vectors[a].astype(float), vectors[b].astype(float)), 0.0, 1.0)
            alike = 0.5 * alike + 0.5 * meaning
        out[begin : begin + 8 * BLOCK] = np.round(alike, 9)
    return out


def inner(matrix: sparse.csr_array, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the inner products of rows `a` with rows `b`."""
    return np.asarray(matrix[a].multiply(matrix[b]).sum(axis=1)).ravel()
