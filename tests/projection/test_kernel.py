"""The kernel against a slow and independent oracle, and what must not change its result."""

from __future__ import annotations

from itertools import combinations
from math import exp, factorial, log
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from attribution.config import ProjectionConfig
from attribution.domain import Facet, Population
from attribution.projection import project
from attribution.projection.kernel import BINS_PER_NAT
from attribution.projection.null import LEAST, fact_bound, fit
from attribution.projection.pairs import TASTE, fact_nats, is_level
from attribution.projection.project import pair_counts
from attribution.projection.rows import WORD
from attribution.projection.rules import LEVELS, RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from attribution.projection.null import Null

FACETS = [Facet.IP, Facet.NETWORK, Facet.PAYMENT, Facet.BATCH, Facet.TEMPLATE, Facet.BURST, Facet.SIGNUP]


def oracle(population: Population, null: Null) -> dict[tuple[int, int], tuple[float, float]]:
    """Weight and p-value of every pair that shares a kept value, by networkx and plain Python."""
    anchored = any(RULES[f].anchor for f in null.facets)
    worth: dict[tuple[int, int], dict[Facet, float]] = {}
    for facet, fitted in null.facets.items():
        matrix, rule = population.incidence[facet], RULES[facet]
        graph = nx.Graph()
        for account in range(population.size):
            graph.add_edges_from((account, ("v", int(v))) for v in matrix.row(account) if fitted.kept[v])
        met: dict[tuple[int, int], list[int]] = {}
        for value in (node for node in graph if isinstance(node, tuple)):
            for pair in combinations(sorted(graph[value]), 2):
                met.setdefault(pair, []).append(graph.degree[value])
        rate = {
            d: sum(
                min(1.0, rule.strangers * (u / LEAST) ** 2) * u * (u - 1)
                for u in fitted.popularity[fitted.kept].tolist()
                if u <= d
            )
            / (fitted.entries * (fitted.entries - 1))
            for d in set(fitted.popularity[fitted.kept].tolist())
        }
        levels = [j for j in LEVELS if j <= rule.facts]
        for (a, b), ranks in met.items():
            ranks.sort()
            best = 0.0
            for j in levels:
                if j > len(ranks):
                    break
                expected = int(fitted.degree[a]) * int(fitted.degree[b]) * rate[ranks[j - 1]]
                if expected < (1 if j == 1 else min(j - 1, TASTE)):
                    tail = exp(-expected) * expected**j / factorial(j) / (1 - expected / (j + 1))
                    bound = -log(expected) if j == 1 else -log(tail)
                    best = max(best, bound - log(len(levels)))
            worth.setdefault((a, b), {})[facet] = min(best, rule.cap if anchored else 2 * rule.cap)
    return {pair: _joint(null, pair, nats, anchored=anchored) for pair, nats in worth.items()}


def _joint(null: Null, pair: tuple[int, int], nats: dict[Facet, float], *, anchored: bool) -> tuple[float, float]:
    groups: dict[int, list[Facet]] = {}
    for facet in null.facets:
        groups.setdefault(RULES[facet].group, []).append(facet)
    carriers = {RULES[f].group for f in null.facets if RULES[f].anchor or not anchored}
    sets = 2 ** len(groups) - 1 - len(carriers)
    weight, paid, least = 0.0, [], 0.0
    for facets in groups.values():
        weight += max(nats.get(f, 0.0) for f in facets)
        reserved = sum(RULES[f].share for f in facets)
        best = max(nats.get(f, 0.0) - log(reserved / RULES[f].share) for f in facets)
        if best > 0:
            paid.append(best)
            reach = sum(
                min(
                    1.0,
                    int(null.facets[f].degree[pair[0]]) * int(null.facets[f].degree[pair[1]]) * null.facets[f].top_rate,
                )
                for f in facets
            )
            least += max(0.0, -log(reach))
    if not paid or not any(nats.get(f, 0.0) > 0 and (RULES[f].anchor or not anchored) for f in null.facets):
        return weight, 1.0
    excess = max(0.0, sum(paid) - least)
    tail = exp(-sum(paid)) * sum(excess**i / factorial(i) for i in range(len(paid)))
    price = len(carriers) * (2 if sets else 1) if len(paid) == 1 else 2 * sets
    return weight, min(1.0, price * tail)


