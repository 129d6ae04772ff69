"""Which shingles prompts share with how many others, and the groups that follow, compiled.

Most shingles of most prompts are in few others, so they are sieved once by counters that may collide (an upper bound),
and only what passes is kept and counted exactly, level by level. All loops are linear in what they see.
"""
# ruff: noqa: ANN001, ANN201
# numba infers the types, and a loop over tokens is written out: calls and generators would cost its speed
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numba as nb
import numpy as np

from attribution.ingest.templates.kernels import BEGIN, END, mix

_FULL = 0x7F
_MARK = np.uint64(0x9E3779B97F4A7C16)
"""Even: the lowest bit of a shingle tells whether it is poor."""


@nb.njit(nogil=True, cache=True)
def sieve(values, indptr, rows, weight, bits):
    """Return how much weight of prompts holds each shingle at most, uint8 (2**bits,), at most 127."""
    shift = np.uint64(64 - bits)
    table = np.zeros(1 << bits, np.uint8)
    for row in rows:
        a, b = indptr[row], indptr[row + 1]
        step = np.int64(weight[row])
        x, y = np.uint64(0), np.uint64(BEGIN)
        for p in range(a, b + 1):
            z = np.uint64(values[p]) if p < b else np.uint64(END)
            if p > a:
                slot = np.int64(mix(x, y, z) >> shift)
                table[slot] = min(np.int64(table[slot]) + step, _FULL)
            x, y = y, z
    return table


@nb.njit(nogil=True, cache=True)
def shared(values, indptr, rows, table, bits, floor, plain):
    """Return the shingles that pass the sieve, uint64, and where each prompt's begin, int64 (rows + 1,).

    The lowest bit tells that a shingle is poor, that is made of nothing but `plain` tokens (a bitmap over their lowest
    16 bits).
    """
    shift = np.uint64(64 - bits)
    low16 = np.uint64(0xFFFF)
    least = min(floor, _FULL)
    total = 0
    for row in rows:
        total += indptr[row + 1] - indptr[row]
    out = np.empty(total, np.uint64)
    bounds = np.zeros(len(rows) + 1, np.int64)
    used = 0
    for r in range(len(rows)):
        a, b = indptr[rows[r]], indptr[rows[r] + 1]
        x, y = np.uint64(0), np.uint64(BEGIN)
        for p in range(a, b + 1):
            z = np.uint64(values[p]) if p < b else np.uint64(END)
            if p > a:
                h = mix(x, y, z)
                if table[np.int64(h >> shift)] >= least:
                    poor = plain[np.int64(x & low16)] and plain[np.int64(y & low16)] and plain[np.int64(z & low16)]
                    out[used] = (h & ~np.uint64(1)) | np.uint64(poor)
                    used += 1
            x, y = y, z
        bounds[r + 1] = used
    return out[:used].copy(), bounds


@nb.njit(nogil=True, cache=True)
def count(hashes, bounds, group, weight, bits, shard, places, counts):
    """Count how much weight of its group's prompts holds each shingle; exact, a repeat in a prompt counts once.

    Of two shards, split by the highest bit of the hash, this counts one; `places` (by shingle) gets where its count
    stands in `counts` (2 * 2**bits).
    """
    size = 1 << bits
    base = shard * size
    keys = np.zeros(size, np.uint64)
    last = np.full(size, -1, np.int32)
    for r in range(len(group)):
        mark = np.uint64(group[r]) * _MARK
        for q in range(bounds[r], bounds[r + 1]):
            h = hashes[q] ^ mark
            if np.int64(h >> np.uint64(63)) != shard:
                continue
            place = np.int64((h >> np.uint64(8)) & np.uint64(size - 1))
            while keys[place] != 0 and keys[place] != h:
                place = (place + 1) & (size - 1)
            keys[place] = h
            places[q] = base + place
            if last[place] != r:
                last[place] = r
                counts[base + place] += weight[r]


