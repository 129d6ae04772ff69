r"""From validated links to clusters: Leiden over several seeds, consensus, splits only where evidence pays for them.

The order of work, per connected component of the link graph:

1. **Leiden** (Traag, Waltman & van Eck 2019, Sci. Rep. 9:5233) on the generalised modularity
   $\sum_{ij} w_{ij}\delta_{ij} - \gamma \kappa_i\kappa_j/2W\,\delta_{ij}$, once for each seed, or for `FEW` that agree.
   What Leiden guarantees after each iteration: communities are connected and gamma-separated. What it guarantees only
   when iterated until nothing moves (locally optimal nodes, subpartition gamma-density) is likely but not promised
   after `ITERATIONS`. It never promises the best partition.
2. **Consensus** (Lancichinetti & Fortunato 2012, Sci. Rep. 2:336): a link is kept where at least half of the seeds put
   its ends together; what hangs together afterwards is one community. Each account carries the share of seeds
   in which it was with its neighbours of that community, and the run carries the seeds' mean adjusted Rand index.
   That no division pays (3) is asked of `FEW` seeds as well; in a clique none can.
3. **Splits must pay.** Leiden always splits a large sparse component; a split is believed only if it shortens the
   description of the component: the log likelihood gained under the degree-corrected planted partition
   (Newman 2016, PRE 94:052315, eq. 14; Zhang & Peixoto 2020, PRR 2:043271) must exceed the cost of saying who is where.
   There is no resolution parameter to choose: of the partitions that the grid of gamma offers, the one with the
   shortest description wins, and "no split" is one of them. That is how a ring of 20 beside one of 20,000 is found:
   the comparison is made inside each component, so the size of the rest of the graph does not enter.
4. **Cells of one ring** are joined again where the bridge between them is wide (`bridges`).
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import igraph
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaln

from attribution.beside import Beside
from attribution.domain import Partition
from attribution.rings.bridges import join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.domain import Links

ITERATIONS = 2
"""Leiden iterations of one run. Not "until stable": with real weights igraph's test for stability can wait forever.

On the three largest components of a world of 33,000 accounts a third and fourth iteration raised modularity by 5e-5 at
most and the seeds' agreement by .003 at most, at twice the time; what they leave open the consensus of seeds settles.
"""
FEW, AGREED = 4, 0.95
"""So many seeds are enough where their mean adjusted Rand index is this high; a disputed component asks all seeds."""
RESOLUTIONS = (0.25, 1.0, 4.0)
"""Multiples of modularity's gamma that a component is tried at; the description length chooses."""


def partition(links: Links, size: int, config: RingConfig, seed: int, aside: Beside | None = None) -> Partition:
    """Cut the link graph into clusters of at least `config.min_size` accounts.

    Parameters
    ----------
    links : validated links, sorted by (source, target).
    size : number of accounts in the population.
    seed : the first of `config.seeds` Leiden seeds.
    aside : does half of the components meanwhile.

    Returns
    -------
    Partition
        Clusters by descending size, then by first member. The same links, configuration and seed give the same clusters
        whatever the thread count or hash seed; rows of the logs in another order give the same links and so the same
        clusters.

    Notes
    -----
    Time is O(seeds x resolutions x links); components of up to `min_size` accounts cost nothing.
    """
    component = _components(links.source, links.target, size)
    clusters: list[NDArray[np.int32]] = []
    frequency: list[NDArray[np.float32]] = []
    agreements: list[tuple[float, int]] = []
    parts = [_alone(links, edges) for edges in _edges_by_component(links, component, config.min_size)]
    cut = partial(_cut, seeds=config.seeds, seed=seed)
    found = (aside or Beside()).share(cut, parts, [len(part.weight) for part in parts])
    for (nodes, *_), (label, share, agreement) in zip(parts, found, strict=True):
        agreements.append((agreement, len(nodes)))
        for community in range(label.max() + 1):
            inside = np.flatnonzero(label == community)
            if len(inside) >= config.min_size:
                clusters.append(nodes[inside].astype(np.int32))
                frequency.append(share[inside].astype(np.float32))
    weighted = sum(a * n for a, n in agreements) / max(1, sum(n for _, n in agreements))
    return Partition.by_size(clusters, frequency, float(weighted) if agreements else 1.0)


def _components(source: NDArray[np.int32], target: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    matrix = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(size, size))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int32)


