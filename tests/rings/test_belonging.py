"""Whom a group takes in, account by account and value by value as the formula says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from populations import ACCOUNTS, world

from attribution.domain import Facet
from attribution.rings.belonging import CAP, FAMILIES, LEAST, TAKEN, TELLING, taken_in

if TYPE_CHECKING:
    from attribution.domain import Population


def worth(facet: Facet, account: int, number: int, group: list[int], population: Population) -> float:
    """Return the nats with which one facet speaks for an account's belonging to a group."""
    matrix, n = population.incidence[facet], group.count(number)
    found = [0.0]
    for value in matrix.row(account).tolist():
        users = np.repeat(np.arange(ACCOUNTS), np.diff(matrix.indptr))[matrix.indices == value].tolist()
        m = sum(group[user] == number for user in users)
        stranger = max((len(users) - m) / (ACCOUNTS - n), 0.5 / ACCOUNTS)
        if m:
            found.append(min(CAP, math.log((m + 0.5) / (n + 1) / stranger)))
    return max(found)


def by_hand(account: int, group: list[int], population: Population) -> int:
    best, most = -1, 0.0
    for number in sorted(set(group) - {-1}):
        nats = [worth(facet, account, number, group, population) for facet in TELLING]
        told = [one for one in nats if one >= LEAST]
        prior = math.log(group.count(number) / (ACCOUNTS - group.count(number)))
        enough = len(told) >= FAMILIES and sum(told) + prior >= math.log(TAKEN / (1 - TAKEN))
        if enough and sum(told) > most:
            best, most = number, sum(told)
    return best


def test_accounts_go_where_the_formula_sends_them() -> None:
    """Groups whose values mix: some accounts belong to one, to several, or to none that they meet."""
    rng = np.random.default_rng(11)
    group = [a // 25 if a < 150 else -1 for a in range(ACCOUNTS)]
    near = [group[a] if a < 150 else int(rng.integers(0, 6)) for a in range(ACCOUNTS)]
    rows = {
        facet: {
            a: [
                int(v) + 10 * (near[a] if rng.random() < 0.7 else int(rng.integers(0, 6)))
                for v in rng.integers(0, 8, 2)
            ]
            for a in range(ACCOUNTS)
            if a < 220 and rng.random() < 0.8
        }
        for facet in TELLING
    }
    population = world(rows)
    found = taken_in(np.array(group), population).tolist()
    assert found[:150] == group[:150]
    assert found[150:220] == [by_hand(account, group, population) for account in range(150, 220)]
    assert set(found[220:]) == {-1}
    assert len({number for number in found[150:] if number >= 0}) > 3
    assert found[150:220].count(-1) > 3


def test_of_two_groups_that_tell_the_same_the_first_takes_an_account() -> None:
    group = np.full(ACCOUNTS, -1)
    group[:10], group[10:20] = 1, 0
    rows = {facet: {a: [1 if a < 10 else 2] if a < 20 else [1, 2] for a in range(21)} for facet in TELLING}
    assert taken_in(group, world(rows))[20] == 0


def test_without_groups_or_without_facets_nothing_changes() -> None:
    population = world({Facet.IP: {a: [1] for a in range(20)}})
    nobody = np.full(ACCOUNTS, -1)
    assert (taken_in(nobody, population) == -1).all()
    everybody = np.zeros(ACCOUNTS, np.int64)
    assert (taken_in(everybody, population) == 0).all()
