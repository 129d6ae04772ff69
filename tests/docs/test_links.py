"""Every page is found from the index, every relative link leads somewhere, every page that a message names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """Return the targets of a page's relative links."""
    return [t for t in LINK.findall(CODE.sub("", prose(page))) if not re.match(r"[a-z]+:", t)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert ROOT in {target, *target.parents}, f"{link} leads out of the repository"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {link}, a heading that is not there"


def test_the_index_knows_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    missing = {str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md") if p != index and p not in linked}
    assert not missing, "add them to docs/index.md"


NAMED = r"\b(docs|tests|benchmarks|attribution|api|graph_schema)/[A-Za-z0-9_./-]+\.(md|py|sql|json|yaml)\b"


def test_files_that_comments_messages_and_pages_name_exist() -> None:
    listed = subprocess.run(
        ["git", "grep", "-IohE", NAMED],  # noqa: S607  # the reader's own git
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 128:  # not a git checkout
        pytest.skip("no git checkout: a release archive")
    assert listed.stdout
    missing = {name for name in listed.stdout.split() if not (ROOT / name).exists()}
    assert not missing
