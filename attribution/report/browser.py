"""Links from the report into Neo4j Browser, where the configuration says where that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from graph_schema.deeplinks import link, script
from graph_schema.investigations import load

if TYPE_CHECKING:
    from attribution.report.document import Document

DRAWS = "ring_overview"
"""The question whose picture a ring's link opens."""


def linked(document: Document, browser: str, graph: str = "") -> Document:
    """Return the document with a link for each of its rings that has a chapter; without an address, as it is.

    `graph` is the address of the store, which may name a database.
    """
    if not browser:
        return document
    one = load()[DRAWS]
    rings = tuple(
        ring
        if ring.brief
        else replace(
            ring,
            browser=link(browser, script(one, {"ring": ring.ring_id, "run": document.run.run_id}, picture=True), graph),
        )
        for ring in document.rings
    )
    return replace(document, rings=rings)
