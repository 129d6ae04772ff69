"""The tokeniser's loops over bytes, compiled."""

# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0911, PLR0912, PLR0915
# numba infers the types, and a loop over bytes or tokens is written out: calls and generators would cost its speed
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import numba as nb
import numpy as np

PRIME = np.uint64(0x9E3779B97F4A7C15)
_OTHER = 255
_LETTERS = b"0123456789_abcdefghijklmnopqrstuvwxyz"
_CLASSES = np.zeros(256, np.uint8)
_CLASSES[list(_LETTERS)] = list(_LETTERS)
_CLASSES[list(_LETTERS.upper())] = list(_LETTERS)
_CLASSES[0x80:] = _OTHER
"""What a byte adds to a word: itself in lower case, 0 if it separates, `_OTHER` if it is no ASCII."""


@nb.njit(nogil=True, cache=True)
def gather(values, indptr, rows, out, out_indptr):
    """Write the tokens of some rows, one after another, from `out_indptr` on."""
    for i in range(len(rows)):
        a, b = indptr[rows[i]], indptr[rows[i] + 1]
        at = out_indptr[i] - a
        for j in range(a, b):
            out[at + j] = values[j]


@nb.njit(nogil=True, cache=True, inline="always")
def _kind(point):
    """Return 0 for a separator, 1 for a letter of a word, 2 for a character that is a token by itself."""
    if point < 0x2000:
        if point == 0xE31 or 0xE34 <= point < 0xE3B or 0xE47 <= point < 0xE4F or 0x102B <= point < 0x103F:
            return 0  # marks over and under a letter
        if point == 0xEB1 or 0xEB4 <= point < 0xEBD or 0xEC8 <= point < 0xECE or 0x17B4 <= point < 0x17D4:
            return 0
        if 0x0E00 <= point < 0x0F00 or 0x1000 <= point < 0x10A0 or 0x1780 <= point < 0x1800:
            return 2  # Thai, Lao, Burmese, Khmer
        if point < 0xC0 or point in (0xD7, 0xF7, 0x60C, 0x61B, 0x61F, 0x6D4, 0x964, 0x965):
            return 1 if point in (0xAA, 0xB5, 0xBA) else 0
        return 1
    if 0x3099 <= point < 0x309D:
        return 0
    if 0x3040 <= point < 0x3100 or 0x31F0 <= point < 0x3200 or 0x3400 <= point < 0x4DC0 or 0x4E00 <= point < 0xA000:
        return 2
    if 0xF900 <= point < 0xFB00 or 0x20000 <= point < 0x32000 or point in (0x3005, 0x3007):
        return 2
    if 0x3130 <= point < 0x3190 or 0xA000 <= point < 0xD800 or 0x2C00 <= point < 0x2E00 or 0xFB00 <= point < 0xFE00:
        return 1
    if 0xFE70 <= point < 0xFF00 or 0xFF21 <= point < 0xFFE0 or 0x10000 <= point < 0x1F000:
        return 1
    return 0


@nb.njit(nogil=True, cache=True, inline="always")
def _word(state):
    """Return the number of a word from the state after its last letter."""
    mixed = (state ^ (state >> np.uint64(29))) * PRIME
    return np.uint32((mixed >> np.uint64(32)) & np.uint64(0xFFFFFFFE) | np.uint64(4))


@nb.njit(nogil=True, cache=True, inline="always")
def _fold(state, value):
    """Return the hash of a row of tokens with one more."""
    state = (state ^ np.uint64(value)) * PRIME
    return state ^ (state >> np.uint64(32))


@nb.njit(nogil=True, cache=True)
def hash_rows(values, indptr, seed):
    """Return one hash a prompt over its whole token sequence, uint64 (prompts,)."""
    out = np.empty(len(indptr) - 1, np.uint64)
    for row in range(len(out)):
        state = np.uint64(seed)
        for i in range(indptr[row], indptr[row + 1]):
            state = _fold(state, values[i])
        out[row] = state
    return out


