"""The quality of the verdict: precision, recall and Jaccard on every kind of world, beside simpler methods.

    python benchmarks/quality/rings.py --seeds 1001 1002 1003 1004 1005 --results rings.jsonl

Worlds of 12,000 accounts with nine rings; seeds that nothing was tuned on. A results file that is there already is
carried on with, so an interrupted run continues. `--rows` and `--table` restrict what is run and printed.
"""

from __future__ import annotations

import argparse
import math
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
from rings_worlds import ROWS, Measured, Row, interval, measure

from attribution.evaluate.metrics import calibration

METHODS = ("union", "components", "leiden", "log-likelihood leiden")


def collect(
    rows: list[Row], seeds: list[int], accounts: int, results: Path, processes: int, *, others: bool = True
) -> list[Measured]:
    """Measure what the results file does not hold yet; return all that was asked for."""
    done = read(results)
    missing = [(row, seed) for seed in seeds for row in rows if (row.name, seed) not in done]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(measure, row, seed, accounts, others=others) for row, seed in missing]
        for job in as_completed(jobs):
            one = job.result()
            done[one.row, one.seed] = one
            with results.open("ab") as stream:
                stream.write(msgspec.json.encode(one) + b"\n")
    return [done[row.name, seed] for row in rows for seed in seeds]


def read(results: Path) -> dict[tuple[str, int], Measured]:
    """Read earlier measurements by row and seed."""
    lines = results.read_bytes().splitlines() if results.exists() else []
    return {(one.row, one.seed): one for one in (msgspec.json.decode(line, type=Measured) for line in lines)}


def cell(values: list[float | None], wanted: float | None = None) -> str:
    """Write mean and interval; in bold where the mean is under what is wanted."""
    mean, low, high = interval([math.nan if v is None else v for v in values])
    if math.isnan(mean):
        return "-"
    text = f"{mean:.3f}" if math.isnan(low) else f"{mean:.3f} ({low:.2f}-{high:.2f})"
    return f"**{text}**" if wanted is not None and round(mean, 3) < wanted else text


def quality(rows: list[Row], found: list[Measured]) -> list[str]:
    """Write the table of the engine."""
    lines = [
        "| world | P | R | J | innocents in rings | ring accounts undetermined | wanted |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        own = [one for one in found if one.row == row.name]
        wanted = row.wanted or (None, None, None)
        cells = [
            cell([getattr(one.engine, name) for one in own], want)
            for name, want in zip(("precision", "recall", "jaccard"), wanted, strict=True)
        ]
        innocents = np.mean([one.engine.innocents for one in own])
        undetermined = np.mean([one.undetermined for one in own])
        aim = " ".join(f"{w:.2f}" for w in wanted if w is not None)
        lines.append(f"| {row.name} | {' | '.join(cells)} | {innocents:.3%} | {undetermined:.2f} | {aim} |")
    return lines


def others(rows: list[Row], found: list[Measured]) -> list[str]:
    """Write P R J of the other methods, means over the seeds."""
    lines = ["| world | engine | " + " | ".join(METHODS) + " |", "|---" * (len(METHODS) + 2) + "|"]
    for row in rows:
        own = [one for one in found if one.row == row.name]
        cells = []
        for method in ("engine", *METHODS):
            figures = [one.engine if method == "engine" else one.others[method] for one in own]
            p, r, j = ([getattr(f, n) for f in figures] for n in ("precision", "recall", "jaccard"))
            cells.append(" ".join(cell([interval([math.nan if v is None else v for v in x])[0]]) for x in (p, r, j)))
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return lines


def reliability(found: list[Measured]) -> list[str]:
    """Write the calibration of the probability over all clusters."""
    clusters = [c for one in found for c in one.clusters]
    got = calibration(np.array([c.probability for c in clusters]), np.array([float(c.guilty >= 0.5) for c in clusters]))
    lines = [
        f"ECE {got.error:.4f} ({got.error_low:.4f}-{got.error_high:.4f}), Brier {got.brier:.4f}, {got.count} clusters.",
        "",
        "| probability | clusters | mean | in rings |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {b.low:.1f}-{b.high:.1f} | {b.count} | {b.mean_probability:.3f} | {b.observed:.3f} |" for b in got.bins
    ]
    return lines


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1001, 1002, 1003, 1004, 1005])
    parser.add_argument("--accounts", type=int, default=12_000)
    parser.add_argument("--rows", nargs="+", default=[row.name for row in ROWS if not row.prompts])
    parser.add_argument("--results", type=Path, default=Path("rings.jsonl"))
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    rows = [row for row in ROWS if row.name in wanted.rows]
    found = collect(rows, wanted.seeds, wanted.accounts, wanted.results, wanted.processes)
    for part in (quality(rows, found), others(rows, found), reliability(found)):
        print("\n".join(part), end="\n\n")


if __name__ == "__main__":
    main()
