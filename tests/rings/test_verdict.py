from __future__ import annotations

import dataclasses
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln
from scipy.stats import betabinom

from attribution.config import RingConfig
from attribution.domain import Family, Verdict
from attribution.rings import likelihood, verdict
from attribution.rings.expectations import SCALE, SURPRISE
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS
from attribution.rings.ledger import HYPOTHESIS, ledger
from attribution.rings.likelihood import WITNESSES

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = Path(__file__).parent.parent / "cases" / "verdict"
NAMES = [indicator.name for indicator in INDICATORS]


def scores_of(observed: dict[str, list[int]], size: int) -> verdict.Scores:
    k, n = np.zeros((1, len(NAMES))), np.zeros((1, len(NAMES)))
    for name, (holds, known) in observed.items():
        k[0, NAMES.index(name)], n[0, NAMES.index(name)] = holds, known
    return verdict.score(k, n, np.array([size]))


def explained(k: float, n: float, beta: tuple[float, float]) -> float:
    """The formula of the module, written a second time; above WITNESSES members k and n are scaled down."""
    scale = min(1.0, WITNESSES / max(n, 1))
    k, n = k * scale, n * scale
    a, b = beta
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return math.log((1 - SURPRISE) * math.exp(choose + betaln(k + a, n - k + b) - betaln(a, b)) * (n + 1) + SURPRISE)


@given(st.integers(0, int(WITNESSES)), st.data(), st.sampled_from(sorted(SCALE.values())))
def test_fit_is_a_beta_binomial_against_a_uniform_share(n: int, data: st.DataObject, beta: tuple[float, float]) -> None:
    k = data.draw(st.integers(0, n))
    expected = math.log((1 - SURPRISE) * betabinom.pmf(k, n, *beta) * (n + 1) + SURPRISE)
    found = likelihood.fit(np.array([float(k)]), np.array([float(n)]), *beta)[0]
    assert found == pytest.approx(expected, abs=1e-7)


def test_unknown_is_no_evidence() -> None:
    assert np.all(likelihood.table(np.zeros((1, len(NAMES))), np.zeros((1, len(NAMES)))) == 0.0)


@given(st.floats(0.0, 1.0), st.sampled_from(sorted(SCALE.values())))
def test_one_indicator_has_bounded_say(share: float, beta: tuple[float, float]) -> None:
    n = 10_000.0
    nats = likelihood.fit(np.array([round(share * n)]), np.array([n]), *beta)[0]
    assert math.log(SURPRISE) - 1e-9 <= nats <= math.log(WITNESSES + 1)


observations = st.dictionaries(
    st.sampled_from(NAMES), st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
)


@settings(max_examples=60)
@given(observations, st.integers(3, 5000))
def test_ledger_sums_to_the_score_and_recomputes_from_its_detail(
    observed: dict[str, tuple[int, int]], size: int
) -> None:
    scores = scores_of({name: list(pair) for name, pair in observed.items()}, size)
    lines = ledger(scores, 0, "ring-x", size, "because", ())
    own = [line for line in lines if line.family != HYPOTHESIS]
    assert math.fsum(line.weight for line in own) == pytest.approx(scores.total[0], abs=1e-9)
    for line in own:
        assert by_hand(line.name, line.detail) == pytest.approx(line.weight, abs=1e-9)


def by_hand(name: str, detail: Any) -> float:
    if name == "prior_and_size":
        sides = zip(detail["prior"], detail["median_and_spread"], strict=True)
        unforeseen = detail["unforeseen"]["probability"], detail["unforeseen"]["sizes"]
        covert, innocent = (
            math.log(prior) + size_density(detail["size"], *shape, *unforeseen) for prior, shape in sides
        )
        return covert - innocent
    if name == "family_cap":
        return max(-detail["cap"], min(detail["cap"], detail["sum"])) - detail["sum"]
    if name == "conclusion":
        return 0.0
    return side_nats(detail, "covert") - side_nats(detail, "innocent")


