"""Meetings of groups against a count by hand, and who is one operator's by the exits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from populations import ACCOUNTS, incidence
from scipy.sparse import csr_array

from attribution.domain import Facet
from attribution.rings.exits import Exits, joined
from attribution.rings.meetings import BEST, meetings, without_best

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USERS = st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=1, max_size=6)
NETWORKS = st.lists(st.integers(0, 4), min_size=8, max_size=8)
SHARES = st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=8, max_size=8)


@given(USERS, NETWORKS, SHARES)
def test_meetings_are_those_of_a_count_pair_by_pair(
    users: list[list[int]], network: list[int], share: list[float]
) -> None:
    found = meetings(csr_array(np.array(users, float)), np.array(share), np.array(network))
    expected = {}
    for a in range(len(users)):
        for b in range(a + 1, len(users)):
            by: dict[int, float] = defaultdict(float)
            for v in range(8):
                by[network[v]] += users[a][v] * users[b][v] * share[v]
            best = sorted(by.values(), reverse=True)
            if sum(best[BEST:]):
                expected[a, b] = (sum(best), sum(best[BEST:]))
    pairs = list(zip(found.one.tolist(), found.other.tolist(), strict=True))
    assert pairs == sorted(expected)
    figures = zip(found.all.tolist(), found.rest.tolist(), strict=True)
    assert list(figures) == [pytest.approx(expected[pair]) for pair in pairs]


@given(USERS, NETWORKS)
def test_the_networks_with_the_most_are_left_out_of_each_group(users: list[list[int]], network: list[int]) -> None:
    met = np.array(users, float)
    group, value = (end.ravel() for end in np.indices(met.shape))
    found = without_best(group, np.array(network)[value], met.ravel(), len(users))
    for row, total in zip(users, found, strict=True):
        by = [sum(n for n, place in zip(row, network, strict=True) if place == own) for own in range(5)]
        assert total == pytest.approx(sum(sorted(by, reverse=True)[BEST:]))


def communities(groups: Sequence[Sequence[int]], rows: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Accounts that are in one group at the end, those of several groups at the start only."""
    group = np.full(ACCOUNTS, -1, np.int64)
    for number, members in enumerate(groups):
        group[list(members)] = number
    addresses = incidence(Facet.IP, [[20_000 + a, *rows.get(a, [])] for a in range(ACCOUNTS)])
    label = joined(group, addresses, 0)
    found = [np.flatnonzero(label == one).tolist() for one in np.unique(label[label >= 0])]
    return sorted(found)


def pool(seed: int, accounts: Sequence[int], first: int, exits: int = 40, uses: int = 6) -> dict[int, list[int]]:
    """Every account leaves through `uses` of `exits` addresses in networks of their own (one in 200 numbers)."""
    rng = np.random.default_rng(seed)
    return {a: [(first + int(v)) * 200 for v in rng.choice(exits, uses, replace=False)] for a in accounts}


CARDS = [list(range(start, start + 5)) for start in range(0, 60, 5)]
"""Twelve groups of five: two rings of six groups, or one ring."""


def test_pieces_of_one_ring_are_one() -> None:
    assert communities(CARDS, pool(1, range(60), 0)) == [list(range(60))]


def client(rows: dict[int, list[int]], seed: int) -> dict[int, list[int]]:
    """A quarter of the accounts comes from the client's office and machines as well: many addresses, two networks."""
    rng = np.random.default_rng(seed)
    places = [150 * 200 + number for number in range(1, 17)] + [151 * 200 + number for number in range(1, 9)]
    return {
        a: row + ([int(v) for v in rng.choice(places, 5, replace=False)] if a % 4 == 0 else [])
        for a, row in rows.items()
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("large", [30, 160, 200])
def test_two_rings_with_one_client_stay_apart(seed: int, large: int) -> None:
    """Also where the larger one is a third of everybody, and so most of whom its own pieces meet elsewhere."""
    ends = [range(large), range(large, large + 20)]
    cards = [list(range(first, first + 5)) for first in range(0, large + 20, 5)]
    rows = client({**pool(seed, ends[0], 0, max(large // 2, 20), 5), **pool(seed + 50, ends[1], 110, 30, 5)}, seed)
    assert communities(cards, rows) == [list(end) for end in ends]


@pytest.mark.parametrize("seed", range(5))
def test_one_ring_with_a_client_is_one(seed: int) -> None:
    assert communities(CARDS, client(pool(seed, range(60), 0), seed)) == [list(range(60))]


def test_a_team_that_meets_the_ring_at_home_and_in_one_office_is_not_joined() -> None:
    """Though it is the largest group: what the rest of a community has in common does not vouch for its largest."""
    team = list(range(60, 90))
    rows = pool(3, range(60), 0)
    rows |= {a: [150 * 200 + 1 + a % 3, 151 * 200 + 1 + a % 3] for a in team}
    rows |= {a: [*rows[a], 150 * 200 + 1 + a % 3, 151 * 200 + 1 + a % 3] for a in range(0, 60, 5)}
    assert communities([*CARDS, team], rows) == [list(range(60)), team]


def test_one_customer_of_the_same_exits_does_not_carry_a_family_along() -> None:
    family = [60, 61, 62, 63, 64]
    rows = pool(4, range(60), 0)
    rows[60] = [v * 200 for v in range(30)]
    assert communities([*CARDS, family], rows) == [list(range(60)), family]


def test_the_order_of_accounts_and_groups_does_not_matter() -> None:
    rows = client({**pool(7, range(30), 0), **pool(57, range(30, 60), 60)}, 7)
    turn = np.random.default_rng(0).permutation(60)
    turned = communities(
        [[int(turn[a]) for a in card] for card in CARDS[::-1]], {int(turn[a]): row for a, row in rows.items()}
    )
    expected = [sorted(int(turn[a]) for a in side) for side in (range(30), range(30, 60))]
    assert turned == sorted(expected)


def test_gateways_and_accounts_without_a_group_are_no_exits_of_anybody() -> None:
    rows = {a: [7, 8 * 200 + a] for a in range(80)}
    group = np.full(ACCOUNTS, -1, np.int64)
    group[:10] = 0
    exits = Exits.of(group, incidence(Facet.IP, [[20_000 + a, *rows.get(a, [])] for a in range(ACCOUNTS)]))
    assert exits.uses.nnz == 0
    assert exits.size.tolist() == [10]
    assert exits.accounts == ACCOUNTS