@nb.njit(nogil=True, cache=True, inline="always")
def _plain(point):
    """Return what `normalise` makes of a character by itself, for the usual ones of many scripts; -1 for all others."""
    if 0x4E00 <= point < 0xA000 or 0x3041 <= point < 0x3097 or 0x30A1 <= point < 0x30FD or 0x3400 <= point < 0x4DC0:
        return point
    if point < 0x100:
        if 0xC0 <= point < 0xDF and point != 0xD7:
            return point + 32
        return point if point >= 0xD7 or point in (0xA0, 0xA1, 0xA7, 0xAB, 0xBB, 0xBF) else -1
    if 0x400 <= point < 0x460:
        return point + 80 if point < 0x410 else point + 32 if point < 0x430 else point
    if 0xE01 <= point < 0xE33 or 0xE34 <= point < 0xE3B or 0xE40 <= point < 0xE5C or 0xAC00 <= point < 0xD7A4:
        return point
    if 0x2010 <= point < 0x2016 or 0x2018 <= point < 0x2020 or point in (0x2022, 0x2026, 0x20AC):
        return point
    if 0x3000 <= point < 0x3003 or 0x3008 <= point < 0x3012:
        return point
    return point if point in (0xFF01, 0xFF08, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F) else -1


@nb.njit(nogil=True, cache=True)
def scan_plain(data, offsets, seed, values, counts, hashes):
    """Split texts that need no normalising into tokens; write their numbers, counts and row hashes.

    The count is -1, and nothing is written, where a text has a character whose form or neighbours may matter.
    """
    secret = (seed * PRIME) | np.uint64(1)
    used = 0
    for doc in range(len(offsets) - 1):
        i, stop = offsets[doc], offsets[doc + 1]
        start = used
        state = seed
        inside = False
        plain = True
        while i < stop:
            byte = _CLASSES[data[i]]
            if byte == 0:
                if inside:
                    values[used] = _word(state)
                    used += 1
                    inside = False
                i += 1
                continue
            if not inside:
                state = seed
            if byte != _OTHER:
                while byte != 0 and byte != _OTHER:  # noqa: PLR1714  # compiled: a set would cost its speed
                    state = (state ^ np.uint64(byte)) * secret
                    i += 1
                    if i >= stop:
                        break
                    byte = _CLASSES[data[i]]
                inside = True
                continue
            first = np.int64(data[i])
            width = 2 if first < 0xE0 else 3
            if first >= 0xF0 or i + width > stop:
                plain = False
                break
            point = first & (0x1F if width == 2 else 0x0F)
            for j in range(1, width):
                point = (point << 6) | (np.int64(data[i + j]) & 0x3F)
            point = _plain(point)
            if point < 0:
                plain = False
                break
            kind = _kind(point)
            if kind == 1:
                state = (state ^ np.uint64(point)) * secret
                inside = True
            else:
                if inside:
                    values[used] = _word(state)
                    used += 1
                    inside = False
                if kind == 2:
                    values[used] = _word((seed ^ np.uint64(point)) * secret) | np.uint32(1)
                    used += 1
            i += width
        if not plain:
            used = start
            counts[doc] = -1
            continue
        if inside:
            values[used] = _word(state)
            used += 1
        row = seed
        for t in range(start, used):
            row = _fold(row, values[t])
        counts[doc] = used - start
        hashes[doc] = row
    return used


@nb.njit(nogil=True, cache=True)
def scan(data, offsets, seed, values, counts, starts, ends):
    """Split every text into tokens and write their hashes; with room in `starts`, where they stand as well."""
    secret = (seed * PRIME) | np.uint64(1)
    keep = len(starts) > 0
    used = 0
    for doc in range(len(offsets) - 1):
        i, stop = offsets[doc], offsets[doc + 1]
        before = used
        begin = i
        inside = False
        state = seed
        while i <= stop:
            kind, width, point = 0, 1, np.uint64(0)
            if i < stop:
                byte = data[i]
                if byte < 0x80:
                    if 65 <= byte <= 90:
                        byte += 32
                        kind = 1
                    elif 97 <= byte <= 122 or 48 <= byte <= 57 or byte == 95:
                        kind = 1
                    point = np.uint64(byte)
                else:
                    wide = np.int64(byte)
                    if wide >= 0xF0:
                        width, code = 4, wide & 0x07
                    elif wide >= 0xE0:
                        width, code = 3, wide & 0x0F
                    else:
                        width, code = 2, wide & 0x1F
                    for j in range(1, width):
                        if i + j < stop:
                            code = (code << 6) | (np.int64(data[i + j]) & 0x3F)
                    kind = _kind(code)
                    point = np.uint64(code)
            if inside and kind != 1:
                values[used] = _word(state)
                if keep:
                    starts[used], ends[used] = begin, i
                used += 1
                inside = False
            if kind == 1:
                if not inside:
                    inside, begin, state = True, i, seed
                state = (state ^ point) * secret
            elif kind == 2:
                values[used] = _word((seed ^ point) * secret) | np.uint32(1)
                if keep:
                    starts[used], ends[used] = i, i + width
                used += 1
            i += width
        counts[doc] = used - before
    return used
