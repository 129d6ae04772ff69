"""The loops over tokens, compiled: shingle counts, anchors, the consensus of a group, matching of patterns.

A *shingle* is three tokens in a row, with a mark before the first token and one after the last. A *pattern* is an
int64 array: token numbers, and `SLOT` where anything may stand. All loops are linear in the tokens they see.
"""
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# numba infers the types; the callers in discover.py and match.py are typed

from __future__ import annotations

import numba as nb
import numpy as np

SLOT = -1
BEGIN = 1
END = 2


@nb.njit(nogil=True, cache=True, inline="always")
def _at(values, start, stop, position):
    """Return the padded token: a mark at position 0 and after the last."""
    if position == 0:
        return np.uint64(BEGIN)
    if position > stop - start:
        return np.uint64(END)
    return np.uint64(values[start + position - 1])


@nb.njit(nogil=True, cache=True, inline="always")
def _mix(a, b, c):
    prime = np.uint64(0x9E3779B97F4A7C15)
    other = np.uint64(0xC2B2AE3D27D4EB4F)
    h = (a * prime) ^ (b * other)
    h = (h ^ (h >> np.uint64(31))) * prime
    h ^= c * np.uint64(0x165667B19E3779F9)
    h = (h ^ (h >> np.uint64(29))) * other
    return h ^ (h >> np.uint64(32))


@nb.njit(nogil=True, cache=True)
def hash_rows(values, indptr, seed):
    """Return one hash a prompt over its whole token sequence, uint64 (prompts,)."""
    out = np.empty(len(indptr) - 1, np.uint64)
    for row in range(len(out)):
        state = np.uint64(seed)
        for i in range(indptr[row], indptr[row + 1]):
            state = _mix(state, np.uint64(values[i]), np.uint64(7))
        out[row] = state
    return out


@nb.njit(nogil=True, cache=True)
def count_shingles(values, indptr, rows, group, weight, bits):
    """Return how much weight of prompts holds each shingle, by group, in a table of 2**bits counters.

    Counters may collide, so a count is an upper bound; a shingle repeated inside a prompt counts once (a repeat that
    comes after another shingle took the counter's stamp counts again, which only loosens the bound).
    """
    shift = np.uint64(64 - bits)
    counts = np.zeros(1 << bits, np.uint32)
    stamp = np.full(1 << bits, -1, np.int32)
    for r in range(len(rows)):
        row = rows[r]
        a, b = indptr[row], indptr[row + 1]
        mark = np.uint64(group[r])
        for p in range(b - a):
            h = _mix(_at(values, a, b, p), _at(values, a, b, p + 1), _at(values, a, b, p + 2) ^ (mark << np.uint64(33)))
            slot = np.int64(h >> shift)
            if stamp[slot] != r:
                stamp[slot] = r
                counts[slot] += weight[row]
    return counts


@nb.njit(nogil=True, cache=True)
def anchors(values, indptr, rows, group, counts, bits, floor, ceiling):
    """Return for each prompt the hash of its most shared shingle, 0 where none is shared enough.

    `floor` and `ceiling` (by group) bound the count: below, too few share it; above, the whole group does, so that
    it cannot divide the group.
    """
    shift = np.uint64(64 - bits)
    out = np.zeros(len(rows), np.uint64)
    for r in range(len(rows)):
        row = rows[r]
        a, b = indptr[row], indptr[row + 1]
        mark = np.uint64(group[r])
        low, high = floor[group[r]], ceiling[group[r]]
        best, best_hash = np.uint32(0), np.uint64(0)
        for p in range(b - a):
            h = _mix(_at(values, a, b, p), _at(values, a, b, p + 1), _at(values, a, b, p + 2) ^ (mark << np.uint64(33)))
            c = counts[np.int64(h >> shift)]
            if low <= c < high and (c > best or (c == best and h > best_hash)):
                best, best_hash = c, h
        out[r] = best_hash
    return out


@nb.njit(nogil=True, cache=True, inline="always")
def _find(table, size, h):
    """Return the place of a key in an open-addressed table: where it is, or where it would go."""
    place = np.int64(h & np.uint64(size - 1))
    while table[place] != 0 and table[place] != h:
        place = (place + 1) & (size - 1)
    return place


@nb.njit(nogil=True, cache=True)
def _tally(values, indptr, docs, core, keys, owner, size, length):
    """Count in how many core prompts each shingle of the reference occurs."""
    counts = np.zeros(length, np.int64)
    stamp = np.full(length, -1, np.int64)
    for d in range(len(docs)):
        if not core[d]:
            continue
        a, b = indptr[docs[d]], indptr[docs[d] + 1]
        for p in range(b - a):
            h = _mix(_at(values, a, b, p), _at(values, a, b, p + 1), _at(values, a, b, p + 2)) | np.uint64(1)
            place = _find(keys, size, h)
            if keys[place] != 0 and stamp[owner[place]] != d:
                stamp[owner[place]] = d
                counts[owner[place]] += 1
    return counts


