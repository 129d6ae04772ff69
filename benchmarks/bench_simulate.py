"""How fast worlds are made, beside a plain loop that draws the same number of events one by one.

python benchmarks/bench_simulate.py [accounts] [--quick]
"""

from __future__ import annotations

import argparse
import ipaddress
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from attribution.simulate import preset, simulate


def one_by_one(events: int, accounts: int) -> float:
    """Return the seconds that a loop takes to draw rows of the contract one by one and write them as Parquet."""
    rng = random.Random(1)  # noqa: S311  # a benchmark
    words = [f"word{number}" for number in range(5000)]
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    start = time.perf_counter()
    rows = [
        {
            "event_id": f"e-{number}",
            "account_id": f"acc{rng.randrange(accounts):012x}",
            "ts": begin + timedelta(seconds=rng.random() * 28 * 86_400),
            "ip": str(ipaddress.ip_address(167_772_160 + rng.randrange(1 << 24))),
            "device_id": f"d{rng.randrange(accounts):012x}",
            "payment_id": f"pm{rng.randrange(accounts):012x}",
            "prompt": " ".join(rng.choices(words, k=25)),
            "model": rng.choice(("a", "b", "c")),
            "input_tokens": int(rng.lognormvariate(4, 0.6)),
            "output_tokens": int(rng.lognormvariate(5.3, 0.8)),
            "refused": rng.random() < 0.01,
        }
        for number in range(events)
    ]
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        pq.write_table(pa.Table.from_pylist(rows), file.name, compression="zstd", compression_level=1)
    return time.perf_counter() - start


def main() -> None:
    """Print seconds, rates and peak memory for the careless, the hardest and a prompt-free world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts", nargs="?", type=int, default=40_000)
    parser.add_argument("--quick", action="store_true", help="4,000 accounts")
    asked = parser.parse_args()
    accounts = 4_000 if asked.quick else asked.accounts
    loop = one_by_one(100_000, accounts) / 100_000
    for name, drop in (("careless", ()), ("hardest", ()), ("moderate", ("prompt",))):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            world = simulate(Path(folder), preset(name, accounts=accounts, drop=drop))
            seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        label = name + ("" if not drop else ", no prompts")
        print(
            f"{label:22} {world.events:>9,} events {seconds:6.1f} s {world.events / seconds:>9,.0f}/s "
            f"{loop * world.events / seconds:5.1f} x the loop, peak {peak:.2f} GB"
        )


if __name__ == "__main__":
    main()
