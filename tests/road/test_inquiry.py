"""Why and why not, asked of a finished run: the answer recomputes what the run saw."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

import attribution
from attribution.cli import main
from attribution.errors import NotFoundError, UsageError
from attribution.inquiry import OTHER_FACTS, PairWhy, RingWhy
from attribution.warehouse import connect

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.pipeline import Result


@pytest.fixture(scope="module")
def ring(result: Result) -> str:
    rings = result.tables["rings"].to_pylist()
    return max((r for r in rings if r["verdict"] == "coordinated"), key=lambda r: r["size"])["ring_id"]


@pytest.fixture(scope="module")
def told(result: Result, ring: str) -> RingWhy:
    answer = attribution.why(result.out, ring)
    assert isinstance(answer, RingWhy)
    return answer


def test_a_ring_says_what_holds_it_together(result: Result, ring: str, told: RingWhy) -> None:
    members = {m["account_id"] for m in result.tables["members"].to_pylist() if m["ring_id"] == ring}
    entry = result.report.ring(ring)
    assert set(told.members) == members
    assert told.note == "", "the store still holds the facts of the run"
    assert told.links == entry.internal_links
    assert sum(told.cells) + len(told.unlinked) == len(members)
    assert all(value.suppressed is None and 2 <= value.members <= value.accounts for value in told.shared)
    assert all(value.suppressed for value in told.suppressed)
    for facet in told.facets:
        assert facet.missing is None or facet.links == 0
        assert facet.links <= told.links


def test_the_strongest_links_explain_themselves_as_a_pair(result: Result, ring: str, told: RingWhy) -> None:
    link = told.strongest[0]
    assert link.linked
    pair = attribution.why(result.out, *reversed(link.accounts))
    assert isinstance(pair, PairWhy)
    assert pair.rings == (ring, ring)
    assert pair.why == link


def test_strangers_are_told_why_not(result: Result, told: RingWhy) -> None:
    members = {m["account_id"] for m in result.tables["members"].to_pylist()}
    with connect(result.out / "attribution.duckdb", read_only=True) as con:
        accounts = [row[0] for row in con.sql("select distinct account_id from events order by 1").fetchall()]
    outside = next(account for account in accounts if account not in members)
    pair = attribution.why(result.out, told.members[0], outside)
    assert isinstance(pair, PairWhy)
    assert not pair.why.linked
    assert pair.why.reason.startswith("not linked")
    assert None in pair.rings


def test_a_ring_is_named_by_its_unique_beginning(result: Result, ring: str) -> None:
    assert result.report.ring(ring[:-1]).ring_id == ring
    assert result.report.ring(ring.removeprefix("ring-")[:-1]).ring_id == ring
    with pytest.raises(NotFoundError, match="rings begin with 'ring-'"):
        result.report.ring("ring-")
    with pytest.raises(NotFoundError, match="no ring ''"):
        result.report.ring("")


def test_what_is_not_there_is_told_in_one_line(result: Result, told: RingWhy, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no account 'nobody'"):
        attribution.why(result.out, told.members[0], "nobody")
    with pytest.raises(UsageError, match="one and the same"):
        attribution.why(result.out, told.members[0], told.members[0])
    with pytest.raises(NotFoundError, match="no such store"):
        attribution.why(result.out, told.ring_id, store=tmp_path / "none.duckdb")
    with pytest.raises(NotFoundError, match="no such folder"):
        attribution.why(tmp_path / "none", told.ring_id)


def test_a_store_with_other_facts_says_so(result: Result, told: RingWhy, tmp_path: Path) -> None:
    later = tmp_path / "later.duckdb"
    shutil.copy(result.out / "attribution.duckdb", later)
    with connect(later) as con:
        con.execute("insert into events by name select 'late' as account_id, timestamp '2026-03-01 00:00:00' as ts")
    assert attribution.why(result.out, *told.members[:2], store=later).note == OTHER_FACTS


def test_the_command_prints_both(
    result: Result, told: RingWhy, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def call(*args: str) -> str:
        monkeypatch.setattr(sys, "argv", ["attribution", "--log", "error", "why", str(result.out), *args])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capfd.readouterr().out

    assert "What the links rest on" in call(told.ring_id[:-1])
    assert json.loads(call(told.ring_id, "--json")) == json.loads(msgspec.json.encode(told))
    assert "By facet" in call(*told.members[:2])
