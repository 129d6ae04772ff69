"""Rings and campaigns as groups with members and marks, and the way back: results under their lasting ids."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.domain import Facet
from attribution.lineage.matching import Group
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from attribution.domain import Campaign, Evidence, Population, Ring

IDENTITY = (Facet.DEVICE, Facet.PAYMENT, Facet.IP)
"""Facets whose values may tell one ring from another."""
OWN = 0.2
"""Part of a value's users who must be members for it to be a mark of the group."""
MARKS_KEPT = 64
"""Marks that are kept of a group, the weightiest."""


def ring_groups(rings: Sequence[Ring], population: Population) -> tuple[Group, ...]:
    """Return the rings as groups; members weigh by their confidence, marks by how much they are the ring's own."""
    return tuple(
        Group(ring.ring_id, _members(population, ring.members, ring.confidence), _normal(marks))
        for ring, marks in zip(rings, _marks(rings, population), strict=True)
    )


def campaign_groups(campaigns: Sequence[Campaign], population: Population) -> tuple[Group, ...]:
    """Return the campaigns as groups; members weigh by their share, marks are the campaign's templates."""
    return tuple(
        Group(
            campaign.campaign_id,
            _members(population, campaign.members, campaign.share),
            _normal(((Facet.TEMPLATE.value, template), 1.0) for template in campaign.templates),
        )
        for campaign in campaigns
    )


def _members(population: Population, members: NDArray[np.int32], weight: NDArray[np.float64]) -> dict[str, float]:
    names = population.accounts.take(pa.array(members)).to_pylist()
    return dict(zip(names, weight.tolist(), strict=True))


def _marks(rings: Sequence[Ring], population: Population) -> list[list[tuple[tuple[str, str], float]]]:
    """Return for each ring the values that two members or more use and that are largely theirs.

    They weigh their users in the ring times the part that these are of all users.
    """
    view = View.of(population, tuple(ring.members for ring in rings))
    marks: list[list[tuple[tuple[str, str], float]]] = [[] for _ in rings]
    for facet in IDENTITY:
        entries = view.entries(facet)
        if entries is None:
            continue
        one = np.unique(entries.group, return_index=True)[1]  # one entry for each value of each ring
        part = entries.inside[one] / entries.popularity[one]
        own = (entries.inside[one] > 1) & (part >= OWN)
        one, weight = one[own], entries.inside[one[own]] * part[own]
        ring, value = view.cluster[entries.member[one]], entries.value[one]
        order = np.lexsort((value, -weight, ring))
        order = order[np.arange(len(order)) - np.searchsorted(ring[order], ring[order]) < MARKS_KEPT]
        names = population.incidence[facet].values.take(pa.array(value[order])).to_pylist()
        for number, name, told in zip(ring[order].tolist(), names, weight[order].tolist(), strict=True):
            marks[number].append(((facet.value, str(name)), told))
    return marks


def _normal(items: Iterable[tuple[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
    """Return the weightiest marks with weights that sum to 1."""
    kept = sorted(items, key=lambda item: (-item[1], item[0]))[:MARKS_KEPT]
    total = sum(weight for _, weight in kept)
    return {key: round(weight / total, 9) for key, weight in kept}


def write_marks(marks: Mapping[tuple[str, str], float]) -> str:
    """Return marks as JSON, for the store."""
    return json.dumps([[facet, value, weight] for (facet, value), weight in marks.items()], ensure_ascii=False)


def read_marks(text: str) -> dict[tuple[str, str], float]:
    """Return marks from JSON."""
    return {(str(facet), str(value)): float(weight) for facet, value, weight in json.loads(text)}


def renamed_rings(rings: Sequence[Ring], ids: Mapping[str, str]) -> tuple[Ring, ...]:
    """Return the rings under their lasting ids, by descending probability and id."""
    named = [
        ring
        if ids[ring.ring_id] == ring.ring_id
        else replace(ring, ring_id=ids[ring.ring_id], evidence=_about(ring.evidence, ids))
        for ring in rings
    ]
    return tuple(sorted(named, key=lambda ring: (-ring.probability, ring.ring_id)))


def renamed_campaigns(campaigns: Sequence[Campaign], ids: Mapping[str, str]) -> tuple[Campaign, ...]:
    """Return the campaigns under their lasting ids, in the order that they had."""
    return tuple(
        replace(one, campaign_id=ids[one.campaign_id], evidence=_about(one.evidence, ids)) for one in campaigns
    )


def _about(evidence: Sequence[Evidence], ids: Mapping[str, str]) -> tuple[Evidence, ...]:
    return tuple(replace(line, subject=ids.get(line.subject, line.subject)) for line in evidence)
