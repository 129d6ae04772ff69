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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.ingest.templates.scan import gather, hash_rows, scan, scan_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD_CHARS = 12_000
TAIL_CHARS = 4_000
"""Of a longer prompt only its beginning and its end are read: what lies between is a slot."""

_INVISIBLE = (
    r"[\p{Cf}\x{0300}-\x{036F}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}"
    r"\x{FE00}-\x{FE0F}\x{FE20}-\x{FE2F}\x{E0100}-\x{E01EF}]"
)


_FEW = 50_000
"""Prompts below which a second thread is not worth its start."""


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
        values = np.empty(indptr[-1], np.uint32)
        if len(rows) < _FEW:
            gather(self.values, self.indptr, rows, values, indptr)
            return Tokens(values, indptr)
        half = len(rows) // 2
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(gather, self.values, self.indptr, rows[:half], values, indptr)
            second = pool.submit(gather, self.values, self.indptr, rows[half:], values, indptr[half:])
            first.result()
            second.result()
        return Tokens(values, indptr)


def join(parts: list[Tokens]) -> Tokens:
    """Return the prompts of all parts, one after another."""
    if not parts:
        return Tokens(np.zeros(0, np.uint32), np.zeros(1, np.int64))
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    return Tokens(
        np.concatenate([part.values for part in parts]), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    )


def seed_of(key: bytes) -> np.uint64:
    """Return the hash seed that a deployment's key stands for; without the key nobody can aim at a bucket."""
    return np.uint64(
        int.from_bytes(hashlib.blake2b(b"template tokens", key=key[:64], digest_size=8).digest(), "little")
    )


def normalise(texts: pa.Array) -> pa.LargeStringArray:
    """Return NFKC text in lower case without invisible characters; ASCII text is returned as it is."""
    texts = texts.cast(pa.large_string())
    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    folded = pc.replace_substring_regex(texts.filter(other), pattern=_INVISIBLE, replacement="")
    folded = pc.replace_substring_regex(
        pc.utf8_lower(pc.utf8_normalize(folded, form="NFKC")), pattern=_INVISIBLE, replacement=""
    )
    return pc.replace_with_mask(texts, other, folded)


def tokenise(texts: pa.Array, seed: np.uint64) -> tuple[NDArray[np.int64], Tokens, NDArray[np.uint64]]:
    """Return the token numbers of texts (no nulls): `rows`, tokens, hashes; linear.

    Row i of the tokens, and hash i (over all its tokens), belong to text `rows[i]`. Texts that need no normalising
    come first.
    """
    texts = texts.cast(pa.large_string())
    data, offsets = _buffers(texts)
    values = np.empty(_room(offsets), np.uint32)
    counts, hashes = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.uint64)
    used = scan_plain(data, offsets, seed, values, counts, hashes)
    tokens = _tokens(values[:used], counts[counts >= 0])
    if len(tokens) == len(texts):
        return np.arange(len(texts)), tokens, hashes
    plain, other = np.flatnonzero(counts >= 0), np.flatnonzero(counts < 0)
    data, offsets = _buffers(normalise(texts.take(pa.array(other))))
    values, counts, none = np.empty(_room(offsets), np.uint32), np.zeros(len(other), np.int64), np.empty(0, np.int64)
    used = scan(data, offsets, seed, values, counts, none, none)
    folded = _tokens(values[:used], counts)
    found = np.concatenate([hashes[plain], hash_rows(folded.values, folded.indptr, seed)])
    return np.concatenate([plain, other]), join([tokens, folded]), found


def spans(text: str, seed: np.uint64) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64], bytes]:
    """Return the tokens of one normalised text with where each begins and ends in its UTF-8 bytes."""
    raw = text.encode()
    data = np.frombuffer(raw, np.uint8) if raw else np.zeros(0, np.uint8)
    room = len(raw) + 1
    values, starts, ends = np.empty(room, np.uint32), np.empty(room, np.int64), np.empty(room, np.int64)
    counts = np.zeros(1, np.int64)
    used = scan(data, np.array([0, len(raw)], np.int64), seed, values, counts, starts, ends)
    return values[:used], starts[:used], ends[:used], raw


def _buffers(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8), bounds


def _room(offsets: NDArray[np.int64]) -> int:
    """Return how many tokens texts can have at most: every second byte, or one a text."""
    return int(offsets[-1] - offsets[0]) // 2 + len(offsets)


def _tokens(values: NDArray[np.uint32], counts: NDArray[np.int64]) -> Tokens:
    return Tokens(values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
