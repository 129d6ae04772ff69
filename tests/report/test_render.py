from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from attribution.report import html, linked

if TYPE_CHECKING:
    from attribution.report.document import Document

HARMLESS_ATTRIBUTES = re.compile(r"^(?!on|style$|src|srcset|action|formaction|ping|background|poster|data$)")


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="session", params=["plain", "hostile", "empty"])
def page(request: pytest.FixtureRequest, document: Document, hostile: Document, empty: Document) -> str:
    return html({"plain": document, "hostile": hostile, "empty": empty}[request.param]).decode()


def test_nothing_in_the_page_can_run_load_or_send(page: str) -> None:
    reader = Reader(page)
    assert not reader.tags & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "form",
        "base",
        "image",
        "use",
        "foreignobject",
        "a:",
    }
    for name, value in reader.attributes:
        assert HARMLESS_ATTRIBUTES.match(name), (name, value)
        if name == "href":
            assert value.startswith("#"), value
    assert "url(" not in page
    assert "@import" not in page


def test_the_policy_names_the_one_style_sheet_by_its_hash(page: str) -> None:
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_link_of_the_contents_leads_somewhere_once(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {value[1:] for name, value in reader.attributes if name == "href"} <= set(reader.ids)


def test_rings_link_into_browser_where_one_is_configured(document: Document) -> None:
    assert linked(document, "") == document
    told = linked(document, "http://localhost:7474")
    reader = Reader(html(told).decode())
    found = [value for name, value in reader.attributes if name == "href" and not value.startswith("#")]
    assert found == [ring.browser for ring in told.rings if ring.browser and ring.drawing is not None]
    assert found
    for ring in told.rings:
        assert ring.brief or unquote(ring.browser or "").count(ring.ring_id) == 2
        assert ring.brief or told.run.run_id in unquote(ring.browser or "")


def test_hostile_strings_are_shown_as_text(hostile: Document) -> None:
    text = "".join(Reader(html(hostile).decode()).text)
    assert "<script>document.title='owned'</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_what_is_claimed_can_be_read(document: Document) -> None:
    text = " ".join("".join(Reader(html(document).decode()).text).split())
    assert "3 groups of accounts are judged to be run covertly by one operator each" in text
    assert "It is very likely (91.2 %) that Amber Research benefits. Analytic confidence is moderate." in text
    assert "The engine abstains from naming a beneficiary. Reason: two candidates are too close." in text
    assert "60 of the 240 members that share these" in text
    assert "concealed cardMembers pay with the same instrument and share no place, device or organisation." in text
    assert "Limits of the method" in text


def test_no_rings_is_said_properly(empty: Document) -> None:
    text = " ".join("".join(Reader(html(empty).decode()).text).split())
    assert "No ring was found." in text
    assert "This is no proof that there is none" in text
    assert "Rings one by one" not in text


def test_the_same_document_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib, report_world; from attribution.report import html, encode; d = report_world.make_document();"
        "print(hashlib.sha256(html(d) + encode(d)).hexdigest())"
    )
    seen = set()
    for seed in ("0", "1"):
        where = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | where, capture_output=True, text=True, check=True
        )
        seen.add(run.stdout)
    assert len(seen) == 1
