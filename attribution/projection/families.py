"""Templates that say the same in other words: links between them, and families of linked templates.

A campaign that knows its templates are compared sends each group of accounts a paraphrase. Paraphrases keep much of
their vocabulary and change its order and endings, so templates are compared as unordered bags of words, word stems and
character n-grams, each weighed by how few templates have it (idf): popular wording is as little evidence as a popular
address.

**Families** are communities of templates that are alike on average (Leiden with the constant Potts model, Traag, Van
Dooren and Nesterov 2011, PRE 84:016114: its resolution is the average likeness that a community must have inside, and
it has no resolution limit). They are made from the texts alone, never from who used them: in the null of
`attribution.projection.null` a family is a value like any other, whatever the families are, and one that half of the
world's users are in weighs nothing. Bad families cost power, not validity.

**Links** say of two templates whether they are more alike than templates that have nothing to do with each other. That
is measured on the data: pairs drawn at random give the null distribution, a link's p-value is the share of such pairs
that are as similar. Random pairs that are half alike or more are left out of the null (they may be paraphrases), and
its tail goes on beyond. Links pass Benjamini-Hochberg over all pairs.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import igraph
import numpy as np

from attribution.projection.wordings import (
    Embedder,
    bag_of_shapes,
    bag_of_words,
    distinctive,
    habitual,
    inner,
    likeness,
    neighbours,
    plain,
    semantic_embedder,
    weighed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from scipy import sparse

    from attribution.config import ProjectionConfig

__all__ = ["Embedder", "FamilyLinks", "TemplateFamilies", "families", "family_of", "semantic_embedder"]

NEAREST = 8
"""Links are looked for between a template and this many nearest ones."""
NEAR = 48
"""Families are looked for among a template and this many nearest ones."""
AVERAGE = 0.55
"""Average likeness that a family must have inside."""
MOST = 10_000
"""Templates that are sorted into families, those with the most prompts: what is rarer links few accounts."""
_RANDOM_PAIRS = 200_000
_TAIL = 0.02
_ALIKE = 0.5
"""Random pairs that are more alike than this are taken for paraphrases and tell nothing of the unrelated."""
_LEAST = 4
_LOWEST = 1e-12
_FLOOR = 0.25
WORDING_ONLY = "only wording was compared: paraphrases without common words are not linked"


@dataclass(frozen=True, slots=True)
class FamilyLinks:
    """What templates have to do with each other.

    Attributes
    ----------
    source, target : int32 (links,), positions in `ids`, source < target, sorted; each pair of near neighbours once.
    similarity : float64 (links,), 0 to 1.
    p_value : float64 (links,), how often two unrelated templates are at least as similar.
    validated : bool (links,), passed the false-discovery control.
    family : for each template the id of its family, which depends on its members' ids alone; a template that is like
        no other is a family of one.
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


