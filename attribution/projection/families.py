"""Templates that say the same in other words: links between them, and families of linked templates.

A campaign that knows its templates are compared sends each group of accounts a paraphrase. Paraphrases keep much of
their vocabulary and change its order and endings, so templates are compared as unordered bags of words, word stems and
character n-grams, each weighed by how few templates have it (idf): popular wording is as little evidence as a popular
address.

How often templates that have nothing to do with each other reach a similarity is measured on the data itself: pairs
drawn at random give the null distribution, and a link's p-value is the share of such pairs that are as similar.
Random pairs that are half alike or more are left out of the null (they may be paraphrases), and its tail goes on
beyond.
Links pass Benjamini-Hochberg over all pairs; a family is what hangs together through
links between mutual nearest neighbours, or links that share a neighbour.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_NEIGHBOURS = 8
_BLOCK = 1024
_RANDOM_PAIRS = 200_000
_READ = 4000
_MAX_SHARE = 0.2
_TAIL = 0.02
_ALIKE = 0.5
"""Random pairs that are more alike than this are taken for paraphrases and tell nothing of the unrelated."""
_LEAST = 4
_LOWEST = 1e-12
_FLOOR = 0.25
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


class Embedder(Protocol):
    """Gives texts vectors of unit length whose inner product says how alike their meaning is."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (texts, dimensions)."""


@dataclass(frozen=True, slots=True)
class FamilyLinks:
    """What templates have to do with each other.

    Attributes
    ----------
    source, target : int32 (links,), positions in `ids`, source < target, sorted; each pair of near neighbours once.
    similarity : float64 (links,), 0 to 1.
    p_value : float64 (links,), how often two unrelated templates are at least as similar.
    validated : bool (links,), passed the false-discovery control.
    family : for each template the id of its family, which depends on its members' ids alone; a template without
        validated link is a family of one.
    ids : the template ids, as they were given.
    weaker : what was not done, in words for the report; empty when everything was.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    similarity: NDArray[np.float64]
    p_value: NDArray[np.float64]
    validated: NDArray[np.bool_]
    family: tuple[str, ...]
    ids: tuple[str, ...]
    weaker: str


def families(
    patterns: Sequence[str],
    ids: Sequence[str],
    *,
    false_discovery_rate: float = 0.01,
    embedder: Embedder | None = None,
    seed: int = 0,
) -> FamilyLinks:
    """Link templates that say the same in other words.

    Parameters
    ----------
    patterns, ids : the templates, slots as `{}`; ids are distinct. The order does not matter.
    false_discovery_rate : level of Benjamini-Hochberg over all pairs of templates.
    embedder : adds likeness of meaning (`semantic_embedder()`); without, wording alone is compared.
    seed : of the random pairs that the null is made from.

    Notes
    -----
    Neighbours come from a blocked sparse product in which features of more than a fifth of the templates (or 400) are
    left out: about n times the mean popularity of a feature, far from n squared; memory for one block of 1,024 rows.
    """
    order = np.asarray(sorted(range(len(ids)), key=lambda i: (ids[i], patterns[i])), np.int64)
    texts = [_plain(patterns[i]) for i in order]
    weaker = "" if embedder else "only wording was compared: paraphrases without common words are not linked"
    if len(texts) < 2:  # a link needs two
        return _result(np.zeros((0, 2), np.int64), np.zeros(0), np.zeros(0), np.zeros(0, bool), order, ids, weaker)
    words, shapes = _matrix([_words(text) for text in texts]), _matrix([_grams(text) for text in texts])
    vectors = embedder(texts) if embedder else None
    pairs = _neighbours(words, vectors)
    drawn = _random_pairs(len(texts), seed)
    null = _similarity(words, shapes, vectors, drawn)
    similarity = _similarity(words, shapes, vectors, pairs)
    tests = len(texts) * (len(texts) - 1) // 2
    p_value = _p_values(np.sort(null[null < _ALIKE]), similarity)
    validated = (similarity >= _FLOOR) & _discoveries(p_value, tests, false_discovery_rate)
    return _result(pairs, similarity, p_value, validated, order, ids, weaker)


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


def _plain(pattern: str) -> str:
    return unicodedata.normalize("NFKC", pattern.replace("{}", " ")[:_READ]).casefold()


def _words(text: str) -> dict[str, float]:
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


def _grams(text: str) -> dict[str, float]:
    """Return the character 3- and 4-grams of the words, whatever their order."""
    bag: dict[str, float] = {}
    for word in _WORD.findall(text):
        edged = f"^{word}$"
        for size in (3, 4):
            for i in range(max(1, len(edged) - size + 1)):
                bag[edged[i : i + size]] = 1.0
    return bag


def _matrix(bags: Sequence[dict[str, float]]) -> sparse.csr_array:
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


def _neighbours(words: sparse.csr_array, vectors: NDArray[np.float32] | None) -> NDArray[np.int64]:
    """Return each template's nearest ones, by wording and by meaning: int64 (pairs, 2), smaller first, sorted."""
    n = words.shape[0]
    popularity = np.bincount(words.indices, minlength=words.shape[1])
    kept = np.flatnonzero(popularity <= np.clip(_MAX_SHARE * n, 50, 400))
    rare = sparse.csr_array(words[:, kept])
    other = sparse.csr_array(rare.T)
    found = [np.zeros((0, 2), np.int64)]
    for begin in range(0, n, _BLOCK):
        block = sparse.csr_array(rare[begin : begin + _BLOCK] @ other)
        found += [_best(block.indices[a:b], block.data[a:b], begin + row)
                  for row, (a, b) in enumerate(zip(block.indptr[:-1], block.indptr[1:], strict=True))]  # fmt: skip
        if vectors is not None:
            near = vectors[begin : begin + _BLOCK] @ vectors.T
            everyone = np.arange(n)
            found += [_best(everyone, near[row], begin + row) for row in range(len(near))]
    return np.unique(np.concatenate(found), axis=0)


