from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import CODE, COT, MEMBERS, RUBRIC, Ask, Client, Small, world

from attribution.config import LabConfig
from attribution.domain import Attribution, Campaign, Evidence, LabPosterior
from attribution.labs import attribute, campaigns
from attribution.labs.joined import JOINED, same_client, together
from attribution.labs.loading import parse

CONFIG = LabConfig(permutations=199)
OTHER = "You are an autonomous engineer. Call the tools of the repository and explain each patch: {}"
ONE_LAB = """
labs:
- id: lab-a
  name: A
  networks: ["198.51.100.0/24"]
  bins: ["411111"]
  targets: {chain_of_thought: 0.3, rubric_grading: 0.3, agentic_coding: 0.3, tool_use: 0.1}
- {id: lab-b, name: B, networks: ["192.0.2.0/24"], targets: {roleplay: 1.0}}
"""


@pytest.fixture(scope="module")
def two() -> Small:
    return world(Ask(clients=(Client((COT, RUBRIC)), Client((CODE, OTHER), tuple(range(13, 21)), (25, MEMBERS)))))


def named(small: Small, dossiers: str) -> tuple[Attribution, ...]:
    found = campaigns((small.ring,), small.population, small.traffic, small.templates, CONFIG)
    assert len(found) == 2
    labs = parse(dossiers)
    return attribute(found, (small.ring,), small.population, small.traffic, small.templates, labs, CONFIG)


def test_parts_of_a_ring_that_serve_one_lab_are_judged_as_one(two: Small) -> None:
    said = named(two, ONE_LAB)
    for one, other in (said, said[::-1]):
        assert not one.abstained
        assert one.posteriors[0].lab_id == "lab-a"
        assert sum(row.posterior for row in one.posteriors) == pytest.approx(1.0, abs=1e-9)
        assert f"judged as one with {other.campaign_id}" in one.reason
        (row,) = (row for row in one.evidence if row.name == JOINED)
        assert row.weight == 0.0
        assert min(row.detail["alone"].values()) >= row.detail["likelier_from"]  # type: ignore[attr-defined]
        assert {row.subject for row in one.evidence} == {one.campaign_id}
    first, second = said
    assert [(row.name, row.weight) for row in first.evidence] == [(row.name, row.weight) for row in second.evidence]


def test_parts_that_are_after_different_things_stay_apart(two: Small) -> None:
    said = named(two, ONE_LAB.replace(", agentic_coding: 0.3, tool_use: 0.1", ""))
    assert not any(row.name == JOINED for one in said for row in one.evidence)
    assert said[1].abstained


def part(name: str, members: tuple[int, ...] = (1, 2), ring: str = "r1") -> Campaign:
    day = pd.Timestamp("2026-03-01")
    share = np.full(len(members), 0.5)
    return Campaign(name, ring, np.array(members, np.int32), share, (f"t-{name}",), {"tool_use": 1.0}, 10, day, day)


def answer(name: str, lab: str, posterior: float, behaviour: float, place: float = 3.0) -> Attribution:
    rows = (LabPosterior(lab, posterior, 1, "", ""),)
    ledger = (Evidence(name, lab, "content", "targets", behaviour, {}), Evidence(name, lab, "place", "asns", place, {}))
    return Attribution(name, "r1", rows, abstained=True, reason="", evidence=ledger)


@pytest.mark.parametrize(
    ("second", "ring", "joined"),
    [
        (answer("b", "lab-a", 0.6, 1.0), "r1", True),
        (answer("b", "lab-a", 0.4, 1.0), "r1", False),
        (answer("b", "lab-a", 0.9, 0.5), "r1", False),
        (answer("b", "lab-b", 0.6, 1.0), "r1", False),
        (answer("b", "unknown", 0.6, 1.0), "r1", False),
        (answer("b", "lab-a", 0.6, 1.0), "r2", False),
    ],
)
def test_each_part_must_show_by_its_content_that_the_lab_is_likelier_than_not(
    second: Attribution, ring: str, *, joined: bool
) -> None:
    found = same_client((part("a"), part("b", ring=ring)), (answer("a", "lab-a", 0.7, 2.0), second))
    assert found == ([("lab-a", (0, 1))] if joined else [])


def test_shares_of_the_parts_add_up() -> None:
    whole = together((part("a"), part("b", (2, 3))))
    assert whole.campaign_id == "a"
    assert whole.members.tolist() == [1, 2, 3]
    assert whole.share.tolist() == [0.5, 1.0, 0.5]
    assert whole.templates == ("t-a", "t-b")
    assert (whole.events, dict(whole.targets)) == (20, {"tool_use": 1.0})
