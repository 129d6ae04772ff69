"""Who shares nothing but words with the others of a cluster is parted from them; who shares more is not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from populations import parts_of, world
from scipy.stats import binom

from attribution.domain import Facet, Partition
from attribution.rings.blocks import STRONG, blocks, fall_apart
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


COPIED, EXTRACT = 100, (200, 201)
RING, TEAM = range(40), range(40, 52)
Uses = dict[Facet, dict[int, Sequence[int]]]


def framed(team: Iterable[int] = TEAM, **more: Mapping[int, Sequence[int]]) -> Uses:
    """A ring on five cards and shared exits that copied the prompt of a team with a card and no office or name."""
    team = list(team)
    uses: Uses = {
        Facet.PAYMENT: {**{a: [a % 5] for a in RING}, **dict.fromkeys(team, (50,))},
        Facet.IP: {a: [60 + a % 7] for a in RING},
        Facet.TEMPLATE: {**dict.fromkeys(RING, (COPIED, *EXTRACT)), **dict.fromkeys(team, (COPIED,))},
    }
    for facet, rows in more.items():
        for account, values in rows.items():
            uses[Facet(facet)][account] = [*uses[Facet(facet)].get(account, ()), *values]
    return uses


parts = partial(parts_of, fall_apart)


def test_a_framed_team_without_office_or_name_is_a_cluster_of_its_own() -> None:
    assert parts(world(framed()), [*RING, *TEAM], range(60, 70)) == [list(RING), list(TEAM), list(range(60, 70))]


def test_a_team_larger_than_the_ring_that_copied_it_is_parted_as_well() -> None:
    """Then the words of the largest block are the ring's as well; those of the ring are its own."""
    team = range(40, 140)
    assert parts(world(framed(team)), [*RING, *team]) == [list(team), list(RING)]


def test_who_is_too_few_to_be_a_cluster_is_left_out() -> None:
    assert parts(world(framed(range(40, 43))), range(43)) == [list(RING)]


def test_a_few_accounts_with_wordings_of_their_own_may_be_the_rings() -> None:
    """The ring's batches have each a wording: that four accounts lack those of the others says little of them."""
    uses = framed(range(40, 44), template={a: [300] for a in range(40, 44)})
    uses[Facet.TEMPLATE] |= {a: [COPIED, 210 + a // 8] for a in RING}
    assert parts(world(uses), range(44)) == [list(range(44))]


@pytest.mark.parametrize("facet", [Facet.PAYMENT, Facet.DEVICE, Facet.IP])
def test_a_shared_instrument_device_or_address_holds_them_together(facet: Facet) -> None:
    uses = framed()
    uses.setdefault(facet, {})
    for account in (*RING[:3], *TEAM[:3]):
        uses[facet][account] = [*uses[facet].get(account, ()), 70]
    assert parts(world(uses), [*RING, *TEAM]) == [[*RING, *TEAM]]


def test_accounts_that_share_nothing_costly_stay_with_the_largest_block() -> None:
    loners = range(52, 55)
    uses = framed(template=dict.fromkeys(loners, (COPIED,)))
    assert parts(world(uses), [*RING, *TEAM, *loners]) == [[*RING, *loners], list(TEAM)]


def test_strangers_with_one_prompt_are_one_cluster() -> None:
    """Twenty users of a copied prompt, and two families of six among them: not three quarters are in blocks."""
    rows = {
        Facet.PAYMENT: {**dict.fromkeys(range(6), (1,)), **dict.fromkeys(range(6, 12), (2,))},
        Facet.TEMPLATE: {a: [100, *([3] if a < 6 else [4] if a < 12 else [])] for a in range(32)},
    }
    assert parts(world(rows), range(32)) == [list(range(32))]


@pytest.mark.parametrize("without", [(Facet.IP,), (Facet.TEMPLATE,), (Facet.PAYMENT, Facet.DEVICE)])
def test_what_is_unknown_parts_nobody(without: tuple[Facet, ...]) -> None:
    people = world(framed())
    for facet in without:
        del people.incidence[facet]
    assert parts(people, [*RING, *TEAM]) == [[*RING, *TEAM]]


def test_words_differ_by_the_binomial_tail() -> None:
    """By hand: of three who pay together, none sends what so many of the forty send."""
    enough = next(u for u in range(40) if -binom.logcdf(0, u, 3 / 43) >= STRONG)
    for users, left in ((enough, list(range(40))), (enough - 1, list(range(43)))):
        uses = framed(range(40, 43))
        uses[Facet.TEMPLATE] = {a: [COPIED, *([200] if a < users else [])] for a in range(43)}
        assert parts(world(uses), range(43)) == [left]


def test_blocks_are_the_components_of_meetings() -> None:
    rows = {Facet.PAYMENT: {0: [1], 1: [1, 2], 2: [2]}, Facet.IP: {3: [5], 4: [5]}}
    view = View.of(world(rows), (np.arange(6, dtype=np.int32), np.arange(6, 12, dtype=np.int32)))
    assert blocks(view).tolist() == [0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]


def test_nothing_to_cut() -> None:
    assert fall_apart(Partition((), (), 1.0), world({}), 5).clusters == ()