@nb.njit(nogil=True, cache=True)
def consensus(values, indptr, docs):
    """Return what a group of prompts has in common.

    The shortest prompt is the reference. First the prompts that hold most of what 80 % hold are taken as the core,
    then a shingle is fixed when all but 1.5 % of the core hold it.

    Returns
    -------
    reference : row of the reference prompt
    fixed : bool (tokens + 2,), which padded positions of the reference are fixed
    joined : bool (tokens + 2,), whether a fixed position belongs together with the next one
    size : prompts in the core
    """
    reference = docs[0]
    for d in range(len(docs)):
        if indptr[docs[d] + 1] - indptr[docs[d]] < indptr[reference + 1] - indptr[reference]:
            reference = docs[d]
    a, b = indptr[reference], indptr[reference + 1]
    length = b - a
    fixed = np.zeros(length + 2, np.bool_)
    joined = np.zeros(length + 2, np.bool_)
    if length == 0:
        return reference, fixed, joined, 0
    size = 8
    while size < 4 * length:
        size *= 2
    keys = np.zeros(size, np.uint64)
    owner = np.zeros(size, np.int64)
    name = np.zeros(length, np.int64)
    for p in range(length):
        h = _mix(_at(values, a, b, p), _at(values, a, b, p + 1), _at(values, a, b, p + 2)) | np.uint64(1)
        place = _find(keys, size, h)
        if keys[place] == 0:
            keys[place] = h
            owner[place] = p
        name[p] = owner[place]
    core = np.ones(len(docs), np.bool_)
    counts = _tally(values, indptr, docs, core, keys, owner, size, length)
    common = counts >= np.int64(np.ceil(0.8 * len(docs)))
    wanted = common.sum()
    if wanted == 0:
        return reference, fixed, joined, 0
    members = 0
    stamp = np.full(length, -1, np.int64)
    for d in range(len(docs)):
        s, e = indptr[docs[d]], indptr[docs[d] + 1]
        hits = 0
        for p in range(e - s):
            h = _mix(_at(values, s, e, p), _at(values, s, e, p + 1), _at(values, s, e, p + 2)) | np.uint64(1)
            place = _find(keys, size, h)
            if keys[place] != 0:
                q = owner[place]
                if common[q] and stamp[q] != d:
                    stamp[q] = d
                    hits += 1
        core[d] = hits >= 0.7 * wanted
        members += core[d]
    counts = _tally(values, indptr, docs, core, keys, owner, size, length)
    need = members - np.int64(0.015 * members)
    for p in range(length):
        if counts[name[p]] >= need:
            fixed[p : p + 3] = True
            joined[p] = True
            joined[p + 1] = True
    return reference, fixed, joined, members


@nb.njit(nogil=True, cache=True)
def fits(values, start, stop, pattern):
    """Tell whether the prompt holds the pattern's runs of tokens in order, leftmost first; ends without slot bind."""
    n = len(pattern)
    i = 0
    position = start
    while i < n:
        if pattern[i] == SLOT:
            i += 1
            continue
        j = i
        while j < n and pattern[j] != SLOT:
            j += 1
        run = j - i
        if j == n:
            if stop - run < position or (i == 0 and stop - run != start):
                return False
            position = stop - run
            for k in range(run):
                if values[position + k] != pattern[i + k]:
                    return False
            return True
        found = False
        while position + run <= stop:
            k = 0
            while k < run and values[position + k] == pattern[i + k]:
                k += 1
            if k == run:
                found = True
                break
            if i == 0:
                return False
            position += 1
        if not found:
            return False
        position += run
        i = j
    return True


@nb.njit(nogil=True, cache=True)
def assign(values, indptr, first, last, tokens, bounds, fixed, table, chain, following, gate):
    """Return for prompts `first` to `last` the most specific pattern that fits, or -1: int32 (last - first,).

    `tokens`, `bounds` hold the patterns one after another, in the order of preference among equals; `fixed` how many
    fixed tokens each has; `table` (keys), `chain` (first pattern of a key) and `following` (next pattern with the
    same key) index them by one shingle each; `gate` is a bitmap that turns most shingles away.
    """
    out = np.full(last - first, -1, np.int32)
    size = len(table)
    mask = np.uint64(len(gate) - 1)
    tried = np.full(len(fixed), -1, np.int64)
    for row in range(first, last):
        a, b = indptr[row], indptr[row + 1]
        best = -1
        for p in range(b - a):
            h = _mix(_at(values, a, b, p), _at(values, a, b, p + 1), _at(values, a, b, p + 2)) | np.uint64(1)
            if not gate[np.int64((h >> np.uint64(20)) & mask)]:
                continue
            place = _find(table, size, h)
            if table[place] == 0:
                continue
            k = chain[place]
            while k >= 0:
                better = best < 0 or fixed[k] > fixed[best] or (fixed[k] == fixed[best] and k < best)
                fresh = tried[k] != row
                tried[k] = row
                if better and fresh and fits(values, a, b, tokens[bounds[k] : bounds[k + 1]]):
                    best = k
                k = following[k]
        out[row - first] = best
    return out


@nb.njit(nogil=True, cache=True)
def padded_shingles(values, begins, ends):
    """Return the shingle hashes of one run of tokens, padded where it begins or ends the prompt."""
    pad = np.empty(len(values) + 2, np.uint64)
    n = 0
    if begins:
        pad[n] = np.uint64(BEGIN)
        n += 1
    for value in values:
        pad[n] = np.uint64(value)
        n += 1
    if ends:
        pad[n] = np.uint64(END)
        n += 1
    out = np.empty(max(n - 2, 0), np.uint64)
    for p in range(n - 2):
        out[p] = _mix(pad[p], pad[p + 1], pad[p + 2]) | np.uint64(1)
    return out
