"""The null model: p-values under it, false discoveries beside it, suppression, and an independent library."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from attribution.config import ProjectionConfig, RingConfig
from attribution.domain import Facet
from attribution.projection import project
from attribution.projection.kernel import BINS_PER_NAT
from attribution.projection.null import fact_bound, fit
from attribution.projection.pairs import TASTE, fact_nats
from attribution.projection.project import pair_counts
from attribution.projection.rules import RULES
from attribution.rings import partition
from attribution.schemas import OUTPUT_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from attribution.domain import Population

    Make = Callable[..., Population]
    Scatter = Callable[..., list[list[int]]]

SPREAD = {
    Facet.IP: (4000, 4.0, 0.6),
    Facet.NETWORK: (1500, 2.0, 0.6),
    Facet.TEMPLATE: (1500, 8.0, 0.9),
    Facet.BATCH: (300, 0.3, 0.8),
    Facet.SIGNUP: (900, 0.0, 0.3),
}


def null_world(make: Make, scatter: Scatter, seed: int, accounts: int = 1500) -> Population:
    rng = np.random.default_rng(seed)
    return make({f: scatter(rng, accounts, v, mean, tail=tail) for f, (v, mean, tail) in SPREAD.items()})


def tail_counts(population: Population) -> tuple[np.ndarray, int]:
    null = fit(population, 0.01)
    counts = pair_counts(population, null)
    return np.cumsum(counts[::-1])[::-1], null.pairs


def test_p_values_are_super_uniform_under_the_null(make: Make, scatter: Scatter) -> None:
    below, pairs = np.zeros(0, np.int64), 0
    for seed in range(4):
        rejected, tested = tail_counts(null_world(make, scatter, seed))
        below = rejected if len(below) == 0 else below + rejected
        pairs += tested
    for exponent in (1, 2, 3, 4, 5, 6, 8, 10, 12):
        expected = pairs * np.exp(-exponent)
        seen = below[exponent * BINS_PER_NAT]
        assert seen <= expected + 3 * np.sqrt(expected) + 1, (exponent, seen, expected)


@pytest.mark.parametrize("facet", [Facet.IP, Facet.TEMPLATE])
def test_one_facet_alone_is_super_uniform(make: Make, scatter: Scatter, facet: Facet) -> None:
    values, mean, tail = SPREAD[facet]
    rejected, pairs = tail_counts(make({facet: scatter(np.random.default_rng(7), 2000, values, mean, tail=tail)}))
    for exponent in (1, 2, 4, 6, 8, 10):
        expected = pairs * np.exp(-exponent)
        assert rejected[exponent * BINS_PER_NAT] <= expected + 3 * np.sqrt(expected) + 1


@pytest.mark.parametrize("facets", [(Facet.DEVICE,), (Facet.PAYMENT,), (Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE)])
def test_strangers_who_meet_on_personal_values_are_super_uniform(
    make: Make, scatter: Scatter, facets: tuple[Facet, ...]
) -> None:
    """Owners have six accounts each and share among them; as many values as the rule says are shared by strangers."""
    accounts, level = 1500, 0.99
    false, pairs, threshold = [], 0, 0.0
    for seed in range(3):
        rng = np.random.default_rng(40 + seed)
        rows = {facet: personal(rng, accounts, RULES[facet].strangers) for facet in facets if facet != Facet.TEMPLATE}
        if Facet.TEMPLATE in facets:
            rows[Facet.TEMPLATE] = scatter(rng, accounts, 1500, 8.0, tail=0.9)
        links = project(make(rows), ProjectionConfig(false_discovery_rate=level, links_per_account=1500)).links
        strangers = links.source // 6 != links.target // 6
        false.append(links.p_value[strangers])
        pairs += accounts * (accounts - 1) // 2
        threshold = max(threshold, links.threshold)
    below = np.concatenate(false)
    assert 0 < threshold < 1
    for exponent in range(int(np.ceil(-np.log(threshold))), 16):
        expected = pairs * np.exp(-exponent)
        seen = int((below <= np.exp(-exponent)).sum())
        assert seen <= expected + 3 * np.sqrt(expected) + 1, (exponent, seen, expected)


def test_prints_of_software_are_super_uniform_and_machines_would_not_be(make: Make, scatter: Scatter) -> None:
    """Everybody has three of the prints that there are, by their popularity: sharing a rare one is an accident."""
    machines = make({Facet.DEVICE: scatter(np.random.default_rng(5), 1500, 900, 2.0, tail=0.9)})
    prints = replace(machines, prints=frozenset({Facet.DEVICE}))
    for population, held in ((prints, True), (machines, False)):
        rejected, pairs = tail_counts(population)
        over = [
            rejected[x * BINS_PER_NAT] > pairs * np.exp(-x) + 3 * np.sqrt(pairs * np.exp(-x)) + 1
            for x in (1, 2, 4, 6, 8, 10)
        ]
        assert any(over) is not held


def personal(rng: np.random.Generator, accounts: int, strangers: float) -> list[list[int]]:
    rows: list[list[int]] = [[1_000_000 + account] for account in range(accounts)]
    for value in range(4 * accounts):
        users = int(rng.integers(2, 7))
        if rng.random() < min(1.0, strangers * (users / 2) ** 2):
            chosen = rng.choice(accounts, users, replace=False)
        else:
            chosen = 6 * int(rng.integers(accounts // 6)) + rng.choice(6, users, replace=False)
        for account in chosen.tolist():
            rows[account].append(value)
    return rows


def test_nobody_is_linked_in_a_world_of_chance(make: Make, scatter: Scatter) -> None:
    linked = [len(project(null_world(make, scatter, seed), ProjectionConfig()).links.source) for seed in range(20, 30)]
    assert sum(count > 0 for count in linked) <= 2, linked


@pytest.mark.parametrize("level", [0.01, 0.1])
def test_false_discoveries_stay_below_the_level(make: Make, scatter: Scatter, level: float) -> None:
    false, found = 0, 0
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        rows = {f: scatter(rng, 1200, v, mean, tail=tail) for f, (v, mean, tail) in SPREAD.items()}
        for member in range(96):
            rows[Facet.TEMPLATE][member] += [10_000 + 10 * (member // 8) + i for i in range(6)]
            rows[Facet.IP][member] += [10_000 + member // 8]
        links = project(make(rows), ProjectionConfig(false_discovery_rate=level)).links
        together = (links.source // 8 == links.target // 8) & (links.target < 96)
        found += len(together)
        false += int((~together).sum())
    assert found - false >= 0.8 * 6 * 12 * 28
    assert false <= level * found


def test_a_flood_of_throwaway_accounts_changes_little(make: Make, scatter: Scatter) -> None:
    rng = np.random.default_rng(3)
    rows = {f: scatter(rng, 1500, v, mean, tail=tail) for f, (v, mean, tail) in SPREAD.items()}
    for member in range(40):
        rows[Facet.TEMPLATE][member] += [50_000 + 10 * (member // 20) + i for i in range(9)]
    calm = project(make(rows), ProjectionConfig())
    assert len(calm.links.source) >= 350
    floods = [
        project(make({f: [*r, *([100_000 + i] for i in range(size))] for f, r in rows.items()}), ProjectionConfig())
        for size in (3_000, 30_000)
    ]
    before = set(zip(calm.links.source.tolist(), calm.links.target.tolist(), strict=True))
    for flooded in floods:
        after = set(zip(flooded.links.source.tolist(), flooded.links.target.tolist(), strict=True))
        assert len(before & after) >= 0.95 * len(before)
        assert all(a // 20 == b // 20 and b < 40 for a, b in after), "nobody else is drawn in"
    np.testing.assert_allclose(floods[0].links.weight, floods[1].links.weight, rtol=1e-3)


def test_a_ring_among_people_who_share_nothing_is_found(make: Make) -> None:
    rows = [[10 + i for i in range(12)] if a < 20 else [1000 + 20 * a + i for i in range(12)] for a in range(500)]
    links = project(make({Facet.TEMPLATE: rows}), ProjectionConfig()).links
    assert len(links.source) == 20 * 19 // 2


@pytest.mark.parametrize("level", [8, 16, 64])
def test_where_chance_lets_many_be_shared_sharing_more_tells_nothing(level: int) -> None:
    """Two people who like the same: the null expects five popular templates and they share twenty."""
    below, above = np.array([0.1, 1.0, TASTE]), np.array([TASTE + 0.01, 5.0])
    assert (fact_bound(level, below) > 1.0).all()
    assert (fact_bound(level, above) == 0.0).all()
    for expected in (*below, *above):
        assert fact_nats(level, float(expected)) == pytest.approx(fact_bound(level, np.array([expected]))[0])


def test_a_crowd_that_only_address_and_timing_hold_together_is_no_cluster(make: Make, scatter: Scatter) -> None:
    """Ten behind one address who act and sign up together: a café; ten who share cards by fives besides: a ring."""
    rng = np.random.default_rng(12)
    cafe, ring = range(10), range(10, 20)
    rows: dict[Facet, list[list[int]]] = {
        facet: scatter(rng, 2000, 9000, 3.0, tail=0.3) for facet in (Facet.IP, Facet.BURST, Facet.TEMPLATE)
    }
    rows[Facet.SIGNUP] = [[a] for a in range(2000)]
    rows[Facet.PAYMENT] = [[a] for a in range(2000)]
    for group, crowd in enumerate((cafe, ring)):
        for account in crowd:
            rows[Facet.IP][account].append(90_000 + group)
            rows[Facet.BURST][account] += [90_000 + 10 * group + i for i in range(6)]
            rows[Facet.SIGNUP][account] = [90_000 + group]
    for account in ring:
        rows[Facet.PAYMENT][account] = [90_000 + account // 5]
    links = project(make(rows), ProjectionConfig()).links
    found = partition(links, 2000, RingConfig(min_size=3), 0)
    inside = {int(account) for cluster in found.clusters for account in cluster}
    assert not inside & set(cafe)
    assert set(ring) <= inside


def test_what_nearly_everybody_uses_is_suppressed_and_listed(make: Make, scatter: Scatter) -> None:
    rng = np.random.default_rng(5)
    rows = {Facet.IP: scatter(rng, 400, 3000, 2.0, tail=0.3), Facet.TEMPLATE: scatter(rng, 400, 3000, 4.0, tail=0.3)}
    for account in range(0, 400, 2):
        rows[Facet.IP][account].append(90_000)
        rows[Facet.TEMPLATE][account].append(90_000)
    projection = project(make(rows), ProjectionConfig())
    assert projection.suppressed.schema == OUTPUT_TABLES["suppressed"]
    listed = projection.suppressed.to_pylist()
    assert {(row["facet"], row["value"], row["accounts"]) for row in listed} == {
        ("ip", "ip-090000", 200),
        ("template", "template-090000", 200),
    }
    assert all("nats" in row["reason"] for row in listed)


@pytest.mark.filterwarnings("ignore::numba.NumbaExperimentalFeatureWarning")
def test_the_library_model_agrees_on_expected_meetings(make: Make, scatter: Scatter) -> None:
    """BiCM (maximum entropy, Saracco et al. 2015) is the slow oracle.

    BiCM keeps popularities on average, so that a value of two accounts has two pairs on average instead of its one;
    the factor (d - 1) / d turns its expected meetings into those of exact popularities.
    """
    bicm = pytest.importorskip("bicm")
    rows = [sorted(set(row)) for row in scatter(np.random.default_rng(11), 200, 800, 6.0, tail=0.5)]
    biadjacency = np.zeros((200, 800), int)
    for account, row in enumerate(rows):
        biadjacency[account, row] = 1
    graph = bicm.BipartiteGraph(biadjacency=biadjacency)
    graph.solve_tool(method="newton", verbose=False)
    chance = graph.get_bicm_matrix()
    users = np.maximum(biadjacency.sum(axis=0), 1)
    slow = (chance * (users - 1) / users) @ chance.T
    null = fit(make({Facet.TEMPLATE: rows}), 0.999).facets[Facet.TEMPLATE]
    assert null.kept.all(), "the comparison is over all values"
    sharing = np.flatnonzero(null.degree)
    pairs = tuple(sharing[index] for index in np.triu_indices(len(sharing), 1))
    fast = (np.outer(null.degree, null.degree) * null.top_rate)[pairs]
    ratio = fast / slow[pairs]
    assert 0.85 <= np.median(ratio) <= 1.2
    assert np.corrcoef(fast, slow[pairs])[0, 1] >= 0.98
    busy = slow[pairs] >= np.quantile(slow[pairs], 0.95)
    assert np.median(ratio[busy]) >= 1.0, "where the two differ ours expects more among the busy: the cautious side"
