"""The null of each facet against a slow one in plain Python, and the figures that decide what is suppressed."""

from __future__ import annotations

from math import exp, factorial, inf, log
from typing import TYPE_CHECKING

import numpy as np
import pytest

import attribution.projection.null as null_module
from attribution.domain import Facet, Population
from attribution.projection.null import fit
from attribution.projection.rules import GROUPS, RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Make = Callable[..., Population]
    Scatter = Callable[..., list[list[int]]]
    Rows = Mapping[Facet, Sequence[Sequence[int]]]

FACETS = (Facet.IP, Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE)
LEVEL = 0.01


def rows_of(scatter: Scatter, seed: int, accounts: int = 300) -> dict[Facet, list[list[int]]]:
    """Sets of values with popular ones among them, and some accounts who share nothing."""
    rng = np.random.default_rng(seed)
    rows = {facet: scatter(rng, accounts, 500, 2.0, tail=0.9) for facet in FACETS}
    for facet in FACETS:
        for account in range(accounts - 40, accounts):
            rows[facet][account] = [10_000 + account]
        for account in range(0, accounts - 40, 2):
            rows[facet][account].append(9_000)
    return rows


def users_of(rows: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    users: dict[int, list[int]] = {}
    for account, row in enumerate(rows):
        for value in set(row):
            users.setdefault(value, []).append(account)
    return users


def members(rows: Rows, kept: Mapping[Facet, set[int]], flood: int) -> tuple[set[int], int, int]:
    """Return who shares a kept value, how many do not, and how many of these are counted."""
    accounts = len(next(iter(rows.values())))
    sharing = {a for facet in rows for a in range(accounts) if kept[facet] & set(rows[facet][a])}
    silent = accounts - len(sharing)
    return sharing, silent, min(silent, max(len(sharing), flood))


def rate_up_to(most: int, counts: Sequence[int], entries: int, rule: Rule) -> float:
    """S(d) by its definition: ordered pairs of places of all values of at most `most` users, of all such pairs."""
    pairs = sum(min(1.0, rule.strangers * (d / 2) ** 2) * d * (d - 1) for d in counts if d <= most)
    return pairs / (entries * (entries - 1))


def entries_of(degree: Sequence[int], who: tuple[set[int], int, int]) -> int:
    sharing, silent, counted = who
    alone = sum(k for a, k in enumerate(degree) if a not in sharing)
    return sum(degree[a] for a in sharing) + (alone * counted // silent if silent else 0)


def nats_of(level: int, expected: float) -> float:
    """-ln of Markov's bound, or of the Poisson tail bounded by its first term and a geometric series."""
    if level == 1:
        return max(0.0, -log(expected))
    if expected > level - 1:
        return 0.0
    tail = exp(-expected) * expected**level / factorial(level) / (1 - expected / (level + 1))
    return max(0.0, -log(tail))


def typical(value: int, users: dict[int, list[int]], degree: Sequence[int], entries: int, rule: Rule) -> float:
    """What the value could bring two users of median degree who share all that is about as popular."""
    counts = [len(who) for who in users.values() if len(who) >= 2]
    mine = len(users[value])
    if mine < 2:
        return -inf
    median = max(1, sorted(degree[a] for a in users[value])[mine // 2])
    alike = sum(mine // 2 < d <= mine for d in counts)
    expected = median**2 * rate_up_to(mine, counts, entries, rule)
    levels = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
    return max(nats_of(j, expected) for j in levels if j <= min(alike, median, rule.facts))


@pytest.mark.parametrize("flood", [1_000, 10])
@pytest.mark.parametrize("seed", range(3))
def test_fit_is_the_definition(
    make: Make, scatter: Scatter, monkeypatch: pytest.MonkeyPatch, seed: int, flood: int
) -> None:
    monkeypatch.setattr(null_module, "SILENT", flood)
    rows = rows_of(scatter, seed, 300 if flood > 100 else 150)
    if flood == 10:  # more silent accounts than others: only as many as these count
        rows = {facet: [*own, *([50_000 + i] for i in range(400))] for facet, own in rows.items()}
    found = fit(make(rows), LEVEL)
    users = {facet: users_of(own) for facet, own in rows.items()}
    shared = {facet: {v for v, who in own.items() if len(who) >= 2} for facet, own in users.items()}
    everyone = members(rows, shared, flood)
    floor = max(1.0, log((len(everyone[0]) + everyone[2]) / LEVEL) / 5)
    assert found.floor == pytest.approx(floor)
    kept: dict[Facet, set[int]] = {}
    for facet, own in rows.items():
        degree = [len(set(row)) for row in own]
        entries = entries_of(degree, everyone)
        worth = {v: typical(v, users[facet], degree, entries, RULES[facet]) for v in users[facet]}
        ordered = [v for v in sorted(users[facet]) if v in shared[facet]]
        assert found.facets[facet].typical.tolist() == pytest.approx([worth[v] for v in ordered])
        kept[facet] = {v for v in ordered if worth[v] >= floor}
        assert found.facets[facet].kept.tolist() == [v in kept[facet] for v in ordered]
    assert flood == 10 or any(kept[f] != shared[f] for f in rows), "a case in which something is suppressed"
    who = members(rows, kept, flood)
    assert found.accounts == len(who[0]) + who[2]
    assert found.pairs == found.accounts * (found.accounts - 1) // 2
    for facet, own in rows.items():
        one = found.facets[facet]
        gone = shared[facet] - kept[facet]
        degree = [len(set(row) - gone) for row in own]
        assert one.degree.tolist() == [k if a in who[0] else 0 for a, k in enumerate(degree)]
        assert one.entries == entries_of(degree, who)
        counts = [len(users[facet][v]) for v in kept[facet]]
        ordered = [v for v in sorted(users[facet]) if v in shared[facet]]
        expected = [
            rate_up_to(len(users[facet][v]), counts, one.entries, RULES[facet]) if v in kept[facet] else 0.0
            for v in ordered
        ]
        assert one.rate.tolist() == pytest.approx(expected)
        assert one.top_rate == pytest.approx(max(expected))


def test_the_floor_is_a_fifth_of_what_one_accounts_links_need(make: Make) -> None:
    rows = {Facet.TEMPLATE: [[a // 2] for a in range(1_000)]}
    assert fit(make(rows), LEVEL).floor == pytest.approx(log(1_000 / LEVEL) / GROUPS)
    assert len({rule.group for rule in RULES.values()}) == GROUPS
    assert fit(make({Facet.TEMPLATE: [[0], [0]]}), 0.9).floor == 1.0, "a nat at least"


@pytest.mark.parametrize(("work", "most"), [(11, 4), (10, 3), (5, 3), (4, 2), (2, 2), (1, 0), (0, 0)])
def test_the_most_popular_values_go_first_where_work_is_scarce(
    make: Make, monkeypatch: pytest.MonkeyPatch, work: int, most: int
) -> None:
    """Values of 2, 2, 3 and 4 users cost 1, 1, 3 and 6 updates; a popularity stays or goes as a whole."""
    monkeypatch.setattr(null_module, "WORK", work)
    groups = [[0, 1], [2, 3, 4], [5, 6, 7, 8], [9, 10]]
    rows: list[list[int]] = [[100 + 10 * a + i for i in range(4)] for a in range(400)]
    for value, group in enumerate(groups):
        for account in group:
            rows[account].append(value)
    one = fit(make({Facet.TEMPLATE: rows}), 0.5).facets[Facet.TEMPLATE]
    assert one.popularity.tolist() == [2, 3, 4, 2]
    assert one.kept.tolist() == [users <= most for users in one.popularity.tolist()]
    assert int(sum(d * (d - 1) // 2 for d in one.popularity[one.kept].tolist())) <= null_module.WORK


@pytest.mark.parametrize(
    ("facet", "facts", "cap", "anchor", "group", "share", "strangers"),
    [
        (Facet.IP, 1, 10.0, False, 0, 0.75, 1.0),
        (Facet.NETWORK, 1, 5.0, False, 0, 0.25, 1.0),
        (Facet.DEVICE, 8, 16.0, True, 1, 1.0, 0.005),
        (Facet.PAYMENT, 4, 20.0, True, 2, 0.75, 0.001),
        (Facet.BATCH, 1, 6.0, True, 2, 0.25, 1.0),
        (Facet.TEMPLATE, 64, 24.0, True, 3, 0.75, 1.0),
        (Facet.TEMPLATE_FAMILY, 4, 12.0, True, 3, 0.125, 1.0),
        (Facet.BURST, 4, 8.0, False, 3, 0.125, 1.0),
        (Facet.SIGNUP, 1, 4.0, False, 4, 1.0, 1.0),
    ],
)
def test_the_documented_rules_are_the_ones_in_force(
    facet: Facet, facts: int, cap: float, anchor: bool, group: int, share: float, strangers: float
) -> None:
    """The table of docs/projection.md: a cap that moves moves what a verdict may rest on."""
    assert RULES[facet] == Rule(facts, cap, anchor, group, share, strangers)


def test_the_shares_of_a_group_are_one() -> None:
    for group in range(GROUPS):
        assert sum(rule.share for rule in RULES.values() if rule.group == group) == pytest.approx(1.0)


def test_of_a_flood_a_thousand_count_and_beyond_that_no_more_than_there_are_others(make: Make) -> None:
    for sharing, silent, counted in ((10, 5_000, 1_000), (10, 900, 900), (1_500, 5_000, 1_500)):
        rows = [[a // 2] for a in range(sharing)] + [[10_000 + i] for i in range(silent)]
        one = fit(make({Facet.TEMPLATE: rows}), LEVEL)
        assert one.accounts == sharing + counted
        assert one.facets[Facet.TEMPLATE].entries == sharing + counted
