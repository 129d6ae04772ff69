"""Output folders are replaced as a whole, by one process at a time, and nobody's logs are taken for an old world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from attribution import folders, output
from attribution.errors import UsageError
from attribution.simulate import WorldOptions, simulate

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_content_is_replaced_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with folders.replaced(out, "last") as partial:
        (partial / "last").write_text("1")
        (partial / "parts").mkdir()
        assert names(out) == {folders.PARTIAL}
    assert names(out) == {"last", "parts"}
    with folders.replaced(out, "last", lambda: [out / "parts"]) as partial:
        (partial / "last").write_text("2")
    assert names(out) == {"last"}
    assert (out / "last").read_text() == "2"


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    def fail(out: Path) -> None:
        with folders.replaced(out, "last") as partial:
            (partial / "last").write_text("2")
            raise KeyboardInterrupt

    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "last").write_text("1")
    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt):
            fail(tmp_path / name)
    assert names(tmp_path) == {"old"}
    assert names(tmp_path / "old") == {"last"}
    assert (tmp_path / "old" / "last").read_text() == "1"


def test_two_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with folders.replaced(tmp_path, "last") as first:
        (first / "last").write_text("1")
        with pytest.raises(UsageError, match="another process is writing there"), folders.replaced(tmp_path, "last"):
            pytest.fail("lent twice")
        assert names(first) == {"last"}
    assert names(tmp_path) == {"last"}


def test_a_killed_one_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / folders.PARTIAL).mkdir()
    (tmp_path / folders.PARTIAL / "half").write_text("x")
    with folders.replaced(tmp_path, "last") as partial:
        assert names(partial) == set()


@pytest.mark.parametrize(("before", "stays"), [(output.STORE, False), (None, True)])
def test_the_database_of_an_earlier_run_goes_with_it(tmp_path: Path, before: str | None, *, stays: bool) -> None:
    """A run with `--store` elsewhere leaves none behind that would answer for it; a store of the user's stays."""
    (tmp_path / output.STORE).write_text("facts of the earlier run")
    (tmp_path / output.MANIFEST).write_text(json.dumps({"store": before}))
    with output.folder(tmp_path) as partial:
        (partial / output.MANIFEST).write_text("{}")
    assert (tmp_path / output.STORE).exists() is stays


def test_a_simulation_replaces_its_own_world_and_nobodys_logs(tmp_path: Path) -> None:
    few = WorldOptions(accounts=500, rings=2, drop=("prompt",), days=28)
    world = simulate(tmp_path / "world", few).path
    (world / "notes.txt").write_text("mine")
    simulate(world, WorldOptions(accounts=500, rings=2, drop=("prompt", "payments"), file_format="csv"))
    assert names(world) == {"events.csv", "accounts.csv", "ips.csv", "labs.yaml", "truth", "world.json", "notes.txt"}
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "events.parquet").write_text("the only ones")
    with pytest.raises(UsageError, match=r"holds events.parquet, which no simulation wrote"):
        simulate(logs, few)
    assert (logs / "events.parquet").read_text() == "the only ones"
