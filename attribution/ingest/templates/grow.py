"""Groups of prompts by shared wording, divided level by level: the tree that `discover` picks the templates from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from attribution.ingest.templates import judging, sharing
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.ingest.templates.strength import Strength
    from attribution.ingest.templates.tokens import Tokens

_T = TypeVar("_T")

_LEVELS = 24
_SAMPLE = 256
REFINED = 16_384
_PART = 0.01
MIN_PROMPTS = 3
_MIN_BITS = 10
_MAX_BITS = 24
_SMALL = 4_000
"""Prompts below which a second thread is not worth its start."""
_JUDGED = 64
"""Groups judged in one go."""
_WHOLE = 0.9
_NO_CEILING = 1 << 40
_FIXED, _CUT = 1, 2


@dataclass(frozen=True, slots=True)
class Found:
    """A template found in a prompt.

    Attributes
    ----------
    reference : row of the prompt.
    shape : the prompt's tokens, `SLOT` for those that vary.
    cuts : bool (tokens + 1,), where a slot may stand although nothing does in this prompt; the first and the last tell
        whether the template is open at its begin and at its end.
    """

    reference: int
    shape: NDArray[np.int64]
    cuts: NDArray[np.bool_]

    def pattern(self) -> NDArray[np.int64]:
        """Return the fixed tokens in order, each run of slots as one `SLOT`."""
        out: list[int] = []
        for item, cut in zip(self.shape.tolist(), self.cuts.tolist(), strict=False):
            if cut and (not out or out[-1] != SLOT):
                out.append(SLOT)
            if item != SLOT:
                out.append(item)
        if self.cuts[-1] and (not out or out[-1] != SLOT):
            out.append(SLOT)
        return np.asarray(out, np.int64)


@dataclass(slots=True)
class Node:
    """A group of prompts: rows `docs` (by content), with `marks` on the tokens of one of them, the reference.

    Attributes
    ----------
    strong : whether what they have in common is enough for a template.
    weight : of all its prompts; `reached` of those that were divided further.
    children : numbers of the nodes that it was divided into.
    fertile : whether some node below it is strong.
    """

    parent: int
    docs: NDArray[np.int64]
    weight: int
    strong: bool
    reference: int
    marks: NDArray[np.uint8]
    reached: int = 0
    children: list[int] = field(default_factory=list)
    fertile: bool = False
    held: tuple[Found, NDArray[np.int64]] | None = None

    def found(self, tokens: Tokens) -> Found:
        """Return what the group has in common."""
        return self._held(tokens)[0]

    def pattern(self, tokens: Tokens) -> NDArray[np.int64]:
        """Return the same as a pattern."""
        return self._held(tokens)[1]

    def _held(self, tokens: Tokens) -> tuple[Found, NDArray[np.int64]]:
        if self.held is None:
            begin = tokens.indptr[self.reference]
            values = tokens.values[begin : begin + len(self.marks) - 1].astype(np.int64)
            shape = np.where(self.marks[:-1] & _FIXED, values, SLOT)
            found = Found(self.reference, shape, (self.marks & _CUT) != 0)
            self.held = found, found.pattern()
        return self.held


@dataclass(frozen=True, slots=True)
class _Level:
    """Prompts on their way down: rows, their groups, the nodes that the groups belong to, and their shared shingles."""

    rows: NDArray[np.int64]
    group: NDArray[np.int64]
    owner: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    bounds: NDArray[np.int64]


def root(rows: NDArray[np.int64], weight: NDArray[np.uint32]) -> Node:
    """Return the group of all prompts, which nothing is known of."""
    return Node(-1, rows, int(weight[rows].sum()), strong=False, reference=0, marks=np.full(1, _CUT, np.uint8))


def grow(
    tokens: Tokens, roots: list[Node], weight: NDArray[np.uint32], floor: int, strength: Strength
) -> list[Node]:
    """Divide groups of prompts as long as wording is shared; return all nodes, the given ones first.

    Parameters
    ----------
    tokens : prompts; `weight` uint32 (prompts,) is how often each was sent (capped by the caller).
    roots : groups to begin with; their `docs` are ordered by content.
    floor : weight that a group needs.
    """
    nodes = list(roots)
    rows = np.concatenate([node.docs for node in roots])
    group = np.repeat(np.arange(len(roots)), [len(node.docs) for node in roots])
    level = _Level(rows, group, np.arange(len(roots)), *_shared(tokens, rows, weight, floor, strength))
    for _ in range(_LEVELS):
        if len(level.rows) == 0:
            break
        level = _divide(tokens, nodes, level, weight, floor, strength)
    for node in reversed(nodes):
        if node.parent >= 0:
            nodes[node.parent].fertile |= node.strong or node.fertile
    return nodes


def judge(
    tokens: Tokens, parent: int, docs: NDArray[np.int64], weight: int, strength: Strength
) -> Node:
    """Return a group of prompts as a node."""
    bounds = np.asarray([0, len(docs)], np.int64)
    strong, reference, marks, _ = judging.judge_all(
        tokens.values, tokens.indptr, docs, bounds, _SAMPLE, strength.plain, strength.common, strength.rules, 0, 1
    )
    return Node(parent, docs, weight, strong=bool(strong[0]), reference=int(reference[0]), marks=marks)


def _shared(
    tokens: Tokens, rows: NDArray[np.int64], weight: NDArray[np.uint32], floor: int, strength: Strength
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    total = int((tokens.indptr[rows + 1] - tokens.indptr[rows]).sum())
    bits = min(_MAX_BITS, _bits(total))
    halves = _halves(len(rows))
    tables = _both(
        [
            lambda part=part: sharing.sieve(tokens.values, tokens.indptr, rows[part], weight, bits)  # type: ignore[misc]
            for part in halves
        ]
    )
    table = tables[0] if len(tables) == 1 else tables[0] + tables[1]
    parts = _both(
        [
            lambda part=part: sharing.shared(  # type: ignore[misc]
                tokens.values, tokens.indptr, rows[part], table, bits, floor, strength.plain
            )
            for part in halves
        ]
    )
    return np.concatenate([hashes for hashes, _ in parts]), _bounds([np.diff(bounds) for _, bounds in parts])


def _divide(  # the state of one level
    tokens: Tokens, nodes: list[Node], level: _Level, weight: NDArray[np.uint32], floor: int, strength: Strength
) -> _Level:
    """Make a node of every group of prompts with one anchor; return the prompts that go on."""
    own = weight[level.rows]
    chosen, places, counts = _anchors(nodes, level, own, floor)
    members, bounds, sizes = sharing.regroup(chosen, own, floor, MIN_PROMPTS)
    docs = level.rows[members]
    parents = level.owner[level.group[members[bounds[:-1]]]]
    judged = _judge_all(tokens, docs, bounds, strength)
    kept: list[NDArray[np.int64]] = []
    owner: list[int] = []
    edges = bounds.tolist()
    given = zip(parents.tolist(), sizes.tolist(), judged, strict=True)
    for number, (parent, size, (strong, reference, marks)) in enumerate(given):
        begin, stop = edges[number], edges[number + 1]
        node = Node(parent, docs[begin:stop], size, strong=strong, reference=reference, marks=marks)
        nodes[parent].children.append(len(nodes))
        nodes.append(node)
        if strong and not (marks & _CUT).any():
            continue
        going = members[begin : min(stop, begin + REFINED)] if strong else members[begin:stop]
        node.reached = size if len(going) == stop - begin else int(own[going].sum())
        kept.append(going)
        owner.append(len(nodes) - 1)
    positions = np.concatenate([np.zeros(0, np.int64), *kept])
    group = np.repeat(np.arange(len(kept)), [len(going) for going in kept])
    passed = sharing.pass_on(level.hashes, level.bounds, places, counts, positions, floor)
    return _Level(level.rows[positions], group, np.asarray(owner, np.int64), *passed)


def _anchors(
    nodes: list[Node], level: _Level, own: NDArray[np.uint32], floor: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
    """Return each prompt's anchor (its place, -1: none), the place of each shingle, and the counts by place."""
    sizes = np.bincount(level.group, weights=own, minlength=len(level.owner)).astype(np.int64)
    free = np.asarray([len(nodes[owner].marks) == 1 for owner in level.owner.tolist()], np.bool_)
    high = np.where(free, _NO_CEILING, np.ceil(_WHOLE * sizes).astype(np.int64))
    low = np.where(free, floor, np.maximum(floor, np.ceil(_PART * sizes))).astype(np.int64)
    bits = _bits(len(level.hashes))
    places = np.zeros(len(level.hashes), np.int64)
    counts = np.zeros(2 << bits, np.uint32)
    given = level.hashes, level.bounds, level.group
    shards = [
        lambda shard=shard: sharing.count(*given, own, bits, shard, places, counts)  # type: ignore[misc]
        for shard in range(2)
    ]
    _both(shards, alone=len(level.rows) < _SMALL)
    return sharing.anchors(*given, places, counts, low, high), places, counts


