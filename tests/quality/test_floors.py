"""A worse verdict or a wrong name fails: small fixed worlds against the floors of `benchmarks/quality/floors.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "quality"
FLOORS = msgspec.json.decode((BENCHMARKS / "floors.json").read_bytes())
WORLDS = [world["name"] for world in FLOORS["worlds"]]


@pytest.mark.parametrize("name", WORLDS)
def test_rings_are_found_and_innocents_left_alone(subset: Any, name: str) -> None:
    floors = subset.read()
    world = next(one for one in floors.worlds if one.name == name)
    assert world.floors
    assert not subset.missed(subset.found_in(world, floors), world.floors)


def test_names_are_right_or_withheld(subset: Any) -> None:
    floors = subset.read()
    told = subset.named_in(floors)
    for one in floors.dossiers:
        assert one.floors
        assert not subset.missed(told[one.state], one.floors)


def test_what_falls_is_missed_and_no_floor_becomes_easier(subset: Any) -> None:
    floors = {"precision": 0.9, "recall": 0.5, "accused": 0.0}
    assert not subset.missed({"precision": 0.9, "recall": 0.5, "accused": 0.0}, floors)
    worse = {"precision": float("nan"), "recall": 0.4, "accused": 1.0}
    assert len(subset.missed(worse, floors)) == len(floors)
    assert subset.raised(floors, worse) == floors
    better = subset.raised(floors, {"precision": 0.905, "recall": 1.0, "accused": 0.0})
    assert better == {"precision": 0.9, "recall": 0.97, "accused": 0.0}


def test_the_floors_cover_every_kind_of_world() -> None:
    assert {"careless", "moderate", "private", "paraphrased", "no rings", "without enrichment", "poisoning"} <= set(
        WORLDS
    )
