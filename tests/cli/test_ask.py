"""`attribution ask` without a server: it lists, explains, links, writes files for Browser, and says what is wrong."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console

from attribution.cli.answers import READABLE, cell, laid_out
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
        (["runs", "--store", "bolt://mara@127.0.0.1:port"], 6, "bolt://127.0.0.1:port: no address"),
        (["runs", "--store", "bolt://127.0.0.1:99999"], 6, "no address: Port out of range"),
        (["runs", "--store", "bolt://[::1"], 6, "no address"),
        (["runs", "--store", "neo4j://"], 6, "no address: no host"),
        (["runs", "--store", "neo4j://127.0.0.1:1/a/b"], 6, "no address: no database has a /"),
        (["runs", "--store", "neo4j://127.0.0.1:1?database=x"], 6, "no address: nothing follows"),
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
    assert cell(value) == said


WORDS = "The account has one place where it is at home, and many of the cluster are at home there as well."
ROW = {
    "ring": "ring-daae400f404e",
    "probability": 0.998,
    "best_innocent_explanation": "CI or evaluation",
    "looked_at": "common_place",
    "in_words": WORDS,
}


def shown(width: int, rows: list[dict[str, object]]) -> list[str]:
    out = Console(file=io.StringIO(), width=width)
    out.print(laid_out(out, "What speaks", tuple(rows[0]), rows))
    assert isinstance(out.file, io.StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", range(40, 240, 7))
def test_no_word_is_broken_however_narrow_the_terminal_is(width: int) -> None:
    lines = shown(width, [ROW, ROW])
    words = {word for line in lines for word in line.split()}
    assert {"ring-daae400f404e", "probability", "explanation", "common_place", *WORDS.split()} <= words
    assert all(len(line) <= width for line in lines)


def test_an_answer_is_a_table_where_it_fits_and_records_where_it_does_not() -> None:
    def across(width: int) -> bool:
        return any({"probability", "explanation", "words"} <= set(line.split()) for line in shown(width, [ROW, ROW]))

    fits = [width for width in range(40, 240) if across(width)]
    assert fits == list(range(fits[0], 240))
    assert 75 < fits[0] < 100
    rows = shown(fits[0], [ROW, ROW])
    assert max(len(line) for line in rows) <= fits[0]
    prose = next(line for line in rows if "The account" in line)
    assert len(prose[prose.index("The account") :]) <= READABLE
    upright = shown(fits[0] - 1, [ROW, ROW])
    assert [line.strip() for line in upright if " of 2" in line] == ["1 of 2", "2 of 2"]
    assert sum("best innocent explanation   CI or evaluation" in line for line in upright) == 2


def test_one_row_with_many_columns_is_a_record_on_any_terminal() -> None:
    lines = shown(240, [{f"column_{at}": at for at in range(12)}])
    assert sum(line.split()[:1] == ["column"] for line in lines) == 12
    assert not any(" of 1" in line for line in lines)
