"""Groups on the same exits, accounts too thin to link, meeting beyond chance, and open minorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from populations import ACCOUNTS, world
from scipy.stats import binom

from attribution.config import RingConfig
from attribution.domain import Facet, Links, Partition, Population
from attribution.rings import gather, members, verdict
from attribution.rings.indicators import met, open_block
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = RingConfig(min_size=5)


def links_of(groups: Sequence[Sequence[int]]) -> Links:
    pairs = sorted((a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1 :])
    source, target = (np.array([pair[end] for pair in pairs], np.int32) for end in (0, 1))
    one = np.ones(len(pairs))
    facet = (Facet.PAYMENT,)
    return Links(source, target, one[:, None].astype(np.float32), one.astype(np.float32), one * 1e-9, facet, 1e-3)


def gathered(groups: list[list[int]], population: Population) -> list[list[int]]:
    large = tuple(np.array(group, np.int32) for group in groups if len(group) >= CONFIG.min_size)
    found = Partition(large, tuple(np.ones(len(group), np.float32) for group in large), 1.0)
    return [c.tolist() for c in gather(found, links_of(groups), population, CONFIG, 0).clusters]


CARDS = [list(range(start, start + 3)) for start in range(0, 60, 3)]


def test_the_accounts_behind_each_card_are_one_ring_where_they_leave_through_one_pool() -> None:
    pool = np.random.default_rng(1).integers(0, 60, (60, 8))
    population = world({Facet.IP: {a: [int(v) * 37 for v in pool[a]] for a in range(60)}})
    assert gathered(CARDS, population) == [list(range(60))]


def test_families_who_visit_one_gateway_are_not_joined() -> None:
    """Everybody meets everybody there, whether of a family or not."""
    pool = np.random.default_rng(2).integers(0, 200, (500, 8))
    population = world({Facet.IP: {a: [int(v) * 37 for v in pool[a]] for a in range(500)}})
    assert gathered(CARDS, population) == []


def test_rings_with_exits_of_their_own_stay_apart() -> None:
    """Each meets itself first, though the other at three common exits."""
    rng = np.random.default_rng(3)
    rows = {a: [int(v) * 37 + 7000 * (a // 30) for v in rng.integers(0, 20, 6)] + [19_000 + a % 3] for a in range(60)}
    population = world({Facet.IP: rows})
    assert gathered([list(range(30)), list(range(30, 60))], population) == [list(range(30)), list(range(30, 60))]


def test_two_families_take_an_account_in_and_one_does_not() -> None:
    ring = list(range(20))
    rows = {
        Facet.IP: {a: [a % 5, 5 + a % 4] for a in [*ring, 100, 101]},
        Facet.TEMPLATE: {a: [7] for a in [*ring, 100, 102]},
    }
    assert gathered([ring], world(rows)) == [[*ring, 100]]


def test_meeting_beyond_chance_against_the_binomial_tail() -> None:
    rng = np.random.default_rng(4)
    rows = {a: [int(v) for v in rng.integers(0, 120, 5)] for a in range(ACCOUNTS)}
    population = world({Facet.IP: rows})
    cluster = np.arange(40, dtype=np.int32)
    found = met(View.of(population, (cluster,)))
    matrix = population.incidence[Facet.IP]
    popularity = matrix.popularity()
    inside = np.bincount(np.concatenate([matrix.row(a) for a in range(40)]), minlength=len(popularity))
    for account in range(40):
        values = matrix.row(account)
        p = [binom.sf(inside[v] - 2, popularity[v] - 1, 39 / (ACCOUNTS - 1)) for v in values if inside[v] > 1]
        assert found[account] == float(min(p, default=1.0) * len(values) <= 0.02)
    assert found.mean() <= 0.15  # strangers: at most the level, but for noise


def test_an_open_minority_is_left_out_and_the_hidden_ring_kept() -> None:
    """A team of six of one mail domain whose template and nothing else the ring copied."""
    ring, team = list(range(40)), list(range(40, 46))
    rows = {
        Facet.PAYMENT: {**{a: [a // 5] for a in ring}, **{a: [50] for a in team}},
        Facet.DEVICE: {a: [a // 2] for a in ring},
        Facet.TEMPLATE: {a: [1, 2] if a < 40 else [2] for a in [*ring, *team]},
    }
    population = world(rows, dict.fromkeys(team, "team.example"))
    view = View.of(population, (np.array([*ring, *team], np.int32),))
    assert open_block(view).tolist() == [False] * 40 + [True] * 6
    confidence = members.confidence(view, verdict.answers(view))
    assert confidence[:40].min() > 0.9
    assert confidence[40:].max() < 0.5


def test_a_ring_with_two_mail_domains_of_its_own_is_no_open_minority() -> None:
    """Cards run across the names: what its accounts are called has nothing to do with who shares."""
    rng = np.random.default_rng(5)
    card = rng.integers(0, 10, 60)
    rows = {Facet.PAYMENT: {a: [int(card[a])] for a in range(60)}, Facet.TEMPLATE: {a: [1, 2] for a in range(60)}}
    names = {a: ("one.example", "two.example", "mail.example")[min(a % 7 // 3, 2)] for a in range(60)}
    view = View.of(world(rows, names), (np.arange(60, dtype=np.int32),))
    assert not open_block(view).any()
    assert members.confidence(view, verdict.answers(view)).min() > 0.9


def test_a_team_on_whose_card_the_ring_pays_as_well_is_an_open_minority() -> None:
    ring, team = list(range(40)), list(range(40, 46))
    rows = {
        Facet.PAYMENT: {**{a: [a // 5] for a in ring}, **{a: [50] for a in [*team, 0, 9]}},
        Facet.TEMPLATE: {a: [1, 2] if a < 40 else [2] for a in [*ring, *team]},
    }
    view = View.of(world(rows, dict.fromkeys(team, "team.example")), (np.array([*ring, *team], np.int32),))
    assert open_block(view).tolist() == [False] * 40 + [True] * 6


@pytest.mark.parametrize("without", [Facet.IP, Facet.TEMPLATE])
def test_a_missing_column_joins_and_takes_in_nobody_by_itself(without: Facet) -> None:
    ring = list(range(20))
    rows = {
        Facet.IP: {a: [a % 5, 5 + a % 4] for a in [*ring, 100]},
        Facet.TEMPLATE: {a: [7] for a in [*ring, 100]},
    }
    population = world(rows)
    kept = {facet: matrix for facet, matrix in population.incidence.items() if facet is not without}
    short = Population(population.accounts, kept, {}, population.activity, population.hours, population.known)
    assert gathered([ring], short) == [ring]
