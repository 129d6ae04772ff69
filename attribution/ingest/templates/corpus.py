"""Prompts on their way into the miner: read in batches on two threads, each distinct row of tokens looked at once."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from attribution.ingest.templates.tokens import HEAD_CHARS, TAIL_CHARS, Tokens, join, tokenise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

_T = TypeVar("_T")
_BATCH = 32_768
_AHEAD = 4
"""Batches under way at a time."""
_THREADS = 2
_CAP = 8
"""One prompt sent many times counts as this many at most when a template's weight is judged."""
TEXT = f"""case when strlen(prompt) > {HEAD_CHARS + TAIL_CHARS} and length(prompt) > {HEAD_CHARS + TAIL_CHARS}
    then left(prompt, {HEAD_CHARS}) || ' ' || right(prompt, {TAIL_CHARS}) else prompt end"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Prompts in token form: row i of `tokens` is prompt `keys[i]`, sent `n[i]` times, `hashes[i]` its tokens' hash."""

    keys: NDArray[np.int64]
    n: NDArray[np.int64]
    tokens: Tokens
    hashes: NDArray[np.uint64]

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """Return some prompts, in the order of `rows`."""
        return Batch(self.keys[rows], self.n[rows], self.tokens.take(rows), self.hashes[rows])


@dataclass(frozen=True, slots=True)
class Corpus:
    """Prompts that are distinct in their tokens, in the order of the hashes, which is one of content alone.

    Attributes
    ----------
    tokens : of the distinct prompts.
    sent : int64 (distinct,), how often each was sent; `weight` uint32, the same, 8 at most.
    keys, n : int64 (prompts,), of all prompts in the order of the distinct ones.
    bounds : int64 (distinct + 1,), where in `keys` those of each distinct one begin.
    """

    tokens: Tokens
    sent: NDArray[np.int64]
    weight: NDArray[np.uint32]
    keys: NDArray[np.int64]
    n: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, batches: list[Batch]) -> Corpus:
        """Bring batches together."""
        batch = concatenate(batches)
        order = np.argsort(batch.hashes)
        ordered = batch.hashes[order]
        starts = np.flatnonzero(np.concatenate([np.ones(min(len(order), 1), np.bool_), ordered[1:] != ordered[:-1]]))
        n = batch.n[order]
        sent = np.add.reduceat(n, starts) if len(starts) else n
        bounds = np.concatenate([starts, [len(order)]])
        weight = np.minimum(sent, _CAP).astype(np.uint32)
        return cls(batch.tokens.take(order[starts]), sent, weight, batch.keys[order], n, bounds)

    def __len__(self) -> int:
        return len(self.sent)


def concatenate(batches: list[Batch]) -> Batch:
    """Return the prompts of all batches, one after another."""
    none = np.zeros(0, np.int64)
    return Batch(
        np.concatenate([none, *(batch.keys for batch in batches)]),
        np.concatenate([none, *(batch.n for batch in batches)]),
        join([batch.tokens for batch in batches]),
        np.concatenate([np.zeros(0, np.uint64), *(batch.hashes for batch in batches)]),
    )


def stream(con: duckdb.DuckDBPyConnection, seed: np.uint64, every: int, work: Callable[[Batch], _T]) -> Iterator[_T]:
    """Yield what `work` makes of the table `prompts`, batch by batch; of `every` > 1, one in so many, by content.

    Tokens are made, and `work` is called, on two threads.
    """
    chosen = f" and hash(prompt) % {int(every)} = 0" if every > 1 else ""
    query = f"select prompt_key, n::bigint as n, {TEXT} as prompt from prompts where prompt is not null{chosen}"
    under_way: deque[Future[_T]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for record in con.sql(query).to_arrow_reader(_BATCH):
            under_way.append(pool.submit(lambda record=record: work(_batch(record, seed))))  # type: ignore[misc]
            while len(under_way) > _AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _batch(record: pa.RecordBatch, seed: np.uint64) -> Batch:
    rows, tokens, hashes = tokenise(record.column(2), seed)
    keys = record.column(0).to_numpy(zero_copy_only=False).astype(np.int64)
    n = record.column(1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Batch(keys[rows], n[rows], tokens, hashes)
