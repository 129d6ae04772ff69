"""Every weight recomputes by hand from its detail: the formulas of docs/attribution.md, written a second time."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln, logsumexp

from attribution.config import LabConfig
from attribution.labs.calibration import load_coefficients
from attribution.labs.evidence import TABLE
from attribution.labs.ledger import LabFamily, likelihood_term, mixed, shrunk
from attribution.labs.loading import parse
from attribution.labs.stated import Stated, StatedPivot, score_stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attribution.domain import Evidence

DOSSIER = """
labs:
- id: a
  name: A
  asns: [64510]
  networks: ["198.51.100.0/24"]
  bins: ["411111"]
  issuer_countries: [XA]
  email_domains: [amber.example]
  working_day: {utc_offset: 8, start: 9, end: 18}
  targets: {chain_of_thought: 0.6, rubric_grading: 0.4}
  releases: [2026-03-14]
  template_examples: ["Imagine the internal reasoning behind the answer"]
  known: {account_ids: [x], device_ids: [d], payment_ids: [p], ips: [198.51.100.7]}
  sources:
  - {claim: asns, reliability: C, credibility: 3, ref: case 1}
- {id: b, name: B, targets: {roleplay: 1.0}}
"""
HOURS = (40, 60, 60, 60, 60, 60, 60, 60, 60, 40, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4)
STATED = Stated(
    members=60,
    seen={
        "a": {
            "asns": 20,
            "networks": 12,
            "known.ips": 3,
            "bins": 9,
            "issuer_countries": 1,
            "known.payment_ids": 2,
            "email_domains": 7,
            "name": 4,
            "known.account_ids": 1,
            "known.device_ids": 2,
            "template_examples": 1,
        }
    },
    base={
        "asns": (300, 20_000),
        "networks": (9, 20_000),
        "known.ips": (0, 20_000),
        "bins": (70, 9_000),
        "issuer_countries": (900, 9_000),
        "known.payment_ids": (0, 9_000),
        "email_domains": (31, 20_000),
        "name": (0, 20_000),
        "known.account_ids": (0, 20_000),
        "known.device_ids": (0, 20_000),
        "template_examples": (1, 400),
    },
    country={"asns": (300, 2_500, 0.5)},
    hours=HOURS,
    targets={"chain_of_thought": 0.5, "tool_use": 0.5},
    likeness={"a": 0.8},
    subjects={"a": (0.02, 1.0)},
    pivots=(StatedPivot("m-5", "2026-03-14", 0.4, 0.001),),
    moved={"2026-03-14": (1, 6)},
)


def rows() -> dict[str, Evidence]:
    said = score_stated(STATED, parse(DOSSIER), LabConfig())
    return {row.name: row for row in said.evidence if row.lab_id == "a" and row.family != "decision"}


def beta_binomial(hits: float, trials: float, mean: float, strength: float) -> float:
    a, b = mean * strength, (1 - mean) * strength
    top = gammaln(a + hits) + gammaln(b + trials - hits) - gammaln(a + b + trials)
    return float(top - gammaln(a) - gammaln(b) + gammaln(a + b))


def share(d: Mapping[str, Any]) -> float:
    def against(base: float) -> float:
        base = min(max(base, 1e-6), 0.99)
        scale = min(1, d["trials_cap"] / d["trials"])
        hits, trials = d["hits"] * scale, d["trials"] * scale
        lab = beta_binomial(hits, trials, base + (1 - base) * d["typical"], d["worth"])
        other = beta_binomial(hits, trials, base, d["spread"])
        ratio = math.log((1 - d["careful"]) * math.exp(lab - other) + d["careful"])
        return ratio if d["hits"] > base * d["trials"] else min(ratio, 0.0)

    worth = d["shrink_worth"]
    base = (d["base_hits"] + d["shrink_to"] * worth) / (d["base_trials"] + worth)
    near = (d["country_hits"] + d["shrink_to"] * worth) / (d["country_trials"] + worth) * d["country_share"]
    near = max(near, d["ring_hits"] / d["ring_trials"] if d["ring_trials"] else 0.0)
    weight = against(base)
    if weight > 0 and near > base:
        weight = max(0.0, against(near))
    if "exits" in d:
        assert d["seen_ratio"] == pytest.approx(weight, abs=1e-9)
        weight = used(weight, d)
    return min(weight, 0.0) if d.get("never_positive") else weight


def used(weight: float, d: Mapping[str, Any]) -> float:
    """Who lets the place slip, is at home there, or has it among its exits: likelihoods of the lab and of others."""
    if weight <= 0:
        return weight
    scale, x, own = min(1, 30 / d["accounts"]), d["exits"], d["own_exits"]
    hits, trials = d["showing"] * scale, d["accounts"] * scale
    slips, home, exits = (math.exp(beta_binomial(hits, trials, *shape)) for shape in ((0.25, 6), (0.9, 10), (0.83, 6)))
    if d["traffic"] is not None:
        part = min(max(d["traffic"] * d["accounts"] / d["showing"], 0.01), 0.99)
        home *= stats.beta(6, 2).pdf(part) / stats.beta(1, 2).pdf(part)
    manner = (1 - own - 0.2) * slips + 0.2 * home + own * exits
    lab, others = math.exp(weight) * manner, (1 - x) * manner + x * math.exp(weight) * exits
    return max(0.0, math.log(lab / others))


def hours(d: Mapping[str, Any]) -> float:
    counts = np.array(d["hours"]) * d["draws"] / sum(d["hours"])

    def window(start: float, length: float) -> np.ndarray:
        minutes = (np.arange(1440) / 60 - start) % 24 < length
        shape = minutes.reshape(24, 60).mean(axis=1)
        return shape / shape.sum()

    def fit(shape: np.ndarray, noise: np.ndarray) -> float:
        return float(
            logsumexp([(counts * np.log((1 - n) * shape + n * noise)).sum() for n in (0.15, 0.35, 0.55, 0.75)])
            - math.log(4)
        )

    people = (np.array(d["outside_hours"]) + 1) / (sum(d["outside_hours"]) + 24)

    offset, start, end = d["working_day"]
    lab = logsumexp(
        [
            math.log(p) + fit(window((start - offset + s) % 24, (end - start) % 24), people)
            for s, p in ((-1, 0.25), (0, 0.5), (1, 0.25))
        ]
    )
    general = logsumexp([fit(window(s, n), people) for s in range(24) for n in (8, 10, 12, 14)]) - math.log(96)
    crowd = fit(people, np.full(24, 1 / 24))
    own = float(lab - (logsumexp([general, crowd]) - math.log(2)))
    return math.log(d["scheduled"] + (1 - d["scheduled"]) * math.exp(own))


def targets(d: Mapping[str, Any]) -> float:
    names = sorted(d["general"])
    seen = np.array([d["seen"].get(n, 0.0) for n in names])
    counts, base = d["draws"] * seen / seen.sum(), np.array([d["general"][n] for n in names])
    listed = np.array([d["listed"].get(n, 0.0) for n in names])
    mean = (1 - d["stray"]) * (listed + (1 - listed.sum()) * base) + d["stray"] * base

    def marginal(alpha: np.ndarray) -> float:
        return float(
            (gammaln(alpha + counts) - gammaln(alpha)).sum()
            + gammaln(alpha.sum())
            - gammaln(alpha.sum() + counts.sum())
        )

    broad = marginal(d["general_worth"] * base)
    return marginal(d["lab_worth"] * mean) - float(np.logaddexp(broad, d["log_other_dossiers"]) - math.log(2))


def wording(d: Mapping[str, Any]) -> float:
    verbatim, reworded, chance = (stats.beta(*d[shape]).pdf(d["at"]) for shape in ("verbatim", "reworded", "chance"))
    copied = (d["base_hits"] + 0.3) / (d["base_trials"] + 100)
    lab = d["mix"][0] * verbatim + d["mix"][1] * reworded + d["mix"][2] * chance
    return math.log(lab / (copied * verbatim + (1 - copied) * chance))


def subjects(d: Mapping[str, Any]) -> float:
    reuse = 0.2 * min(1, 3 / len(d["words"]))
    return sum(
        math.log(1 - reuse + (reuse / chance if word else 0))
        for word, chance in zip(d["words"], d["chances"], strict=True)
    )


def pivot(d: Mapping[str, Any]) -> float:
    rate = (d["moved"] + d["prior_rate"] * d["prior_worth"]) / (d["others"] + d["prior_worth"])
    return max(0.0, math.log(d["moves"] / rate))


BY_HAND: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "share": share,
    "hours": hours,
    "targets": targets,
    "wording": wording,
    "subjects": subjects,
    "pivot": pivot,
}


@pytest.mark.parametrize("name", [rule.name for rule in TABLE])
def test_weight_recomputes_by_hand(name: str) -> None:
    assert_recomputes(rows()[name])


def assert_recomputes(row: Evidence) -> None:
    d: Any = row.detail
    ratio = BY_HAND[d["model"]](d)
    assert d["ratio"] == pytest.approx(ratio, abs=1e-6)
    bounded = min(max(math.log(d["truth"] * math.exp(ratio) + 1 - d["truth"]), d["floor"]), d["cap"])
    if bounded > 0:
        bounded = math.log(d["narrower_unseen"] + (1 - d["narrower_unseen"]) * math.exp(bounded))
    expected = 0.0 if d["counted_with"] else d["coefficient"] * bounded
    assert row.weight == pytest.approx(expected, abs=1e-6)


def test_a_system_whose_listed_network_is_not_seen_speaks_less() -> None:
    seen = msgspec.structs.replace(STATED, seen={"a": {"asns": 20, "networks": 0}})
    without = DOSSIER.replace('  networks: ["198.51.100.0/24"]\n', "")
    said, free = (
        {row.name: row for row in score_stated(seen, parse(dossiers), LabConfig()).evidence if row.lab_id == "a"}
        for dossiers in (DOSSIER, without)
    )
    assert said["networks"].weight < 0 < said["asns"].weight < free["asns"].weight
    assert said["asns"].detail["narrower_unseen"] == said["networks"].detail["truth"]
    assert free["asns"].detail["narrower_unseen"] == 0.0
    for row in (said["asns"], said["networks"], free["asns"]):
        assert_recomputes(row)


def test_two_readings_of_one_claim_count_as_the_stronger_one() -> None:
    reworded = msgspec.structs.replace(STATED, likeness={"a": 0.2}, subjects={"a": (0.02, 0.02)}, targets={})
    said = {row.name: row for row in score_stated(reworded, parse(DOSSIER), LabConfig()).evidence if row.lab_id == "a"}
    assert said["template_reuse"].detail["ratio"] < 0.0  # type: ignore[operator]
    assert said["template_reuse"].weight == 0.0
    assert said["template_reuse"].detail["counted_with"] == "shared_subjects"
    assert said["shared_subjects"].weight > 0.0


def test_nothing_of_few_examples_says_less_than_nothing_of_many() -> None:
    foreign = msgspec.structs.replace(STATED, likeness={"a": 0.1}, subjects={}, targets={})
    more = ", ".join(f'"Another example, number {n}, of what the lab asks for"' for n in range(3))
    several = DOSSIER.replace('the answer"]', f'the answer", {more}]')
    one, four = (
        next(row for row in score_stated(foreign, parse(text), LabConfig()).evidence if row.name == "template_reuse")
        for text in (DOSSIER, several)
    )
    assert four.weight < one.weight < 0.0
    for row in (one, four):
        assert_recomputes(row)


def test_hours_that_do_not_fit_are_worth_log_two_at_the_most() -> None:
    night = msgspec.structs.replace(STATED, hours=tuple(HOURS[(hour + 12) % 24] for hour in range(24)))
    said = score_stated(night, parse(DOSSIER), LabConfig()).evidence
    row = next(row for row in said if row.name == "working_day" and row.lab_id == "a")
    assert -math.log(2) <= float(str(row.detail["ratio"])) < -0.6
    assert_recomputes(row)


def test_every_family_has_a_row_here() -> None:
    assert {row.family for row in rows().values()} == {family.value for family in LabFamily}


def test_every_rule_says_what_it_is() -> None:
    for rule in TABLE:
        assert len(rule.text) > 60, rule.name
        assert rule.text[0].isupper()
        assert rule.text.endswith(".")
        assert rule.floor <= 0.0 <= rule.cap


def test_one_fact_of_a_family_counts_in_each_direction() -> None:
    for family in LabFamily:
        mine = [row for row in rows().values() if row.family == family.value]
        assert sum(row.weight > 0 for row in mine) <= 1
        assert sum(row.weight < 0 for row in mine) <= 1


def test_a_countrys_cap_is_zero() -> None:
    assert next(rule.cap for rule in TABLE if rule.name == "issuers") == 0.0


def test_doubt_pulls_towards_nothing() -> None:
    assert mixed(3.0, 1.0) == 3.0
    assert 0.0 < mixed(3.0, 0.5) < 3.0
    assert mixed(-50.0, 0.8) == pytest.approx(math.log(0.2))
    assert mixed(3.0, 0.0) == 0.0
    assert 0.0 < shrunk(0, 0) < shrunk(1, 100) < shrunk(10, 100)


def test_terms_of_icd_203() -> None:
    said = [likelihood_term(p) for p in (0.0, 0.04, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)]
    assert said == [
        "almost no chance",
        "almost no chance",
        "very unlikely",
        "unlikely",
        "roughly even chance",
        "likely",
        "very likely",
        "almost certain",
        "almost certain",
    ]


def test_coefficients_are_what_they_say() -> None:
    fitted = load_coefficients()
    assert set(fitted.families) <= {family.value for family in LabFamily}
    assert all(0.0 <= value <= 2.0 for value in fitted.families.values())


def test_decision_row_holds_the_other_views() -> None:
    said = score_stated(STATED, parse(DOSSIER), LabConfig())
    last: Any = said.evidence[-1].detail
    assert set(last["posterior"]) == {"configured", "flat", "sceptical"}
    assert last["posterior"]["sceptical"]["a"] < last["posterior"]["configured"]["a"]
    assert {row.family for row in said.evidence[:-1]} == set(last["without"])
    assert dt.date(2026, 3, 14) in parse(DOSSIER).labs[0].releases


def test_time_zone_and_pivots_are_shown_and_weigh_nothing() -> None:
    said = score_stated(STATED, parse(DOSSIER), LabConfig())
    seen = {row.name: row for row in said.evidence if row.lab_id is None}
    zone: Any = seen["time_zone"].detail
    assert zone["interval"][0] <= zone["utc_offset"] <= zone["interval"][1]
    pivot: Any = seen["pivot m-5"].detail
    assert (pivot["effect"], pivot["p_value"], pivot["jumped"]) == (0.4, 0.001, True)
    assert seen["time_zone"].weight == seen["pivot m-5"].weight == 0.0
    less = score_stated(STATED, parse(DOSSIER), LabConfig(), without=["hours", "release"])
    assert not {row.name for row in less.evidence} & {"time_zone", "pivot m-5"}
