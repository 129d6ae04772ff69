"""`attribution run` from end to end, start-up included, beside a plain scan of the same Parquet file.

    python benchmarks/bench_road.py                              # 1 M events
    python benchmarks/bench_road.py --millions 1 16              # and the growth exponent
    python benchmarks/bench_road.py --folder /tmp/road --keep    # worlds made once, used again

The worlds are simulated with `template_id` and without prompts. Each run is a process of its own: the first one of
the smallest size compiles the projection kernel (cold) into a cache folder of this benchmark's own, all others find
it there. The scan reads the columns that the aggregation needs and sums their lengths; it looks at nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from math import log
from pathlib import Path

ACCOUNTS_PER_MILLION = 33_200
LIMIT = 3600
SCAN = """
import sys, duckdb
names = ("account_id", "ip", "device_id", "payment_id", "template_id")
sums = ", ".join(f"sum(length({name}))" for name in names)
print(duckdb.sql(f"select count(*), max(ts), {sums} from read_parquet('{sys.argv[1]}')").fetchall())
"""
COMMAND = "import sys; from attribution.cli.main import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the clock, and seconds of processor time of all threads."""

    wall: float
    cpu: float


def timed(code: str, *arguments: str, cache: Path) -> Took:
    """Run Python code in a process of its own and wait for it."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    before, started = os.times(), time.perf_counter()
    subprocess.run(  # noqa: S603  # this benchmark's own code
        [sys.executable, "-c", code, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL, timeout=LIMIT
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(time.perf_counter() - started, used)


def world(folder: Path, millions: float, cache: Path) -> Path:
    """Return the simulated world of a size; it is made if it is not there."""
    made = folder / f"world-{millions:g}"
    if not (made / "world.json").exists():
        accounts = str(round(millions * ACCOUNTS_PER_MILLION))
        rings = str(max(3, round(9 * millions**0.5)))
        options = ("--accounts", accounts, "--rings", rings, "--drop", "prompt", "--seed", "1")
        timed(COMMAND, "simulate", str(made), *options, cache=cache)
    return made


def measure(folder: Path, millions: float, cache: Path, label: str) -> tuple[int, Took]:
    """Run one size and print what each stage took; return events and time."""
    made, out = world(folder, millions, cache), folder / f"out-{millions:g}"
    events = made / "events.parquet" if (made / "events.parquet").exists() else made / "events" / "*.parquet"
    scan = timed(SCAN, str(events), cache=cache)
    took = timed(COMMAND, "run", str(made), "--labs", str(made / "labs.yaml"), "--out", str(out), cache=cache)
    manifest = json.loads((out / "run.json").read_text("utf-8"))
    accepted = int(manifest["counts"]["new_events"])
    stages = ", ".join(f"{stage['name']} {stage['seconds']:.1f}" for stage in manifest["stages"])
    print(f"{accepted / 1e6:.2f} M events, {label}: {took.wall:.1f} s ({took.cpu:.1f} s processor)")
    print(f"  peak {manifest['peak_memory_bytes'] / 1e9:.2f} GB; stages in seconds: {stages}")
    print(f"  plain scan {scan.wall:.2f} s ({scan.cpu:.2f} s processor); run / scan = {took.cpu / scan.cpu:.1f}")
    print(f"  load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    return accepted, took


def main() -> None:
    """Measure every size and print the growth exponent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, nargs="+", default=[1.0])
    parser.add_argument("--quick", action="store_const", dest="millions", const=[0.1], help="100,000 events")
    parser.add_argument("--folder", type=Path, help="for worlds and results; default: a temporary one")
    parser.add_argument("--keep", action="store_true", help="keep FOLDER/cache: the first run is warm as well then")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        cache = folder / "cache" if options.keep else Path(temporary) / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        sizes = sorted(options.millions)
        if not cache.exists():
            measure(folder, sizes[0], cache, "cold")
        found = [measure(folder, size, cache, "warm") for size in sizes]
    if len(found) > 1:
        (n0, t0), (n1, t1) = found[0], found[-1]
        print(f"growth exponent {log(t1.cpu / t0.cpu) / log(n1 / n0):.2f} in processor time")


if __name__ == "__main__":
    main()
