"""Logs in, facts out: readers for every format of the contract, quarantine, privacy, and prompt templates."""

from attribution.ingest.intake import FileAccount, Intake, ingest

__all__ = ["FileAccount", "Intake", "ingest"]
