"""The attribution report: one document (`document`, `assemble`) and its renderings (`render`)."""

from attribution.report.assemble import build
from attribution.report.browser import linked
from attribution.report.document import Document, InputFile, LabFacts, RunFacts
from attribution.report.render import html, write
from attribution.report.sources import explanations, lab_facts
from attribution.report.stored import encode, read

__all__ = [
    "Document",
    "InputFile",
    "LabFacts",
    "RunFacts",
    "build",
    "encode",
    "explanations",
    "html",
    "lab_facts",
    "linked",
    "read",
    "write",
]
