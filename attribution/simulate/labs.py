"""Labs: who they are in the world, and what a dossier says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import CAPABILITIES
from attribution.simulate.cards import PER_COUNTRY, bin_names
from attribution.simulate.draws import chance
from attribution.simulate.network import COUNTRIES, OFFSETS
from attribution.simulate.roster import REGIONAL_MAIL, WORK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.scene import Scene

NAMES = (
    "Amber",
    "Basalt",
    "Cobalt",
    "Dune",
    "Ember",
    "Fjord",
    "Garnet",
    "Heron",
    "Indigo",
    "Juniper",
    "Krill",
    "Larch",
)
RELEASES = (0.3, 0.52, 0.74)
"""When the provider releases a new model, as a share of the world's days."""


@dataclass(frozen=True, slots=True)
class Lab:
    """The truth about one lab."""

    lab_id: str
    name: str
    country: int
    documented: bool
    operators: tuple[int, ...]
    egress: int  # place
    egress_addresses: NDArray[np.int64]
    bins: tuple[int, ...]
    mail: int
    hours: tuple[int, int, int]  # offset, start, end
    targets: dict[str, float]
    pivots: tuple[int, ...]
    core: tuple[int, ...]  # concepts that all its campaigns ask for, each in its own words
    shared_core: bool  # a dossier may quote them


def found_labs(scene: Scene) -> list[Lab]:
    """Make the labs: each in networks and at banks that mostly serve innocent people.

    The last quarter, at least one, has no dossier. A lab's own egress shares its /24 with cloud customers.
    """
    rng = scene.rng("labs")
    count = scene.options.labs
    undocumented = max(1, round(count * 0.25))
    # Who rents machines: customers of the same racks as the labs.
    clouds = np.flatnonzero(np.isin(scene.roster.pathway, [0, 3]) & (scene.roster.ring < 0))
    homes = np.array([0.05, 0.08, 0.1, 0.1, 0.12, 0.2, 0.25, 0.1])
    countries = rng.choice(len(homes), len(homes), replace=False, p=homes)
    labs = []
    for number in range(count):
        # Up to eight labs are in countries of their own, the next ones with other providers there.
        country = int(countries[number % len(homes)])
        incumbent = int(scene.around.home_operators[country, number // len(homes) % 2])
        cloud = int(scene.around.hosting[country, number // len(homes) % 2])
        line = scene.network.block(incumbent, 256, kind="business")
        rack = scene.network.block(cloud, 256)
        egress = np.concatenate([line[16:34], rack[40:46]])
        neighbours = clouds[rng.permutation(len(clouds))[: max(8, len(clouds) // 80)]]
        if len(neighbours):
            place = scene.network.place(np.concatenate([line[60:140], rack[80:160]]), 200.0)
            scene.roster.place[neighbours, WORK] = place
            scene.roster.at_work[neighbours, WORK] += 0.5
            scene.roster.off_work[neighbours, WORK] += 0.3
        bank = rng.permutation(3)[:2]  # the country's large banks
        kinds = rng.permutation(len(CAPABILITIES) - 1)[: int(rng.integers(2, 4))]
        shares = np.round(rng.dirichlet(np.full(len(kinds), 3.0)), 2)
        targets = {CAPABILITIES[int(kind)]: float(share) for kind, share in zip(kinds, shares, strict=True)}
        start = int(rng.integers(8, 11))
        name = NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else f" {number // len(NAMES) + 1}")
        language = "zh" if chance(rng, 0.25, 1)[0] else "en"
        labs.append(
            Lab(
                lab_id="lab-" + name.lower().replace(" ", "-"),
                name=f"{name} Research",
                country=country,
                documented=number < count - undocumented,
                operators=(incumbent, cloud),
                egress=scene.network.place(egress, 12.0),
                egress_addresses=egress,
                bins=tuple(int(country * PER_COUNTRY + one) for one in bank),
                mail=REGIONAL_MAIL + country,
                hours=(OFFSETS[country], start, start + int(rng.integers(9, 13))),
                targets=targets,
                pivots=tuple(sorted(int(one) for one in rng.permutation(len(RELEASES))[: int(rng.integers(1, 3))])),
                core=tuple(scene.concepts.add(kind, language) for kind in sorted(targets)),
                shared_core=bool(chance(rng, 0.8, 1)[0]),
            )
        )
    return labs


def bin_name(position: int) -> str:
    """Return a BIN as written in the tables."""
    return bin_names()[position]


def country_name(country: int) -> str:
    """Return a country's code."""
    return COUNTRIES[country]
