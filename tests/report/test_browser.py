"""The page of hostile strings in a real browser: nothing runs, nothing is requested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attribution.report import write

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from attribution.report.document import Document

pytestmark = pytest.mark.browser


def _open(chromium: Browser, path: Path) -> tuple[Page, list[str], list[str]]:
    requests: list[str] = []
    ran: list[str] = []
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: ran.append(message.text))
    page.on("pageerror", lambda error: ran.append(str(error)))
    page.goto(path.as_uri(), wait_until="networkidle")
    return page, requests, ran


def test_hostile_strings_run_no_script_and_make_no_request(
    chromium: Browser, hostile: Document, tmp_path: Path
) -> None:
    write(hostile, tmp_path)
    page, requests, ran = _open(chromium, tmp_path / "report.html")
    for summary in page.locator("summary").all():
        summary.click()
    page.emulate_media(media="print")
    page.wait_for_timeout(200)
    assert requests == [(tmp_path / "report.html").as_uri()]
    assert ran == []
    assert page.title() == "Attribution report"
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.querySelectorAll('img, iframe, link, object, embed, form').length") == 0
    page.close()


def test_the_watch_would_notice(chromium: Browser, tmp_path: Path) -> None:
    trap = tmp_path / "trap.html"
    trap.write_text("<title>x</title><img src='gone.png'><script>console.log('ran')</script>", "utf-8")
    page, requests, ran = _open(chromium, trap)
    assert len(requests) == 2
    assert "ran" in ran
    page.close()


@pytest.mark.parametrize("width", [380, 1280])
def test_the_page_fits_its_window(chromium: Browser, document: Document, tmp_path: Path, width: int) -> None:
    write(document, tmp_path)
    page, _, _ = _open(chromium, tmp_path / "report.html")
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_print_shows_what_is_folded_away_on_the_screen(chromium: Browser, document: Document, tmp_path: Path) -> None:
    write(document, tmp_path)
    page, _, _ = _open(chromium, tmp_path / "report.html")
    table = page.locator("details table").first
    assert not table.is_visible()
    page.emulate_media(media="print")
    assert table.bounding_box() is not None
    page.close()
