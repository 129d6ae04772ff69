"""Finding the templates in a set of prompts: groups by shared wording, divided as long as that explains more.

Starting with all prompts, each group is divided by the shingle (three tokens in a row) that most of its prompts
share, level by level. Every group has a consensus: the shingles that all but 1.5 % of its core hold, in order. A
group is a template when its consensus is strong enough; a group that is not (people who begin with "please help me
with") only passes its prompts on. When a strong group's parts have structure of their own (fixed words around a slot
of theirs, inside one slot of the group), the parts are the templates; when a part merely fills a slot with one value,
the group is. Nothing depends on the order of the prompts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import kernels
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.ingest.templates.tokens import Tokens

_LEVELS = 8
_SAMPLE = 256
_MIN_PROMPTS = 3
_MAX_BITS = 24
_WHOLE = 0.9
_NO_CEILING = 1 << 40
_RICHER_SHARE = 0.5
_NEW_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A template found: the row of its reference prompt, and for each of that prompt's tokens itself or `SLOT`."""

    reference: int
    shape: NDArray[np.int64]


@dataclass(slots=True)
class _Node:
    parent: int
    reference: int
    shape: NDArray[np.int64]
    strong: bool
    weight: int
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Strength:
    """Decides whether a consensus is a template. `common` holds the tokens that carry no meaning (sorted)."""

    common: NDArray[np.uint32]

    def measure(self, tokens: NDArray[np.int64]) -> tuple[float, float]:
        """Return the number of fixed words and of those that carry meaning; a single character is half a word."""
        kept = tokens[tokens != SLOT]
        worth = np.where(kept & 1, 0.5, 1.0)
        return float(worth.sum()), float(worth[~np.isin(kept, self.common)].sum())

    def enough(self, tokens: NDArray[np.int64], coverage: float) -> bool:
        """Tell whether fixed tokens that make up `coverage` of the typical prompt are a template."""
        words, content = self.measure(tokens)
        if content >= 4 and words >= 6:  # noqa: PLR2004  # the rule of docs/templates.md, in words of meaning
            return True
        return content >= 2 and words >= 3 and coverage >= 0.4  # noqa: PLR2004  # same


def discover(tokens: Tokens, weight: NDArray[np.uint32], floor: int, strength: Strength) -> list[Found]:
    """Return the templates among prompts, in an order that depends on content alone.

    Parameters
    ----------
    tokens : prompts, distinct in their tokens, sorted by content.
    weight : uint32 (prompts,), how often each was sent (capped by the caller).
    floor : weight that a template needs.
    """
    nodes = _grow(tokens, weight, floor, strength)
    picked: list[int] = []
    for number in nodes[0].children:
        picked.extend(_pick(nodes, number))
    return [Found(nodes[i].reference, nodes[i].shape) for i in picked]


def _grow(tokens: Tokens, weight: NDArray[np.uint32], floor: int, strength: Strength) -> list[_Node]:
    nodes = [_Node(-1, 0, np.zeros(0, np.int64), strong=False, weight=int(weight.sum()))]
    rows = np.arange(len(tokens), dtype=np.int64)
    group = np.zeros(len(rows), np.int64)
    owner = np.zeros(1, np.int64)
    for _ in range(_LEVELS):
        if len(rows) == 0:
            break
        sizes = np.bincount(group, weights=weight[rows], minlength=len(owner)).astype(np.int64)
        total = int((tokens.indptr[rows + 1] - tokens.indptr[rows]).sum())
        bits = min(_MAX_BITS, max(12, int(np.ceil(np.log2(total + 1))) + 1))
        counts = kernels.count_shingles(tokens.values, tokens.indptr, rows, group, weight, bits)
        ceiling = np.where(owner == 0, _NO_CEILING, np.ceil(_WHOLE * sizes).astype(np.int64))
        least = np.full(len(owner), floor, np.int64)
        chosen = kernels.anchors(tokens.values, tokens.indptr, rows, group, counts, bits, least, ceiling)
        rows, group, owner = _divide(tokens, weight, floor, strength, nodes, rows[chosen != 0], chosen[chosen != 0], owner[group[chosen != 0]])
    return nodes