def _edges_by_component(links: Links, component: NDArray[np.int32], min_size: int) -> Iterator[NDArray[np.int64]]:
    """Yield the link numbers of each component that is large enough, in ascending order."""
    sizes = np.bincount(component)
    of_edge = component[links.source]
    order = np.argsort(of_edge, kind="stable")
    bounds = np.flatnonzero(np.diff(of_edge[order])) + 1
    for group in np.split(order, bounds):
        if len(group) and sizes[of_edge[group[0]]] >= min_size:
            yield group


class _Component(NamedTuple):
    """One component of the link graph: its accounts, and its links by their places among these."""

    nodes: NDArray[np.int32]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weight: NDArray[np.float32]


def _alone(links: Links, edges: NDArray[np.int64]) -> _Component:
    nodes, inverse = np.unique(np.concatenate([links.source[edges], links.target[edges]]), return_inverse=True)
    place: NDArray[np.int32] = inverse.astype(np.int32)
    return _Component(nodes, place[: len(edges)], place[len(edges) :], links.weight[edges])


def _cut(one: _Component, seeds: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.float64], float]:
    """Return labels (nodes,), each account's share of seeds (nodes,), and the seeds' agreement."""
    source, target, size = one.source.astype(np.int64), one.target.astype(np.int64), len(one.nodes)
    label, together, agreement = _consensus(source, target, one.weight.astype(np.float64), size, seeds, seed)
    return label, _mean_by_node(source, target, together, label, size), agreement


def _consensus(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    weight: NDArray[np.float64],
    size: int,
    seeds: int,
    seed: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64], float]:
    """Return labels (size,), the share of seeds that keep each link inside (links,), and the seeds' agreement."""
    if _is_clique(len(source), size):
        return np.zeros(size, np.int32), np.ones(len(source)), 1.0
    edges = zip(source.tolist(), target.tolist(), strict=True)  # an array takes igraph twice as long
    graph = igraph.Graph(n=size, edges=edges)
    graph.es["weight"] = weight
    saving, resolution, label = _best_resolution(graph, source, target, size, seed)
    whole: list[NDArray[np.int32]] = []  # the seeds for which no division pays
    while saving <= 0.0:
        whole.append(np.zeros(size, np.int32))
        if len(whole) == min(FEW, seeds):
            return whole[0], np.ones(len(source)), 1.0
        label = leiden(graph, resolution, seed + len(whole))
        saving = description_saved(source, target, label, size)
    runs = [*whole, *_votes(graph, resolution, label, seeds - len(whole), seed + len(whole))]
    together = np.mean([run[source] == run[target] for run in runs], axis=0)
    label = _components_of(source[together >= 0.5], target[together >= 0.5], size)
    label = _deeper(source, target, weight, label, together, seeds, seed)
    return join(source, target, label), together, _agreement(runs)


def _votes(
    graph: igraph.Graph, resolution: float, first: NDArray[np.int32], seeds: int, seed: int
) -> list[NDArray[np.int32]]:
    """Return one partition a seed, `first` among them; no more than `FEW` where those agree."""
    runs = [first]
    while len(runs) < seeds and (len(runs) != FEW or _agreement(runs) < AGREED):
        runs.append(leiden(graph, resolution, seed + len(runs)))
    return runs


def _deeper(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    weight: NDArray[np.float64],
    label: NDArray[np.int32],
    together: NDArray[np.float64],
    seeds: int,
    seed: int,
) -> NDArray[np.int32]:
    """Look at every community as if it were alone: what a large component hides, a small one shows.

    `together` of links inside a community becomes the product of both levels.
    """
    out = label.copy()
    groups = int(label.max()) + 1
    if groups == 1:
        return out
    inside = np.flatnonzero(label[source] == label[target])
    inside = inside[np.argsort(label[source[inside]], kind="stable")]
    bounds = np.flatnonzero(np.diff(label[source[inside]])) + 1
    for links in np.split(inside, bounds):
        if not len(links):
            continue
        nodes, position = np.unique(np.concatenate([source[links], target[links]]), return_inverse=True)
        ends = position[: len(links)], position[len(links) :]
        own, kept, _ = _consensus(*ends, weight[links], len(nodes), seeds, seed)
        together[links] *= kept
        out[nodes[own > 0]] = groups + own[own > 0] - 1
        groups += int(own.max())
    return out


def _is_clique(links: int, size: int) -> bool:
    """No split of a clique can pay: every part would be as dense as the whole."""
    return 2 * links >= size * (size - 1)


