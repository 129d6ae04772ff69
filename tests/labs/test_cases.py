from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from attribution.config import LabConfig
from attribution.labs.loading import parse
from attribution.labs.naming import Prior
from attribution.labs.stated import Stated, score_stated

FOLDER = Path(__file__).parents[1] / "cases" / "attribution"


def cases() -> list[dict[str, Any]]:
    return [case for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_ranking_case(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    labs = [{"name": lab["id"], **lab} for lab in given["dossiers"]]
    dossiers = parse(yaml.safe_dump({"labs": labs}))
    prior = Prior(given["prior"]) if "prior" in given else None
    stated = msgspec.convert(given["evidence"], Stated)
    said = score_stated(stated, dossiers, LabConfig(), without=given.get("without", ()), prior=prior)
    chance = {row.lab_id: row.posterior for row in said.posteriors}
    weight = {(row.lab_id, row.name): row.weight for row in said.evidence}
    assert sum(chance.values()) == pytest.approx(1.0, abs=1e-9)
    for first, second in expected.get("above", []):
        assert chance[first] > chance[second], chance
    if "named" in expected:
        named = None if said.abstained else said.posteriors[0].lab_id
        assert named == expected["named"], (said.reason, chance, weight)
    if "abstained" in expected:
        assert said.abstained is expected["abstained"], (said.reason, chance)
    for pair in expected.get("weighs_nothing", []):
        assert weight.get(tuple(pair), 0.0) == 0.0, weight
    for pair in expected.get("for", []):
        assert weight[tuple(pair)] > 0, weight
    for pair in expected.get("against", []):
        assert weight[tuple(pair)] < 0, weight
    for pair in expected.get("not_for", []):
        assert weight[tuple(pair)] <= 0, weight
    for word in expected.get("reason", []):
        assert word in said.reason, said.reason


def test_there_are_forty_and_each_says_why() -> None:
    found = cases()
    assert len(found) >= 40
    assert len({case["name"] for case in found}) == len(found)
    assert all(len(case["why"]) > 20 and set(case) == {"name", "why", "input", "expected"} for case in found)
