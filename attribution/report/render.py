"""The report as one self-contained HTML file: no script, no request, nothing that a hostile string could switch on.

Strings reach the page only through jinja2's autoescape; the content security policy forbids everything but the one
style sheet, which is named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from attribution.report import pictures, stored, wording

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.report.document import Document, LedgerLine

HTML_NAME = "report.html"
MEMBERS_SHOWN = 40
OTHERS_SHOWN = 200
DETAIL_SHOWN = 320
_APART = re.compile(r"(?<=[<>]) (?=[0-9])|(?<=[0-9]) (?=%)")
CHAPTERS, UNDETERMINED_CHAPTERS = 60, 5
"""Rings, and undetermined clusters, with a chapter of their own; further ones stand in a table."""


def html(document: Document) -> bytes:
    """Return `report.html`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attribution.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=unbroken,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        facet=wording.facet,
        family=wording.family,
        words=wording.words,
        count=wording.count,
        how_common=wording.how_common,
        detail=detail,
        sentence=sentence,
        because=because,
        signed=wording.signed,
        day=lambda moment: moment[:10] if moment else "unknown",
    )
    style = files("attribution.report").joinpath("templates/style.css").read_text("utf-8")
    covert = [ring for ring in document.rings if ring.verdict == "coordinated"][:CHAPTERS]
    chapters = covert + [ring for ring in document.rings if ring.verdict == "undetermined"][:UNDETERMINED_CHAPTERS]
    told = {ring.ring_id for ring in chapters}
    page = environment.get_template("report.html.j2").render(
        document=document,
        chapters=chapters,
        others=[ring for ring in document.rings if ring.ring_id not in told],
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


def unbroken(value: object) -> object:
    """Return a text whose figures stay on one line with their signs: "> 99.9 %"."""
    return _APART.sub("\u00a0", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def detail(line: LedgerLine) -> str:
    """Return what a ledger line rests on, on one line: counts in words, everything else by name."""
    rest = dict(line.detail)
    parts = [*_members(rest), *_shares(rest)]
    parts += [f"{wording.words(key)}: {_shown(value)}" for key, value in rest.items()]
    text = "; ".join(parts)
    return text if len(text) <= DETAIL_SHOWN else text[: DETAIL_SHOWN - 1] + "…"


def _shown(value: object) -> str:
    """Return a value of a detail as people write it: four digits, no brackets."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{wording.words(key)} {_shown(item)}" for key, item in value.items()) or "none"
    return str(value)


def _members(rest: dict[str, object]) -> list[str]:
    """Take an indicator's counts and expectations out of a detail and return them in words."""
    if not {"holds", "known"} <= rest.keys():
        return []
    holds, known = rest.pop("holds"), rest.pop("known")
    expected = []
    for side in ("covert", "innocent"):
        word, _, reason = str(rest.pop(f"{side}_expects", "no opinion")).partition(": ")
        expected.append(f"{rest.pop(side, side)}: {word}{f' ({reason})' if reason else ''}")
    for key in ("covert_beta", "innocent_beta", "surprise", "witnesses"):
        rest.pop(key, None)
    return [
        f"seen in {holds} of {known} members; expected by {', by '.join(expected)}"
        if known
        else "unknown: not in the logs"
    ]


def _shares(rest: dict[str, object]) -> list[str]:
    """Take a campaign's counts and base rate out of a detail and return them in words; the model stays in the table."""
    if not {"hits", "trials", "base_hits", "base_trials"} <= rest.keys():
        return []
    what = rest.pop("of", "accounts")
    mine = f"{rest.pop('hits')} of {rest.pop('trials')} {what}"
    others = f"elsewhere {rest.pop('base_hits')} of {rest.pop('base_trials')}"
    values = rest.pop("values", None)
    rest.clear()
    return [mine, others, *([f"values: {_shown(values)}"] if values else [])]


def because(reason: str) -> str:
    """Return an abstention's reason without saying again that nobody is named."""
    return reason.removeprefix("No lab is named: ")


def sentence(text: str) -> str:
    """Return a reason as a sentence of its own."""
    return text if text.endswith((".", "…", "!", "?")) else f"{text}."


def write(document: Document, out: Path) -> bytes:
    """Write `report.json` and `report.html` into an output folder; return what the former holds."""
    encoded = stored.encode(document)
    (out / stored.JSON_NAME).write_bytes(encoded)
    (out / HTML_NAME).write_bytes(html(document))
    return encoded
