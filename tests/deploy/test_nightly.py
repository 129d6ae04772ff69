"""The nightly script under a clock of the test's own: every night once, missed ones made up for."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "nightly.sh"
DATE = shutil.which("date")
TOOLS = {
    "date": f'#!/bin/sh\ncase "$*" in *-d*) exec {DATE} "$@" ;; esac\nexec {DATE} -u -d "@$(cat "$CLOCK")" "$2"\n',
    "sleep": """#!/bin/sh
[ "$1" != 60 ] || set -- "${STEP:-60}"
echo $(($(cat "$CLOCK") + $1)) > "$CLOCK"
[ "$(cat "$CLOCK")" -lt "$END" ] || kill -s TERM "$PPID"
""",
    "attribution": """#!/bin/sh
echo "$(date -u +%dT%H:%M) $1 $2" >> "$CALLS"
code=$(head -n 1 "$CODES" 2>/dev/null)
[ -z "$code" ] || sed -i 1d "$CODES"
exit "${code:-0}"
""",
}
"""What stands in for the clock, for waiting, and for the engine: each call takes its exit code from a list, then 0.
A minute may pass as STEP seconds."""


@dataclass(frozen=True)
class Stage:
    """A folder with the stand-ins, and what happened in it."""

    folder: Path

    def nights(self, start: str, end: str, *codes: int, **settings: str) -> subprocess.CompletedProcess[str]:
        """Let the script run from one moment of March 2026 to another."""
        (self.folder / "codes").write_text("".join(f"{code}\n" for code in codes))
        (self.folder / "clock").write_text(f"{moment(start)}\n")
        (self.folder / "calls").write_text("")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTRIBUTION_")}
        given = {
            **kept,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CLOCK": str(self.folder / "clock"),
            "CODES": str(self.folder / "codes"),
            "CALLS": str(self.folder / "calls"),
            "END": str(moment(end)),
            "ATTRIBUTION_DONE": str(self.folder / "nightly.done"),
            **settings,
        }
        done = subprocess.run([SCRIPT], env=given, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 128 + signal.SIGTERM, done.stderr
        return done

    @property
    def runs(self) -> list[str]:
        """When `attribution run` was called."""
        calls = (self.folder / "calls").read_text().splitlines()
        return [call.split()[0] for call in calls if " run " in call]


def moment(text: str) -> int:
    return int(dt.datetime.fromisoformat(f"2026-03-{text}+00:00").timestamp())


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    for name, text in TOOLS.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return Stage(tmp_path)


def test_every_night_once_at_its_hour(stage: Stage) -> None:
    (stage.folder / "nightly.done").write_text("2026-03-09\n")
    stage.nights("10T01:00", "13T01:00", STEP="3600")
    assert stage.runs == ["10T02:00", "11T02:00", "12T02:00"]


def test_a_night_that_was_missed_is_made_up_for_at_the_next_start(stage: Stage) -> None:
    stage.nights("10T01:30", "10T02:10")
    assert stage.runs == ["10T01:30", "10T02:00"], "the night before was never done"
    stage.nights("11T09:17", "11T09:40")
    assert stage.runs == ["11T09:17"]


def test_a_restart_does_not_repeat_a_night_that_is_done(stage: Stage) -> None:
    stage.nights("10T02:00", "10T02:10")
    stage.nights("10T02:31", "10T09:00", STEP="1800")
    assert stage.runs == []


def test_what_may_pass_is_tried_in_a_row_then_every_hour_and_the_night_is_not_done_before(stage: Stage) -> None:
    said = stage.nights("10T02:00", "10T03:20", *([6] * 4)).stderr
    assert stage.runs == ["10T02:00", "10T02:01", "10T02:02", "10T03:03", "10T03:04"]
    assert said.count("night of 2026-03-10 failed 3 times, last exit code 6") == 1
    assert (stage.folder / "nightly.done").read_text() == "2026-03-10\n"


@pytest.mark.parametrize("code", [2, 3, 4, 5, 8, 70])
def test_what_cannot_pass_is_tried_once_a_night_and_at_every_start(stage: Stage, code: int) -> None:
    said = stage.nights("10T02:00", "11T04:00", code, code, STEP="3600").stderr
    assert stage.runs == ["10T02:00", "11T02:00"]
    assert f"night of 2026-03-10 failed with exit code {code}" in said
    assert not (stage.folder / "nightly.done").exists()
    stage.nights("11T04:10", "11T04:20")
    assert stage.runs == ["11T04:10"]


def test_a_load_that_fails_leaves_the_night_undone(stage: Stage) -> None:
    stage.nights("10T02:00", "10T02:10", 0, 6, ATTRIBUTION_GRAPH="neo4j://neo4j:7687")
    calls = (stage.folder / "calls").read_text().splitlines()
    assert [call.split()[:2] for call in calls] == [
        ["10T02:00", "run"],
        ["10T02:00", "graph"],
        ["10T02:01", "run"],
        ["10T02:01", "graph"],
    ]


@pytest.mark.parametrize(("hour", "night"), [("0", "10T00:00"), ("00", "10T00:00"), ("08", "10T08:00")])
def test_the_hour_may_have_a_zero_in_front(stage: Stage, hour: str, night: str) -> None:
    (stage.folder / "nightly.done").write_text("2026-03-09\n")
    stage.nights("09T23:30", "10T09:00", ATTRIBUTION_HOUR=hour, STEP="1800")
    assert stage.runs == [night]


@pytest.mark.parametrize("hour", ["24", "2am", "-1", "$(id)"])
def test_an_hour_that_is_none_is_refused(hour: str) -> None:
    given = {**os.environ, "ATTRIBUTION_HOUR": hour}
    done = subprocess.run([SCRIPT], env=given, capture_output=True, text=True, check=False, timeout=10)
    assert done.returncode == 2
    assert "give an hour from 0 to 23" in done.stderr


def test_a_stop_reaches_the_engine_and_is_waited_for(stage: Stage) -> None:
    tmp_path = stage.folder
    (tmp_path / "sleep").unlink()
    (tmp_path / "attribution").write_text(
        '#!/bin/sh\ntrap \'echo stopped > "$CALLS"; exit 143\' TERM\necho running > "$CALLS"\n'
        "while :; do sleep 0.1; done\n"
    )
    calls = tmp_path / "calls"
    (tmp_path / "clock").write_text(f"{moment('10T02:00')}\n")
    given = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls)}
    given |= {"CLOCK": str(tmp_path / "clock"), "ATTRIBUTION_DONE": str(tmp_path / "nightly.done")}
    with subprocess.Popen([SCRIPT], env=given) as script:
        for _ in range(200):
            if calls.exists() and calls.read_text():
                break
            time.sleep(0.05)
        script.terminate()
        assert script.wait(10) == 143
    assert calls.read_text() == "stopped\n"
    assert not (tmp_path / "nightly.done").exists()


def test_once_tries_again_says_why_and_names_its_files(tmp_path: Path) -> None:
    (tmp_path / "attribution").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit 6\n')
    (tmp_path / "attribution").chmod(0o755)
    given = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ATTRIBUTION_LOGS": "/logs with space"}
    given |= {"ATTRIBUTION_TRIES": "2", "ATTRIBUTION_PAUSE": "0"}
    done = subprocess.run([SCRIPT, "--once"], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert "failed 2 times, last exit code 6" in done.stderr
    assert (tmp_path / "calls").read_text().splitlines() == [
        "run /logs with space --out /data/out --store /data/attribution.duckdb"
    ] * 2
