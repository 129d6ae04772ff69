"""Prompt templates: which prompts are copies of one wording with other things filled in."""

from attribution.ingest.templates.mining import mine

__all__ = ["mine"]
