"""The report as one self-contained HTML file: no script, no request, nothing that a hostile string could switch on.

Strings reach the page only through jinja2's autoescape; the content security policy forbids everything but the one
style sheet, which is named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from attribution.report import document as documents
from attribution.report import pictures, wording

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.report.document import Document, LedgerLine

HTML_NAME = "report.html"
MEMBERS_SHOWN = 40
OTHERS_SHOWN = 200
CHAPTERS = 60
"""Rings and undetermined clusters with a chapter of their own; further ones stand in a table."""


def html(document: Document) -> bytes:
    """Return `report.html`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attribution.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        facet=wording.facet,
        family=wording.family,
        explanation=wording.explanation,
        count=wording.count,
        detail=detail,
        day=lambda moment: moment[:10] if moment else "unknown",
    )
    style = files("attribution.report").joinpath("templates/style.css").read_text("utf-8")
    chapters = [ring for ring in document.rings if ring.verdict != "innocent"][:CHAPTERS]
    page = environment.get_template("report.html.j2").render(
        document=document,
        chapters=chapters,
        others=[ring for ring in document.rings if ring not in chapters],
        numbers={ring.ring_id: at for at, ring in enumerate(document.rings, start=1)},
        labs={lab.lab_id: lab.name for lab in document.labs},
        style=Markup(style),  # noqa: S704  # our own file, and the policy's hash is taken of it
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        pictures=pictures,
        verdicts=wording.VERDICTS,
        terms=wording.LIKELIHOOD_TERMS,
        members_shown=MEMBERS_SHOWN,
        others_shown=OTHERS_SHOWN,
    )
    return page.encode()


def detail(line: LedgerLine) -> str:
    """Return a ledger line's detail as "key value; key value" on one line."""
    parts = []
    for key, value in line.detail.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(f"{key.replace('_', ' ')} {shown}")
    text = "; ".join(parts)
    return text if len(text) <= 400 else text[:399] + "…"  # noqa: PLR2004  # five lines of the table


def write(out: Path, document: Document) -> None:
    """Write `report.json` and `report.html` into an output folder."""
    (out / documents.JSON_NAME).write_bytes(documents.encode(document))
    (out / HTML_NAME).write_bytes(html(document))
