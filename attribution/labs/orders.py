"""A way to divide a ring's templates: by the capabilities that accounts do not ask for in equal parts.

An operator's accounts serve its clients in different parts, and clients order different capabilities. So where
capabilities belong to two clients, the part of one side in an account's traffic differs from account to account far
more than by chance; where one client orders all of them, each account asks for them in like parts. Wordings do not
matter for this: it divides rings that tell every batch of accounts the same task in other words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from attribution.labs.clients import pools
from attribution.labs.core import most_asked
from attribution.labs.targeting import UNRECOGNISED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from attribution.labs.core import Core

FEWEST = 0.03
"""Part of the recognised traffic from which a capability is looked at."""
MOST = 9
"""Capabilities that are looked at, the most asked for: half of 2 to their number are the ways to divide them."""
PRIOR = 2.0
"""Exchanges at the ring's mean that an account's part of one side leans on."""


CERTAIN = 10.0
"""Nats from which a division by orders is looked at. A capability that is mistaken in one wording is mistaken for the
whole batch of accounts that were given it, which looks like accounts that lean."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Units on two sides, and how far accounts lean to one: log Bayes factor, less what looking at all ways costs."""

    label: NDArray[np.int64]
    gain: float


def by_orders(core: Core) -> Orders | None:
    """Return the division of the units whose sides accounts serve least alike; None where they serve all alike.

    Of all ways to put the recognised capabilities on two sides, the one with the largest Bayes factor of leaning
    accounts over accounts that serve both alike (`pools`). Units in which nothing is recognised then go to the side of
    the accounts that send them. At most 2^8 ways, each linear in accounts.
    """
    asked = [most_asked(unit.targets) for unit in core.units]
    names = _capabilities(asked, core.use.sum(axis=0))
    if len(names) < 2:  # nothing to divide
        return None
    column = np.column_stack([core.use[:, [one == name for one in asked]].sum(axis=1) for name in names])
    ways = list(_sides(len(names)))
    gains = [round(pools(column, side), 9) for side in ways]
    best = max(range(len(ways)), key=lambda way: (gains[way], -way))
    gain = gains[best] - math.log(len(ways))
    if gain < CERTAIN:
        return None
    side = np.full(len(asked), -1)
    for place, name in enumerate(names):
        side[[one == name for one in asked]] = ways[best][place]
    return Orders(_placed(core.use, side), gain)


def _capabilities(asked: Sequence[str], events: NDArray[np.int64]) -> list[str]:
    """Return the capabilities that are worth a look, the most asked for first."""
    total = {
        name: int(events[[one == name for one in asked]].sum()) for name in sorted(set(asked) - {"", UNRECOGNISED})
    }
    least = FEWEST * sum(total.values())
    return sorted((name for name in total if total[name] >= least), key=lambda name: (-total[name], name))[:MOST]


def _sides(count: int) -> Iterator[NDArray[np.int64]]:
    """Yield every way to put `count` things on two sides, neither empty, the first thing on side 0."""
    for size in range(1, count):
        for chosen in combinations(range(1, count), size):
            side = np.zeros(count, dtype=np.int64)
            side[list(chosen)] = 1
            yield side


def _placed(use: NDArray[np.int64], side: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put units that are on no side (-1) where the accounts that send them are."""
    sent = np.column_stack([use[:, side == one].sum(axis=1) for one in (0, 1)]).astype(np.float64)
    mean = sent.sum(axis=0) / max(sent.sum(), 1.0)
    part = (sent + PRIOR * mean) / (sent.sum(axis=1, keepdims=True) + PRIOR)
    lean = use.T @ np.log(part / mean)
    return np.where(side >= 0, side, lean.argmax(axis=1)).astype(np.int64)
