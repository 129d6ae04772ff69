"""Lasting ids: which ring and campaign of the run before is which of this one, and what became of the others."""

from attribution.lineage.follow import Event, Followed, Step, follow
from attribution.lineage.history import Past, follow_campaigns, follow_rings, identities, recall
from attribution.lineage.matching import Group

__all__ = [
    "Event",
    "Followed",
    "Group",
    "Past",
    "Step",
    "follow",
    "follow_campaigns",
    "follow_rings",
    "identities",
    "recall",
]