def side_nats(detail: Any, side: str) -> float:
    assert (detail["surprise"], detail["witnesses"]) == (SURPRISE, WITNESSES)
    beta = detail[f"{side}_beta"]
    return 0.0 if beta is None else explained(detail["holds"], detail["known"], beta)


def size_density(
    size: int, median: float, spread: float, odd: float = 0.002, sizes: Sequence[float] = (2.0, 100_000.0)
) -> float:
    z = (math.log(size) - math.log(median)) / spread
    normal = math.exp(-z * z / 2) / (spread * math.sqrt(2 * math.pi))
    return math.log((1 - odd) * normal + odd / math.log(sizes[1] / sizes[0]))


@settings(max_examples=60)
@given(observations, st.integers(3, 5000))
def test_score_against_a_slow_search_over_all_pairs(observed: dict[str, tuple[int, int]], size: int) -> None:
    scores = scores_of({name: list(pair) for name, pair in observed.items()}, size)
    total = sum(h.prior for h in HYPOTHESES)

    def nats(h: int, indicator: int) -> float:
        expectation = HYPOTHESES[h].expects.get(NAMES[indicator])
        if expectation is None or NAMES[indicator] not in observed:
            return 0.0
        k, n = observed[NAMES[indicator]]
        return explained(k, n, expectation.beta)

    def pair(c: int, i: int) -> float:
        s = math.log(HYPOTHESES[c].prior / total) + size_density(size, *HYPOTHESES[c].size)
        s -= math.log(HYPOTHESES[i].prior / total) + size_density(size, *HYPOTHESES[i].size)
        for family in verdict.FAMILIES:
            own = [p for p, indicator in enumerate(INDICATORS) if indicator.family is family]
            s += max(-verdict.FAMILY_CAP, min(verdict.FAMILY_CAP, sum(nats(c, p) - nats(i, p) for p in own)))
        return s

    covert = [h for h, hypothesis in enumerate(HYPOTHESES) if hypothesis.covert]
    innocent = [h for h, hypothesis in enumerate(HYPOTHESES) if not hypothesis.covert]
    slow = max(min(pair(c, i) for i in innocent) for c in covert)
    assert scores.total[0] == pytest.approx(slow, abs=1e-7)


@settings(max_examples=40)
@given(observations, st.integers(3, 5000))
def test_other_priors_are_those_of_a_table_with_other_priors(observed: dict[str, tuple[int, int]], size: int) -> None:
    scores = scores_of({name: list(pair) for name, pair in observed.items()}, size)
    rarer, commoner = verdict.sensitivity(scores, RingConfig())[0]
    assert (rarer.times, commoner.times) == verdict.TIMES
    for view in (rarer, commoner):
        moved = verdict.calibrated(scores.total + math.log(view.times), scores.without + math.log(view.times))
        assert view.probability == pytest.approx(float(moved[0]), abs=1e-12)
    asked = verdict.decide(scores, RingConfig())[0][0]
    if asked is not Verdict.COORDINATED:
        assert rarer.verdict is not Verdict.COORDINATED
    if asked is Verdict.COORDINATED:
        assert commoner.verdict is Verdict.COORDINATED


def test_probability_by_hand_from_the_reviewed_coefficients() -> None:
    """Logistic in the score and in what is left of it without its strongest family, and never falling with either."""
    fitted = json.loads(files("attribution.rings").joinpath("calibration.json").read_text("utf-8"))
    total, without = np.array([4.0, 4.0, 40.0]), np.array([[3.0, 1.5], [3.0, -2.0], [40.0, 35.0]])
    logit = [
        fitted["intercept"] + fitted["score"] * s + fitted["weakest"] * w for s, w in ((4, 1.5), (4, -2), (40, 35))
    ]
    expected = [1 / (1 + math.exp(-min(x, 30.0))) for x in logit]
    assert verdict.calibrated(total, without).tolist() == pytest.approx(expected, abs=1e-12)
    assert fitted["score"] >= 0
    assert fitted["weakest"] >= 0


