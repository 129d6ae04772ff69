"""A process that is killed while it publishes leaves nothing behind, whichever statement it had reached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import handmade
import pytest

from attribution.store import EmbeddedStore, Published
from attribution.store.digests import content_digest
from attribution.warehouse.database import connect

HERE = Path(__file__).parent
SCRIPT = HERE / "publish_and_die.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parent / "support")}


def first_run(path: Path) -> str:
    with connect(path) as con:
        store = EmbeddedStore(con)
        store.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
        return store.digest()


def assert_only_the_first_run(path: Path, digest: str) -> None:
    with connect(path, read_only=True) as con:
        store = EmbeddedStore(con)
        assert [run.run_id for run in store.runs()] == ["run-1"]
        assert store.digest() == digest
        for name in ("rings", "members", "evidence", "usage"):
            run = "" if name == "usage" else "where run_id <> 'run-1'"
            rows = con.execute(f"select count(*) from results.{name} {run}").fetchall()[0][0]
            assert rows == (len(handmade.tables()["usage"]) if name == "usage" else 0), name


@pytest.mark.parametrize("statement", [1, 5, 12, 18])  # layout, facts, tables, last one before commit
def test_killed_at_a_statement(tmp_path: Path, statement: int) -> None:
    path = tmp_path / "store.duckdb"
    digest = first_run(path)
    done = subprocess.run([sys.executable, SCRIPT, path, str(statement)], env=ENVIRONMENT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert_only_the_first_run(path, digest)
    with connect(path) as con:
        store = EmbeddedStore(con)
        assert store.publish(handmade.run(2), handmade.tables(shift=1), report="{}") is Published.NEW
        assert store.digest() == content_digest(handmade.run(2), "{}", handmade.tables(shift=1))
        assert store.digest("run-1") == digest


def test_the_script_publishes_when_it_is_let(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    first_run(path)
    done = subprocess.run(
        [sys.executable, SCRIPT, path, "1000"], env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "published\n"


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path) -> None:
    for attempt in range(10):
        path = tmp_path / f"store-{attempt}.duckdb"
        digest = first_run(path)
        with subprocess.Popen([sys.executable, SCRIPT, path, "1000"], env=ENVIRONMENT) as process:
            time.sleep(0.6 + attempt * 0.1)
            process.kill()
        with connect(path) as con:
            store = EmbeddedStore(con)
            assert store.digest("run-1") == digest
            if len(store.runs()) > 1:
                assert store.digest("run-2") == content_digest(handmade.run(2), "{}", handmade.tables(shift=1))
