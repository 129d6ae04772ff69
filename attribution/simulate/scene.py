"""What the builders of a world write into: everybody, their networks, cards, templates and devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.draws import generator, heavy_sizes
from attribution.simulate.roster import KINDS, Roster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.cards import Cards
    from attribution.simulate.labs import Lab
    from attribution.simulate.network import Carriers, Network
    from attribution.simulate.options import WorldOptions
    from attribution.simulate.templates import Concepts

HUB_DEVICES = 24
"""Fingerprints that thousands of unrelated clients share."""
POPULAR = 80
"""Popular concepts: the first ones, in order of popularity."""


@dataclass(slots=True)
class Scene:
    """A world under construction."""

    options: WorldOptions
    roster: Roster
    network: Network
    around: Carriers
    cards: Cards
    concepts: Concepts
    next_device: int
    next_group: int = 0
    next_org: int = 0
    next_domain: int = 100
    next_sync: int = 0
    labs: list[Lab] = field(default_factory=list)
    clients: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def rng(self, name: str) -> np.random.Generator:
        """Return the generator of one concern."""
        return generator(self.options.seed, name)

    def fingerprints(self, count: int) -> NDArray[np.int64]:
        """Return fresh device numbers."""
        self.next_device += count
        return np.arange(self.next_device - count, self.next_device, dtype=np.int64)

    def claim(self, kind: str, rows: NDArray[np.int64], low: int, high: int) -> Groups:
        """Make `rows` accounts of a kind, in groups of `low` to `high`."""
        sizes = heavy_sizes(self.rng(f"{kind}/sizes"), len(rows), max(1, min(low, len(rows))), high)
        rows = rows[: int(sizes.sum())]
        of = np.repeat(np.arange(len(sizes)), sizes)
        self.roster.kind[rows] = KINDS.index(kind)
        self.roster.group[rows] = self.next_group + of
        self.next_group += len(sizes)
        return Groups(
            kind=kind,
            rows=rows,
            of=of,
            sizes=sizes,
            within=np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes),
        )

    def lead(self, groups: Groups) -> NDArray[np.int64]:
        """Return the first row of each group."""
        return np.asarray(groups.rows[np.cumsum(groups.sizes) - groups.sizes])


@dataclass(frozen=True, slots=True)
class Groups:
    """Accounts of one class: their rows, which group each is in (from 0), and which member of it."""

    kind: str
    rows: NDArray[np.int64]
    of: NDArray[np.int64]
    sizes: NDArray[np.int64]
    within: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.sizes)
