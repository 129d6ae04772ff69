"""From shared values to validated co-use links: null model, kernel, false-discovery control, and why."""

from attribution.projection.project import Projection, project

__all__ = ["Projection", "project"]
