"""The repository names no package registry and no path of somebody's machine: any mirror serves, any folder will do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOT = r"\."
HOSTS = (
    ("py", "pi", DOT, "org"),
    ("python", "hosted", DOT, "org"),
    ("test", DOT, "py", "pi"),
    ("ana", "conda", DOT, "(org|com|cloud)"),
    ("conda", "-forge"),
    ("registry", DOT, "npm", "js"),
    ("registry", DOT, "yarn", "pkg"),
    ("repo1?", DOT, "maven", DOT),
    ("repo", DOT, "maven", DOT, "apache"),
    ("search", DOT, "maven", DOT),
    ("crates", DOT, "io"),
    ("ruby", "gems", DOT, "org"),
    ("proxy", DOT, "golang", DOT, "org"),
    ("files", DOT, "python"),
    ("index", "-url *[= ] *http"),
    ("extra", "-index-url"),
    ("deb", DOT, "debian", DOT, "org"),
    ("arti", "factory"),
    (r"\bcr", r"an\b"),
    ("maven", " central"),
    ("docker", " ?hub"),
    (r"\bpy", r"pi\b"),
    (r"\bnpm", r"js\b"),
)
"""Names and hosts, in pieces, so that this file does not hold what it looks for."""
PLACES = (("/wo", "rk/"), (DOT, DOT, "/sha", "red"), ("/ho", r"me/\w+/"), ("/Us", r"ers/\w+/"))
ALLOWED = {".ci/run": ("sha" + "red",)}
"""Continuous integration looks for real data beside the checkout."""


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Read every tracked text file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607  # the reader's own git
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("no git checkout: a release archive")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data[:8000]:
                found[name] = data.decode("utf-8", "replace")
    return found


def hits(tracked: dict[str, str], pieces: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return file, line and match of every place where a pattern is found."""
    pattern = re.compile("|".join("(?:" + "".join(parts) + ")" for parts in pieces), re.IGNORECASE)
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in tracked.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := pattern.search(line)) and not any(word in match[0] for word in ALLOWED.get(name, ()))
    ]


def test_no_registry_and_no_address_of_one_is_named(tracked: dict[str, str]) -> None:
    assert hits(tracked, HOSTS) == []


def test_no_path_of_a_machine_is_named(tracked: dict[str, str]) -> None:
    assert hits(tracked, PLACES) == []


def test_the_search_would_find_them() -> None:
    bad = {"a": "pip install --extra" + "-index-url x", "b": "see /wo" + "rk/main", "c": "fetched from py" + "pi.org"}
    assert [hit[0] for hit in hits(bad, HOSTS)] == ["a", "c"]
    assert [hit[0] for hit in hits(bad, PLACES)] == ["b"]
