"""Finding the templates in a set of prompts: groups by shared wording, divided as long as that explains more.

Starting with all prompts, each group is divided by the shingle (three tokens in a row) that most of its prompts
share, level by level. Every group has a consensus: the shingles that all but 1.5 % of its core hold, in order. A
group is a template when its consensus is strong enough; a group that is not (people who begin with "please help me
with") only passes its prompts on. When a strong group's parts have structure of their own (fixed words around a slot
of theirs, inside one slot of the group), the parts are the templates; when a part merely fills a slot with one value,
the group is. Nothing depends on the order of the prompts.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import fitting, kernels
from attribution.ingest.templates.containment import fillings, gaps_of
from attribution.ingest.templates.kernels import SLOT
from attribution.ingest.templates.refine import Group, is_own, says_more
from attribution.ingest.templates.strength import PLAUSIBLE
from attribution.ingest.templates.tokens import Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.ingest.templates.strength import Strength

_LEVELS = 24
_SAMPLE = 256
_REFINED = 16_384
_PART = 0.01
_MIN_PROMPTS = 3
_MIN_BITS = 18
_MAX_BITS = 24
_SMALL = 100_000
_WHOLE = 0.9
_NO_CEILING = 1 << 40
_RICHER_SHARE = 0.5
_OWN_SHARE = 0.1
_ALL_OWN = 0.9
_LEAST_REST = 0.1
_FILLS = 3
_SLOT_NAMES = 0xF0000000
_REACH = 64
_KEPT = 0.985
_FITTING = 0.7


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
class _Node:
    parent: int
    found: Found
    pattern: NDArray[np.int64]
    strong: bool
    weight: int
    docs: NDArray[np.int64]
    reached: int = 0
    children: list[int] = field(default_factory=list)


def discover(
    tokens: Tokens, weight: NDArray[np.uint32], floor: int, strength: Strength, *, last: bool = True
) -> list[Found]:
    """Return the templates among prompts, in an order that depends on content alone.

    Parameters
    ----------
    tokens : prompts, distinct in their tokens, sorted by content.
    weight : uint32 (prompts,), how often each was sent (capped by the caller).
    floor : weight that a template needs.
    last : whether prompts that follow none of a group's parts are to get the group's own pattern even where parts are
        templates of their own. If not, they are left over, to be looked at again without those of the parts.
    """
    nodes = _grow(tokens, weight, floor, strength)
    picked: list[int] = []
    for number in nodes[0].children:
        picked.extend(_pick(tokens, nodes, number, strength, last=last))
    found = [nodes[i].found for i in picked]
    return _general([*found, *_generalise(found, strength)], strength)


def _grow(tokens: Tokens, weight: NDArray[np.uint32], floor: int, strength: Strength) -> list[_Node]:
    rows = np.arange(len(tokens), dtype=np.int64)
    nothing = Found(0, np.zeros(0, np.int64), np.ones(1, np.bool_))
    nodes = [_Node(-1, nothing, nothing.pattern(), strong=False, weight=int(weight.sum()), docs=rows)]
    group = np.zeros(len(rows), np.int64)
    owner = np.zeros(1, np.int64)
    for _ in range(_LEVELS):
        if len(rows) == 0:
            break
        sizes = np.bincount(group, weights=weight[rows], minlength=len(owner)).astype(np.int64)
        ceiling = np.where(owner == 0, _NO_CEILING, np.ceil(_WHOLE * sizes).astype(np.int64))
        lowest = np.where(owner == 0, floor, np.maximum(floor, np.ceil(_PART * sizes))).astype(np.int64)
        chosen = _anchors(tokens, weight, rows, group, lowest, ceiling, strength.plain())
        rows, group, owner = _divide(
            tokens, weight, floor, strength, nodes, rows[chosen != 0], chosen[chosen != 0], owner[group[chosen != 0]]
        )
    return nodes


def _anchors(  # the state of one level
    tokens: Tokens,
    weight: NDArray[np.uint32],
    rows: NDArray[np.int64],
    group: NDArray[np.int64],
    floor: NDArray[np.int64],
    ceiling: NDArray[np.int64],
    plain: NDArray[np.bool_],
) -> NDArray[np.uint64]:
    """Return the shingle by which each prompt's group is to be divided, 0 for none."""
    total = int((tokens.indptr[rows + 1] - tokens.indptr[rows]).sum())
    bits = min(_MAX_BITS, max(_MIN_BITS, int(np.ceil(np.log2(total + 1))) - 1))
    edges = np.linspace(0, len(rows), 3 if total > _SMALL else 2).astype(int).tolist()

    def count(begin: int, end: int) -> NDArray[np.uint32]:
        part = rows[begin:end], group[begin:end]
        return np.asarray(kernels.count_shingles(tokens.values, tokens.indptr, *part, weight, bits))

    def choose(begin: int, end: int) -> NDArray[np.uint64]:
        part = rows[begin:end], group[begin:end]
        return np.asarray(kernels.anchors(tokens.values, tokens.indptr, *part, counts, bits, floor, ceiling, plain))

    with ThreadPoolExecutor(len(edges) - 1) as pool:
        tables = list(pool.map(count, edges[:-1], edges[1:]))
        counts = np.sum(tables, axis=0, dtype=np.uint32) if len(tables) > 1 else tables[0]
        return np.concatenate(list(pool.map(choose, edges[:-1], edges[1:])))


