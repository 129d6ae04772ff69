"""`attribution score` as a user types it: a ring, a list of accounts, stated evidence, and what-ifs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from test_commands import Ended, command

import attribution
from attribution.simulate import WorldOptions, simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["command"]

STATED = """
campaign: case-17
members: 40
seen: {lab-a: {networks: 12, bins: {hits: 3, trials: 12}}}
base: {networks: [2, 20000], bins: [31, 9000]}
targets: {chain_of_thought: 0.7}
likeness: {lab-a: 0.91}
subjects: {lab-a: [0.02, 1.0]}
pivots: [{model: m-5, day: 2026-03-14, effect: 0.4, p_value: 0.001}]
"""
LABS = """
labs:
- id: lab-a
  name: Amber
  networks: ["198.51.100.0/24"]
  bins: ["411111"]
  targets: {chain_of_thought: 1.0}
  template_examples: ["Reconstruct the reasoning behind the answer"]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score")
    simulate(folder / "world", WorldOptions(accounts=500, rings=2, labs=3, seed=3))
    attribution.run(folder / "world", out=folder / "out", labs=folder / "world" / "labs.yaml")
    return folder


@pytest.fixture
def stated(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "labs.yaml").write_text(LABS)
    (tmp_path / "stated.yaml").write_text(STATED)
    return tmp_path / "labs.yaml", tmp_path / "stated.yaml"


def posterior(ended: Ended) -> dict[str, float]:
    assert ended.code == 0, ended.err
    (one,) = json.loads(ended.out)["results"]
    chance = {row["lab_id"]: row["posterior"] for row in one["posteriors"]}
    assert sum(chance.values()) == pytest.approx(1.0, abs=1e-9)
    return chance


def test_accounts_and_their_ring_have_the_same_posterior(
    command: Callable[..., Ended], done: Path, tmp_path: Path
) -> None:
    shown = json.loads(command("show", done / "out", "--json").out)
    ring = shown["rings"][0]["ring_id"]
    names = [row["account_id"] for row in shown["rings"][0]["members"]]
    listed = tmp_path / "accounts.txt"
    listed.write_text("account_id\n" + "\n".join(reversed(names)) + "\n\n")
    labs = done / "world" / "labs.yaml"
    by_ring = posterior(command("score", done / "out", "--labs", labs, "--ring", ring, "--json"))
    by_list = posterior(command("score", done / "out", "--labs", labs, "--accounts", listed, "--json"))
    assert by_ring == by_list
    store = done / "out" / "attribution.duckdb"
    assert by_ring == posterior(command("score", "--store", store, "--labs", labs, "--ring", ring, "--json"))
    told = command("score", done / "out", "--labs", labs, "--ring", ring)
    assert told.code == 0
    assert "Who benefits" in told.out


def test_what_ifs_move_the_posterior(command: Callable[..., Ended], stated: tuple[Path, Path]) -> None:
    args = ("score", "--labs", stated[0], "--stated", stated[1], "--json")
    plain = posterior(command(*args))
    assert plain["lab-a"] > 0.9
    assert posterior(command(*args, "--prior", "0.95"))["lab-a"] < plain["lab-a"]
    assert posterior(command(*args, "--prior", "0.9", "--prior", "lab-a=0.01"))["lab-a"] < plain["lab-a"]
    less = command(*args, "--without", "place", "--without", "content")
    assert posterior(less)["lab-a"] < plain["lab-a"]
    families = {row["family"] for row in json.loads(less.out)["results"][0]["evidence"]}
    assert not families & {"place", "content"}


def test_the_reason_says_the_labs_name(command: Callable[..., Ended], stated: tuple[Path, Path]) -> None:
    said = command(
        "score", "--labs", stated[0], "--stated", stated[1], "--without", "place", "--without", "payment"
    ).out
    assert "No lab is named: only content speaks for Amber" in " ".join(said.split())


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--labs", "{labs}"], 2, "one thing to score"),
        (["--stated", "{stated}"], 2, "no dossiers"),
        (["--labs", "{labs}", "--ring", "r"], 2, "no logs"),
        (["{out}", "--labs", "{labs}", "--ring", "nothing"], 7, "no ring"),
        (["{out}", "--labs", "{labs}", "--accounts", "{labs}"], 7, "not in the logs"),
        (["{tmp}/none", "--labs", "{labs}", "--ring", "r"], 7, "no such store"),
        (["--labs", "{labs}", "--stated", "{tmp}/none"], 3, "cannot be read"),
        (["--labs", "{labs}", "--stated", "{labs}"], 3, "labs"),
        (["--labs", "{labs}", "--stated", "{stated}", "--prior", "often"], 2, "no probability"),
        (["--labs", "{labs}", "--stated", "{stated}", "--prior", "2"], 2, "prior"),
        (["--labs", "{labs}", "--stated", "{stated}", "--without", "stars"], 2, "stars"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    command: Callable[..., Ended],
    done: Path,
    stated: tuple[Path, Path],
    tmp_path: Path,
    args: list[str],
    code: int,
    said: str,
) -> None:
    places = {"labs": stated[0], "stated": stated[1], "out": done / "out", "tmp": tmp_path}
    ended = command("score", *(arg.format(**places) for arg in args))
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "remedy:" in ended.err
    assert "Traceback" not in ended.err


def test_a_bomb_of_aliases_is_refused(command: Callable[..., Ended], stated: tuple[Path, Path], tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("members: 3\nhours: &a [1]\ntargets: *a\n")
    ended = command("score", "--labs", stated[0], "--stated", bomb)
    assert ended.code == 3
    assert "anchors" in ended.err