def _best_resolution(
    graph: igraph.Graph,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    size: int,
    seed: int,
) -> tuple[float, float, NDArray[np.int32]]:
    """Return what the partition saves that describes the component shortest, its gamma, and the partition."""
    tried = [(resolution, leiden(graph, resolution, seed)) for resolution in RESOLUTIONS]
    saved = [description_saved(source, target, label, size) for _, label in tried]
    best = int(np.argmax(saved))
    return saved[best], *tried[best]


def description_saved(
    source: NDArray[np.int64], target: NDArray[np.int64], label: NDArray[np.int32], size: int
) -> float:
    r"""Nats by which a partition shortens the description of a graph, against the graph as one group.

    Gain: the profile log likelihood of the degree-corrected planted partition,
    $m_{in}\ln\omega_{in} + m_{out}\ln\omega_{out}$ with $\omega_{in} = m_{in} / (m \sum_r (\kappa_r/2m)^2)$ and
    $\omega_{out}$ alike (one group has $\omega = 1$, so its gain is 0). Cost: which accounts are where, $\ln n! -
    \sum_r \ln n_r! + \ln\binom{n-1}{B-1} + \ln n$, and half of $\ln m$ for the extra rate (Bayesian information
    criterion).
    """
    groups = int(label.max()) + 1
    if groups == 1:
        return 0.0
    links = len(source)
    inside = int(np.count_nonzero(label[source] == label[target]))
    degree = np.bincount(source, minlength=size) + np.bincount(target, minlength=size)
    shares = np.bincount(label, weights=degree) / (2 * links)
    expected_in = float(np.sum(shares**2))
    gain = 0.0
    if inside:
        gain += inside * np.log(inside / (links * expected_in))
    if inside < links:
        gain += (links - inside) * np.log((links - inside) / (links * (1 - expected_in)))
    sizes = np.bincount(label)
    cost = gammaln(size + 1) - gammaln(sizes + 1).sum() + np.log(size) + 0.5 * np.log(links)
    cost += gammaln(size) - gammaln(groups) - gammaln(size - groups + 1)
    return float(gain - cost)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Lend igraph a generator of our own: it draws from Python's global one otherwise."""
    igraph.set_random_number_generator(random.Random(seed))  # noqa: S311  # a seed, not a secret
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)


def leiden(graph: igraph.Graph, resolution: float, seed: int) -> NDArray[np.int32]:
    """Communities of a graph with `weight` on its edges, from one seed."""
    with _seeded(seed):
        found = graph.community_leiden(
            objective_function="modularity", weights="weight", resolution=resolution, n_iterations=ITERATIONS
        )
    return np.asarray(found.membership, dtype=np.int32)


def _components_of(source: NDArray[np.int64], target: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    return _components(source.astype(np.int32), target.astype(np.int32), size)


def _agreement(runs: list[NDArray[np.int32]]) -> float:
    """Mean adjusted Rand index (Hubert & Arabie 1985) of each seed's partition with the next one's."""
    scores = [adjusted_rand(a, b) for a, b in pairwise(runs)]
    return float(np.mean(scores)) if scores else 1.0


def adjusted_rand(a: NDArray[np.int32], b: NDArray[np.int32]) -> float:
    """Return the adjusted Rand index of two labelings: 1 for equal partitions, about 0 for unrelated ones."""
    table = coo_array((np.ones(len(a)), (a, b))).tocsr()
    table.sum_duplicates()

    def pairs(counts: NDArray[np.float64]) -> float:
        return float(np.sum(counts * (counts - 1) / 2))

    both = pairs(table.data)
    first, second = pairs(np.asarray(table.sum(axis=1)).ravel()), pairs(np.asarray(table.sum(axis=0)).ravel())
    chance = first * second / max(1.0, len(a) * (len(a) - 1) / 2)
    top = (first + second) / 2
    return 1.0 if top == chance else (both - chance) / (top - chance)


def _mean_by_node(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    together: NDArray[np.float64],
    label: NDArray[np.int32],
    size: int,
) -> NDArray[np.float64]:
    """Each account's mean share of seeds over its links inside its own community."""
    own = label[source] == label[target]
    ends = np.concatenate([source[own], target[own]])
    total = np.bincount(ends, weights=np.concatenate([together[own]] * 2), minlength=size)
    count = np.bincount(ends, minlength=size)
    return np.divide(total, count, out=np.ones(size), where=count > 0)
