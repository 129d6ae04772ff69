from __future__ import annotations

import io
import json

import pytest

from attribution.telemetry import StageRecord, Telemetry


def test_stages_are_recorded_in_order_with_rows_and_memory() -> None:
    telemetry = Telemetry.quiet()
    with telemetry.stage("ingest") as stage:
        stage.rows = 7
    with telemetry.stage("rings"):
        pass
    assert [(r.name, r.rows) for r in telemetry.records] == [("ingest", 7), ("rings", None)]
    assert all(r.seconds >= 0 and r.peak_rss_bytes > 2**20 for r in telemetry.records)
    assert isinstance(telemetry.records[0], StageRecord)


def test_a_failed_stage_is_recorded_and_the_error_goes_on() -> None:
    telemetry = Telemetry.quiet()

    def fail() -> None:
        with telemetry.stage("rings"):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert [r.name for r in telemetry.records] == ["rings"]


def test_off_a_terminal_each_log_line_is_json_and_no_bar_is_drawn() -> None:
    stream = io.StringIO()
    with Telemetry(stream) as telemetry, telemetry.stage("ingest") as stage:
        stage.rows = 3
        stage.note(quarantined=1)
        telemetry.progress("events", 1, 10)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 1
    assert (lines[0]["stage"], lines[0]["rows"], lines[0]["quarantined"], lines[0]["level"]) == ("ingest", 3, 1, "info")


@pytest.mark.parametrize("show", [False, True])
def test_a_hostile_value_cannot_write_escapes_or_lines_of_its_own(*, show: bool) -> None:
    stream = io.StringIO()
    with Telemetry(stream, show=show) as telemetry:
        telemetry.log.warning("odd file", file="\x1b[31mred\x1b[0m\nerror: forged\u202egnp.exe")
    text = stream.getvalue()
    assert "\x1b[31mred" not in text
    assert "\u202e" not in text
    assert text.count("\n") == 1
    assert "forged" in text


def test_on_a_terminal_bars_appear_late_with_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attribution.telemetry.SHOW_AFTER_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    with Telemetry(stream, show=True) as telemetry, telemetry.stage("ingest"):
        for done in range(0, 5_000, 1_000):
            telemetry.progress("events read", done, 5_000)
    assert "ingest" in stream.getvalue()


def test_levels_hide_what_is_below() -> None:
    stream = io.StringIO()
    telemetry = Telemetry(stream, level="error")
    telemetry.log.info("hidden")
    telemetry.log.error("shown")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["shown"]
