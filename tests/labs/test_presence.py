"""How a place is used: against an oracle that sums the likelihoods, and what must follow from it."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from attribution.labs.presence import EXITS, OWN, Use, present_weight

EXIT = EXITS["networks"]


def oracle(weight: float, use: Use, x: float) -> float:
    """Sum over manners of use, each likelihood written out with scipy: lab against others."""
    n = min(30, int(use.accounts))
    hits = use.showing * n / use.accounts

    def accounts(mean: float, worth: float) -> float:
        # In a given order, counts not rounded: the beta-binomial's continuous form.
        a, b = mean * worth, (1 - mean) * worth
        logs = math.lgamma(a + hits) + math.lgamma(b + n - hits) - math.lgamma(a + b + n)
        return math.exp(logs + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))

    part = 0.5 if use.traffic is None else min(max(use.traffic * use.accounts / use.showing, 0.01), 0.99)
    near, far = stats.beta(6, 2).pdf(part), stats.beta(1, 2).pdf(part)
    if use.traffic is None:
        near = far = 1.0
    manners = {
        "slips": (1 - 2 * x - 0.2, accounts(0.25, 6) * far),
        "home": (0.2, accounts(0.9, 10) * near),
        "exits": (2 * x, accounts(0.83, 6) * far),
    }
    manner = sum(prior * likelihood for prior, likelihood in manners.values())
    lab = math.exp(weight) * manner
    others = (1 - x) * manner + x * math.exp(weight) * manners["exits"][1]
    return max(0.0, math.log(lab / others))


@pytest.mark.parametrize("x", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("traffic", [None, 0.03, 0.2, 0.9])
@pytest.mark.parametrize("showing", [1, 10, 30, 39, 40])
@pytest.mark.parametrize("weight", [0.3, 2.0, 6.0, 14.0])
def test_the_closed_form_is_the_sum_over_manners(weight: float, showing: int, traffic: float | None, x: float) -> None:
    use = Use(showing, 40, traffic)
    assert present_weight(weight, use, x) == pytest.approx(oracle(weight, use, x), abs=1e-9)


def test_slips_and_homes_keep_their_weight_and_exits_lose_it() -> None:
    slips, home = Use(10, 40, 0.04), Use(40, 40, 0.95)
    borrowed = Use(30, 40, 0.15)  # from nearly every account, a part of its traffic
    assert present_weight(6.0, slips, EXIT) > 3.0
    assert present_weight(6.0, home, EXIT) > 3.0
    assert present_weight(6.0, borrowed, EXIT) < 1.1


def test_a_plain_exit_speaks_for_the_lab_by_the_factor_of_its_own_operator_and_no_more() -> None:
    plain = Use(400, 400, 0.2)
    for fact, chance in EXITS.items():
        said = present_weight(40.0, plain, chance)
        assert math.log(OWN) <= said < math.log(OWN) + 0.15, fact


def test_more_accounts_that_show_a_part_say_less() -> None:
    said = [present_weight(6.0, Use(showing, 40, showing / 40 * 0.2), EXIT) for showing in range(12, 41, 4)]
    assert said == sorted(said, reverse=True)


def test_more_of_the_same_accounts_traffic_says_more() -> None:
    said = [present_weight(6.0, Use(38, 40, traffic), EXIT) for traffic in (0.2, 0.5, 0.7, 0.8, 0.9)]
    assert said == sorted(said)


def test_never_against_the_lab_and_never_more_than_who_is_seen_there() -> None:
    for showing in range(41):
        use = Use(showing, 40, None)
        for weight in (-1.0, 0.0, 0.5, 3.0, 20.0):
            said = present_weight(weight, use, EXIT)
            assert min(weight, 0.0) <= said <= max(weight, 0.0) + math.log(1 / (1 - EXIT))


def test_addresses_of_an_earlier_case_are_in_other_hands_less_often() -> None:
    assert EXITS["known.ips"] < EXITS["networks"]