def _divide(  # the state of one level
    tokens: Tokens,
    weight: NDArray[np.uint32],
    floor: int,
    strength: Strength,
    nodes: list[_Node],
    rows: NDArray[np.int64],
    chosen: NDArray[np.uint64],
    parents: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Make a node of every group of prompts with one anchor; return the prompts that go on, and their groups."""
    names, inverse = np.unique(chosen, return_inverse=True)
    sizes = np.bincount(inverse, weights=weight[rows], minlength=len(names)).astype(np.int64)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse, minlength=len(names)))
    kept_rows, kept_groups = [], []
    owner: list[int] = []
    for number in range(len(names)):
        begin = int(ends[number - 1]) if number else 0
        members = order[begin : ends[number]]
        if sizes[number] < floor or len(members) < _MIN_PROMPTS:
            continue
        docs = rows[members]
        node = _node(tokens, docs, int(parents[members[0]]), int(sizes[number]), strength)
        nodes[node.parent].children.append(len(nodes))
        nodes.append(node)
        if node.strong and not (node.pattern == SLOT).any():
            continue
        going = docs[:_REFINED] if node.strong else docs
        node.reached = int(weight[going].sum())
        kept_rows.append(going)
        kept_groups.append(np.full(len(going), len(owner), np.int64))
        owner.append(len(nodes) - 1)
    if not owner:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(kept_rows), np.concatenate(kept_groups), np.asarray(owner, np.int64)


def _node(tokens: Tokens, everyone: NDArray[np.int64], parent: int, weight: int, strength: Strength) -> _Node:
    docs = everyone[:_SAMPLE]
    reference, fixed, joined, core = kernels.consensus(tokens.values, tokens.indptr, docs)
    found = _found(tokens, int(reference), fixed, joined)
    pattern = found.pattern()
    if core == 0 or (pattern == SLOT).all():
        return _Node(parent, found, pattern, strong=False, weight=weight, docs=everyone)
    fitting.lone_words(tokens.values, tokens.indptr, docs, reference, pattern, fixed, joined, _REACH)
    closer = _found(tokens, int(reference), fixed, joined)
    if _fitting(tokens, docs, closer.pattern()) >= _KEPT * _fitting(tokens, docs, pattern):
        found, pattern = closer, closer.pattern()
    lengths = tokens.indptr[docs + 1] - tokens.indptr[docs]
    coverage = float((pattern != SLOT).sum() / max(float(np.sort(lengths)[len(lengths) // 2]), 1.0))
    strong = strength.enough(pattern, coverage) and _fitting(tokens, docs, pattern) >= _FITTING * len(docs)
    return _Node(parent, found, pattern, strong=strong, weight=weight, docs=everyone)


def _found(tokens: Tokens, reference: int, fixed: NDArray[np.bool_], joined: NDArray[np.bool_]) -> Found:
    values = tokens.values[tokens.indptr[reference] : tokens.indptr[reference + 1]]
    shape = np.where(fixed[1:-1], values.astype(np.int64), SLOT)
    return Found(reference, shape, ~(fixed[:-1] & fixed[1:] & joined[:-1]))


def _fitting(tokens: Tokens, docs: NDArray[np.int64], pattern: NDArray[np.int64]) -> int:
    return int(fitting.count_fitting(tokens.values, tokens.indptr, docs, pattern))


def _pick(tokens: Tokens, nodes: list[_Node], number: int, strength: Strength, *, last: bool) -> list[int]:
    """Return the templates of a subtree: the node itself, or what its parts say instead, or both."""
    below = [choice for child in nodes[number].children for choice in _pick(tokens, nodes, child, strength, last=last)]
    return _choose(tokens, nodes, number, below, strength, last=last)


def _choose(  # the state of a choice
    tokens: Tokens, nodes: list[_Node], number: int, below: list[int], strength: Strength, *, last: bool
) -> list[int]:
    """Choose between a node and the templates among its parts; what the parts leave over becomes the node, again."""
    chosen: list[int] = []
    while below:
        node = nodes[number]
        words, content = strength.measure(node.pattern)
        if not node.strong and not PLAUSIBLE.passes(words, content, 1, 0.0):
            return below
        whole = Group(node.docs, node.pattern)
        parts = [(choice, Group(nodes[choice].docs, nodes[choice].pattern)) for choice in below]
        own = [choice for choice, part in parts if is_own(tokens, whole, part, strength)]
        share = sum(nodes[choice].weight for choice in own)
        if not node.strong:
            fills = sum(nodes[choice].weight for choice in below) - share
            return [number] if len(below) - len(own) >= _FILLS and fills >= _RICHER_SHARE * node.weight else below
        if not last and share >= _OWN_SHARE * max(node.reached, 1):
            return own
        chosen += own
        rest = _rest(tokens, nodes, number, own, strength) if own and last else node
        if not rest.strong or _fixed(rest) <= _fixed(node):
            return chosen if share >= _ALL_OWN * max(node.reached, 1) else [*chosen, number]
        below = [choice for choice in below if choice not in own]
        number = len(nodes)
        nodes.append(rest)
    return [*chosen, number] if nodes[number].strong else chosen


def _rest(tokens: Tokens, nodes: list[_Node], number: int, own: list[int], strength: Strength) -> _Node:
    """Return what a group's prompts have in common that are in none of the parts."""
    node = nodes[number]
    docs = np.setdiff1d(node.docs[:_REFINED], np.concatenate([nodes[choice].docs for choice in own]))
    weight = node.reached - sum(nodes[choice].weight for choice in own)
    if len(docs) < _MIN_PROMPTS or weight < _LEAST_REST * node.reached:
        return _Node(number, node.found, node.pattern, strong=False, weight=weight, docs=docs)
    rest = _node(tokens, docs, number, weight, strength)
    rest.reached = weight
    return rest


def _fixed(node: _Node) -> int:
    return int((node.pattern != SLOT).sum())


def _generalise(found: list[Found], strength: Strength) -> list[Found]:
    """Return templates that three or more of those found are fillings of, found among them as they were among prompts.

    Needed where a slot has few values: prompts may then have been brought together by the value.
    """
    patterns = [item.pattern() for item in found]
    if len(patterns) < _FILLS:
        return []
    indptr = np.concatenate([[0], np.cumsum([len(pattern) for pattern in patterns])]).astype(np.int64)
    values = np.concatenate(patterns)
    slots = values == SLOT
    values[slots] = _SLOT_NAMES + 2 * np.arange(slots.sum())
    order = np.lexsort((kernels.hash_rows(values.astype(np.uint32), indptr, np.uint64(0)),))
    among = Tokens(values.astype(np.uint32), indptr).take(order)
    nodes = _grow(among, np.full(len(patterns), 1, np.uint32), _FILLS, strength)
    out = []
    for node in nodes[1:]:
        if not node.strong or not strength.enough(node.pattern, 0.0):
            continue
        fitting = [pattern for pattern in patterns if gaps_of(node.pattern, pattern) is not None]
        richer = sum(says_more(node.pattern, pattern, strength) for pattern in fitting)
        if len(fitting) - richer >= max(_FILLS, richer):
            out.append(_carry(found[int(order[node.found.reference])], node.found))
    return out


def _carry(found: Found, general: Found) -> Found:
    """Return the template that `general` makes of the pattern of `found`, as a template of the same prompt."""
    shape, cuts = found.shape.copy(), found.cuts.copy()
    at, open_slot = 0, False
    for i, item in enumerate(found.shape.tolist()):
        if found.cuts[i] and not open_slot:
            at, open_slot = at + 1, True
        if item == SLOT:
            continue
        if general.shape[at] == SLOT:
            shape[i] = SLOT
        cuts[i] |= general.cuts[at]
        cuts[i + 1] |= general.cuts[at + 1]
        at, open_slot = at + 1, False
    return Found(found.reference, shape, cuts)


def _general(found: list[Found], strength: Strength) -> list[Found]:
    """Drop the templates that are another one with a slot filled in."""
    within = fillings([item.pattern() for item in found], says_more, strength)
    return [item for number, item in enumerate(found) if number not in within]
