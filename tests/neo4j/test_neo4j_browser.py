"""The real Neo4j Browser in a real Chromium: a deep link, a login, a ring drawn; style, favourites, guide taken in."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j_server
import pytest
import uvicorn

from api import create_app
from api.serve import listen
from attribution.investigate import answer
from graph_schema import browser as files
from graph_schema.deeplinks import link, literal, script
from graph_schema.investigations import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from attribution.store.neo4j import Neo4jStore

pytestmark = [pytest.mark.neo4j, pytest.mark.browser]
PATIENCE = 30_000
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "browser.png"
DROP = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name));
  const target = document.querySelector('[data-testid="main"]');
  for (const kind of ['dragenter', 'dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


HOSTILE = ("' OR 1=1 //", "a&b#c=>$run;`x`", "\\u0027 \\", "\U0001f600 %2F", "x'}) DETACH DELETE n //")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1360, "height": 1100})
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


def log_in(page: Page, address: str) -> None:
    page.goto(address)
    page.fill('[data-testid="username"]', "neo4j")
    page.fill('[data-testid="password"]', neo4j_server.ADMIN_PASSWORD)
    page.click('[data-testid="connect"]')
    page.wait_for_selector('[data-testid="navigationFavorites"]')
    page.locator('[data-testid="frameCommand"]').first.wait_for()
    page.wait_for_timeout(3000)  # it asks the server what there is before it runs anything, and shows no end of that


def drop(page: Page, name: str, content: bytes) -> None:
    """Drop a file on the page, as analysts do."""
    page.evaluate(DROP, [name, list(content)])


def editor(page: Page) -> str:
    return page.inner_text('[data-testid="activeEditor"] .view-lines').replace("\xa0", " ")


def run(page: Page, text: str | None = None) -> None:
    if text is not None:
        page.click('[data-testid="activeEditor"] .monaco-editor')
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)
    page.click('[data-testid="editor-Run"]')


def drawn(page: Page) -> dict[str, int]:
    """Wait until a graph stands; return how many nodes each label has, as the legend says."""
    page.wait_for_selector("g.node")
    page.wait_for_timeout(3000)
    legend = page.locator('[data-testid="vizInspector"]').first
    texts = legend.locator('[data-testid^="property-details-overview-node-label-"]').all_inner_texts()
    return {name.strip(): int(count.strip(" )")) for name, _, count in (text.partition("(") for text in texts)}


def test_a_deep_link_fills_the_editor_and_draws_the_ring(
    page: Page, nights: Neo4jStore, neo4j: neo4j_server.Server
) -> None:
    ring = answer(nights, "rings_to_look_at", {}).rows[-1]["ring"]
    found = answer(nights, "ring_overview", {"ring": ring})
    members = found.rows[0]["accounts"]
    log_in(page, found.links(neo4j.browser)["picture"])
    assert ring in editor(page)
    run(page)
    labels = drawn(page)
    assert labels["Ring"] == 1
    assert 2 <= labels["Account"] <= members
    assert page.locator("g.node").count() == labels["*"] == sum(labels.values()) / 2
    drop(page, "style.grass", files.grass().encode())
    page.get_by_text("node.PromptTemplate").first.wait_for()
    run(page, ":config autoComplete: false")  # else Browser draws what lies between the nodes, of any night
    page.get_by_text('"autoComplete": false').first.wait_for()
    run(page, script(found.investigation, found.parameters, picture=True))
    assert drawn(page) == labels
    for label in ("Ring", "Account"):
        assert page.locator(f'g.node circle[fill="{files.LOOKS[label].colour}"]').count() >= labels[label]
    if os.environ.get("ATTRIBUTION_WRITE_PICTURES"):
        page.locator('[data-testid="frame"]').first.screenshot(path=PICTURE)


def test_a_link_opens_the_database_that_the_store_names(page: Page, neo4j: neo4j_server.Server) -> None:
    log_in(page, link(neo4j.browser, "RETURN 41 + 1 AS sum", f"{neo4j.url}/system"))
    assert "RETURN 41 + 1 AS sum" in editor(page)
    if not neo4j_server.YEARLY:  # of a later server this Browser shows no database, whatever the link
        page.locator('[data-testid="activeEditor"]').get_by_text("system$").wait_for()  # when it has asked


def test_hostile_values_come_back_as_they_were(page: Page, nights: Neo4jStore, neo4j: neo4j_server.Server) -> None:
    log_in(page, link(neo4j.browser, "RETURN 1"))
    run(page)
    for value in HOSTILE:
        assert nights.viewing(lambda ask, _, value=value: ask(f"RETURN {literal(value)} AS v"))[0]["v"] == value
        run(page, f":param given => {literal(value)}")
        page.locator('[data-testid="frameContents"]').first.get_by_text(value).wait_for()


def test_favourites_are_taken_in(page: Page, nights: Neo4jStore, neo4j: neo4j_server.Server) -> None:
    nights.ping()
    log_in(page, f"{neo4j.browser}/browser/")
    drop(page, "favourites.zip", files.favourites())
    page.click('[data-testid="navigationFavorites"]')
    page.click("text=Attribution")
    page.wait_for_selector(f"text={load()['blast_radius'].title}")
    for one in load().values():
        assert page.locator(f"text={one.title}").count() >= 1, one.title


def test_guide_and_style_come_from_the_api(page: Page, nights: Neo4jStore, neo4j: neo4j_server.Server) -> None:
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(nights), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        here = f"http://localhost:{listener.getsockname()[1]}/browser"
        log_in(page, f"{neo4j.browser}/browser/")
        run(page, f":style {here}/style.grass")
        page.get_by_text("node.PromptTemplate").first.wait_for()
        run(page, f":play {here}/guide.html")
        page.wait_for_selector("text=Rings in the graph")
    finally:
        server.should_exit = True
        thread.join()
