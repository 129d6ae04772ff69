"""From shared values to validated co-use links: null model, kernel, false-discovery control, and why."""

from attribution.projection.cells import bridges, condense
from attribution.projection.families import TemplateFamilies, family_of
from attribution.projection.project import Projection, project
from attribution.projection.why import FacetDetail, SharedValue, Why, why

__all__ = [
    "FacetDetail",
    "Projection",
    "SharedValue",
    "TemplateFamilies",
    "Why",
    "bridges",
    "condense",
    "family_of",
    "project",
    "why",
]
