"""Prompt text to token numbers: normalised, hashed with the deployment's key, in time linear in the text.

A token is a run of letters, digits and underscores, lower-cased; in scripts that write without spaces (Han, Kana,
Thai, Lao, Khmer, Burmese) every character is one. Punctuation and symbols separate and are not tokens. Characters
that are not seen (zero-width, bidirectional marks, stacked combining marks) are removed first.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD_CHARS = 12_000
TAIL_CHARS = 4_000
"""Of a longer prompt only its beginning and its end are read: what lies between is a slot."""

_INVISIBLE = r"[\p{Cf}\x{0300}-\x{036F}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}\x{FE00}-\x{FE0F}\x{FE20}-\x{FE2F}\x{E0100}-\x{E01EF}]"
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token numbers of many prompts.

    Attributes
    ----------
    values : uint32 (tokens,), keyed hashes of the tokens, prompt after prompt; the lowest bit tells that the token
        is a single character of a script without spaces.
    indptr : int64 (prompts + 1,), where each prompt begins.
    """

    values: NDArray[np.uint32]
    indptr: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def take(self, rows: NDArray[np.int64]) -> Tokens:
        """Return the tokens of some prompts, in the order of `rows`."""
        lengths = self.indptr[rows + 1] - self.indptr[rows]
        indptr = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=indptr[1:])
        return Tokens(_gather(self.values, self.indptr, rows, indptr), indptr)


def join(parts: list[Tokens]) -> Tokens:
    """Return the prompts of all parts, one after another."""
    if not parts:
        return Tokens(np.zeros(0, np.uint32), np.zeros(1, np.int64))
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    return Tokens(np.concatenate([part.values for part in parts]), np.concatenate([[0], np.cumsum(lengths)]))


def seed_of(key: bytes) -> np.uint64:
    """Return the hash seed that a deployment's key stands for; without the key nobody can aim at a bucket."""
    return np.uint64(int.from_bytes(hashlib.blake2b(b"template tokens", key=key[:64], digest_size=8).digest(), "little"))


def normalise(texts: pa.Array) -> pa.LargeStringArray:
    """Return NFKC text in lower case without invisible characters; ASCII text is returned as it is.

    The tokeniser lower-cases ASCII itself, so that the common case is never copied.
    """
    texts = texts.cast(pa.large_string())
    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    folded = pc.replace_substring_regex(texts.filter(other), pattern=_INVISIBLE, replacement="")
    folded = pc.replace_substring_regex(
        pc.utf8_lower(pc.utf8_normalize(folded, form="NFKC")), pattern=_INVISIBLE, replacement=""
    )
    return pc.replace_with_mask(texts, other, folded)


def tokenise(texts: pa.Array, seed: np.uint64) -> Tokens:
    """Return the token numbers of normalised texts (no nulls), shape as in `Tokens`; linear, on two threads."""
    texts = texts.cast(pa.large_string())
    data, offsets = _buffers(texts)
    bounds = np.linspace(0, len(texts), _THREADS + 1).astype(np.int64)
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(lambda i: _part(data, offsets[bounds[i] : bounds[i + 1] + 1], seed), range(_THREADS)))
    return join(parts)


def spans(text: str, seed: np.uint64) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64], bytes]:
    """Return the tokens of one normalised text with where each begins and ends in its UTF-8 bytes."""
    raw = text.encode()
    data = np.frombuffer(raw, np.uint8) if raw else np.zeros(0, np.uint8)
    room = len(raw) + 1
    values, starts, ends = np.empty(room, np.uint32), np.empty(room, np.int64), np.empty(room, np.int64)
    counts = np.zeros(1, np.int64)
    used = _scan(data, np.array([0, len(raw)], np.int64), seed, values, counts, starts, ends)
    return values[:used], starts[:used], ends[:used], raw


def _buffers(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8), bounds


def _part(data: NDArray[np.uint8], offsets: NDArray[np.int64], seed: np.uint64) -> Tokens:
    docs = len(offsets) - 1
    size = int(offsets[-1] - offsets[0]) if docs > 0 else 0
    values = np.empty(size // 2 + docs + 1, np.uint32)
    counts = np.zeros(docs, np.int64)
    none = np.empty(0, np.int64)
    used = _scan(data, offsets, seed, values, counts, none, none)
    return Tokens(values[:used].copy(), np.concatenate([[0], np.cumsum(counts)]))


@nb.njit(nogil=True, cache=True)
def _gather(values, indptr, rows, out_indptr):  # type: ignore[no-untyped-def]  # numba infers the types
    out = np.empty(out_indptr[-1], np.uint32)
    for i in range(len(rows)):
        a, b = indptr[rows[i]], indptr[rows[i] + 1]
        out[out_indptr[i] : out_indptr[i] + b - a] = values[a:b]
    return out


@nb.njit(nogil=True, cache=True, inline="always")
def _kind(point):  # type: ignore[no-untyped-def]  # numba infers the types
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


@nb.njit(nogil=True, cache=True)
def _scan(data, offsets, seed, values, counts, starts, ends):  # type: ignore[no-untyped-def]  # numba infers the types
    """Split every text into tokens and write their hashes; with room in `starts`, where they stand as well."""
    prime = np.uint64(0x9E3779B97F4A7C15)
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
                mixed = (state ^ (state >> np.uint64(29))) * prime
                values[used] = np.uint32((mixed >> np.uint64(32)) & np.uint64(0xFFFFFFFE) | np.uint64(4))
                if keep:
                    starts[used], ends[used] = begin, i
                used += 1
                inside = False
            if kind == 1:
                if not inside:
                    inside, begin, state = True, i, seed
                state = (state ^ point) * prime
                state ^= state >> np.uint64(32)
            elif kind == 2:
                state = (seed ^ point) * prime
                state ^= state >> np.uint64(32)
                mixed = (state ^ (state >> np.uint64(29))) * prime
                values[used] = np.uint32((mixed >> np.uint64(32)) | np.uint64(5))
                if keep:
                    starts[used], ends[used] = i, i + width
                used += 1
            i += width
        counts[doc] = used - before
    return used
