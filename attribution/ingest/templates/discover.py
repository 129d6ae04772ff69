"""Finding the templates in a set of prompts: groups by shared wording, divided as long as that explains more.

Starting with all prompts, each group is divided by the shingle (three tokens in a row) that most of its prompts
share, level by level. Every group has a consensus: the shingles that all but 1.5 % of its core hold, in order. A
group is a template when its consensus is strong enough; a group that is not (people who begin with "please help me
with") only passes its prompts on. When a strong group's parts have structure of their own (fixed words around a slot
of theirs, inside one slot of the group), the parts are the templates; when a part merely fills a slot with one value,
the group is. Nothing depends on the order of the prompts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates.containment import fillings, gaps_of
from attribution.ingest.templates.grow import MIN_PROMPTS, REFINED, Found, Grower, Node, root
from attribution.ingest.templates.kernels import SLOT
from attribution.ingest.templates.refine import Group, is_own, says_more
from attribution.ingest.templates.scan import hash_rows
from attribution.ingest.templates.strength import PLAUSIBLE
from attribution.ingest.templates.tokens import Tokens

if TYPE_CHECKING:
    from attribution.ingest.templates.strength import Strength

_RICHER_SHARE = 0.5
_OWN_SHARE = 0.1
_ALL_OWN = 0.9
_LEAST_REST = 0.1
_FILLS = 3
_SLOT_NAMES = 0xF0000000


def discover(grower: Grower, nodes: list[Node], *, last: bool = True, top: int = 0) -> list[Found]:
    """Return the templates in a tree of groups, in an order that depends on content alone.

    Parameters
    ----------
    grower, nodes : what was grown; `top` is the root that is looked at.
    last : whether prompts that follow none of a group's parts are to get the group's own pattern even where parts are
        templates of their own. If not, they are left over, to be looked at again without those of the parts.
    """
    picked = [choice for number in list(nodes[top].children) for choice in pick(grower, nodes, number, last=last)]
    found = [nodes[i].found(grower.tokens) for i in picked]
    return _general([*found, *_generalise(found, grower.strength)], grower.strength)


def pick(grower: Grower, nodes: list[Node], number: int, *, last: bool) -> list[int]:
    """Return the templates of a subtree: the node itself, or what its parts say instead, or both."""
    if not nodes[number].fertile:
        return [number] if nodes[number].strong else []
    below = [choice for child in nodes[number].children for choice in pick(grower, nodes, child, last=last)]
    return _choose(grower, nodes, number, below, last=last)


def _choose(grower: Grower, nodes: list[Node], number: int, below: list[int], *, last: bool) -> list[int]:
    """Choose between a node and the templates among its parts; what the parts leave over becomes the node, again."""
    tokens, strength = grower.tokens, grower.strength
    chosen: list[int] = []
    while below:
        node = nodes[number]
        pattern = node.pattern(tokens)
        words, content = strength.measure(pattern)
        if not node.strong and not PLAUSIBLE.passes(words, content, 1, 0.0):
            return below
        whole = Group(node.docs, pattern)
        parts = [(choice, Group(nodes[choice].docs, nodes[choice].pattern(tokens))) for choice in below]
        own = [choice for choice, part in parts if is_own(tokens, whole, part, strength)]
        share = sum(nodes[choice].weight for choice in own)
        if not node.strong:
            fills = sum(nodes[choice].weight for choice in below) - share
            return [number] if len(below) - len(own) >= _FILLS and fills >= _RICHER_SHARE * node.weight else below
        if not last and share >= _OWN_SHARE * max(node.reached, 1):
            return own
        chosen += own
        rest = _rest(grower, nodes, number, own) if own and last else node
        if not rest.strong or rest.fixed(tokens) <= node.fixed(tokens):
            return chosen if share >= _ALL_OWN * max(node.reached, 1) else [*chosen, number]
        below = [choice for choice in below if choice not in own]
        number = len(nodes)
        nodes.append(rest)
    return [*chosen, number] if nodes[number].strong else chosen


def _rest(grower: Grower, nodes: list[Node], number: int, own: list[int]) -> Node:
    """Return what a group's prompts have in common that are in none of the parts."""
    node = nodes[number]
    docs = node.docs[:REFINED]
    docs = docs[~np.isin(docs, np.concatenate([nodes[choice].docs for choice in own]))]
    weight = node.reached - sum(nodes[choice].weight for choice in own)
    if len(docs) < MIN_PROMPTS or weight < _LEAST_REST * node.reached:
        return Node(number, docs, weight, strong=False, reference=node.reference, marks=node.marks)
    rest = grower.judge(number, docs, weight)
    rest.reached = weight
    return rest


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
    among = Tokens(values.astype(np.uint32), indptr)
    order = np.argsort(hash_rows(among.values, indptr, np.uint64(0)), kind="stable")
    weight = np.ones(len(patterns), np.uint32)
    nodes = Grower(among, weight, _FILLS, strength).grow([root(order, weight)])
    out = []
    for node in nodes[1:]:
        if not node.strong or not strength.enough(node.pattern(among), 0.0):
            continue
        general = node.pattern(among)
        fitting = [pattern for pattern in patterns if gaps_of(general, pattern) is not None]
        richer = sum(says_more(general, pattern, strength) for pattern in fitting)
        if len(fitting) - richer >= max(_FILLS, richer):
            out.append(_carry(found[node.reference], node.found(among)))
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
