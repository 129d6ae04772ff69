"""Stores: publishing a run, publishing it again, the next night, reading rings; beside simple baselines.

    python benchmarks/bench_store.py [--edges 200000] [--neo4j]

Baselines, in the same run: for publishing, writing the same tables as Parquet; for reading, the same question to
pandas; for the graph, one list of maps with MERGE. `--neo4j` starts a real server (see tests/support).
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attribution.store import RingQuery, RunRecord, open_store
from attribution.store.base import STORED

if TYPE_CHECKING:
    from collections.abc import Callable

    from attribution.store import Store

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
RINGS = 200


def world(edges: int, seed: int = 1) -> dict[str, pa.Table]:
    """Return a run with `edges` usage edges of a quarter as many accounts, a twentieth of them in rings."""
    random = np.random.default_rng(seed)
    accounts = np.array([f"account-{number:07d}" for number in range(edges // 4)])
    who = accounts[random.integers(0, len(accounts), edges)]
    kinds = np.array(["ip", "device", "payment", "template"])[random.integers(0, 4, edges)]
    values = np.char.add("value-", random.integers(0, edges // 5, edges).astype(str))
    usage = pa.table({"facet": kinds, "value": values, "account_id": who}).group_by(["facet", "value", "account_id"])
    usage = usage.aggregate([]).select(["facet", "value", "account_id"])
    times = [START] * len(usage)
    usage = usage.append_column("events", pa.array(random.integers(1, 50, len(usage))))
    usage = usage.append_column("first_seen", pa.array(times)).append_column("last_seen", pa.array(times))
    members = accounts[: edges // 80]
    ring_of = np.array([f"ring-{number:04d}" for number in np.arange(len(members)) % RINGS])
    names = sorted(set(ring_of.tolist()))
    tables = {name: schema.empty_table() for name, schema in STORED.items()}
    tables["usage"] = usage.cast(STORED["usage"])
    tables["members"] = pa.table(
        {"ring_id": ring_of, "account_id": members, "confidence": random.random(len(members))}
    ).cast(STORED["members"])
    tables["rings"] = pa.table(
        {
            "ring_id": names,
            "verdict": ["coordinated"] * len(names),
            "probability": random.random(len(names)),
            "size": [len(members) // RINGS] * len(names),
            "first_seen": [START] * len(names),
            "last_seen": [START] * len(names),
            "events": [1000] * len(names),
            "explanation": [None] * len(names),
        },
        schema=STORED["rings"],
    )
    return tables


def grown(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the next night's run: one usage edge in a hundred has more events."""
    usage = tables["usage"]
    events = usage["events"].to_numpy() + (np.arange(len(usage)) % 100 == 0)
    return {**tables, "usage": usage.set_column(3, STORED["usage"].field("events"), pa.array(events))}


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def publishing(store: Store, tables: dict[str, pa.Table], label: str) -> None:
    """Print first load, same load again, next night, and the digest."""
    edges, later = len(tables["usage"]), grown(tables)
    first = seconds(lambda: store.publish(RunRecord("run-1", "c", 0), tables))
    again = seconds(lambda: store.publish(RunRecord("run-1", "c", 0), tables))
    night = seconds(lambda: store.publish(RunRecord("run-2", "c", 0), later))
    digest = seconds(store.digest)
    print(f"{label}: {edges:,} usage edges")
    print(f"  first load   {first:7.2f} s   {edges / first:10,.0f} edges/s")
    print(f"  same again   {again:7.2f} s   x{again / first:.2f} of the first load")
    print(f"  next night   {night:7.2f} s   x{night / first:.2f} (1 % of the edges changed)")
    print(f"  digest       {digest:7.2f} s   {edges / digest:10,.0f} edges/s")


def reading(store: Store, label: str, *, times: int = 60) -> None:
    """Print the latency of common reads."""
    for name, work in {
        "20 rings": lambda: store.rings(RingQuery(min_probability=0.5, limit=20)),
        "one ring": lambda: store.ring("ring-0007"),
        "100 members": lambda: store.members("ring-0007"),
        "shared values": lambda: store.shared("ring-0007"),
    }.items():
        work()
        taken = sorted(seconds(work) * 1000 for _ in range(times))
        late = taken[int(times * 0.95)]
        print(f"  {name:14s} median {statistics.median(taken):6.1f} ms   p95 {late:6.1f} ms  ({label})")


def parquet(tables: dict[str, pa.Table], folder: Path) -> None:
    """Print the baselines of the embedded store."""
    taken = seconds(lambda: [pq.write_table(table, folder / f"{name}.parquet") for name, table in tables.items()])
    print(f"baseline: the same tables as Parquet {taken:.2f} s")
    rings = tables["rings"].to_pandas()
    question = seconds(lambda: rings[rings["probability"] >= 0.5].nlargest(20, "probability"))
    print(f"baseline: 20 rings with pandas in memory {question * 1000:.1f} ms")


def graph(tables: dict[str, pa.Table]) -> None:
    """Print the same over a real Neo4j, beside a list of maps with MERGE."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    import neo4j_server  # noqa: PLC0415  # only with --neo4j

    from attribution.store.neo4j import Neo4jStore  # noqa: PLC0415  # as above
    from attribution.store.neo4j_client import Client  # noqa: PLC0415  # as above

    with neo4j_server.running(short=False) as server:
        client = Client(server.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
        store = Neo4jStore(client)
        publishing(store, tables, "Neo4j over Bolt")
        reading(store, "Neo4j")
        client.write("CREATE CONSTRAINT IF NOT EXISTS FOR (n:OldAccount) REQUIRE n.id IS UNIQUE")
        client.write("CREATE CONSTRAINT IF NOT EXISTS FOR (n:OldValue) REQUIRE n.id IS UNIQUE")
        rows = tables["usage"].slice(0, 50_000).select(["account_id", "value", "events"]).to_pylist()
        text = (
            "UNWIND $rows AS row MERGE (a:OldAccount {id: row.account_id}) MERGE (v:OldValue {id: row.value})"
            " MERGE (a)-[r:OLD_USED]->(v) SET r.events = row.events"
        )
        taken = seconds(lambda: [client.write(text, rows=rows[at : at + 10_000]) for at in range(0, len(rows), 10_000)])
        print(f"baseline: list of maps with MERGE, no run kept apart: {len(rows) / taken:,.0f} edges/s")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=200_000)
    parser.add_argument("--quick", action="store_const", dest="edges", const=20_000, help="20,000 edges")
    parser.add_argument("--neo4j", action="store_true")
    asked = parser.parse_args()
    tables = world(asked.edges)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parquet(tables, folder)
        with open_store(folder / "a.duckdb", write=True) as store:
            publishing(store, tables, "embedded")
            reading(store, "embedded file")
        with open_store(folder / "a.duckdb", follow=True) as store:
            reading(store, "snapshot in memory")
    if asked.neo4j:
        graph(tables)


if __name__ == "__main__":
    main()
