"""The conclusion of a ring recomputes from its own ledger: score, families left out, families that speak, unknowns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from attribution.rings import verdict
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS
from attribution.rings.ledger import HYPOTHESIS, ledger

if TYPE_CHECKING:
    from attribution.domain import Evidence

FAMILY = {indicator.name: indicator.family.value for indicator in INDICATORS}


@pytest.fixture(params=range(6))
def lines(request: pytest.FixtureRequest) -> tuple[Evidence, ...]:
    """The ledger of a random cluster, a third of whose indicators nobody can answer."""
    rng = np.random.default_rng(request.param)
    n = rng.integers(0, 40, (1, len(INDICATORS))) * (rng.random((1, len(INDICATORS))) < 2 / 3)
    k = np.floor(n * rng.random(n.shape))
    size = int(rng.integers(10, 400))
    scores = verdict.score(k.astype(float), n.astype(float), np.array([size]))
    return ledger(scores, 0, "ring-x", size, "because", ())


def told(lines: tuple[Evidence, ...]) -> tuple[Any, dict[str, Any]]:
    """Return the conclusion's detail and that of each explanation, by name: all that the test may look at."""
    conclusion = next(line.detail for line in lines if line.name == "conclusion")
    return conclusion, {line.name: line.detail for line in lines if line.family == HYPOTHESIS}


def by_family(explanation: Any) -> dict[str, float]:
    nats: dict[str, float] = dict.fromkeys(set(FAMILY.values()), 0.0)
    for name, nat in explanation["indicators"].items():
        nats[FAMILY[name]] += nat
    return nats


def score(explanations: dict[str, Any], without: str | None = None) -> float:
    """The best covert explanation against the innocent one that is hardest to beat, families capped."""

    def against(covert: Any, innocent: Any) -> float:
        own, other = by_family(covert), by_family(innocent)
        capped = (max(-6.0, min(6.0, own[f] - other[f])) for f in own if f != without)
        return covert["prior_and_size"] - innocent["prior_and_size"] + math.fsum(capped)

    covert = [one for one in explanations.values() if one["covert"]]
    innocent = [one for one in explanations.values() if not one["covert"]]
    return max(min(against(c, i) for i in innocent) for c in covert)


def test_every_explanation_is_there_and_sums_up(lines: tuple[Evidence, ...]) -> None:
    _, explanations = told(lines)
    assert set(explanations) == {hypothesis.name for hypothesis in HYPOTHESES}
    for detail in explanations.values():
        assert detail["score"] == pytest.approx(detail["prior_and_size"] + math.fsum(detail["indicators"].values()))


def test_the_score_is_that_of_the_best_pair_of_explanations(lines: tuple[Evidence, ...]) -> None:
    conclusion, explanations = told(lines)
    assert conclusion["score"] == pytest.approx(score(explanations), abs=1e-9)
    assert conclusion["score"] == pytest.approx(
        math.fsum(line.weight for line in lines if line.family != HYPOTHESIS), abs=1e-9
    )


def test_each_family_left_out_recomputes(lines: tuple[Evidence, ...]) -> None:
    conclusion, explanations = told(lines)
    assert set(conclusion["without_family"]) >= set(FAMILY.values())
    for family, left in conclusion["without_family"].items():
        assert left == pytest.approx(score(explanations, family), abs=1e-9)


def test_what_each_family_says_of_innocents_in_general_recomputes(lines: tuple[Evidence, ...]) -> None:
    conclusion, explanations = told(lines)
    best = next(line.detail["covert"] for line in lines if line.name == "prior_and_size")
    prior = {h.name: math.exp(explanations[h.name]["prior_and_size"]) for h in HYPOTHESES if not h.covert}
    for family in set(FAMILY.values()):
        fits = {name: by_family(explanations[name])[family] for name in prior}
        general = sum(p * math.exp(fits[name]) for name, p in prior.items()) / sum(prior.values())
        expected = by_family(explanations[str(best)])[family] - math.log(general)
        if family in TIE and not ties(lines, family):  # what costs something speaks for an operator where it ties
            expected = min(expected, 0.0)
        assert conclusion["speaks"][family] == pytest.approx(expected, abs=1e-9)


TIE = {"payment": "shared_card", "device": "shared_device", "place": "met"}


def ties(lines: tuple[Evidence, ...], family: str) -> bool:
    """Half of the members of whom it is known share one; places tie where instruments or devices do as well."""
    detail = next(line.detail for line in lines if line.name == TIE[family])
    half = detail["known"] > 0 and detail["holds"] >= 0.5 * detail["known"]
    return bool(half and (family != "place" or ties(lines, "payment") or ties(lines, "device")))


def test_what_nobody_could_answer_is_listed_and_weighs_nothing(lines: tuple[Evidence, ...]) -> None:
    conclusion, explanations = told(lines)
    silent = {line.name for line in lines if line.name in FAMILY and line.detail["known"] == 0}
    assert set(conclusion["unknown"]) == silent
    assert silent
    assert all(line.weight == 0.0 for line in lines if line.name in silent)
    assert all(silent.isdisjoint(detail["indicators"]) for detail in explanations.values())