@dataclass(frozen=True, slots=True)
class TemplateFamilies:
    """The family of each template that has company (None: the logs have no patterns), and what was not compared."""

    of: Mapping[str, str] | None
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
    texts = [plain(patterns[i]) for i in order]
    weaker = "" if embedder else WORDING_ONLY
    if len(texts) < 2:  # a link needs two
        nothing = np.zeros((0, 2), np.int64), np.zeros(0), np.zeros(0), np.zeros(0, bool)
        return _result(*nothing, np.arange(len(texts)), order, ids, weaker)
    words, shapes = weighed([bag_of_words(text) for text in texts]), weighed([bag_of_shapes(text) for text in texts])
    vectors, common = _meanings(texts, embedder)
    pairs = neighbours(words, vectors, NEAREST)
    drawn = _random_pairs(len(texts), seed)

    def alike(which: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        a, b = which.T
        return likeness(0.5 * inner(words, a, b) + 0.5 * inner(shapes, a, b), vectors, common, which)

    (null, unheard), (similarity, silent) = alike(drawn), alike(pairs)
    tests = len(texts) * (len(texts) - 1) // 2
    p_value = np.ones(len(pairs))
    for own, others in ((silent, unheard), (~silent, ~unheard)):  # each against pairs that were compared the same way
        p_value[own] = _p_values(np.sort(null[others & (null < _ALIKE)]), similarity[own])
    validated = (similarity >= _FLOOR) & _discoveries(p_value, tests, false_discovery_rate)
    label = _communities(words, vectors, common)
    return _result(pairs, similarity, p_value, validated, label, order, ids, weaker)


def family_of(templates: pa.Table, config: ProjectionConfig) -> TemplateFamilies:
    """Sort mined templates into families.

    Parameters
    ----------
    templates : `template_id`, `pattern`, `prompts` as the warehouse has them; their order does not matter. Logs that
        bring their own template ids have no patterns, and so no families.

    Notes
    -----
    The `MOST` templates with the most prompts; about 0.3 ms each, and 1 to 5 ms more with meaning, by length.
    """
    if not templates.num_rows:
        return TemplateFamilies(None, "")
    embedder = semantic_embedder() if config.semantic else None
    chosen = templates.sort_by([("prompts", "descending"), ("template_id", "ascending")]).slice(0, MOST)
    chosen = chosen.sort_by("template_id")
    ids, texts = chosen["template_id"].to_pylist(), [plain(text) for text in chosen["pattern"].to_pylist()]
    label = _communities(weighed([bag_of_words(text) for text in texts]), *_meanings(texts, embedder))
    alone = np.bincount(label)[label] < 2
    pairs = zip(ids, _names(label, ids), alone.tolist(), strict=True)
    return TemplateFamilies(
        {name: family for name, family, single in pairs if not single}, "" if embedder else WORDING_ONLY
    )


def _meanings(
    texts: Sequence[str], embedder: Embedder | None
) -> tuple[NDArray[np.float32] | None, sparse.csr_array | None]:
    """Return what the texts mean and which habitual words they have; None and None without a model."""
    return (distinctive(embedder(texts)), habitual(texts)) if embedder else (None, None)


def _communities(
    words: sparse.csr_array, vectors: NDArray[np.float32] | None, common: sparse.csr_array | None
) -> NDArray[np.int64]:
    """Return each template's community, numbered in the order of their first templates; the texts are in id order."""
    pairs = neighbours(words, vectors, NEAR)
    alike, _ = likeness(inner(words, pairs[:, 0], pairs[:, 1]), vectors, common, pairs)
    graph = igraph.Graph(n=words.shape[0], edges=pairs)
    igraph.set_random_number_generator(random.Random(0))  # noqa: S311  # igraph draws from Python's generators
    try:
        found = graph.community_leiden(
            objective_function="CPM",
            weights=alike.tolist(),
            resolution=AVERAGE,
            n_iterations=4,
        )
    finally:
        igraph.set_random_number_generator(random)
    _, first, label = np.unique(np.asarray(found.membership, np.int64), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[label]


def _names(label: NDArray[np.int64], ids: Sequence[str]) -> list[str]:
    members: dict[int, list[str]] = {}
    for position, group in enumerate(label.tolist()):
        members.setdefault(group, []).append(ids[position])
    name = {group: _family_id(own) for group, own in members.items()}
    return [name[group] for group in label.tolist()]


def _random_pairs(n: int, seed: int) -> NDArray[np.int64]:
    if n * (n - 1) // 2 <= _RANDOM_PAIRS:
        return np.column_stack(np.triu_indices(n, 1)).astype(np.int64)
    draw = np.random.default_rng(seed).integers(0, n, (_RANDOM_PAIRS, 2))
    return np.asarray(draw[draw[:, 0] != draw[:, 1]], np.int64)


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


def _discoveries(p_value: NDArray[np.float64], tests: int, level: float) -> NDArray[np.bool_]:
    """Return which pairs pass Benjamini-Hochberg among `tests` pairs; those not listed count as not passing."""
    order = np.argsort(p_value, kind="stable")
    passing = np.flatnonzero(p_value[order] <= level * np.arange(1, len(order) + 1) / tests)
    return p_value <= (p_value[order][passing[-1]] if len(passing) else -1.0)


def _result(  # every column of the result
    pairs: NDArray[np.int64],
    similarity: NDArray[np.float64],
    p_value: NDArray[np.float64],
    validated: NDArray[np.bool_],
    label: NDArray[np.int64],
    order: NDArray[np.int64],
    ids: Sequence[str],
    weaker: str,
) -> FamilyLinks:
    family = [""] * len(ids)
    for position, name in zip(order.tolist(), _names(label, [ids[i] for i in order]), strict=True):
        family[position] = name
    ends = np.sort(order[pairs], axis=1) if len(pairs) else pairs
    turn = np.lexsort((ends[:, 1], ends[:, 0]))
    return FamilyLinks(
        source=ends[turn, 0].astype(np.int32),
        target=ends[turn, 1].astype(np.int32),
        similarity=similarity[turn],
        p_value=p_value[turn],
        validated=validated[turn],
        family=tuple(family),
        ids=tuple(ids),
        weaker=weaker,
    )


def _family_id(members: Iterable[str]) -> str:
    return "fam-" + hashlib.blake2b("\x1f".join(sorted(members)).encode(), digest_size=10).hexdigest()
