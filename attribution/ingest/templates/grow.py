"""Groups of prompts by shared wording, divided level by level: the tree that `discover` picks the templates from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from attribution.ingest.templates import judging, sharing
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attribution.ingest.templates.strength import Strength
    from attribution.ingest.templates.tokens import Tokens

    _Verdict = tuple[bool, int, NDArray[np.uint8]]

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
        return np.asarray(judging.pattern_from(self.shape, self.cuts))


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

    def fixed(self, tokens: Tokens) -> int:
        """Return the number of tokens that all its prompts have."""
        return int((self.pattern(tokens) != SLOT).sum())

    def _held(self, tokens: Tokens) -> tuple[Found, NDArray[np.int64]]:
        if self.held is None:
            begin = tokens.indptr[self.reference]
            values = tokens.values[begin : begin + len(self.marks) - 1].astype(np.int64)
            shape = np.where(self.marks[:-1] & _FIXED, values, SLOT)
            found = Found(self.reference, shape, (self.marks & _CUT) != 0)
            self.held = found, found.pattern()
        return self.held


@dataclass(frozen=True, slots=True)
class Shared:
    """The shingles that each of some prompts shares with others: uint64 hashes, and where each prompt's begin."""

    hashes: NDArray[np.uint64]
    bounds: NDArray[np.int64]

    def take(self, positions: NDArray[np.int64]) -> Shared:
        """Return those of some prompts."""
        return Shared(*sharing.take(self.hashes, self.bounds, positions))


@dataclass(frozen=True, slots=True)
class _Level:
    """Prompts on their way down: rows, their groups, the nodes that the groups belong to, and their shared shingles."""

    rows: NDArray[np.int64]
    group: NDArray[np.int64]
    owner: NDArray[np.int64]
    shared: Shared


def root(rows: NDArray[np.int64], weight: NDArray[np.uint32]) -> Node:
    """Return the group of all prompts, which nothing is known of."""
    return Node(-1, rows, int(weight[rows].sum()), strong=False, reference=0, marks=np.full(1, _CUT, np.uint8))