def cases() -> list[dict[str, Any]]:
    return [case for path in sorted(CASES.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    scores = scores_of(case["observed"], case["size"])
    found, reason = verdict.decide(scores, RingConfig())[0]
    assert found is Verdict(case["verdict"]), (reason, scores.total[0], HYPOTHESES[scores.innocent[0]].name)
    if "explanation" in case:
        assert HYPOTHESES[scores.innocent[0]].name == case["explanation"]


def test_every_innocent_explanation_wins_a_case_and_covert_ones_share_the_rest() -> None:
    named = {case["explanation"] for case in cases() if "explanation" in case}
    assert named == {hypothesis.name for hypothesis in HYPOTHESES if not hypothesis.covert}
    found = [scores_of(case["observed"], case["size"]) for case in cases() if case["verdict"] == "coordinated"]
    assert len({int(scores.covert[0]) for scores in found}) >= 6  # of eight kinds of rings


def test_every_question_and_expectation_has_its_text() -> None:
    assert all(len(indicator.question) > 20 for indicator in INDICATORS)
    for hypothesis in HYPOTHESES:
        assert len(hypothesis.description) > 20
        assert set(hypothesis.expects) <= set(NAMES), hypothesis.name
        assert all(len(cell.reason) > 5 for cell in hypothesis.expects.values())


def spoken(without: float = 1.0, **nats: float) -> tuple[Verdict, str]:
    """Decide a cluster that is coordinated by score, and with places left out scores so much, by what families say."""
    scores = scores_of({"shared_card": [40, 40], "shared_device": [40, 40]}, 40)
    speaks = np.array([[nats.get(family.value, 0.0) for family in verdict.FAMILIES]])
    left = np.ones_like(scores.without)
    left[0, verdict.FAMILIES.index(Family.PLACE)] = without
    certain = dataclasses.replace(scores, probability=np.array([0.99]), without=left, speaks=speaks)
    return verdict.decide(certain, RingConfig())[0]


@pytest.mark.parametrize(
    ("nats", "found"),
    [
        ({"payment": 2.4, "content": 1.2}, Verdict.COORDINATED),  # one costly family at 10 to 1
        ({"payment": 1.2, "device": 1.2}, Verdict.COORDINATED),  # two that reach it together
        ({"payment": 1.2, "device": 1.0, "content": 3.0}, Verdict.UNDETERMINED),  # two that do not
        ({"payment": 2.2, "device": 1.2, "place": -2.0}, Verdict.UNDETERMINED),  # what speaks against counts as well
        ({"content": 9.0, "timing": 9.0}, Verdict.UNDETERMINED),  # free to set
        ({"payment": 9.0}, Verdict.UNDETERMINED),  # one family alone
    ],
)
def test_costly_families_add_up_to_ten_to_one(nats: dict[str, float], found: Verdict) -> None:
    assert spoken(**nats)[0] is found


@pytest.mark.parametrize(
    ("without", "found"), [(0.01, Verdict.COORDINATED), (0.0, Verdict.UNDETERMINED), (-3.0, Verdict.UNDETERMINED)]
)
def test_what_hangs_on_one_family_is_not_coordinated(without: float, found: Verdict) -> None:
    what, reason = spoken(without=without, payment=5.0, device=5.0, content=5.0)
    assert what is found
    assert (reason == "rests on the place family alone") == (found is Verdict.UNDETERMINED)


def test_innocents_in_general_are_the_mean_over_explanations_by_prior_and_size() -> None:
    scores = scores_of({"shared_device": [30, 40], "concealed_device": [28, 30]}, 40)
    device = [p for p, i in enumerate(INDICATORS) if i.family.value == "device"]
    innocent = [h for h, hypothesis in enumerate(HYPOTHESES) if not hypothesis.covert]
    prior = [math.exp(scores.priors[0, h]) for h in innocent]
    likelihoods = [math.exp(sum(float(scores.nats[0, h, p]) for p in device)) for h in innocent]
    mean = math.log(math.fsum(w * x for w, x in zip(prior, likelihoods, strict=True)) / math.fsum(prior))
    covert = sum(float(scores.nats[0, scores.covert[0], p]) for p in device)
    column = [family.value for family in verdict.FAMILIES].index("device")
    assert scores.speaks[0, column] == pytest.approx(covert - mean, abs=1e-9)