def _divide(
    tokens: Tokens, weight: NDArray[np.uint32], floor: int, strength: Strength, nodes: list[_Node],
    rows: NDArray[np.int64], chosen: NDArray[np.uint64], parents: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Make a node of every group of prompts with one anchor; return the prompts that go on, and their groups."""
    names, inverse = np.unique(chosen, return_inverse=True)
    sizes = np.bincount(inverse, weights=weight[rows], minlength=len(names)).astype(np.int64)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse, minlength=len(names)))
    kept_rows, kept_groups, owner = [], [], []
    for number in range(len(names)):
        begin = int(ends[number - 1]) if number else 0
        members = order[begin : ends[number]]
        if sizes[number] < floor or len(members) < _MIN_PROMPTS:
            continue
        docs = rows[members]
        node = _node(tokens, docs[:_SAMPLE], int(parents[members[0]]), int(sizes[number]), strength)
        nodes[node.parent].children.append(len(nodes))
        nodes.append(node)
        if node.strong and not (node.shape == SLOT).any():
            continue
        going = docs[:_SAMPLE] if node.strong else docs
        kept_rows.append(going)
        kept_groups.append(np.full(len(going), len(owner), np.int64))
        owner.append(len(nodes) - 1)
    if not owner:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(kept_rows), np.concatenate(kept_groups), np.asarray(owner, np.int64)


def _node(tokens: Tokens, docs: NDArray[np.int64], parent: int, weight: int, strength: Strength) -> _Node:
    reference, fixed, joined, _core = kernels.consensus(tokens.values, tokens.indptr, docs)
    shape = _shape(tokens.values[tokens.indptr[reference] : tokens.indptr[reference + 1]], fixed, joined)
    if not len(shape) or (shape == SLOT).all():
        return _Node(parent, int(reference), shape, strong=False, weight=weight)
    compact = compress(shape)
    lengths = tokens.indptr[docs + 1] - tokens.indptr[docs]
    coverage = float((compact != SLOT).sum() / max(float(np.median(lengths)), 1.0))
    fitting = sum(
        bool(kernels.fits(tokens.values, tokens.indptr[d], tokens.indptr[d + 1], compact)) for d in docs.tolist()
    )
    strong = strength.enough(compact, coverage) and fitting >= 0.7 * len(docs)
    return _Node(parent, int(reference), shape, strong=strong, weight=weight)


def _shape(values: NDArray[np.uint32], fixed: NDArray[np.bool_], joined: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the reference's tokens with `SLOT` for those that vary, and between runs that only happen to touch."""
    out: list[int] = []
    if not fixed[0]:
        out.append(SLOT)
    for i, value in enumerate(values.tolist()):
        if i + 1 and fixed[i] and fixed[i + 1] and not joined[i] and not (out and out[-1] == SLOT):
            out.append(SLOT)
        out.append(value if fixed[i + 1] else SLOT)
    n = len(values)
    if not (fixed[n + 1] and joined[n]) and not (out and out[-1] == SLOT):
        out.append(SLOT)
    return np.asarray(out, np.int64)


def compress(shape: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the shape with each run of slots as one."""
    if not len(shape):
        return shape
    again = np.zeros(len(shape), bool)
    again[1:] = (shape[1:] == SLOT) & (shape[:-1] == SLOT)
    return shape[~again]


def _pick(nodes: list[_Node], number: int) -> list[int]:
    """Return the templates of a subtree: the node itself, or what its parts say instead."""
    node = nodes[number]
    below = [choice for child in node.children for choice in _pick(nodes, child)]
    if not node.strong:
        return below
    if not below:
        return [number]
    parent = compress(node.shape)
    richer = [choice for choice in below if is_richer(parent, compress(nodes[choice].shape))]
    reached = sum(nodes[child].weight for child in node.children)
    share = sum(nodes[choice].weight for choice in richer)
    return richer if share >= _RICHER_SHARE * max(reached, 1) else [number]


def is_richer(parent: NDArray[np.int64], part: NDArray[np.int64]) -> bool:
    """Tell whether a part has structure of its own inside a slot of its parent, rather than one value of the slot.

    It has when some slot of the parent holds, in the part, two or more runs of fixed tokens (at least four in all)
    with a slot beside them.
    """
    gaps = gaps_of(parent, part)
    if gaps is None:
        return True
    for gap in gaps:
        kept = int((gap != SLOT).sum())
        runs = int(((gap[1:] != SLOT) & (gap[:-1] == SLOT)).sum()) + int(len(gap) > 0 and gap[0] != SLOT)
        if kept >= _NEW_TOKENS and runs > 1 and kept < len(gap):
            return True
    return False


def gaps_of(parent: NDArray[np.int64], part: NDArray[np.int64]) -> list[NDArray[np.int64]] | None:
    """Return what stands in the part where the parent has slots, or None where the parent does not fit the part."""
    runs: list[NDArray[np.int64]] = []
    start = 0
    for i in [*np.flatnonzero(parent == SLOT).tolist(), len(parent)]:
        if i > start:
            runs.append(parent[start:i])
        start = i + 1
    gaps: list[NDArray[np.int64]] = []
    position = 0
    for number, run in enumerate(runs):
        last = number == len(runs) - 1 and parent[-1] != SLOT
        found = len(part) - len(run) if last else _search(part, run, position)
        if found < position or not np.array_equal(part[found : found + len(run)], run):
            return None
        if number == 0 and parent[0] != SLOT and found != 0:
            return None
        gaps.append(part[position:found])
        position = found + len(run)
    gaps.append(part[position:])
    return gaps


def _search(part: NDArray[np.int64], run: NDArray[np.int64], position: int) -> int:
    for i in range(position, len(part) - len(run) + 1):
        if np.array_equal(part[i : i + len(run)], run):
            return i
    return -1
