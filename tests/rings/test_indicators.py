"""Every indicator on a tiny cluster whose answers are known by hand, and without the columns that it asks about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pytest
from clusters import START, UNKNOWN, About, Cluster, Uses, everyone, together

from attribution.domain import Facet
from attribution.rings import verdict
from attribution.rings.indicators import INDICATORS, affiliated, common_place, one_place, unrelated_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.rings.indicators import Indicator

_ = UNKNOWN
DAY = pd.Timedelta(days=1)
CROWD = list(range(100, 200))
"""A hundred accounts outside the cluster: with them any two members meet by chance (1 - (594/599)^101 = .57)."""


class Case(NamedTuple):
    """A cluster, what each of its members answers, and the columns without which nobody can answer."""

    cluster: Cluster
    answers: list[float]
    needs: tuple[str, ...]


HOMES = {
    0: {"office": 10},
    1: {"office": 5, "road": 5},  # exactly half each: the name that sorts first is home
    2: {"office": 6, "hotel": 4},
    3: {"office": 4, "hotel": 3, "road": 3},  # at home nowhere
    4: {"flat": 10},
}
AT_HOME: About = {"ips": [1, 1, 1, 1, 1, 0]}

SHARED = {0: {"private": 1}, 1: {"private": 1}, **everyone("public", [2, 3, *CROWD]), 4: {"own": 1}}
MAIN = together(everyone("main", [0, 1, 2]), everyone("second", [3, 4]), everyone("own", [5]))
PAIRS = together(
    *(everyone(f"pair {a}", [a, a + 1]) for a in (0, 2, 5, 7)),
    everyone("own", [4]),
    everyone("three", [9, 10, 11]),
    everyone("four", [12, 13, 14, 15]),
)
"""0 and 1 have nothing in common; 2 and 3 live together; 4 shares with nobody, 16 has none; 5 and 6 rent in one data
centre; 7 and 8 are colleagues. Of the two others on its value 9 and 10 have one at home, half of them; of three 12 and
13 have one."""
HIDING: About = {"ips": [1] * 17, "datacentre": [0, 0, 0, 0, 0, 1, 1, *[0] * 10], "org": {7: "acme", 8: "acme"}}
HOME_OF = [0, 1, 2, 2, 4, 5, 5, 7, 8, 9, 9, 11, 12, 12, 14, 15, 16]
LIVING = {account: {f"home {home}": 10} for account, home in enumerate(HOME_OF)}
HIDDEN = [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, _]

WORDINGS = together(
    everyone("kept", [0, 1, 2, 3, 500]),  # four of five users inside: exactly .8
    everyone("leaked", [3, 4, 5, 500]),  # three of four
    everyone("pair", [5, 6]),  # two do not make a secret
)
SHARES = {
    0: {"one": 5, "chat": 5},
    1: {"one": 4, "chat": 6},
    2: {"one": 3, "two": 2, "chat": 5},  # private templates add up
    3: {"one": 1, "two": 1},
    4: {"two": 1, "chat": 9},
    **everyone("chat", CROWD),
}

DAYTIME = [0] * 8 + [4] * 12 + [0] * 4
MIDNIGHT = [0, 0, *([5] * 20), 0, 0]  # the quiet hours run over the end of the day
BARELY = [1, 1, 0, 0, *([5] * 19), 3]  # 2 of 100 in four hours: 2 %
LOUD = [1, 1, 1, 0, *([5] * 19), 2]  # 3 of 100

CAME_BACK = dict.fromkeys(range(100, 150), 20) | dict.fromkeys(range(150, 200), 40)
LENGTHS = dict.fromkeys(range(100, 150), 200.0) | dict.fromkeys(range(150, 200), 400.0)
SPREAD = {account: round(100 * np.exp(2 * (account % 2))) for account in range(5, 600)}

CASES: Mapping[str, Case] = {
    "common_place": Case(Cluster(6, {Facet.NETWORK: HOMES}, AT_HOME), [1, 1, 1, 0, 0, _], ("ip",)),
    "one_place": Case(
        Cluster(7, {Facet.NETWORK: {**HOMES, 5: {"flat": 6, "road": 4}}}, {"ips": [1, 1, 1, 1, 1, 1, 0]}),
        [1, 1, 1, 0, 0, 0, _],
        ("ip",),
    ),
    "met": Case(
        # an address of two users, met on by chance with probability 5/599 = .0083; three values make it .025 > .02
        Cluster(6, {Facet.IP: together(SHARED, {1: {"b": 1, "c": 1}})}),
        [1, 0, 0, 0, 0, _],
        ("ip",),
    ),
    "anonymous_egress": Case(
        Cluster(5, {}, {"datacentre": [1.0, 0.5, 0.49, 0.0, np.nan]}), [1, 1, 0, 0, _], ("ip", "ips")
    ),
    "office_egress": Case(Cluster(5, {}, {"business": [1.0, 0.5, 0.49, 0.0, np.nan]}), [1, 1, 0, 0, _], ("ip", "ips")),
    "scattered_exits": Case(
        Cluster(6, {}, {"networks": [4, 3, 4, 5, 10, 10], "events": [16, 8, 17, 20, 7, 20], "ips": [9, 9, 9, 9, 9, 0]}),
        [1, 0, 0, 1, _, _],
        ("ip",),
    ),
    "affiliated": Case(
        Cluster(
            8,
            {},
            {
                "org": {0: "acme", 1: "acme", 2: "alone"},
                "email_domain": {3: "few.example", 4: "few.example", 500: "few.example"}
                | dict.fromkeys([5, 6, *CROWD], "everybody.example"),
            },
        ),
        [1, 1, 0, 1, 1, 0, 0, _],
        ("accounts",),
    ),
    "verified_organisation": Case(
        Cluster(3, {}, {"org": {0: "acme"}, "created_at": {2: pd.NaT}}), [1, 0, _], ("accounts", "org")
    ),
    "unrelated_names": Case(
        Cluster(
            10,
            {
                Facet.PAYMENT: together(everyone("purse", [0, 1, 2, 3]), everyone("own", [9])),
                Facet.DEVICE: everyone("machine", [4, 5, 6, 7, 8]),
            },
            {
                "org": dict.fromkeys([0, 1, 2], "acme"),  # two of three others: more than (1 + 3/110)/2 of them
                "email_domain": {3: "solo.example", 8: "rare.example", 9: "rare.example"}
                # three of four others of a name that 104 of 110 carry: fewer than (1 + 104/110)/2 of them
                | dict.fromkeys([4, 5, 6, 7, *CROWD], "everybody.example"),
            },
        ),
        [0, 0, 0, 1, 1, 1, 1, 1, 1, _],
        ("accounts",),
    ),
    "shared_card": Case(Cluster(6, {Facet.PAYMENT: SHARED}), [1, 1, 0, 0, 0, _], ("payment",)),
    "one_payer": Case(Cluster(7, {Facet.PAYMENT: MAIN}), [1, 1, 1, 0, 0, 0, _], ("payment",)),
    "concealed_card": Case(
        Cluster(17, {Facet.PAYMENT: PAIRS, Facet.NETWORK: LIVING}, HIDING), HIDDEN, ("payment", "ip")
    ),
    "throwaway_card": Case(
        Cluster(7, {}, {"payment_kind": ["prepaid", "virtual", "crypto", "credit", "corporate", "unknown", None]}),
        [1, 1, 1, 0, 0, _, _],
        ("payment", "payments"),
    ),
    "corporate_card": Case(
        Cluster(4, {}, {"payment_kind": ["corporate", "virtual", "unknown", None]}),
        [1, 0, _, _],
        ("payment", "payments"),
    ),
    "replaced": Case(
        Cluster(
            6,
            {Facet.PAYMENT: together(everyone("handed on", [0, 1]), everyone("at once", [2, 3]), everyone("own", [4]))},
            {
                "first_seen": [START + n * DAY for n in (0, 3, 0, 3)],
                "last_seen": [START + n * DAY for n in (3, 6, 4, 9)],
            },
        ),
        [1, 1, 0, 0, _, _],
        ("payment",),
    ),
    "shared_device": Case(Cluster(6, {Facet.DEVICE: SHARED}), [1, 1, 0, 0, 0, _], ("device",)),
    "one_device": Case(Cluster(7, {Facet.DEVICE: MAIN}), [1, 1, 1, 0, 0, 0, _], ("device",)),
    "concealed_device": Case(
        Cluster(17, {Facet.DEVICE: PAIRS, Facet.NETWORK: LIVING}, HIDING), HIDDEN, ("device", "ip")
    ),
    "own_device": Case(
        # 2 has lent another of its devices to somebody outside; 3 and 4 share nothing, whatever they have of their own
        Cluster(
            5,
            {
                Facet.DEVICE: together(
                    everyone("print", [0, 1, 2]),
                    everyone("mine", [0]),
                    everyone("lent", [2, 500]),
                    everyone("his", [3]),
                )
            },
        ),
        [1, 0, 0, _, _],
        ("device",),
    ),
    "private_template": Case(Cluster(8, {Facet.TEMPLATE: WORDINGS}), [1, 1, 1, 1, 0, 0, 0, _], ("template",)),
    "dominant_template": Case(Cluster(6, {Facet.TEMPLATE: SHARES}), [1, 0, 1, 0, 0, _], ("template",)),
    "round_the_clock": Case(
        Cluster(6, hours={0: [2] * 24, 1: DAYTIME, 2: MIDNIGHT, 3: BARELY, 4: LOUD, 5: [2] * 23 + [1]}),
        [1, 0, 0, 0, 1, _],
        (),  # a clock is in every log; unknown is who sent too little
    ),
    "fresh_account": Case(
        Cluster(3, {}, {"created_at": [START - 7 * DAY + pd.Timedelta(seconds=1), START - 7 * DAY, pd.NaT]}),
        [1, 0, _],
        ("accounts",),
    ),
    "signup_burst": Case(
        Cluster(
            6,
            {Facet.SIGNUP: together(everyone("noon", [0, 1, 2]), everyone("dusk", [3, 4, *CROWD]))},
            {"created_at": {5: pd.NaT}},
        ),
        [1, 1, 1, 0, 0, _],
        ("accounts",),
    ),
    "synchronous": Case(
        Cluster(
            6,
            {
                Facet.BURST: together(
                    everyone("monday", [0, 1, 2, 3]),
                    everyone("friday", [0, 1, 2]),
                    everyone("sunday", [3, 4]),
                    everyone("easter", [3, 4]),
                )
            },
        ),
        [1, 1, 1, 0, 0, 0],
        ("burst",),
    ),
    "busy": Case(
        # of those who came back half sent 20 and half 40; the two hundred who came once and sent 10 shift nothing
        Cluster(
            4, {}, {"events": {0: 31, 1: 30, 2: 29, 3: 1, **CAME_BACK}, "active_days": dict.fromkeys(CAME_BACK, 2)}
        ),
        [1, 0, 0, 0],
        ("days",),
    ),
    "long_answers": Case(
        Cluster(
            4,
            {},
            {"output_tokens": {0: 301.0, 1: 300.0, 2: 10.0, **LENGTHS}, "active_days": dict.fromkeys(LENGTHS, 2)},
        ),
        [1, 0, 0, _],
        ("days", "tokens"),
    ),
    "even_load": Case(
        # the logarithms of requests are 0 or 2 (half of the accounts each), so what people differ by is about 1
        Cluster(5, {}, {"events": {0: 100, 1: 100, 2: 60, 3: 170, 4: 10, **SPREAD}}),
        [1, 1, 0, 0, 0],
        (),  # who sends is known in every log
    ),
}


@pytest.mark.parametrize("name", ["shared_device", "one_device", "concealed_device", "own_device"])
def test_a_print_of_software_answers_nothing(name: str) -> None:
    view = CASES[name].cluster.view()
    prints = replace(view, population=replace(view.population, prints=frozenset({Facet.DEVICE})))
    answer = next(indicator.answer for indicator in INDICATORS if indicator.name == name)
    assert np.isnan(answer(prints)).all()
    assert not np.isnan(answer(view)).all()


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda indicator: indicator.name)
def test_answers_are_those_worked_out_by_hand(indicator: Indicator) -> None:
    case = CASES[indicator.name]
    np.testing.assert_array_equal(indicator.answer(case.cluster.view()), case.answers)
    assert {0.0, 1.0} <= set(case.answers), "a case that shows both answers"


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, case in CASES.items() for column in case.needs])
def test_a_column_that_never_was_leaves_the_question_open(name: str, column: str) -> None:
    """Unknown, not no: nothing is counted, so nothing can weigh."""
    view = CASES[name].cluster.without(column).view()
    position = [indicator.name for indicator in INDICATORS].index(name)
    answer = verdict.answers(view)
    assert np.isnan(answer[:, position]).all()
    k, n = verdict.counts(view, answer)
    assert (k[0, position], n[0, position]) == (0, 0)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_ledger_counts_who_answered_and_who_said_yes(name: str) -> None:
    case = CASES[name]
    position = [indicator.name for indicator in INDICATORS].index(name)
    view = case.cluster.view()
    k, n = verdict.counts(view, verdict.answers(view))
    assert k[0, position] == sum(answer == 1 for answer in case.answers)
    assert n[0, position] == sum(answer in {0, 1} for answer in case.answers)


def test_who_is_at_home_nowhere_is_not_at_home_together() -> None:
    wandering = {account: {f"road {account}-{n}": 1 for n in range(10)} for account in range(4)}
    assert one_place(Cluster(4, {Facet.NETWORK: wandering}, {"ips": [10] * 4}).view()).tolist() == [0, 0, 0, 0]


def test_a_carriers_gateway_is_nobodys_place() -> None:
    """Accounts of a phone farm leave through one gateway; who has a line at home and a phone beside it has a place."""
    at_home = {account: {"gateway": 10} for account in range(6)}
    asked = [
        (indicator, Cluster(6, {Facet.NETWORK: at_home}, {"ips": [1] * 6, "mobile": mobile}).view())
        for mobile in ([1.0] * 3 + [0.5] * 3, [0.4] * 3 + [UNKNOWN] * 3)
        for indicator in (common_place, one_place)
    ]
    assert [indicator(view).tolist() for indicator, view in asked] == [[0] * 6, [0] * 6, [1] * 6, [1] * 6]


def test_nobody_is_an_organisation_by_itself() -> None:
    """One of five is a fifth of the cluster, and still alone."""
    assert affiliated(Cluster(5, {}, {"org": {0: "acme"}}).view())[0] == 0


ONE, TWO = dict.fromkeys(range(4), "one.example"), dict.fromkeys(range(4, 8), "two.example")
ACROSS = together(*(everyone(f"card {a}", [a, a + 4]) for a in range(4)), everyone("all", range(8)))
APART = together(everyone("card of one", ONE), everyone("card of two", TWO))


@pytest.mark.parametrize(
    ("cards", "organised", "unrelated"),
    [(ACROSS, 0, 1), (APART, 1, 0), ({}, 1, UNKNOWN)],
    ids=["cards run across", "two companies", "nothing shared"],
)
def test_domains_that_are_dealt_out_are_no_organisations(cards: Uses, organised: float, unrelated: float) -> None:
    about = {"email_domain": {**ONE, **TWO}}
    view = Cluster(8, {Facet.PAYMENT: cards}, about).view()
    np.testing.assert_array_equal(affiliated(view), [organised] * 8)
    np.testing.assert_array_equal(unrelated_names(view), [unrelated] * 8)


def test_a_verified_name_is_an_organisation_whoever_pays() -> None:
    view = Cluster(8, {Facet.PAYMENT: ACROSS}, {"org": {**ONE, **TWO}}).view()
    np.testing.assert_array_equal(affiliated(view), [1] * 8)


def test_private_mail_beside_the_company_name_takes_nothing_from_it() -> None:
    view = Cluster(8, {Facet.PAYMENT: everyone("all", range(8))}, {"email_domain": ONE}).view()
    np.testing.assert_array_equal(affiliated(view), [1] * 4 + [UNKNOWN] * 4)


def test_every_indicator_has_a_case_and_every_case_an_indicator() -> None:
    assert set(CASES) == {indicator.name for indicator in INDICATORS}
    assert all(case.needs for name, case in CASES.items() if name not in {"round_the_clock", "even_load"})
    always = {"synchronous", "busy", "even_load"}
    assert all(np.isnan(case.answers).any() for name, case in CASES.items() if name not in always)
