"""Cells of one ring: what pairs of accounts do not show, the cells as wholes do; one kind of evidence never joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.config import Config
from attribution.domain import Facet, Partition, Population
from attribution.projection import bridges, condense, project
from attribution.rings import join_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Population]
    Scatter = Callable[..., list[list[int]]]

FACETS = (Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE)
CELL = 10


def world(make: Make, scatter: Scatter, across: tuple[Facet, ...], cells: int = 4) -> tuple[Population, Partition]:
    """Cells of ten with eight wordings each; neighbouring cells share three values of the facets `across`."""
    rng = np.random.default_rng(4)
    rows = {
        Facet.DEVICE: [[a] if a % 50 else [a, a + 1] for a in range(1500)],
        Facet.PAYMENT: [[a] if a % 70 else [a, a + 1] for a in range(1500)],
        Facet.TEMPLATE: scatter(rng, 1500, 900, 4.0, tail=0.8),
    }
    for member in range(cells * CELL):
        rows[Facet.TEMPLATE][member] += [10_000 + 10 * (member // CELL) + i for i in range(8)]
    for cell in range(cells - 1):
        for facet in across:
            for slip in range(3):
                for member in (CELL * cell + slip, CELL * (cell + 1) + slip):
                    rows[facet][member].append(20_000 + 10 * cell + slip)
    clusters = tuple(np.arange(CELL * c, CELL * (c + 1), dtype=np.int32) for c in range(cells))
    return make(rows), Partition(clusters, tuple(np.full(CELL, 0.5, np.float32) for _ in clusters), 1.0)


def test_cells_that_share_cards_and_devices_are_one_ring(make: Make, scatter: Scatter) -> None:
    population, found = world(make, scatter, (Facet.DEVICE, Facet.PAYMENT))
    joined = join_cells(found, population, Config(), 0)
    assert [cluster.tolist() for cluster in joined.clusters] == [list(range(40))]
    assert joined.frequency[0].tolist() == [0.5] * 40


def test_one_kind_of_evidence_never_joins(make: Make, scatter: Scatter) -> None:
    for facet in FACETS:
        population, found = world(make, scatter, (facet,))
        assert [c.tolist() for c in join_cells(found, population, Config(), 0).clusters] == [
            c.tolist() for c in found.clusters
        ]


def test_strangers_are_not_joined(make: Make, scatter: Scatter) -> None:
    population, _ = world(make, scatter, ())
    clusters = tuple(np.arange(100 + 20 * c, 120 + 20 * c, dtype=np.int32) for c in range(60))
    links = project(condense(population, clusters), Config().projection).links
    assert len(bridges(links, len(clusters)).source) == 0


def test_a_cell_has_what_its_members_have(make: Make, scatter: Scatter) -> None:
    population, found = world(make, scatter, (Facet.DEVICE, Facet.PAYMENT))
    condensed = condense(population, found.clusters)
    assert condensed.size == population.size - 40 + 4
    for facet, matrix in population.incidence.items():
        rows = [set(matrix.row(account).tolist()) for account in range(population.size)]
        for cell in range(4):
            members = [rows[account] for account in range(CELL * cell, CELL * (cell + 1))]
            least = 1 if facet in {Facet.DEVICE, Facet.PAYMENT} else 3  # a quarter of ten, rounded up
            union = sorted(set().union(*members))
            expected = [value for value in union if sum(value in row for row in members) >= least]
            assert condensed.incidence[facet].row(cell).tolist() == expected
        assert condensed.incidence[facet].row(4).tolist() == matrix.row(40).tolist()
