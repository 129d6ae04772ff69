"""Files of judgements: what is read, and the message for everything that is wrong."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from attribution.errors import JudgementError
from attribution.judgements import Kind, from_table, load, make, to_table

if TYPE_CHECKING:
    from pathlib import Path

NINE = """
judgements:
  - {kind: ring_confirmed, ring: ring-1, author: mara, at: 2026-03-14T09:00:00Z, reason: admitted}
  - {kind: ring_rejected, ring: ring-2, author: mara, at: 2026-03-14T09:00:00Z, reason: hackathon}
  - {kind: not_a_member, ring: ring-1, account: 0012, author: mara, at: 2026-03-14T10:00:00+01:00, reason: known}
  - {kind: benign_value, facet: network, value: 198.51.100.0/24, author: li, at: 2026-03-14T09:00:00Z, reason: NAT}
  - {kind: must_link, account: b, with: a, author: li, at: 2026-03-14T09:00:00Z, reason: one passport}
  - {kind: cannot_link, account: a, with: c, author: li, at: 2026-03-14T09:00:00Z, reason: met both}
  - {kind: attribution_accepted, campaign: c1, lab: lab-amber, author: li, at: 2026-03-14T09:00:00Z, reason: report}
  - {kind: attribution_disputed, campaign: c1, lab: lab-blue, author: li, at: 2026-03-14T09:00:00Z, reason: borrowed}
  - {kind: withdrawn, judgement: j-0, author: li, at: 2026-03-14T09:00:00Z, reason: slip}
"""
GOOD = {"kind": "ring_confirmed", "ring": "r", "author": "m", "at": "2026-03-14T09:00:00Z", "reason": "x"}


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_every_kind_is_read_and_comes_back_from_the_ledger(tmp_path: Path) -> None:
    found = load(write(tmp_path / "j.yaml", NINE))
    assert [one.kind for one in found] == list(Kind)
    assert found[2].object == "0012"  # digits stay as they are written
    assert found[2].decided == dt.datetime(2026, 3, 14, 9, tzinfo=dt.UTC)
    assert (found[3].subject, found[3].facet, found[3].object) == ("198.51.100.0/24", "network", None)
    assert (found[4].subject, found[4].object) == ("a", "b")
    back = from_table(to_table(found))
    assert {one.id: one for one in back} == {one.id: one for one in found}
    assert len({one.id for one in found}) == len(found)


def test_json_lines_say_the_same_as_yaml(tmp_path: Path) -> None:
    records = [{**GOOD, "ring": name} for name in "ab"]
    lines = load(write(tmp_path / "j.jsonl", "\n".join(map(json.dumps, records)) + "\n\n"))
    yaml = load(write(tmp_path / "j.yaml", json.dumps({"judgements": records})))
    assert lines == yaml


@pytest.mark.parametrize(
    ("record", "message", "remedy"),
    [
        ({**GOOD, "at": "2199-03-14T09:00:00Z"}, "decided in 2199", "from 2000 to 2099"),
        ({**GOOD, "at": "0001-01-01T00:00:00+14:00"}, "decided in 1", "from 2000 to 2099"),
        (
            {**GOOD, "kind": "ring_confirmd"},
            "no kind of judgement 'ring_confirmd': did you mean 'ring_confirmed'?",
            "k",
        ),
        ({k: v for k, v in GOOD.items() if k != "kind"}, "no `kind`", "kinds: ring_confirmed"),
        ({k: v for k, v in GOOD.items() if k != "reason"}, "no `reason`", "add `reason: ...`"),
        ({**GOOD, "author": " "}, "no `author`", "add"),
        ({**GOOD, "ring": 17}, "`ring` is no text: 17", "in quotes"),
        ({**GOOD, "rng": "x"}, "ring_confirmed has no key 'rng': did you mean 'ring'?", "its keys are kind"),
        ({**GOOD, "at": "yesterday"}, "`at` is no time: 'yesterday'", "2026-03-14T09:00:00Z"),
        ({**GOOD, "at": "2026-03-14T09:00:00"}, "`at` has no zone", "2026-03-14T09:00:00Z"),
        ({**GOOD, "reason": "x" * 5000}, "`reason` is longer than 4,000 characters", "shorten"),
        ("ring_confirmed", "not a mapping", "write {kind"),
    ],
)
def test_a_wrong_record_is_named_with_its_line(tmp_path: Path, record: object, message: str, remedy: str) -> None:
    path = write(tmp_path / "j.jsonl", json.dumps(GOOD) + "\n" + json.dumps(record) + "\n")
    with pytest.raises(JudgementError) as error:
        load(path)
    assert str(error.value) == f"{path}: line 2: {message}" or str(error.value).startswith(f"{path}: line 2: {message}")
    assert remedy in error.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("j.yaml", "judgements: {a: b}", "no list under `judgements:`"),
        ("j.yaml", "", "no list under `judgements:`"),
        ("j.yaml", "judgements: [", "not YAML"),
        ("j.yaml", "judgements: [&a {kind: x}, *a]", "anchors and aliases"),
        ("j.jsonl", "{", "line 1: not JSON"),
        ("j.jsonl", "[" * 100_000, "line 1: not JSON"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(JudgementError, match=message.replace("`", ".")):
        load(write(tmp_path / name, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgementError, match="cannot be read"):
        load(tmp_path / "nowhere.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(JudgementError, match="not UTF-8 at byte 0"):
        load(tmp_path / "b.yaml")


def test_parts_are_checked_as_files_are() -> None:
    now = dt.datetime(2026, 3, 14, tzinfo=dt.UTC)
    for kind, subject, other, message in (
        (Kind.BENIGN_VALUE, "1.2.3.4", "planet", "no facet 'planet'"),
        (Kind.BENIGN_VALUE, "198.51.100.300", "ip", "no address: '198.51.100.300'"),
        (Kind.BENIGN_VALUE, "198.51.100.0/24", "ip", "no address: '198.51.100.0/24'"),
        (Kind.BENIGN_VALUE, "campus", "network", "no network: 'campus'"),
        (Kind.MUST_LINK, "a", "a", "with itself"),
        (Kind.RING_CONFIRMED, " ", None, "ring is empty"),
    ):
        with pytest.raises(JudgementError, match=message):
            make(kind, subject, other, author="m", reason="r", decided=now)
    with pytest.raises(JudgementError, match="no zone"):
        make(Kind.RING_CONFIRMED, "r", author="m", reason="r", decided=now.replace(tzinfo=None))
