"""The corpus of bad input: each folder of tests/cases/bad_input is run, and must end as its case.yaml says."""

from __future__ import annotations

import gzip
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet as pq

from attribution.config import Config, IngestConfig
from attribution.errors import InputError
from attribution.ingest import ingest
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parents[1] / "cases" / "bad_input"
CASES = sorted(CORPUS.glob("*/case.yaml"))
GOOD = b'{"account_id":"a1","ts":"2026-03-01T12:00:00Z","ip":"192.0.2.1"}\n'
CONFIG = Config(ingest=IngestConfig(max_line_bytes=8 * 2**20, max_value_bytes=100_000))


def link_to_nowhere(folder: Path) -> None:
    (folder / "events.jsonl").symlink_to(folder / "gone.jsonl")


def huge_line(folder: Path) -> None:
    with (folder / "events.jsonl").open("wb") as file:
        file.write(GOOD + b'{"account_id":"')
        file.truncate(256 * 2**20)  # a hole: no disk space is taken
        file.seek(0, io.SEEK_END)
        file.write(b"\n" + GOOD.replace(b"a1", b"a2"))


def gzip_bomb(folder: Path) -> None:
    with gzip.open(folder / "events.jsonl.gz", "wb", compresslevel=9) as file:
        for _ in range(100):
            file.write(b" " * 2**20)


def parquet_bomb(folder: Path) -> None:
    value = "x" * 90_000
    rows = 200_000
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [value])
    one = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["a1"])
    ts = pa.array([1_772_366_400_000_000] * rows, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"account_id": one, "ts": ts, "device_id": dictionary}), folder / "events.parquet")


def deep_nesting(folder: Path) -> None:
    deep = b'{"account_id":"a1","ts":"2026-03-01T12:00:00Z","extra":' + b"[" * 3_000_000 + b"]" * 3_000_000 + b"}\n"
    (folder / "events.jsonl").write_bytes(GOOD + deep + b"[" * 6_000_000 + b"\n" + GOOD.replace(b"a1", b"a2"))


def long_values(folder: Path) -> None:
    def row(device: bytes) -> bytes:
        return GOOD.replace(b'"ip"', b'"device_id":"' + device + b'","ip"')

    lines = [row(b"d" * 100_000), row(b"d" * 100_001), row(b"d" * 9 * 2**20), row(b"short")]
    (folder / "events.jsonl").write_bytes(b"".join(lines))


GENERATORS: dict[str, Callable[[Path], None]] = {
    function.__name__: function
    for function in (link_to_nowhere, huge_line, gzip_bomb, parquet_bomb, deep_nesting, long_values)
}


@dataclass(frozen=True)
class Outcome:
    """What came of an ingest, as case.yaml writes it."""

    error: str | None
    remedy: str | None
    files: dict[str, list[int]]
    quarantine: list[str]


def outcome_of(case: Path, folder: Path) -> Outcome:
    document = yaml.safe_load(case.read_text("utf-8"))
    if "generate" in document:
        folder.mkdir()
        GENERATORS[document["generate"]](folder)
    else:
        shutil.copytree(case.parent / "input", folder)
    with connect(None) as con:
        con.begin()
        try:
            intake = ingest(folder, con, CONFIG, key=b"test")
        except InputError as error:
            con.rollback()
            assert con.execute("select count(*) from events").fetchall() == [(0,)]
            return Outcome(str(error).replace(str(folder), "INPUT"), error.remedy, {}, [])
        con.commit()
        for account in intake.files:
            assert account.accepted + account.duplicates + account.quarantined == account.rows
        stored = con.execute("select count(*) from events").fetchall()[0][0]
        assert stored == sum(account.accepted for account in intake.files if account.table == "events")
    files = {a.file: [a.rows, a.accepted, a.duplicates, a.quarantined] for a in intake.files}
    refused = [f"{row['file']}:{row['line']} {row['reason']}" for row in intake.quarantine.to_pylist()]
    return Outcome(None, None, files, refused)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_bad_input_ends_as_its_case_says(case: Path, tmp_path: Path) -> None:
    document = yaml.safe_load(case.read_text("utf-8"))
    expected = document["expect"]
    outcome = outcome_of(case, tmp_path / "input")
    assert outcome.error == expected.get("error")
    if outcome.error:
        assert outcome.remedy == expected["remedy"]
        assert "\n" not in outcome.error
    else:
        assert outcome.files == expected["files"]
        assert outcome.quarantine == expected["quarantine"]


def test_the_corpus_is_there() -> None:
    assert len(CASES) >= 50
    assert len({yaml.safe_load(case.read_text("utf-8"))["name"] for case in CASES}) == len(CASES)
