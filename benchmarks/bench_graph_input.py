"""A graph as input: usage edges streamed out of Neo4j in columns, beside plain records of the driver, in the same run.

    python benchmarks/bench_graph_input.py [--accounts 100000] [--edges 400000] [--repeat 3]

A real server (tests/support/neo4j_server.py) on the same cores as the client. Both read the same edges with count,
first and last seen; the engine's way checks them and puts them into an embedded database, the baseline only makes
a list of what the driver returns, one record an edge. Processor time is that of client and server; the best of the
repetitions counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j
from bench_neo4j import SETTINGS, Clock, timed, world

from attribution.config import Config
from attribution.store import RunRecord
from attribution.store.base import STORED
from attribution.store.loaded import load_usage
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import PASSWORD, Client
from attribution.telemetry import peak_rss_bytes
from attribution.warehouse import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import neo4j_server  # only reachable from there

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = (
    "MATCH (a:Account)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v) RETURN a.account_id AS account,"
    " type(r) AS type, v.value AS value, r.count AS count, r.first_seen AS first_seen, r.last_seen AS last_seen"
)


def by_record(url: str) -> int:
    """Read every edge as a record of its own; return how many there were."""
    auth = ("neo4j", neo4j_server.ADMIN_PASSWORD)
    with neo4j.GraphDatabase.driver(url, auth=auth) as driver, driver.session() as session:
        return len(session.execute_read(lambda tx: [record.values() for record in tx.run(ROWS)]))


def by_column(url: str) -> int:
    """Read every edge as a run does; return how many were accepted."""
    with tempfile.TemporaryDirectory() as name, connect(Path(name) / "facts.duckdb") as con:
        return load_usage(url, con, Config().ingest, key=b"", progress=lambda *_: None).new_events


def best(work: Callable[[str], int], server: neo4j_server.Server, repeat: int) -> tuple[int, Clock]:
    """Return the rows and the quickest of several repetitions."""
    found = []
    for _ in range(repeat):
        with timed(server.pid) as clock:
            rows = work(server.url)
        found.append((rows, clock))
    return min(found, key=lambda one: one[1].wall)


def main() -> None:
    """Run the benchmark and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=400_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="10,000 accounts, 40,000 edges, once")
    asked = parser.parse_args()
    if asked.quick:
        asked.accounts, asked.edges, asked.repeat = 10_000, 40_000, 1
    tables = {name: rows.cast(STORED[name]) for name, rows in world(asked.accounts, asked.edges).items()}
    usage = len(tables["usage"])
    print(f"{usage:,} usage edges; Neo4j {neo4j_server.VERSION}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        os.environ[PASSWORD] = neo4j_server.ADMIN_PASSWORD
        server = neo4j_server.start(neo4j_server.fetch(), Path(name), short=False, settings=SETTINGS)
        try:
            with Neo4jStore(Client(server.url, password=neo4j_server.ADMIN_PASSWORD)) as store:
                store.publish(RunRecord("run-1", "c", 0), tables)
            del tables
            found = {label: best(work, server, asked.repeat) for label, work in WAYS.items()}
        finally:
            neo4j_server.stop(server, kill=True)
    for label, (rows, clock) in found.items():
        if rows != usage:
            raise SystemExit(f"{label}: {rows:,} edges instead of {usage:,}")
        print(
            f"  {label:34s} {clock.wall:8.1f} s  {rows / clock.wall:10,.0f} edges/s"
            f"  cpu {clock.client:.1f} s + server {clock.server:.1f} s"
        )
    columns, records = (clock for _, clock in found.values())
    both = [clock.client + clock.server for clock in (columns, records)]
    print(f"columns: x{records.wall / columns.wall:.1f} of records by wall time, x{both[1] / both[0]:.1f} by processor")
    print(f"peak memory of the client, loading and both ways: {peak_rss_bytes() / 1e9:.2f} GB")


WAYS = {"in columns, checked and stored": by_column, "baseline: a record an edge": by_record}


if __name__ == "__main__":
    main()
