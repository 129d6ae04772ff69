"""Rows a second of ingest for Parquet, CSV and JSON Lines, beside what the parsers alone can do.

    python benchmarks/bench_ingest.py [--rows 1000000] [--repeat 3]

Each format is ingested whole: read, checked, deduplicated, stored in an in-memory database. The baselines do less on
purpose: DuckDB scans and stores the Parquet columns without looking at them, pyarrow parses the CSV, msgspec decodes
the JSON lines; nothing is checked, nothing is deduplicated. `reading and checking` leaves the storing out.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import msgspec
from pyarrow import csv as arrow_csv

from attribution.config import Config
from attribution.ingest import facts, ingest
from attribution.ingest.contract import EVENTS, Kind
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"benchmark"
ROWS = """
select
    'e-' || lpad(i::varchar, 10, '0') as event_id,
    'acc-' || (hash(i) % greatest(1, {rows} // 30)) as account_id,
    timestamptz '2026-03-01 00:00:00Z' + to_seconds((hash(i * 7) % 2419200)::bigint) as ts,
    (1 + hash(i * 11) % 200) || '.' || (hash(i * 13) % 250) || '.' || (hash(i * 17) % 50) || '.7' as ip,
    case when hash(i * 23) % 5 > 0 then 'dev-' || (hash(i * 29) % greatest(1, {rows} // 20)) end as device_id,
    case when hash(i * 31) % 3 > 0 then 'pm_' || (hash(i * 37) % greatest(1, {rows} // 40)) end as payment_id,
    't' || (hash(i * 43) % 2000) as template_id,
    'model-' || (hash(i * 47) % 4) as model,
    '/v1/messages' as endpoint,
    'ua/' || (hash(i * 59) % 40) || ' (X11; Linux)' as user_agent,
    (hash(i * 61) % 4000)::bigint as input_tokens,
    (hash(i * 67) % 4000)::bigint as output_tokens,
    hash(i * 71) % 50 = 0 as refused
from range({rows}) numbers(i)
"""
TEXT = "select * replace (strftime(ts, '%Y-%m-%dT%H:%M:%SZ') as ts) from rows"


def write_inputs(folder: Path, rows: int) -> dict[str, Path]:
    """Write the same events in the three formats."""
    files = {ending: folder / ending / f"events.{ending}" for ending in ("parquet", "csv", "jsonl")}
    for file in files.values():
        file.parent.mkdir()
    with connect(None) as con:
        con.execute(f"create temp table rows as {ROWS.format(rows=rows)}")
        con.execute(f"copy rows to '{files['parquet']}' (format parquet)")
        con.execute(f"copy ({TEXT}) to '{files['csv']}' (format csv, header)")
        con.execute(f"copy ({TEXT}) to '{files['jsonl']}' (format json)")
    return files


def run_ingest(file: Path) -> float:
    """Ingest one file and return the seconds."""
    with connect(None) as con:
        con.begin()
        started = time.perf_counter()
        ingest(file.parent, con, Config(), key=KEY)
        con.commit()
        return time.perf_counter() - started


def run_without_storing(file: Path) -> float:
    """Ingest one file, but let the last step, storing the new events, do nothing."""
    store = facts.insert_events
    facts.insert_events = lambda *_: 0  # type: ignore[assignment]  # a stand-in for one measurement
    try:
        return run_ingest(file)
    finally:
        facts.insert_events = store


def store_parquet(file: Path) -> float:
    """Let DuckDB copy the Parquet file into the fact table."""
    with connect(None) as con:
        started = time.perf_counter()
        con.execute(f"insert into events by name select * replace (ts::timestamp as ts) from '{file}'")
        return time.perf_counter() - started


def parse_csv(file: Path) -> float:
    """Let pyarrow parse the CSV file."""
    started = time.perf_counter()
    arrow_csv.read_csv(file)
    return time.perf_counter() - started


def decode_lines(file: Path) -> float:
    """Let msgspec decode every line into a struct, and throw it away."""
    types = {Kind.COUNT: int | None, Kind.FLAG: bool | None}
    fields = [(column.name, types.get(column.kind, str | None), None) for column in EVENTS.columns]
    decoder = msgspec.json.Decoder(msgspec.defstruct("Row", fields, gc=False))
    started = time.perf_counter()
    with file.open("rb") as stream:
        deque(map(decoder.decode, stream), maxlen=0)
    return time.perf_counter() - started


BASELINES: dict[str, tuple[str, Callable[[Path], float]]] = {
    "parquet": ("DuckDB stores it unchecked", store_parquet),
    "csv": ("pyarrow parses it", parse_csv),
    "jsonl": ("msgspec decodes it", decode_lines),
}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_const", dest="rows", const=200_000, help="200,000 rows")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{arguments.rows:,} rows, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, best of {arguments.repeat}")
    with tempfile.TemporaryDirectory() as folder:
        for ending, file in write_inputs(Path(folder), arguments.rows).items():
            name, baseline = BASELINES[ending]
            ours = min(run_ingest(file) for _ in range(arguments.repeat))
            reading = min(run_without_storing(file) for _ in range(arguments.repeat))
            theirs = min(baseline(file) for _ in range(arguments.repeat))
            print(
                f"{ending:8} ingest {arguments.rows / ours:>11,.0f} rows/s, reading and checking alone "
                f"{arguments.rows / reading:>11,.0f}; {name} {arguments.rows / theirs:>11,.0f}; "
                f"ratio {ours / theirs:.2f}"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
