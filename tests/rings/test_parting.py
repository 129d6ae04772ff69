"""A ring inside an agency or beside a team is told from it; who only sits elsewhere is not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from populations import parts_of, world
from scipy.stats import binom

from attribution.domain import Facet, Partition
from attribution.rings.parting import LEAST, OWN, own_ties, part
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attribution.domain import Population

OFFICE = 10
HOUSE, EXTRACT = (100, 101), (200, 201, 202)
AGENCY, RING = range(20), range(20, 40)
Uses = dict[Facet, dict[int, Sequence[int]]]


def agency(*, members: Iterable[int] = AGENCY) -> Uses:
    """People in one office with one card, a machine for each three, and the house's templates."""
    members = list(members)
    return {
        Facet.NETWORK: {a: [OFFICE] for a in members},
        Facet.PAYMENT: {a: [30] for a in members},
        Facet.DEVICE: {a: [40 + a // 3] for a in members},
        Facet.TEMPLATE: dict.fromkeys(members, HOUSE),
    }


def together(*uses: Uses) -> Uses:
    out: Uses = {}
    for use in uses:
        for facet, rows in use.items():
            for account, values in rows.items():
                out.setdefault(facet, {})[account] = (*out.get(facet, {}).get(account, ()), *values)
    return out


def ring(*, paid_by_agency: int = 0, copied: bool = True) -> Uses:
    """Five accounts a card, four a machine; the agency's templates beside the ring's own."""
    return {
        Facet.PAYMENT: {a: [30] if i < paid_by_agency else [60 + i // 5] for i, a in enumerate(RING)},
        Facet.DEVICE: {a: [80 + i // 4] for i, a in enumerate(RING)},
        Facet.TEMPLATE: dict.fromkeys(RING, (*(HOUSE if copied else ()), *EXTRACT)),
    }


def at_office(uses: Uses, who: Iterable[int]) -> Population:
    """Build the population; those in the office send most of their requests from there."""
    people = world(uses)
    network = people.incidence[Facet.NETWORK]
    office = network.values.to_pylist().index(f"10.{OFFICE // 200}.{OFFICE % 200}")
    inside = set(who)
    for account in range(people.size):
        rows = slice(int(network.indptr[account]), int(network.indptr[account + 1]))
        network.count[rows] = np.where((network.indices[rows] == office) == (account in inside), 9, 1)
    people.activity["events"] = np.add.reduceat(network.count, network.indptr[:-1])
    return people


parted = partial(parts_of, part)


def test_a_ring_that_hides_in_an_agency_is_a_cluster_of_its_own() -> None:
    people = at_office(together(agency(), ring(paid_by_agency=6)), AGENCY)
    assert parted(people, [*AGENCY, *RING]) == [list(AGENCY), list(RING)]


def test_a_ring_that_copied_a_team_is_a_cluster_of_its_own_whatever_else_is_there() -> None:
    people = at_office(together(agency(members=range(8)), ring()), range(8))
    assert parted(people, range(50, 60), [*range(8), *RING]) == [list(RING), list(range(50, 60)), list(range(8))]


def test_home_workers_who_share_the_company_card_stay_with_the_office() -> None:
    department = together(agency(), ring(paid_by_agency=20))  # prompts and machines of their own, one purse
    people = at_office(department, AGENCY)
    assert parted(people, [*AGENCY, *RING]) == [[*AGENCY, *RING]]


def test_people_at_home_with_the_same_prompts_stay_with_the_office() -> None:
    uses = together(agency(), {Facet.TEMPLATE: dict.fromkeys(RING, HOUSE)})
    assert parted(at_office(uses, AGENCY), [*AGENCY, *RING]) == [[*AGENCY, *RING]]


def test_a_part_of_a_ring_behind_one_exit_is_no_open_group() -> None:
    behind = [*RING][:5]
    uses = together(ring(copied=False), {Facet.NETWORK: dict.fromkeys(behind, (OFFICE,))})
    assert parted(at_office(uses, behind), RING) == [list(RING)]


def test_nobody_is_parted_from_too_few() -> None:
    people = at_office(together(agency(members=range(4)), ring()), range(4))
    assert parted(people, [*range(4), *RING]) == [[*range(4), *RING]]
    assert parted(people, [*range(4), *RING], least=4) == [list(RING), list(range(4))]


def test_ring_accounts_that_look_open_go_to_the_ring() -> None:
    """Some of its accounts sent most requests from the office: what they use tells whose they are."""
    office = [*AGENCY, *list(RING)[:3]]
    people = at_office(together(agency(), ring(), {Facet.NETWORK: {a: [OFFICE] for a in list(RING)[:3]}}), office)
    assert parted(people, [*AGENCY, *RING]) == [list(AGENCY), list(RING)]


def test_a_ring_larger_than_its_agency_leaves_whole() -> None:
    """A quarter of its accounts are in the office, more than the agency has people, and a quarter has its card."""
    house, many = range(30), range(40, 184)
    office = many[::4]
    uses = together(
        agency(members=house),
        {
            Facet.PAYMENT: {a: [30] if i % 4 == 1 else [400 + i // 5] for i, a in enumerate(many)},
            Facet.DEVICE: {a: [500 + i // 4] for i, a in enumerate(many)},
            Facet.TEMPLATE: {a: (*(HOUSE if a in office else ()), *EXTRACT) for a in many},
            Facet.NETWORK: {a: [OFFICE] for a in office},
        },
    )
    people = at_office(uses, [*house, *office])
    assert parted(people, [*house, *many]) == [list(many), list(house)]


def test_own_ties_add_up_over_families() -> None:
    people = world(together(agency(), ring()))
    del people.incidence[Facet.TEMPLATE]
    view = View.of(people, (np.array([*AGENCY, *RING], np.int32),))
    side = np.array([0] * 20 + [1] * 20)
    nats = own_ties(view, side)[20:]
    expected = -binom.logcdf(0, 5, 0.5) - binom.logcdf(0, 4, 0.5)  # five on a card, four on a machine, half are open
    np.testing.assert_allclose(nats, expected)
    assert expected > OWN


def test_own_ties_follow_the_binomial_tail() -> None:
    """By hand: a template of 20 ring accounts and 3 of 20 agency accounts, and nothing else."""
    uses: Uses = {Facet.TEMPLATE: {a: [200] for a in [*RING, 0, 1, 2]}}
    view = View.of(world(uses), (np.array([*AGENCY, *RING], np.int32),))
    nats = own_ties(view, np.array([0] * 20 + [1] * 20))
    assert nats[20:] == pytest.approx([-binom.logcdf(3, 23, 0.5)] * 20)
    assert nats[3:20].tolist() == [0.0] * 17
    assert nats[0] == pytest.approx(-binom.logcdf(20, 23, 0.5))
    assert nats[20] > LEAST > nats[0]


def test_nothing_to_part() -> None:
    assert part(Partition((), (), 1.0), world({}), 5).clusters == ()
