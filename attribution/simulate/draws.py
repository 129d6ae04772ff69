"""Random numbers: one generator for each concern and part, and a stateless hash for choices that must stick."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def generator(seed: int, name: str, part: int = 0) -> np.random.Generator:
    """Return the generator of one concern: another concern's draws do not move it."""
    digest = hashlib.sha256(f"{seed}/{name}/{part}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def salt(seed: int, name: str) -> int:
    """Return a 63-bit number for `mix`, another one for each concern."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "little") >> 1


def mix(start: int, *keys: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """Hash integer columns together (splitmix64): equal keys give equal numbers, in any part and order."""
    state: NDArray[np.uint64] | np.uint64 = np.uint64(start)
    with np.errstate(over="ignore"):
        for key in keys:
            state = (np.asarray(key).astype(np.uint64) ^ state) + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _FIRST
            state = (state ^ (state >> np.uint64(27))) * _SECOND
            state = state ^ (state >> np.uint64(31))
    return np.asarray(state, dtype=np.uint64)


def uniform(hashed: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Turn hashes into numbers in [0, 1)."""
    return (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def pick(hashed: NDArray[np.uint64], size: NDArray[np.integer] | int) -> NDArray[np.int64]:
    """Turn hashes into positions below `size` (1 where a size is 0)."""
    return np.asarray(hashed % np.maximum(np.asarray(size), 1).astype(np.uint64), dtype=np.int64)


def chance(rng: np.random.Generator, share: float, size: int | tuple[int, ...]) -> NDArray[np.bool_]:
    """Draw what is true with probability `share`."""
    return np.asarray(rng.random(size) < share)


def choose(rng: np.random.Generator, weights: NDArray[np.floating], size: int) -> NDArray[np.int64]:
    """Draw positions with probability in proportion to `weights`."""
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(total / total[-1], rng.random(size), side="right").clip(0, len(total) - 1)


def heavy_sizes(rng: np.random.Generator, total: int, low: int, high: int, tail: float = 1.2) -> NDArray[np.int64]:
    """Cut `total` accounts into groups of `low` to `high` with a Pareto tail; the last one takes what is left."""
    if total < low:
        return np.zeros(0, dtype=np.int64)
    count = max(1, 2 * total // low + 1)
    sizes = np.minimum(low * (1.0 - rng.random(count)) ** (-1.0 / tail), high).astype(np.int64)
    keep = int(np.searchsorted(np.cumsum(sizes), total, side="left"))
    sizes = sizes[: keep + 1]
    sizes[-1] -= int(sizes.sum()) - total
    if len(sizes) > 1 and sizes[-1] < low:
        sizes[-2] += sizes[-1]
        sizes = sizes[:-1]
    return np.asarray(sizes, dtype=np.int64)
