from __future__ import annotations

import itertools
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import igraph
import leidenalg
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from attribution.config import RingConfig
from attribution.domain import Facet, Links
from attribution.rings.partition import adjusted_rand, description_saved, leiden, partition

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIG = RingConfig(min_size=3, seeds=4)


def links_of(edges: list[tuple[int, int]], weight: float = 10.0) -> Links:
    pairs = np.array(sorted({(min(e), max(e)) for e in edges}), dtype=np.int32).reshape(-1, 2)
    n = len(pairs)
    return Links(
        source=pairs[:, 0].copy(),
        target=pairs[:, 1].copy(),
        by_facet=np.full((n, 1), weight, np.float32),
        weight=np.full(n, weight, np.float32),
        p_value=np.full(n, 1e-9),
        facets=(Facet.PAYMENT,),
        threshold=1e-6,
    )


def clique(start: int, size: int) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(start, start + size), 2))


def test_cliques_without_a_bridge_are_clusters_of_their_own() -> None:
    found = partition(links_of(clique(0, 20) + clique(20, 7)), 30, CONFIG, seed=1)
    assert [c.tolist() for c in found.clusters] == [list(range(20)), list(range(20, 27))]
    assert found.agreement == 1.0


def test_a_small_ring_beside_a_large_one_is_found_through_a_bridge() -> None:
    # modularity's resolution limit: with 1,000 links elsewhere, groups under sqrt(2 * 1000) links would be merged
    big = list(nx.gnm_random_graph(400, 8000, seed=2).edges)
    found = partition(links_of(big + clique(400, 20) + [(0, 400)]), 420, CONFIG, seed=0)
    assert [len(c) for c in found.clusters] == [400, 20]


def test_a_ring_of_twenty_beside_one_of_twenty_thousand() -> None:
    """Both hang on one bridge: the component has 100,190 links, of which the small ring has 190."""
    rng = np.random.default_rng(6)
    pairs = np.unique(np.sort(rng.integers(0, 20_000, (104_000, 2)), axis=1), axis=0)
    big = [(int(a), int(b)) for a, b in pairs[pairs[:, 0] < pairs[:, 1]][:100_000]]
    found = partition(links_of([*big, *clique(20_000, 20), (0, 20_000)]), 20_020, CONFIG, seed=0)
    assert len(found.clusters) == 2
    large, small = found.clusters
    assert small.tolist() == list(range(20_000, 20_020))
    assert len(large) == len(np.unique(np.array(big)))


def test_a_sparse_ring_is_not_cut_into_cells() -> None:
    graph = nx.gnm_random_graph(300, 2400, seed=4)
    found = partition(links_of(list(graph.edges)), 300, CONFIG, seed=0)
    assert len(found.clusters) == 1
    assert len(found.clusters[0]) == 300


def test_the_same_whatever_the_numbering() -> None:
    edges = clique(0, 12) + clique(12, 9) + clique(21, 30) + [(0, 12), (13, 21)]
    rename = np.random.default_rng(5).permutation(60)
    plain = partition(links_of(edges), 60, CONFIG, seed=3)
    renamed = partition(links_of([(int(rename[a]), int(rename[b])) for a, b in edges]), 60, CONFIG, seed=3)
    assert {frozenset(rename[c].tolist()) for c in plain.clusters} == {frozenset(c.tolist()) for c in renamed.clusters}


def test_as_good_as_leidenalg_on_planted_groups() -> None:
    graph = nx.planted_partition_graph(6, 40, 0.4, 0.005, seed=9)
    edges = list(graph.edges)
    found = partition(links_of(edges), 240, CONFIG, seed=0)
    label = np.full(240, -1)
    for number, cluster in enumerate(found.clusters):
        label[cluster] = number
    reference = leidenalg.find_partition(
        igraph.Graph(n=240, edges=edges), leidenalg.ModularityVertexPartition, seed=0, n_iterations=-1
    )
    truth = np.arange(240) // 40
    ours = adjusted_rand_score(truth, label)
    assert ours >= adjusted_rand_score(truth, reference.membership) - 1e-12
    assert ours > 0.99


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60))
def test_adjusted_rand_is_sklearns(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))
    assert adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


def slow_description(edges: list[tuple[int, int]], label: list[int]) -> float:
    n, m, groups = len(label), len(edges), max(label) + 1
    if groups == 1:
        return 0.0
    degree = [sum(v in e for e in edges) for v in range(n)]
    share_in = sum((sum(d for d, g in zip(degree, label, strict=True) if g == r) / (2 * m)) ** 2 for r in range(groups))
    inside = sum(label[a] == label[b] for a, b in edges)
    gain = inside * math.log(inside / (m * share_in)) if inside else 0.0
    gain += (m - inside) * math.log((m - inside) / (m * (1 - share_in))) if inside < m else 0.0
    ways = math.factorial(n)
    for r in range(groups):
        ways //= math.factorial(label.count(r))
    return gain - math.log(ways) - math.log(math.comb(n - 1, groups - 1)) - math.log(n) - 0.5 * math.log(m)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_description_length_against_a_slow_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(9, 14, seed=seed)
    edges = list(graph.edges)
    label = rng.integers(0, 3, 9)
    label = np.unique(label, return_inverse=True)[1]
    source, target = np.array(edges).T
    fast = description_saved(source, target, label.astype(np.int32), 9)
    assert fast == pytest.approx(slow_description(edges, label.tolist()), abs=1e-9)


def test_hash_seed_changes_nothing() -> None:
    code = (
        "import networkx as nx, numpy as np, hashlib, sys\n"
        "sys.path.insert(0, 'tests/rings')\n"
        "from test_partition import links_of, CONFIG\n"
        "from attribution.rings.partition import partition\n"
        "g = nx.planted_partition_graph(5, 30, .3, .02, seed=1)\n"
        "p = partition(links_of(list(g.edges)), 150, CONFIG, seed=7)\n"
        "print([c.tolist() for c in p.clusters], p.agreement)\n"
    )
    said = {
        subprocess.run(  # our own interpreter and code
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1


def test_a_community_is_looked_at_again_as_if_it_were_alone() -> None:
    """Twelve cliques of six in a chain, beside a dense block: what the whole hides, each part shows."""
    edges = clique(0, 60)
    for at in range(12):
        edges += clique(60 + 6 * at, 6)
        edges.append((59 + 6 * at, 60 + 6 * at))
    found = partition(links_of(edges), 132, CONFIG, seed=0)
    assert [cluster.tolist() for cluster in found.clusters] == [
        list(range(60)),
        *[list(range(60 + 6 * at, 66 + 6 * at)) for at in range(12)],
    ]


def test_that_no_division_pays_is_asked_of_several_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A circle of twelve accounts: every division of it costs more than it tells, whatever the seed."""
    asked: list[int] = []

    def watched(graph: igraph.Graph, resolution: float, seed: int) -> NDArray[np.int32]:
        asked.append(seed)
        return leiden(graph, resolution, seed)

    monkeypatch.setattr(sys.modules["attribution.rings.partition"], "leiden", watched)
    circle = [(i, (i + 1) % 12) for i in range(12)]
    found = partition(links_of(circle), 12, RingConfig(), seed=5)
    assert [len(cluster) for cluster in found.clusters] == [12]
    assert set(asked) == {5, 6, 7, 8}
