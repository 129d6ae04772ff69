"""`attribution ask` without a server: it lists, explains, links, writes files for Browser, and says what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from attribution.cli.ask import _cell
from graph_schema import browser
from graph_schema.investigations import load

PROGRAM = str(Path(sys.executable).with_name("attribution"))


def ask(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "ask", *words], capture_output=True, text=True, check=False, cwd=cwd, env={"HOME": "/"}
    )


def test_all_questions_are_listed() -> None:
    said = ask()
    assert said.returncode == 0
    listed = [line.split()[0] for line in said.stdout.splitlines() if line.strip()]
    assert set(load()) <= set(listed)
    whole = json.loads(ask("--json").stdout)
    assert [one["name"] for one in whole] == list(load())
    assert all(one["question"] and one["columns"] for one in whole)


def test_one_is_explained() -> None:
    said = ask("why_linked").stdout
    assert "By which shared values" in said
    assert "a whole number from 1 to 4" in said
    assert "attribution ask why_linked --param account=... --param other=... --store" in said
    assert json.loads(ask("why_linked", "--json").stdout)["parameters"][0]["needed"] is True


def test_links_open_browser_with_the_values() -> None:
    said = ask("blast_radius", "-p", "value=card 'x'", "--link", "--browser", "https://graph.example:7473/browser/")
    links = dict(line.split(": ", 1) for line in said.stdout.splitlines())
    assert set(links) == {"rows", "picture"}
    for address in links.values():
        assert address.startswith("https://graph.example:7473/browser/?cmd=edit&arg=")
        assert "named.key = 'card \\'x\\''" in parse_qs(urlsplit(address).query)["arg"][0]
    assert ask("runs", "--link").stdout.startswith("rows: http://localhost:7474/browser/?cmd=edit")


def test_files_for_browser_are_written(tmp_path: Path) -> None:
    said = ask("--browser-files", "b", cwd=tmp_path)
    assert said.stdout == "b: style.grass, guide.html, favourites.zip\n"
    assert (tmp_path / "b" / "favourites.zip").read_bytes() == browser.favourites()
    assert (tmp_path / "b" / "style.grass").read_text("utf-8") == browser.grass()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["runs", "-p", "limit=3"], 2, "no graph to ask"),
        (["why_link"], 2, "did you mean why_linked"),
        (["runs", "-p", "limit=x"], 2, "limit takes a whole number from 1 to 1000"),
        (["runs", "-p", "limit"], 2, "no value"),
        (["runs", "-p", "limit=1", "-p", "limit=2"], 2, "given twice"),
        (["why_linked", "--link"], 2, "account is needed"),
        (["runs", "--link", "-p", "hat=1"], 2, "takes no hat"),
        (["runs", "--store", "engine.duckdb"], 2, "this store is a file"),
        (["runs", "--store", "bolt://127.0.0.1:1"], 6, "127.0.0.1:1"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    import duckdb  # noqa: PLC0415  # one use

    from attribution.store import EmbeddedStore  # noqa: PLC0415  # one use

    with duckdb.connect(str(tmp_path / "engine.duckdb")) as con:
        EmbeddedStore(con)
    done = ask(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.99999, "> 0.999"),
        (1.0, "1.00"),
        (0.25, "0.25"),
        (["a", "b", "c", "d", "e"], "a, b, c, d and 1 more"),
    ],
)
def test_cells_read_well(value: object, said: str) -> None:
    assert _cell(value) == said
