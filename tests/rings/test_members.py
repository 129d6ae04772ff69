"""The confidence of a member, worked out by hand from who shares what."""

from __future__ import annotations

import math

import pytest
from clusters import Cluster, everyone, together

from attribution.domain import Facet
from attribution.rings import members, verdict
from attribution.rings.members import BYSTANDER, BYSTANDERS


def test_confidence_is_the_formula_by_hand() -> None:
    """Five of six share a card, so a ring's rate is (5 + 1) / (6 + 2); nothing else is known of them."""
    cards = together(everyone("one", [0, 1, 2, 3, 4]), everyone("own", [5]))
    view = Cluster(6, {Facet.PAYMENT: cards}).view()
    found = members.confidence(view, verdict.answers(view))
    start, rate, bystander = math.log((1 - BYSTANDERS) / BYSTANDERS), 6 / 8, BYSTANDER["shared_card"]
    shares = start + math.log(rate / bystander)
    lacks = start + math.log((1 - rate) / (1 - bystander))
    assert found.tolist() == pytest.approx([1 / (1 + math.exp(-shares))] * 5 + [1 / (1 + math.exp(-lacks))], abs=1e-12)


def test_what_fewer_share_than_bystanders_do_says_nothing_of_those_who_lack_it() -> None:
    """One pair of forty on one card: a rate of 3/42 is under a bystander's, and nobody loses by it."""
    cards = together(everyone("pair", [0, 1]), *(everyone(f"own {a}", [a]) for a in range(2, 40)))
    view = Cluster(40, {Facet.PAYMENT: cards}).view()
    assert members.confidence(view, verdict.answers(view)).tolist() == pytest.approx([1 - BYSTANDERS] * 40, abs=1e-12)


def test_who_came_by_a_wording_and_works_little_is_a_bystander() -> None:
    """A hundred busy accounts with long answers and their own wording; three users of it send little and get little."""
    ring, others = list(range(100)), [100, 101, 102]
    days = dict.fromkeys(range(600), 3)
    events = dict.fromkeys(range(600), 20) | dict.fromkeys(ring, 90) | dict.fromkeys(others, 5)
    lengths = dict.fromkeys(range(600), 300.0) | dict.fromkeys(ring, 900.0) | dict.fromkeys(others, 100.0)
    view = Cluster(
        103,
        {Facet.TEMPLATE: everyone("prompt", [*ring, *others])},
        {"events": events, "output_tokens": lengths, "active_days": days},
    ).view()
    found = members.confidence(view, verdict.answers(view))
    assert found[:100].min() > 0.9
    assert found[100:].max() < 0.5
