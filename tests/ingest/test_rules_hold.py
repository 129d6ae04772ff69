"""Whatever the order, the split and the format of the rows: the same facts, and every row accounted for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from worlds import Part, Row, expected, facts, parts, rows, take_in, totals, write

from attribution.warehouse.database import connect

FEW = settings(max_examples=12, suppress_health_check=list(HealthCheck))


def usable(some: list[Row]) -> bool:
    return bool(expected(some)[0]) and any(row["ip"] or row["device_id"] or row["template_id"] for row in some)


@FEW
@given(rows=rows, data=st.data())
def test_facts_follow_the_rules_in_any_order_split_and_format(rows: list[Row], data: st.DataObject) -> None:
    assume(usable(rows))
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    files = [Part(some, data.draw(parts)) for some in (shuffled[:cut], shuffled[cut:]) if some]
    survivors, counts = expected(rows)
    with tempfile.TemporaryDirectory() as folder, connect(None) as con:
        intake = take_in(write(Path(folder) / "in", files), con)
        assert set(facts(con)) == survivors
        assert totals(intake) == counts
        assert intake.new_events == len(survivors)
        assert [account.rows for account in intake.files] == [len(part.rows) for part in files]
        assert intake.quarantine.num_rows == counts[2]
        for account in intake.files:
            assert account.accepted + account.duplicates + account.quarantined == account.rows


@FEW
@given(rows=rows, data=st.data())
def test_several_ingests_give_the_facts_of_one(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(1, len(rows)))
    batches = [some for some in (shuffled[:cut], shuffled[cut:], shuffled[:cut]) if some]
    assume(all(usable(some) for some in batches))
    survivors, _ = expected(rows)
    with tempfile.TemporaryDirectory() as folder, connect(None) as con:
        for number, some in enumerate(batches):
            intake = take_in(write(Path(folder) / str(number), [Part(some, data.draw(parts))]), con)
            assert totals(intake) == expected(some)[1]
        assert intake.new_events == 0 or len(batches) < 3
        assert set(facts(con)) == survivors
        assert len(facts(con)) == len(survivors)


@pytest.mark.parametrize("threads", [1, 2])
def test_thread_count_changes_nothing(tmp_path: Path, threads: int) -> None:
    some: list[Row] = [
        {
            "event_id": f"e{number % 900}",
            "account_id": f"a{number % 70}",
            "ts": f"2026-03-01T12:{number % 60:02}:00Z",
            "ip": f"192.0.2.{number % 256}",
            "device_id": None,
            "template_id": f"t{number % 7}",
            "input_tokens": number % 50,
            "refused": number % 3 == 0,
        }
        for number in range(2000)
    ]
    survivors, counts = expected(some)
    with connect(None) as con:
        con.execute(f"set threads = {threads}")
        assert totals(take_in(write(tmp_path / "in", [Part(some, "parquet")]), con)) == counts
        assert set(facts(con)) == survivors
