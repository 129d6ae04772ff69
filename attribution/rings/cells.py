"""Clusters that are cells of one ring, joined where what they share as wholes cannot be chance (`projection.cells`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from attribution.domain import Partition
from attribution.projection import bridges, condense, project
from attribution.rings.partition import partition

if TYPE_CHECKING:
    from attribution.config import Config
    from attribution.domain import Population


def join_cells(found: Partition, population: Population, config: Config, seed: int) -> Partition:
    """Join clusters that two kinds of evidence link, each cluster taken for one account.

    The links between clusters are partitioned as those between accounts are. Clusters that nothing links stay as
    they are; frequency and agreement are those of the accounts' own partition.
    """
    if len(found.clusters) < 2:
        return found
    cells = len(found.clusters)
    links = bridges(project(condense(population, found.clusters), config.projection).links, cells)
    if not len(links.source):
        return found
    together = partition(links, cells, msgspec.structs.replace(config.rings, min_size=2), seed).clusters
    joined = np.zeros(cells, np.bool_)
    for group in together:
        joined[group] = True
    groups = [*together, *np.flatnonzero(~joined)[:, None]]
    clusters, frequency = [], []
    for group in groups:
        members = np.concatenate([found.clusters[cell] for cell in group])
        order = np.argsort(members, kind="stable")
        clusters.append(members[order])
        frequency.append(np.concatenate([found.frequency[cell] for cell in group])[order])
    return Partition.by_size(clusters, frequency, found.agreement)