@dataclass(frozen=True, slots=True)
class Grower:
    """Divides prompts into groups; remembers what it found groups to have in common.

    Attributes
    ----------
    tokens : prompts; `weight` uint32 (prompts,) is how often each was sent (capped by the caller).
    floor : weight that a group needs.
    """

    tokens: Tokens
    weight: NDArray[np.uint32]
    floor: int
    strength: Strength
    judged: dict[bytes, _Verdict] = field(default_factory=dict)

    def grow(self, roots: list[Node], shared: Shared | None = None) -> list[Node]:
        """Divide groups of prompts as long as wording is shared; return all nodes, the given ones first.

        Parameters
        ----------
        roots : groups to begin with; their `docs` are ordered by content.
        shared : what `share` returns for the rows of all of them, if it is at hand.
        """
        nodes = list(roots)
        rows = np.concatenate([node.docs for node in roots])
        group = np.repeat(np.arange(len(roots)), [len(node.docs) for node in roots])
        level = _Level(rows, group, np.arange(len(roots)), shared or self.share(rows))
        for _ in range(_LEVELS):
            if len(level.rows) == 0:
                break
            level = self._divide(nodes, level)
        for node in reversed(nodes):
            if node.parent >= 0:
                nodes[node.parent].fertile |= node.strong or node.fertile
        return nodes

    def judge(self, parent: int, docs: NDArray[np.int64], weight: int) -> Node:
        """Return a group of prompts as a node."""
        ((strong, reference, marks),) = self._judge(docs, np.asarray([0, len(docs)], np.int64))
        return Node(parent, docs, weight, strong=strong, reference=reference, marks=marks)

    def share(self, rows: NDArray[np.int64]) -> Shared:
        """Return the shingles that are shared enough to be looked at again."""
        values, indptr, plain = self.tokens.values, self.tokens.indptr, self.strength.plain
        bits = min(_MAX_BITS, _bits(int((indptr[rows + 1] - indptr[rows]).sum())))
        halves = [rows[part] for part in _halves(len(rows))]
        sieves = _both([lambda half=half: sharing.sieve(values, indptr, half, self.weight, bits) for half in halves])  # type: ignore[misc]
        sieve = sieves[0] if len(sieves) == 1 else sieves[0] + sieves[1]
        given = sieve, bits, self.floor, plain
        parts = _both([lambda half=half: sharing.shared(values, indptr, half, *given) for half in halves])  # type: ignore[misc]
        lengths = np.concatenate([np.diff(bounds) for _, bounds in parts])
        return Shared(np.concatenate([hashes for hashes, _ in parts]), np.concatenate([[0], np.cumsum(lengths)]))

    def _divide(self, nodes: list[Node], level: _Level) -> _Level:
        """Make a node of every group of prompts with one anchor; return the prompts that go on."""
        own = self.weight[level.rows]
        chosen, places, counts = self._anchors(nodes, level, own)
        members, bounds, sizes = sharing.regroup(chosen, own, self.floor, MIN_PROMPTS)
        docs = level.rows[members]
        parents = level.owner[level.group[members[bounds[:-1]]]]
        kept: list[NDArray[np.int64]] = []
        owner: list[int] = []
        edges = bounds.tolist()
        given = zip(parents.tolist(), sizes.tolist(), self._judge(docs, bounds), strict=True)
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
        shared = level.shared
        passed = Shared(*sharing.pass_on(shared.hashes, shared.bounds, places, counts, positions, self.floor))
        return _Level(level.rows[positions], group, np.asarray(owner, np.int64), passed)

    def _anchors(
        self, nodes: list[Node], level: _Level, own: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
        """Return each prompt's anchor (its place, -1: none), the place of each shingle, and the counts by place."""
        sizes = np.bincount(level.group, weights=own, minlength=len(level.owner)).astype(np.int64)
        free = np.asarray([len(nodes[owner].marks) == 1 for owner in level.owner.tolist()], np.bool_)
        high = np.where(free, _NO_CEILING, np.ceil(_WHOLE * sizes).astype(np.int64))
        low = np.where(free, self.floor, np.maximum(self.floor, np.ceil(_PART * sizes))).astype(np.int64)
        hashes, bounds = level.shared.hashes, level.shared.bounds
        bits = _bits(len(hashes))
        places = np.zeros(len(hashes), np.int64)
        counts = np.zeros(2 << bits, np.uint32)
        given = hashes, bounds, level.group
        _both(
            [lambda shard=shard: sharing.count(*given, own, bits, shard, places, counts) for shard in range(2)],  # type: ignore[misc]
            alone=len(level.rows) < _SMALL,
        )
        return sharing.anchors(*given, places, counts, low, high), places, counts

    def _judge(self, docs: NDArray[np.int64], bounds: NDArray[np.int64]) -> list[_Verdict]:
        """Return what each group has in common, as it is known from its first prompts."""
        edges = bounds.tolist()
        seen = [docs[begin : min(stop, begin + _SAMPLE)] for begin, stop in pairwise(edges)]
        keys = [group.tobytes() for group in seen]
        new = [i for i, key in enumerate(keys) if key not in self.judged]
        if new:
            groups = np.concatenate([seen[i] for i in new])
            ends = np.concatenate([[0], np.cumsum([len(seen[i]) for i in new])]).astype(np.int64)
            self.judged.update(zip([keys[i] for i in new], self._judge_new(groups, ends), strict=True))
        return [self.judged[key] for key in keys]

    def _judge_new(self, docs: NDArray[np.int64], bounds: NDArray[np.int64]) -> list[_Verdict]:
        groups = len(bounds) - 1
        strength = self.strength
        given = self.tokens.values, self.tokens.indptr, docs, bounds, strength.plain, strength.common, strength.rules
        firsts = range(0, groups, _JUDGED)
        parts = _both(
            [lambda first=first: judging.judge_all(*given, first, min(first + _JUDGED, groups)) for first in firsts]  # type: ignore[misc]
        )
        out: list[_Verdict] = []
        for strong, reference, marks, ends in parts:
            pieces = [marks[begin:stop] for begin, stop in pairwise(ends.tolist())]
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
    return [slice(begin, stop) for begin, stop in pairwise(edges)]


def _bits(total: int) -> int:
    return max(_MIN_BITS, int(np.ceil(np.log2(total + 1))))