@settings(
    max_examples=40,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_kernel_agrees_with_the_oracle(make: Callable[..., Population], data: st.DataObject) -> None:
    accounts = data.draw(st.integers(4, 24))
    facets = data.draw(st.lists(st.sampled_from(FACETS), min_size=1, max_size=5, unique=True))
    row = st.lists(st.integers(0, 40), max_size=8)
    _agree(make({f: data.draw(st.lists(row, min_size=accounts, max_size=accounts)) for f in facets}))


def test_accounts_with_more_values_than_a_word_has_bits_agree_too(make: Callable[..., Population]) -> None:
    rng = np.random.default_rng(3)
    rows = [[int(v) for v in rng.integers(0, 150, size)] for size in (200, 200, 160, 90, 70, 40, 30, 20, 10, 5)]
    population = make({Facet.TEMPLATE: rows, Facet.PAYMENT: [[i // 3] for i in range(len(rows))]})
    lengths = np.diff(population.incidence[Facet.TEMPLATE].indptr)
    assert lengths.max() > WORD > lengths.min()
    _agree(population)


def _agree(population: Population) -> None:
    """Compare all links with the oracle's, and see that none is missing."""
    level = 0.999
    expected = oracle(population, fit(population, level))
    projection = project(population, ProjectionConfig(false_discovery_rate=level))
    links = projection.links
    found = {
        (int(s), int(t)): (float(w), float(p))
        for s, t, w, p in zip(links.source, links.target, links.weight, links.p_value, strict=True)
    }
    for pair, (weight, p_value) in found.items():
        assert weight == pytest.approx(expected[pair][0], rel=1e-5, abs=1e-5)
        assert p_value == pytest.approx(expected[pair][1], rel=1e-4)
    edge = projection.links.threshold
    assert {pair for pair, (_, p) in expected.items() if p < edge * (1 - 1e-4)} <= set(found)
    assert links.source.tolist() == sorted(links.source.tolist())
    assert (links.source < links.target).all()


def test_benjamini_hochberg_on_bins_is_close_to_the_exact_one(linked: Population) -> None:
    projection = project(linked, ProjectionConfig(false_discovery_rate=0.01))
    p_values = np.sort([p for _, p in oracle(linked, projection.null).values()])
    allowed = 0.01 * np.arange(1, len(p_values) + 1) / projection.null.pairs
    exact = int(np.flatnonzero(p_values <= allowed)[-1]) + 1
    assert 0.98 * exact <= len(projection.links.source) <= exact


@pytest.fixture
def linked(make: Callable[..., Population], scatter: Callable[..., list[list[int]]]) -> Population:
    return make(_linked_rows(scatter))


def _linked_rows(scatter: Callable[..., list[list[int]]]) -> dict[Facet, list[list[int]]]:
    rng = np.random.default_rng(2)
    rows = {facet: scatter(rng, 500, 900, 2.0, tail=0.4) for facet in FACETS}
    for member in range(40):
        rows[Facet.TEMPLATE][member] += [1000 + 10 * (member // 20) + i for i in range(9)]
        rows[Facet.PAYMENT][member] += [1000 + member // 4]
    return rows


def test_renaming_accounts_renames_links_and_nothing_else(
    make: Callable[..., Population], scatter: Callable[..., list[list[int]]], linked: Population
) -> None:
    before = project(linked, ProjectionConfig()).links
    place = np.random.default_rng(4).permutation(500)
    rows = {facet: [facet_rows[old] for old in place] for facet, facet_rows in _linked_rows(scatter).items()}
    after = project(make(rows), ProjectionConfig()).links
    assert len(before.source) > 100
    told = {
        (int(s), int(t)): (w, p)
        for s, t, w, p in zip(
            before.source, before.target, before.weight.tolist(), before.p_value.tolist(), strict=True
        )
    }
    retold = {
        tuple(sorted((int(place[s]), int(place[t])))): (w, p)
        for s, t, w, p in zip(after.source, after.target, after.weight.tolist(), after.p_value.tolist(), strict=True)
    }
    assert retold.keys() == told.keys()
    assert all(retold[pair] == pytest.approx(told[pair], rel=1e-6) for pair in told)


def test_threads_and_chunks_do_not_change_a_byte(linked: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("attribution.projection.project", fromlist=["THREADS"])
    results = []
    for threads, chunks, kept in ((1, 1, 10**6), (2, 16, 10**6), (2, 7, 10**6), (2, 3, 0), (1, 2, 40)):
        monkeypatch.setattr(module, "THREADS", threads)
        monkeypatch.setattr(module, "KEPT", kept)
        monkeypatch.setattr(module, "CHUNKS", chunks)
        results.append(project(linked, ProjectionConfig()).links)
    for other in results[1:]:
        for column in ("source", "target", "by_facet", "weight", "p_value"):
            assert getattr(results[0], column).tobytes() == getattr(other, column).tobytes()


def test_large_groups_are_thinned_but_stay_in_one_piece(make: Callable[..., Population]) -> None:
    rows = {Facet.TEMPLATE: [[10_000 + i for i in range(6)] if a < 120 else [a, a + 1] for a in range(2000)]}
    whole = project(make(rows), ProjectionConfig(links_per_account=256))
    thin = project(make(rows), ProjectionConfig(links_per_account=8))
    assert len(whole.links.source) == whole.validated == thin.validated == 120 * 119 // 2
    assert np.bincount(thin.links.source).max() == 8
    graph = nx.Graph(zip(thin.links.source.tolist(), thin.links.target.tolist(), strict=True))
    assert len(graph) == 120
    assert nx.is_connected(graph)


def test_time_and_place_alone_link_nobody(make: Callable[..., Population]) -> None:
    alone = [[10_000 + a] for a in range(600)]
    crowd = [[1, 2, 3] if a < 30 else [10_000 + a] for a in range(600)]
    cron = make({Facet.BURST: crowd, Facet.IP: crowd, Facet.SIGNUP: crowd, Facet.TEMPLATE: alone})
    assert len(project(cron, ProjectionConfig()).links.source) == 0


def test_nothing_known_is_no_error(make: Callable[..., Population]) -> None:
    empty = make({Facet.IP: [[], [], []]})
    assert len(project(empty, ProjectionConfig()).links.source) == 0
    nothing = Population(empty.accounts, {}, {}, empty.activity, empty.hours, frozenset())
    projection = project(nothing, ProjectionConfig())
    assert len(projection.links.source) == projection.suppressed.num_rows == 0


@pytest.mark.parametrize("level", [1, 2, 3, 8, 64])
def test_bounds_hold_for_binomial_tails(level: int) -> None:
    rng = np.random.default_rng(level)
    for expected in (1e-3, 0.1, 0.5, 1.0, 0.7 * level):
        draws = rng.binomial(1000, expected / 1000, 200_000)
        tail = (draws >= level).mean()
        nats = fact_nats(level, expected)
        assert tail <= exp(-nats) * 1.05 + 2e-5
        if nats > 0:
            assert nats == pytest.approx(float(fact_bound(level, np.array([expected]))[0]))


def test_levels_in_code_and_in_the_table_are_the_same() -> None:
    assert tuple(j for j in range(1, 65) if is_level(j)) == LEVELS


def test_a_burst_is_shown_with_what_it_adds_to_its_templates(make: Callable[..., Population]) -> None:
    """One group, one fact: the columns of a link sum to its weight, whether template or burst says more."""
    facets = (Facet.TEMPLATE, Facet.BURST, Facet.PAYMENT)
    rows: dict[Facet, list[list[int]]] = {
        facet: [[1_000 + 20 * a + i for i in range(4)] for a in range(600)] for facet in facets
    }
    for account in range(12):
        few = account < 6  # one wording and four windows with a card, the others nine wordings and a window
        rows[Facet.TEMPLATE][account] += [1] if few else list(range(10, 19))
        rows[Facet.BURST][account] += [1, 2, 3, 4] if few else [5]
        rows[Facet.PAYMENT][account] += [account // 2]
    links = project(make(rows), ProjectionConfig()).links
    assert links.by_facet.sum(axis=1).tolist() == pytest.approx(links.weight.tolist(), rel=1e-5)
    added = links.by_facet[:, links.facets.index(Facet.BURST)]
    assert (added[links.target < 6] > 0).any()
    assert (added[links.source >= 6] == 0).all()
    assert (links.source >= 6).sum() == 15


def test_what_is_counted_is_what_is_written(make: Callable[..., Population]) -> None:
    """The control of false discoveries counts pairs before they are written: caps and facts hold there as well."""
    rows: dict[Facet, list[list[int]]] = {
        facet: [[1_000 + 20 * a + i for i in range(12)] for a in range(300)] for facet in (Facet.DEVICE, Facet.TEMPLATE)
    }
    for account in range(0, 40, 2):  # twelve devices shared by two: over the cap, and more than count as facts
        for member in (account, account + 1):
            rows[Facet.DEVICE][member] += [10 * account + i for i in range(12)]
    for account in range(60, 120):
        rows[Facet.TEMPLATE][account] += [1]
    population = make(rows)
    null = fit(population, 0.5)
    counted = pair_counts(population, null)
    told = np.array([-log(p) * BINS_PER_NAT for _, p in oracle(population, null).values() if p < 1.0])
    found = np.repeat(np.arange(len(counted)), counted)
    strong = np.sort(found[found > BINS_PER_NAT])
    assert len(strong) >= 20
    assert strong.tolist() == pytest.approx(np.sort(told[told > BINS_PER_NAT]).tolist(), abs=2.0)
    links = project(population, ProjectionConfig(false_discovery_rate=0.5)).links
    caps = np.array([RULES[facet].cap for facet in links.facets])
    assert (links.by_facet <= caps).all()
    assert (links.by_facet == caps).any()
