"""What README and docs show does run: Python blocks, `attribution ...` lines, files; each page in a folder of its own.

A page that makes no world itself finds `world/` and `result/`, as the README's first commands leave them. Worlds are
made with few accounts here, whatever the page says; nothing else differs from what a reader would do.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from typer.testing import CliRunner

import attribution.simulate as simulator
from attribution.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attribution.simulate import World, WorldOptions

ROOT = Path(__file__).parents[2]
ACCOUNTS = 700
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w.-]+\.(?:toml|yaml))\n")
SHELL = {"console", "sh", "bash"}
OFFERED = {"run", "show", "evaluate", "simulate", "labs", "version"}
"""Commands that a page's test runs; `serve` never ends, `graph` needs a server, `demo` is `make demo`."""
STAND_INS = {
    "russian_coord_tweets.csv": "object_id,account_id,content_id,timestamp_share\n"
    + "".join(f"post-{i % 3},account-{i},tweet-{i},{1_610_870_193 + i}\n" for i in range(12))
}
"""What a reader brings along."""
QUIET = ["--log", "error"]


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """Line, language and code of every fenced block of a page."""
    text = page.read_text("utf-8")
    return [(text.count("\n", 0, m.start("code")) + 1, m["language"], m["code"]) for m in FENCE.finditer(text)]


def commands(code: str) -> list[list[str]]:
    """Return the `attribution` lines of a shell block that can run here: no pipes, no placeholders, no server."""
    found = []
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["attribution"] and "|" not in words and not any("://" in word for word in words):
            rest = words[3:] if words[1:2] == ["--log"] else words[1:]
            if rest[:1] and rest[0] in OFFERED:
                found.append(words[1:])
    return found


def pages() -> list[Path]:
    """Every page with something that runs."""
    every = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [p for p in every if any(lang == "python" or (lang in SHELL and commands(c)) for _, lang, c in blocks(p))]


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Make every world a small one."""
    real: Callable[..., World] = simulator.simulate

    def few(out: Path, options: WorldOptions | None = None, **more: object) -> World:
        return real(out, dataclasses.replace(options or simulator.WorldOptions(), accounts=ACCOUNTS), **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "simulate", few)
        yield


@pytest.fixture(scope="module")
def left_behind(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what the README's commands leave in a folder."""
    _ = small
    folder = tmp_path_factory.mktemp("reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call(["simulate", "world", "--evasion", "0.1"], "the fixture")
        call(["run", "world", "--labs", "world/labs.yaml", "--out", "result"], "the fixture")
    return folder


def call(words: list[str], where: str) -> str:
    """Run one command line in this process; return its output."""
    ended = CliRunner().invoke(app, words if words[:1] == ["--log"] else [*QUIET, *words], prog_name="attribution")
    assert ended.exit_code == 0, f"{where}: attribution {shlex.join(words)}\n{ended.output}\n{ended.exception!r}"
    return ended.stdout


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_what_a_page_shows_runs(
    page: Path, small: None, left_behind: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = small
    shown = blocks(page)
    makes_its_own = any(words[0] == "simulate" for _, lang, code in shown if lang in SHELL for words in commands(code))
    folder = tmp_path / "folder"
    if makes_its_own:
        folder.mkdir()
    else:
        shutil.copytree(left_behind, folder)
    for name, content in STAND_INS.items():
        (folder / name).write_text(content, "utf-8")
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "__main__"}
    for line, language, code in shown:
        where = f"{page.relative_to(ROOT)}:{line}"
        if language == "python":
            exec(compile("\n" * line + code, str(page), "exec"), names)  # noqa: S102  # our own pages
        elif language in SHELL:
            for words in commands(code):
                call(words, where)
        elif named := FILE.match(code):
            (folder / named[1]).write_text(code, "utf-8")


def test_the_export_query_writes_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (query,) = (code for _, language, code in blocks(ROOT / "docs" / "data-contract.md") if language == "sql")
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE requests AS SELECT 'c' || i AS customer_key, TIMESTAMPTZ '2026-03-02 00:00Z' AS received_at,"
            " i::VARCHAR AS request_id, '192.0.2.1' AS client_ip, 'd' AS fingerprint, 't' AS card_token,"
            " 'Hi' AS body_text, 'm' AS model_name FROM range(9) AS t (i)"
        )
        con.execute(query)
    call(["run", "logs", "--out", "out"], "the export of docs/data-contract.md")
    manifest = (tmp_path / "out" / "run.json").read_text("utf-8")
    assert '"accepted": 9' in manifest
    assert '"unknown_columns": []' in manifest