def _best(others: NDArray[np.integer], score: NDArray[np.floating], row: int) -> NDArray[np.int64]:
    keep = (others != row) & (score > 0)
    others, score = others[keep], score[keep]
    if len(others) > 4 * _NEIGHBOURS:
        edge = np.partition(score, len(score) - _NEIGHBOURS)[len(score) - _NEIGHBOURS]
        others, score = others[score >= edge], score[score >= edge]
    chosen = others[np.lexsort((others, -np.round(score, 9)))][:_NEIGHBOURS].astype(np.int64)
    return np.column_stack([np.minimum(chosen, row), np.maximum(chosen, row)])


def _random_pairs(n: int, seed: int) -> NDArray[np.int64]:
    if n * (n - 1) // 2 <= _RANDOM_PAIRS:
        return np.column_stack(np.triu_indices(n, 1)).astype(np.int64)
    draw = np.random.default_rng(seed).integers(0, n, (_RANDOM_PAIRS, 2))
    return np.asarray(draw[draw[:, 0] != draw[:, 1]], np.int64)


def _similarity(
    words: sparse.csr_array, shapes: sparse.csr_array, vectors: NDArray[np.float32] | None, pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how alike the templates of each pair are: the mean of words and shapes, or of these and meaning."""
    out = np.zeros(len(pairs))
    for begin in range(0, len(pairs), 8 * _BLOCK):
        a, b = pairs[begin : begin + 8 * _BLOCK].T
        alike = 0.5 * _rows(words, a, b) + 0.5 * _rows(shapes, a, b)
        if vectors is not None:
            meaning = np.clip(np.einsum("ij,ij->i", vectors[a].astype(float), vectors[b].astype(float)), 0.0, 1.0)
            alike = 0.5 * alike + 0.5 * meaning
        out[begin : begin + 8 * _BLOCK] = np.round(alike, 9)
    return out


def _rows(matrix: sparse.csr_array, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(matrix[a].multiply(matrix[b]).sum(axis=1)).ravel()


def _p_values(null: NDArray[np.float64], similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of unrelated pairs that are as similar.

    Below one in the number of pairs the data are silent, so beyond the upper 2 % of the null (sorted) a generalised
    Pareto tail goes on, through the similarities that a quarter and a sixteenth of those pairs reach (Pickands, Ann.
    Statist. 3, 1975); its shape is held between -0.05 and 0, so that it never ends before it should.
    """
    if len(null) < _LEAST:
        return np.ones(len(similarity))
    exact = (len(null) - np.searchsorted(null, similarity, side="left") + 1.0) / (len(null) + 1.0)
    tail = min(max(_TAIL, 16.0 * _LEAST / len(null)), 0.5)
    start, quarter, sixteenth = np.quantile(null, [1.0 - tail, 1.0 - tail / 4.0, 1.0 - tail / 16.0])
    if quarter <= start:
        return np.asarray(exact, np.float64)
    shape = float(np.clip(np.log(max(sixteenth - quarter, 1e-9) / (quarter - start)) / np.log(4.0), -0.05, 0.0))
    scale = (quarter - start) / (np.log(4.0) if shape == 0.0 else (4.0**shape - 1.0) / shape)
    excess = np.maximum(similarity - start, 0.0) / scale
    beyond = np.exp(-excess) if shape == 0.0 else np.maximum(1.0 + shape * excess, 0.0) ** (-1.0 / shape)
    return np.asarray(np.where(similarity <= start, exact, np.maximum(tail * beyond, _LOWEST)), np.float64)


def _groups(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return for each template the number of the connected component that it is in."""
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _discoveries(p_value: NDArray[np.float64], tests: int, level: float) -> NDArray[np.bool_]:
    """Return which pairs pass Benjamini-Hochberg among `tests` pairs; those not listed count as not passing."""
    order = np.argsort(p_value, kind="stable")
    passing = np.flatnonzero(p_value[order] <= level * np.arange(1, len(order) + 1) / tests)
    return p_value <= (p_value[order][passing[-1]] if len(passing) else -1.0)


def _supported(pairs: NDArray[np.int64], similarity: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    """Return which links hold families together: between mutual nearest neighbours, or with a neighbour in common.

    A link that two templates have through nothing else would chain families together.
    """
    best = np.full(n, -1.0)
    np.maximum.at(best, pairs[:, 0], similarity)
    np.maximum.at(best, pairs[:, 1], similarity)
    graph = sparse.coo_array((np.ones(len(pairs), np.int64), (pairs[:, 0], pairs[:, 1])), shape=(n, n)).tocsr()
    graph = sparse.csr_array(graph + graph.T)
    common = _rows(graph, pairs[:, 0], pairs[:, 1]) if len(pairs) else np.zeros(0)
    return (common > 0) | ((similarity >= best[pairs[:, 0]]) & (similarity >= best[pairs[:, 1]]))


def _result(  # every column of the result
    pairs: NDArray[np.int64], similarity: NDArray[np.float64], p_value: NDArray[np.float64],
    validated: NDArray[np.bool_], order: NDArray[np.int64], ids: Sequence[str], weaker: str,
) -> FamilyLinks:  # fmt: skip
    n = len(ids)
    strong = pairs[validated]
    strong = strong[_supported(strong, similarity[validated], n)]
    label = _groups(strong, n) if n else np.zeros(0, np.int64)
    names: dict[int, list[str]] = {}
    for position, group in enumerate(label.tolist()):
        names.setdefault(group, []).append(ids[order[position]])
    family = [""] * n
    for position, group in enumerate(label.tolist()):
        family[int(order[position])] = _family_id(names[group])
    ends = np.sort(order[pairs], axis=1) if len(pairs) else pairs
    turn = np.lexsort((ends[:, 1], ends[:, 0]))
    return FamilyLinks(
        ends[turn, 0].astype(np.int32), ends[turn, 1].astype(np.int32), similarity[turn], p_value[turn],
        validated[turn], tuple(family), tuple(ids), weaker,
    )  # fmt: skip


def _family_id(members: Iterable[str]) -> str:
    return "fam-" + hashlib.blake2b("\x1f".join(sorted(members)).encode(), digest_size=10).hexdigest()