def _judge_all(
    tokens: Tokens, docs: NDArray[np.int64], bounds: NDArray[np.int64], strength: Strength
) -> list[tuple[bool, int, NDArray[np.uint8]]]:
    groups = len(bounds) - 1
    given = tokens.values, tokens.indptr, docs, bounds, _SAMPLE, strength.plain, strength.common, strength.rules
    parts = _both(
        [
            lambda first=first: judging.judge_all(*given, first, min(first + _JUDGED, groups))  # type: ignore[misc]
            for first in range(0, groups, _JUDGED)
        ],
        alone=groups <= _JUDGED,
    )
    out = []
    for strong, reference, marks, ends in parts:
        edges = ends.tolist()
        pieces = [marks[begin:stop] for begin, stop in zip(edges[:-1], edges[1:], strict=True)]
        out.extend(zip(strong.tolist(), reference.tolist(), pieces, strict=True))
    return out


def _both(calls: Sequence[Callable[[], _T]], *, alone: bool = False) -> list[_T]:
    """Return the results of all calls, in order, made on two threads."""
    if alone or len(calls) == 1:
        return [call() for call in calls]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: call(), calls))


def _halves(count: int) -> list[slice]:
    edges = np.linspace(0, count, 3 if count >= _SMALL else 2).astype(int).tolist()
    return [slice(begin, stop) for begin, stop in zip(edges[:-1], edges[1:], strict=True)]


def _bounds(lengths: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)


def _bits(total: int) -> int:
    return max(_MIN_BITS, int(np.ceil(np.log2(total + 1))))
