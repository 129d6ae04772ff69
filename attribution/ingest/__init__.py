"""Logs in, facts out: readers for every format of the contract, quarantine, privacy, and prompt templates."""

from attribution.ingest.intake import FileAccount, Intake, ingest
from attribution.ingest.mmdb import Lookup, enrich

__all__ = ["FileAccount", "Intake", "Lookup", "enrich", "ingest"]
