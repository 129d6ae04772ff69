"""Fitted coefficients: how far each family's weights can be believed, and how well an unknown lab fits by chance."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Coefficients(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `benchmarks/quality/attribution_fit.py` wrote, as reviewed JSON."""

    families: dict[str, float]
    """Factor of each family's weights for a lab; 1 where not named."""
    against: dict[str, float] = {}
    """Factor of each family's weights against a lab; 1 where not named."""
    unknown: float
    """Log likelihood of a lab without a dossier, relative to the population."""
    trained_on: str
    """SHA-256 of the training data."""
    worlds: str
    """The simulated worlds that it was fitted on."""

    def factor(self, family: str, weight: float) -> float:
        """Return what a weight of this family and sign is multiplied with."""
        return (self.families if weight >= 0.0 else self.against).get(family, 1.0)


@cache
def load_coefficients() -> Coefficients:
    """Read the coefficients that come with the package."""
    return msgspec.json.decode(files("attribution.labs").joinpath("coefficients.json").read_bytes(), type=Coefficients)


def plain() -> Coefficients:
    """Return coefficients that change nothing: every family believed, no credit for the unknown."""
    return Coefficients(families={}, unknown=0.0, trained_on="", worlds="")


def as_json(coefficients: Mapping[str, object]) -> bytes:
    """Return the file's bytes: indented, keys sorted."""
    return msgspec.json.format(msgspec.json.encode(coefficients, order="deterministic"), indent=2) + b"\n"
