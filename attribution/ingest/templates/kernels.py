"""What tokens are made of, and the consensus of a group of prompts, compiled.

A *shingle* is three tokens in a row, with a mark before the first token and one after the last. A *pattern* is an
int64 array: token numbers, and `SLOT` where anything may stand. All loops are linear in the tokens they see.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901
# numba infers the types, and a loop over bytes or tokens is written out: calls and generators would cost its speed
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numba as nb
import numpy as np

SLOT = -1
BEGIN = 1
END = 2
MANY = 4


@nb.njit(nogil=True, cache=True, inline="always")
def padded(values, start, stop, position):
    """Return the padded token: a mark at position 0 and after the last."""
    if position == 0:
        return np.uint64(BEGIN)
    if position > stop - start:
        return np.uint64(END)
    return np.uint64(values[start + position - 1])


@nb.njit(nogil=True, cache=True, inline="always")
def mix(a, b, c):
    """Return one hash of three numbers."""
    prime = np.uint64(0x9E3779B97F4A7C15)
    other = np.uint64(0xC2B2AE3D27D4EB4F)
    h = (a * prime) ^ (b * other)
    h = (h ^ (h >> np.uint64(31))) * prime
    h ^= c * np.uint64(0x165667B19E3779F9)
    h = (h ^ (h >> np.uint64(29))) * other
    return h ^ (h >> np.uint64(32))


@nb.njit(nogil=True, cache=True, inline="always")
def find(table, size, h):
    """Return the place of a key in an open-addressed table: where it is, or where it would go."""
    place = np.int64(h & np.uint64(size - 1))
    while table[place] != 0 and table[place] != h:
        place = (place + 1) & (size - 1)
    return place


@nb.njit(nogil=True, cache=True)
def _shingles(values, indptr, docs):
    """Return the shingles of prompts, never 0, uint64, and where each prompt's begin, int64 (docs + 1,)."""
    bounds = np.zeros(len(docs) + 1, np.int64)
    for d in range(len(docs)):
        bounds[d + 1] = bounds[d] + indptr[docs[d] + 1] - indptr[docs[d]]
    out = np.empty(bounds[-1], np.uint64)
    for d in range(len(docs)):
        a, b = indptr[docs[d]], indptr[docs[d] + 1]
        at = bounds[d] - a - 1
        x, y = np.uint64(0), np.uint64(BEGIN)
        for p in range(a, b + 1):
            z = np.uint64(values[p]) if p < b else np.uint64(END)
            if p > a:
                out[at + p] = mix(x, y, z) | np.uint64(1)
            x, y = y, z
    return out, bounds


@nb.njit(nogil=True, cache=True)
def _tally(shingles, bounds, docs, core, reference):
    """Count in how many core prompts (of the first `docs`) each shingle of the reference occurs, by its position.

    A prompt that holds a shingle `MANY` times doesn't count: long slots hold every usual turn of phrase, but seldom one
    to three times each time.
    """
    a, b = bounds[reference], bounds[reference + 1]
    size = 8
    while size < 4 * (b - a):
        size *= 2
    keys = np.zeros(size, np.uint64)
    owner = np.zeros(size, np.int64)
    name = np.zeros(b - a, np.int64)
    for p in range(b - a):
        h = shingles[a + p]
        place = find(keys, size, h)
        if keys[place] == 0:
            keys[place] = h
            owner[place] = p
        name[p] = owner[place]
    counts = np.zeros(b - a, np.int64)
    stamp = np.full(b - a, -1, np.int64)
    times = np.zeros(b - a, np.int64)
    hits = np.zeros((docs, b - a), np.bool_)
    for d in range(docs):
        if not core[d]:
            continue
        for p in range(bounds[d], bounds[d + 1]):
            place = find(keys, size, shingles[p])
            if keys[place] == 0:
                continue
            q = owner[place]
            if stamp[q] != d:
                stamp[q] = d
                times[q] = 1
                counts[q] += 1
                hits[d, q] = True
            else:
                times[q] += 1
                if times[q] == MANY:
                    counts[q] -= 1
                    hits[d, q] = False
    return counts, name, hits


@nb.njit(nogil=True, cache=True)
def consensus(values, indptr, docs):
    """Return what a group of prompts has in common.

    First the prompts that hold most of what 80 % hold are taken as the core (a few that came in by chance are not in
    it), then a shingle is fixed when all but 1.5 % of the core hold it. The reference is the shortest of the core.

    Returns
    -------
    reference : row of the reference prompt
    fixed : bool (tokens + 2,), which padded positions of the reference are fixed
    joined : bool (tokens + 2,), whether a fixed position belongs together with the next one
    size : prompts in the core, 0 when the group has nothing in common
    """
    n = len(docs)
    shingles, bounds = _shingles(values, indptr, docs)
    shortest = 0
    for d in range(n):
        if 0 < bounds[d + 1] - bounds[d] < bounds[shortest + 1] - bounds[shortest]:
            shortest = d
    few = min(n, 48)
    everyone = np.ones(n, np.bool_)
    guess = shortest
    wanted = 0
    for other in (shortest, 0, n // 3, (2 * n) // 3):
        if bounds[other + 1] - bounds[other] > 4096:
            continue
        counts, _name, _hits = _tally(shingles, bounds, few, everyone, other)
        common = (counts >= np.int64(np.ceil(0.8 * few))).sum()
        if common > wanted:
            wanted, guess = common, other
    counts, _name, hits = _tally(shingles, bounds, n, everyone, guess)
    common_here = counts >= np.int64(np.ceil(0.8 * n))
    wanted = common_here.sum()
    core = np.zeros(n, np.bool_)
    for d in range(n):
        held = 0
        for q in range(len(common_here)):
            held += hits[d, q] and common_here[q]
        core[d] = held >= 0.7 * wanted
    members = core.sum()
    reference = -1
    for d in range(n):
        if core[d] and (reference < 0 or bounds[d + 1] - bounds[d] < bounds[reference + 1] - bounds[reference]):
            reference = d
    reference = max(reference, 0)
    length = bounds[reference + 1] - bounds[reference]
    fixed = np.zeros(length + 2, np.bool_)
    joined = np.zeros(length + 2, np.bool_)
    if wanted == 0 or length == 0:
        return docs[reference], fixed, joined, 0
    counts, name, _hits = _tally(shingles, bounds, n, core, reference)
    need = members - np.int64(0.015 * members)
    for p in range(length):
        if counts[name[p]] >= need:
            fixed[p : p + 3] = True
            joined[p] = True
            joined[p + 1] = True
    return docs[reference], fixed, joined, members