@nb.njit(nogil=True, cache=True)
def anchors(hashes, bounds, group, places, counts, low, high):
    """Return for each prompt the place of its most shared shingle, -1 where none is shared enough: int64.

    `low` and `high` (by group) bound the count: below, too few share it; from `high` on, the whole group does, so that
    it cannot divide the group. A poor shingle is an anchor only where there is no other: "what is the" brings together
    what does not belong together.
    """
    out = np.full(len(group), -1, np.int64)
    for r in range(len(group)):
        g = group[r]
        mark = np.uint64(g) * _MARK
        best, best_hash, at = np.int64(0), np.uint64(0), -1
        only_poor = True
        for q in range(bounds[r], bounds[r + 1]):
            h = hashes[q] ^ mark
            poor = h & np.uint64(1) != 0
            if poor and not only_poor:
                continue
            c = np.int64(counts[places[q]])
            if c < low[g] or c >= high[g]:
                continue
            if (only_poor and not poor) or c > best or (c == best and h > best_hash):
                best, best_hash, at, only_poor = c, h, places[q], poor
        out[r] = at
    return out


@nb.njit(nogil=True, cache=True)
def regroup(chosen, weight, floor, least):
    """Bring the prompts with one anchor together, where they weigh `floor` and are `least` at least.

    Returns
    -------
    members : int64, positions of the prompts, group after group, each in the given order
    bounds : int64 (groups + 1,), where each group begins
    sizes : int64 (groups,), their weights
    """
    size = 16
    while size < 2 * len(chosen):
        size *= 2
    keys = np.full(size, -1, np.int64)
    name = np.empty(size, np.int32)
    own = np.full(len(chosen), -1, np.int32)
    heavy = np.zeros(len(chosen), np.int64)
    many = np.zeros(len(chosen), np.int64)
    anchors_seen = 0
    for r in range(len(chosen)):
        c = chosen[r]
        if c < 0:
            continue
        place = np.int64((np.uint64(c) * _MARK) >> np.uint64(32)) & (size - 1)
        while keys[place] >= 0 and keys[place] != c:
            place = (place + 1) & (size - 1)
        if keys[place] < 0:
            keys[place] = c
            name[place] = anchors_seen
            anchors_seen += 1
        own[r] = name[place]
        heavy[own[r]] += weight[r]
        many[own[r]] += 1
    group = np.full(anchors_seen, -1, np.int64)
    sizes = np.empty(anchors_seen, np.int64)
    bounds = np.zeros(anchors_seen + 1, np.int64)
    groups = 0
    for i in range(anchors_seen):
        if heavy[i] >= floor and many[i] >= least:
            group[i] = groups
            sizes[groups] = heavy[i]
            bounds[groups + 1] = bounds[groups] + many[i]
            groups += 1
    members = np.empty(bounds[groups], np.int64)
    filled = bounds[:groups].copy()
    for r in range(len(chosen)):
        if own[r] >= 0 and group[own[r]] >= 0:
            g = group[own[r]]
            members[filled[g]] = r
            filled[g] += 1
    return members, bounds[: groups + 1].copy(), sizes[:groups].copy()


@nb.njit(nogil=True, cache=True)
def pass_on(hashes, bounds, places, counts, members, floor):
    """Return the shingles (as `shared` does) of some prompts, without those that too little weight of a group holds."""
    total = 0
    for r in members:
        total += bounds[r + 1] - bounds[r]
    out = np.empty(total, np.uint64)
    ends = np.zeros(len(members) + 1, np.int64)
    used = 0
    for i in range(len(members)):
        for q in range(bounds[members[i]], bounds[members[i] + 1]):
            if counts[places[q]] >= floor:
                out[used] = hashes[q]
                used += 1
        ends[i + 1] = used
    return out[:used].copy(), ends


@nb.njit(nogil=True, cache=True)
def take(hashes, bounds, positions):
    """Return the shingles (as `shared` does) of some prompts."""
    ends = np.zeros(len(positions) + 1, np.int64)
    for i in range(len(positions)):
        ends[i + 1] = ends[i] + bounds[positions[i] + 1] - bounds[positions[i]]
    out = np.empty(ends[-1], np.uint64)
    for i in range(len(positions)):
        out[ends[i] : ends[i + 1]] = hashes[bounds[positions[i]] : bounds[positions[i] + 1]]
    return out, ends
