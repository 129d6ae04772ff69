"""Labelled worlds: honest look-alikes and campaigns with every evasion as a dial."""

from attribution.simulate.options import (
    ATTACKS,
    PRESETS,
    Attacks,
    Dials,
    DossierState,
    FalseFlags,
    WorldOptions,
    dials_at,
    preset,
)
from attribution.simulate.world import World, simulate

__all__ = [
    "ATTACKS",
    "PRESETS",
    "Attacks",
    "Dials",
    "DossierState",
    "FalseFlags",
    "World",
    "WorldOptions",
    "dials_at",
    "preset",
    "simulate",
]
