"""Random rows, a slow reading of the rules for them, and files of every format to write them to."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from hypothesis import strategies as st
from pyarrow import parquet as pq

from attribution.config import Config
from attribution.ingest import Intake, ingest
from attribution.ingest.contract import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import duckdb

Row = dict[str, str | int | bool | None]
COLUMNS = ("event_id", "account_id", "ts", "ip", "device_id", "template_id", "input_tokens", "refused")
SCHEMA = pa.schema(
    [
        (
            name,
            {"input_tokens": pa.int64(), "refused": pa.bool_(), "ts": pa.timestamp("us", "UTC")}.get(name, pa.string()),
        )
        for name in COLUMNS
    ]
)
PLAIN_ADDRESS = {"::ffff:192.0.2.1": "192.0.2.1", "2001:DB8::1": "2001:db8::1"}

rows = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.sampled_from([None, "e1", "e2", "e3", "e4"]),
            "account_id": st.sampled_from(["a1", "a2", 'ä, "quoted"\nline', "", None]),
            "ts": st.sampled_from(["2026-03-01T12:00:00Z", "2026-03-01T12:00:01.5Z", "2262-01-01T00:00:00Z", None]),
            "ip": st.sampled_from([None, "192.0.2.1", "::ffff:192.0.2.1", "2001:DB8::1", "nowhere", ""]),
            "device_id": st.sampled_from([None, "d1", "", "NULL"]),
            "template_id": st.sampled_from([None, "t1", "t2"]),
            "input_tokens": st.sampled_from([None, 0, 7, -1]),
            "refused": st.sampled_from([None, True, False]),
        }
    ),
    min_size=1,
    max_size=30,
)


@dataclass(frozen=True)
class Part:
    """Rows of one file, and its format."""

    rows: Sequence[Row]
    format: str


parts = st.sampled_from(["jsonl", "csv", "parquet", "jsonl.gz"])


def write(folder: Path, files: Iterable[Part]) -> Path:
    (folder / "events").mkdir(parents=True)
    for number, part in enumerate(files):
        path = folder / "events" / f"part-{number}.{part.format}"
        if part.format == "parquet":
            table = {name: [row[name] for row in part.rows] for name in COLUMNS}
            table["ts"] = [row["ts"] and datetime.fromisoformat(str(row["ts"])) for row in part.rows]
            pq.write_table(pa.table(table, schema=SCHEMA), path, row_group_size=3)
        elif part.format == "csv":
            lines = [",".join(COLUMNS), *(",".join(_cell(row[name]) for name in COLUMNS) for row in part.rows)]
            path.write_text("\n".join(lines) + "\n", "utf-8")
        else:
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part.rows).encode()
            path.write_bytes(gzip.compress(text) if part.format.endswith("gz") else text)
    return folder


def _cell(value: str | int | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def canonical(row: Row) -> tuple[object, ...] | None:
    """Return a good row in the contract's canonical form, None for a bad one."""
    ts = row["ts"] and datetime.fromisoformat(str(row["ts"]))
    if not row["account_id"] or ts is None or ts.year >= 2100 or row["ip"] == "nowhere" or row["input_tokens"] == -1:
        return None
    fixed = row | {"ts": ts.replace(tzinfo=None), "ip": PLAIN_ADDRESS.get(str(row["ip"]), row["ip"])}
    return tuple(None if fixed[name] == "" else fixed[name] for name in COLUMNS)


def _order(row: tuple[object, ...]) -> tuple[tuple[bool, object], ...]:
    """Order by ts, then by the contract's columns with the template last; nulls behind all values."""
    names = [
        "ts",
        *(name for name in EVENTS.names if name in COLUMNS and name not in ("ts", "template_id")),
        "template_id",
    ]
    values = [row[COLUMNS.index(name)] for name in names]
    return tuple((value is None, "" if value is None else value) for value in values)


def expected(everything: Iterable[Row]) -> tuple[set[tuple[object, ...]], tuple[int, int, int]]:
    """Return the facts that rows must give, and how many rows are accepted, doubled and refused."""
    good = [canonical(row) for row in everything]
    refused = sum(row is None for row in good)
    groups: dict[object, list[tuple[object, ...]]] = {}
    for row in good:
        if row is not None:
            groups.setdefault(row if row[0] is None else row[0], []).append(row)
    survivors = [min(group, key=_order) for group in groups.values()]
    doubled = sum(group.count(chosen) - 1 for group, chosen in zip(groups.values(), survivors, strict=True))
    conflicts = sum(len(group) for group in groups.values()) - len(survivors) - doubled
    return set(survivors), (len(survivors), doubled, refused + conflicts)


def facts(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return con.execute(f"select {', '.join(COLUMNS)} from events order by all").fetchall()


def take_in(folder: Path, con: duckdb.DuckDBPyConnection, config: Config | None = None) -> Intake:
    """Ingest and commit."""
    con.begin()
    intake = ingest(folder, con, config or Config(), key=b"test")
    con.commit()
    return intake


def totals(intake: Intake) -> tuple[int, int, int]:
    return (
        sum(account.accepted for account in intake.files),
        sum(account.duplicates for account in intake.files),
        sum(account.quarantined for account in intake.files),
    )
