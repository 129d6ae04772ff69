"""How fast worlds are made, beside a plain loop that draws the same number of events one by one.

python benchmarks/bench_simulate.py [accounts]
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from attribution.simulate import preset, simulate


def one_by_one(events: int, accounts: int) -> float:
    """Return the seconds that a loop takes to draw account, time, address, card and a prompt of ten words."""
    rng = random.Random(1)  # noqa: S311  # a benchmark
    words = [f"word{number}" for number in range(5000)]
    start = time.perf_counter()
    rows = [
        (
            rng.randrange(accounts),
            rng.random() * 28,
            rng.randrange(1 << 24),
            rng.randrange(accounts),
            " ".join(rng.choices(words, k=10)),
        )
        for _ in range(events)
    ]
    assert len(rows) == events  # noqa: S101  # keeps the loop from being optimised away
    return time.perf_counter() - start


def main() -> None:
    """Print seconds, rates and peak memory for the careless, the hardest and a prompt-free world."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
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
