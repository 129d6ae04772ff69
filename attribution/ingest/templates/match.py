"""Which template a prompt follows: all known patterns at once, linear in the prompt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates import fitting
from attribution.ingest.templates.kernels import SLOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from attribution.ingest.templates.pattern import Pattern
    from attribution.ingest.templates.tokens import Tokens

_THREADS = 2
_GATE_BITS = 18


@dataclass(frozen=True, slots=True)
class Matcher:
    """An index over patterns: each under the shingle of its own that the fewest patterns have.

    A pattern without any run of three (counting the prompt's begin and end) cannot be indexed and never matches.
    """

    patterns: tuple[Pattern, ...]
    tokens: NDArray[np.int64]
    bounds: NDArray[np.int64]
    fixed: NDArray[np.int64]
    table: NDArray[np.uint64]
    chain: NDArray[np.int64]
    following: NDArray[np.int64]
    gate: NDArray[np.bool_]

    def __call__(self, prompts: Tokens, rows: NDArray[np.int64] | None = None) -> NDArray[np.int32]:
        """Return for each prompt, or for those in `rows`, the position of its most specific pattern, or -1."""
        rows = np.arange(len(prompts)) if rows is None else rows
        if not self.patterns or not len(rows):
            return np.full(len(rows), -1, np.int32)
        index = (self.tokens, self.bounds, self.fixed, self.table, self.chain, self.following, self.gate)
        return np.asarray(fitting.assign(prompts.values, prompts.indptr, rows, *index))

    def on_two_threads(self, prompts: Tokens, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the same."""
        with ThreadPoolExecutor(_THREADS) as pool:
            return np.concatenate(list(pool.map(lambda part: self(prompts, part), np.array_split(rows, _THREADS))))


def build(patterns: Iterable[Pattern]) -> Matcher:
    """Index patterns; sorted by id and text first, so that the choice between equals is the same every time."""
    ordered = tuple(sorted(patterns, key=lambda pattern: (pattern.template_id, pattern.text)))
    own = [shingles(pattern.tokens) for pattern in ordered]
    everything = np.concatenate(own) if own else np.zeros(0, np.uint64)
    names, popularity = np.unique(everything, return_counts=True)
    size = 16
    while size < 4 * len(ordered):
        size *= 2
    table = np.zeros(size, np.uint64)
    chain = np.full(size, -1, np.int64)
    following = np.full(len(ordered), -1, np.int64)
    gate = np.zeros(1 << _GATE_BITS, np.bool_)
    for number in range(len(ordered) - 1, -1, -1):
        if not len(own[number]):
            continue
        rank = popularity[np.searchsorted(names, own[number])]
        anchor = int(min(zip(rank.tolist(), own[number].tolist(), strict=True))[1])
        place = anchor & (size - 1)
        while table[place] not in (0, anchor):
            place = (place + 1) & (size - 1)
        table[place] = anchor
        following[number], chain[place] = chain[place], number
        gate[(anchor >> 20) & (len(gate) - 1)] = True
    lengths = [len(pattern.tokens) for pattern in ordered]
    return Matcher(
        ordered,
        np.concatenate([pattern.tokens for pattern in ordered]) if ordered else np.zeros(0, np.int64),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        np.asarray([pattern.fixed for pattern in ordered], np.int64),
        table,
        chain,
        following,
        gate,
    )


def shingles(tokens: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hashes of all shingles within a pattern's runs, uint64."""
    parts = [fitting.padded_shingles(run.astype(np.uint64), begins, ends) for run, begins, ends in runs_of(tokens)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def runs_of(tokens: NDArray[np.int64]) -> Sequence[tuple[NDArray[np.int64], bool, bool]]:
    """Return a pattern's runs of fixed tokens, each with whether it begins and whether it ends the prompt."""
    edges = [-1, *np.flatnonzero(tokens == SLOT).tolist(), len(tokens)]
    return [(tokens[a + 1 : b], a == -1, b == len(tokens)) for a, b in pairwise(edges) if b > a + 1]
