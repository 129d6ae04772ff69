"""Rings and campaigns as groups with members and marks, and the way back: results under their lasting ids."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Facet
from attribution.lineage.matching import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from attribution.domain import Campaign, Evidence, Incidence, Population, Ring

IDENTITY = (Facet.DEVICE, Facet.PAYMENT, Facet.IP)
"""Facets whose values may tell one ring from another."""
OWN = 0.2
"""Part of a value's users who must be members for it to be a mark of the group."""
MARKS_KEPT = 64
"""Marks that are kept of a group, the weightiest."""


def ring_groups(rings: Sequence[Ring], population: Population) -> tuple[Group, ...]:
    """Return the rings as groups; members weigh by their confidence, marks by how much they are the ring's own."""
    users = {facet: population.incidence[facet].popularity() for facet in IDENTITY if facet in population.incidence}
    return tuple(
        Group(
            ring.ring_id,
            _members(population, ring.members, ring.confidence),
            _normal(
                item
                for facet, popular in users.items()
                for item in _values(population.incidence[facet], ring.members, popular)
            ),
        )
        for ring in rings
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
    names = population.accounts.take(members.tolist()).to_pylist()
    return {str(name): float(share) for name, share in zip(names, weight, strict=True)}


def _values(
    incidence: Incidence, members: NDArray[np.int32], popular: NDArray[np.int32]
) -> list[tuple[tuple[str, str], float]]:
    """Return the values that two members or more use and that are largely theirs: members times their part of users."""
    values, users = np.unique(incidence.indices[incidence.places(members)[0]], return_counts=True)
    part = users / np.maximum(popular[values], 1)
    own = np.flatnonzero((users > 1) & (part >= OWN))
    best = own[np.lexsort((values[own], -(users[own] * part[own])))][:MARKS_KEPT]
    facet = incidence.facet.value
    return [
        ((facet, str(incidence.values[int(values[at])].as_py())), float(users[at] * part[at])) for at in best.tolist()
    ]


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
