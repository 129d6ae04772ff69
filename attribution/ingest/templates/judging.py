"""What the prompts of each group have in common, and whether that is a template, for many groups at once, compiled."""
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types, and a loop over tokens is written out: calls and generators would cost its speed
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numba as nb
import numpy as np

from attribution.ingest.templates.fitting import count_fitting, lone_words
from attribution.ingest.templates.kernels import SLOT, consensus

_REACH = 64
_KEPT = 0.985
_FITTING = 0.7


@nb.njit(nogil=True, cache=True)
def measure(tokens, plain, common):
    """Return the number of fixed words and of those that carry meaning; a single character is half a word.

    `common` (sorted) holds the tokens without meaning, `plain` is a bitmap over their lowest 16 bits.
    """
    words, content = 0.0, 0.0
    for token in tokens:
        if token == SLOT:
            continue
        worth = 0.5 if token & 1 else 1.0
        words += worth
        if plain[token & 0xFFFF]:
            at = np.searchsorted(common, token)
            if at < len(common) and common[at] == token:
                continue
        content += worth
    return words, content


@nb.njit(nogil=True, cache=True)
def enough(tokens, coverage, plain, common, rules):
    """Tell whether fixed tokens that make up `coverage` of the typical prompt are a template.

    `rules` is float64 (rules, 4): words, those with a meaning, runs, and coverage that are enough together.
    """
    words, content = measure(tokens, plain, common)
    runs = 0
    for i in range(len(tokens)):
        if tokens[i] != SLOT and (i == 0 or tokens[i - 1] == SLOT):
            runs += 1
    for i in range(len(rules)):
        rule = rules[i]
        if words >= rule[0] and content >= rule[1] and runs >= rule[2] and coverage >= rule[3]:
            return True
    return False


@nb.njit(nogil=True, cache=True)
def pattern_of(values, begin, fixed, joined):
    """Return the fixed tokens in order, each run of slots as one `SLOT`."""
    length = len(fixed) - 2
    out = np.empty(2 * length + 1, np.int64)
    n = 0
    for i in range(length + 1):
        if not (fixed[i] and fixed[i + 1] and joined[i]) and (n == 0 or out[n - 1] != SLOT):
            out[n] = SLOT
            n += 1
        if i < length and fixed[i + 1]:
            out[n] = values[begin + i]
            n += 1
    return out[:n]


@nb.njit(nogil=True, cache=True)
def pattern_from(shape, cuts):
    """Return the same of a prompt's tokens with `SLOT` for those that vary, and where a slot may stand beside them."""
    out = np.empty(2 * len(shape) + 1, np.int64)
    n = 0
    for i in range(len(shape) + 1):
        if cuts[i] and (n == 0 or out[n - 1] != SLOT):
            out[n] = SLOT
            n += 1
        if i < len(shape) and shape[i] != SLOT:
            out[n] = shape[i]
            n += 1
    return out[:n]


@nb.njit(nogil=True, cache=True)
def has_run(gap, words, least, loose, plain, common):
    """Tell whether a gap's pattern has a run of `words` fixed words, `least` with a meaning; `loose` more inside it."""
    begin = 0
    while begin <= len(gap):
        end = begin
        while end < len(gap) and gap[end] != SLOT:
            end += 1
        found, content = measure(gap[begin:end], plain, common)
        inside = begin > 0 and end < len(gap)
        if found >= words and content >= least + (loose if inside else 0):
            return True
        begin = end + 1
    return False


@nb.njit(nogil=True, cache=True)
def _all_slots(pattern):
    for token in pattern:  # noqa: SIM110  # compiled: a generator would cost its speed
        if token != SLOT:
            return False
    return True


@nb.njit(nogil=True, cache=True)
def _coverage(indptr, docs, pattern):
    """Return the fixed tokens as a share of the median prompt."""
    lengths = np.empty(len(docs), np.int64)
    for i in range(len(docs)):
        lengths[i] = indptr[docs[i] + 1] - indptr[docs[i]]
    lengths.sort()
    fixed = 0
    for token in pattern:
        fixed += token != SLOT
    return fixed / max(np.float64(lengths[len(lengths) // 2]), 1.0)


@nb.njit(nogil=True, cache=True)
def judge(values, indptr, docs, plain, common, rules):
    """Return what a group has in common.

    Returns
    -------
    strong : whether it is a template
    reference : row of the prompt in which it was found
    fixed, joined : bool (tokens + 2,), as `consensus` gives them for the reference
    """
    reference, fixed, joined, core = consensus(values, indptr, docs)
    begin = indptr[reference]
    pattern = pattern_of(values, begin, fixed, joined)
    if core == 0 or _all_slots(pattern):
        return False, reference, fixed, joined
    more_fixed, more_joined = fixed.copy(), joined.copy()
    lone_words(values, indptr, docs, reference, pattern, more_fixed, more_joined, _REACH)
    closer = pattern_of(values, begin, more_fixed, more_joined)
    fitting = count_fitting(values, indptr, docs, pattern)
    if len(closer) != len(pattern) or not np.array_equal(closer, pattern):
        closely = count_fitting(values, indptr, docs, closer)
        if closely >= _KEPT * fitting:
            fixed, joined, pattern, fitting = more_fixed, more_joined, closer, closely
    strong = enough(pattern, _coverage(indptr, docs, pattern), plain, common, rules)
    return strong and fitting >= _FITTING * len(docs), reference, fixed, joined


@nb.njit(nogil=True, cache=True)
def judge_all(values, indptr, docs, bounds, plain, common, rules, first, last):
    """Judge the groups `first` to `last`; group g is `docs[bounds[g]:bounds[g + 1]]`.

    Returns
    -------
    strong : bool (groups,), whether the group is a template
    reference : int64 (groups,)
    marks : uint8, group after group, tokens + 1 of the reference each: 1 for a token that is fixed, 2 where a slot may
        stand before it
    ends : int64 (groups + 1,), where each group's marks begin
    """
    groups = last - first
    strong = np.zeros(groups, np.bool_)
    reference = np.zeros(groups, np.int64)
    ends = np.zeros(groups + 1, np.int64)
    marks = np.empty(64 * groups + 64, np.uint8)
    for g in range(groups):
        members = docs[bounds[first + g] : bounds[first + g + 1]]
        strong[g], reference[g], fixed, joined = judge(values, indptr, members, plain, common, rules)
        length = len(fixed) - 2
        at = ends[g]
        if at + length + 1 > len(marks):
            larger = np.empty(2 * (at + length + 1), np.uint8)
            larger[:at] = marks[:at]
            marks = larger
        for i in range(length + 1):
            cut = not (fixed[i] and fixed[i + 1] and joined[i])
            marks[at + i] = (1 if i < length and fixed[i + 1] else 0) + (2 if cut else 0)
        ends[g + 1] = at + length + 1
    return strong, reference, marks[: ends[groups]].copy(), ends
