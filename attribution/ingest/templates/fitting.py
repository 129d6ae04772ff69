"""Where a pattern stands in a prompt, compiled: runs of fixed tokens in order, with anything between them."""
# ruff: noqa: ANN001, ANN201, C901, PLR0912, PLR0915, SIM110
# numba infers the types, and a loop over bytes or tokens is written out: calls and generators would cost its speed
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numba as nb
import numpy as np

from attribution.ingest.templates.kernels import BEGIN, END, SLOT, find, mix, padded


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
def count_fitting(values, indptr, docs, pattern):
    """Return how many of the prompts fit the pattern."""
    out = 0
    for d in docs:
        out += fits(values, indptr[d], indptr[d + 1], pattern)
    return out


@nb.njit(nogil=True, cache=True)
def which_fit(values, indptr, docs, pattern):
    """Return which of the prompts fit the pattern, bool (docs,)."""
    out = np.zeros(len(docs), np.bool_)
    for i in range(len(docs)):
        out[i] = fits(values, indptr[docs[i]], indptr[docs[i] + 1], pattern)
    return out


@nb.njit(nogil=True, cache=True)
def places(values, start, stop, pattern, out):
    """Write where each run of a pattern begins and ends in a prompt (int64, pairs); return the runs, 0 if none fit."""
    n = len(pattern)
    i = 0
    position = start
    runs = 0
    if not fits(values, start, stop, pattern):
        return 0
    while i < n:
        if pattern[i] == SLOT:
            i += 1
            continue
        j = i
        while j < n and pattern[j] != SLOT:
            j += 1
        if j == n:
            position = stop - (j - i)
        else:
            k = 0
            while k < j - i:
                k = k + 1 if values[position + k] == pattern[i + k] else -1
                if k < 0:
                    position += 1
                    k = 0
        out[2 * runs], out[2 * runs + 1] = position, position + j - i
        runs += 1
        position += j - i
        i = j
    return runs


@nb.njit(nogil=True, cache=True)
def lone_words(values, indptr, docs, reference, pattern, fixed, joined, reach):
    """Mark the words that stand alone between slots: in every prompt, and mostly once, in the same gap.

    A word that slots are full of ("the" in a passage) stands in a gap many times or never, so it does not pass.
    Extends `fixed` and `joined` (as `consensus` returns them) in place. Gaps over `reach` tokens are left alone.
    """
    begin, stop = indptr[reference], indptr[reference + 1]
    length = stop - begin
    runs = 0
    for i in range(len(pattern)):
        if pattern[i] != SLOT and (i == 0 or pattern[i - 1] == SLOT):
            runs += 1
    own = np.zeros(2 * runs + 2, np.int64)
    other = np.zeros(2 * runs + 2, np.int64)
    if places(values, begin, stop, pattern, own) == 0:
        return
    present = np.zeros(length + 2, np.int64)
    once = np.zeros(length + 2, np.int64)
    after = np.zeros(length + 2, np.int64)
    fitting = 0
    for d in range(len(docs)):
        s, e = indptr[docs[d]], indptr[docs[d] + 1]
        if places(values, s, e, pattern, other) == 0:
            continue
        fitting += 1
        for g in range(runs + 1):
            a = begin if g == 0 else own[2 * g - 1]
            b = stop if g == runs else own[2 * g]
            x = s if g == 0 else other[2 * g - 1]
            y = e if g == runs else other[2 * g]
            if b - a > reach:
                continue
            for i in range(a, b):
                seen = 0
                follows = False
                for j in range(x, min(y, x + 8 * reach)):
                    if values[j] == values[i]:
                        seen += 1
                        if i + 1 < b:
                            follows = follows or (j + 1 < y and values[j + 1] == values[i + 1])
                        else:
                            follows = follows or j + 1 == y
                present[i - begin + 1] += seen > 0
                once[i - begin + 1] += seen == 1
                after[i - begin + 1] += follows
            if b > a and y > x and values[a] == values[x]:
                after[a - begin] += 1
    need = fitting - np.int64(0.015 * fitting)
    for g in range(runs + 1):
        a = begin if g == 0 else own[2 * g - 1]
        b = stop if g == runs else own[2 * g]
        if b - a > reach:
            continue
        for i in range(a, b):
            p = i - begin + 1
            if present[p] >= need and once[p] >= 0.65 * fitting:
                fixed[p] = True
        for i in range(a, b):
            p = i - begin + 1
            if fixed[p]:
                if i == a and after[p - 1] >= need:
                    fixed[p - 1] = True
                    joined[p - 1] = True
                if after[p] >= need and (fixed[p + 1] or i + 1 == b):
                    joined[p] = True
                    fixed[p + 1] = True


@nb.njit(nogil=True, cache=True)
def assign(values, indptr, rows, tokens, bounds, fixed, table, chain, following, gate):
    """Return for some prompts the most specific pattern that fits, or -1: int32 (rows,).

    `tokens`, `bounds` hold the patterns one after another, in the order of preference among equals; `fixed` how many
    fixed tokens each has; `table` (keys), `chain` (first pattern of a key) and `following` (next pattern with the
    same key) index them by one shingle each; `gate` is a bitmap that turns most shingles away.
    """
    out = np.full(len(rows), -1, np.int32)
    size = len(table)
    mask = np.uint64(len(gate) - 1)
    tried = np.full(len(fixed), -1, np.int64)
    for r in range(len(rows)):
        row = rows[r]
        a, b = indptr[row], indptr[row + 1]
        best = -1
        for p in range(b - a):
            h = mix(padded(values, a, b, p), padded(values, a, b, p + 1), padded(values, a, b, p + 2)) | np.uint64(1)
            if not gate[np.int64((h >> np.uint64(20)) & mask)]:
                continue
            place = find(table, size, h)
            if table[place] == 0:
                continue
            k = chain[place]
            while k >= 0:
                better = best < 0 or fixed[k] > fixed[best] or (fixed[k] == fixed[best] and k < best)
                fresh = tried[k] != r
                tried[k] = r
                if better and fresh and fits(values, a, b, tokens[bounds[k] : bounds[k + 1]]):
                    best = k
                k = following[k]
        out[r] = best
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
        out[p] = mix(pad[p], pad[p + 1], pad[p + 2]) | np.uint64(1)
    return out
