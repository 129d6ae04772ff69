"""Groups of accounts as if each were one account: what a group shares with another group, its members do not show.

A careful operator splits a ring into cells (a wording, a card, a few machines for every ten accounts). Two accounts of
different cells share one slip at most, a card here or a machine there, which no false-discovery control over all pairs
of accounts can believe. The cells as wholes share several slips of several kinds. So the projection is made once more
with each cluster as one account: the same null, in which how busy a cell is and how popular a value is are kept.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.domain import Facet, Incidence, Links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attribution.domain import Population

TYPICAL = 0.25
"""What is freely set (wordings, places, hours) belongs to a cell when this share of its members (and two) have it: one
member's visit to a café, or a wording borrowed to frame somebody, is not the cell's own."""
PERSONAL = frozenset({Facet.DEVICE, Facet.PAYMENT})
"""What one member has counts for its cell: personal by nature, and a slip is rare."""
KINDS: tuple[frozenset[Facet], ...] = (
    frozenset({Facet.DEVICE}),
    frozenset({Facet.PAYMENT, Facet.BATCH}),
    frozenset({Facet.TEMPLATE, Facet.TEMPLATE_FAMILY}),
)
"""Two cells are joined on two of these at least: devices alone collide, instruments are lent, wordings are copied."""
SPEAKS = float(np.log(10.0))
"""Nats from which a kind counts as one of the two (Jeffreys 1961: strong)."""


def condense(population: Population, clusters: Sequence[NDArray[np.int32]]) -> Population:
    """Return a population in which each cluster is one account.

    Clusters come first, in their order, then everybody who is in none, in the order of the accounts. Only `accounts`
    (made-up names), `incidence` and `known` are filled: what `project` reads.
    O(entries log entries).
    """
    label = np.full(population.size, -1, np.int64)
    for number, members in enumerate(clusters):
        label[members] = number
    alone = np.flatnonzero(label < 0)
    label[alone] = len(clusters) + np.arange(len(alone))
    size = np.bincount(label)
    return dataclasses.replace(
        population,
        accounts=pa.array([f"cell-{number:08d}" for number in range(len(size))], pa.string()),
        incidence={facet: _condensed(matrix, label, size) for facet, matrix in population.incidence.items()},
        enrichment={},
        activity=population.activity.iloc[:0],
        hours=population.hours[:0],
    )


def _condensed(matrix: Incidence, label: NDArray[np.int64], size: NDArray[np.int64]) -> Incidence:
    """Add the members' rows; drop what is not typical of a cell. Values that accounts used alone count for nobody."""
    values = max(1, len(matrix.values))
    length = np.diff(matrix.indptr)
    key = np.repeat(label, length) * values + matrix.indices
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(key)), np.bool_), key[1:] != key[:-1]]))
    users = np.diff(np.append(first, len(key)))
    events = np.add.reduceat(matrix.count[order].astype(np.int64), first) if len(first) else np.zeros(0, np.int64)
    cell, value = key[first] // values, key[first] % values
    if matrix.facet not in PERSONAL:
        least = np.where(size > 1, np.maximum(2, np.ceil(TYPICAL * size)), 1)
        typical = users >= least[cell]
        cell, value, events = cell[typical], value[typical], events[typical]
    own = np.bincount(label, weights=matrix.degrees() - length, minlength=len(size)).astype(np.int64)
    own[(size > 1) & (matrix.facet not in PERSONAL)] = 0
    rows = np.bincount(cell, minlength=len(size))
    return Incidence(
        facet=matrix.facet,
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)]),
        indices=value.astype(np.int32),
        count=np.minimum(events, np.iinfo(np.int32).max).astype(np.int32),
        values=matrix.values,
        degree=(rows + own).astype(np.int32),
    )


def bridges(links: Links, cells: int) -> Links:
    """Return the links between two of the first `cells` accounts that two kinds of evidence carry at least."""
    between = (links.source < cells) & (links.target < cells)
    speaking = np.zeros(len(between), np.int64)
    for kind in KINDS:
        columns = [number for number, facet in enumerate(links.facets) if facet in kind]
        if columns:
            speaking += links.by_facet[:, columns].max(axis=1) >= SPEAKS
    chosen = between & (speaking >= 2)
    return Links(
        source=links.source[chosen],
        target=links.target[chosen],
        by_facet=links.by_facet[chosen],
        weight=links.weight[chosen],
        p_value=links.p_value[chosen],
        facets=links.facets,
        threshold=links.threshold,
    )
