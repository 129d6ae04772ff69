"""A small fixed part of the benchmarks, whose figures must not fall: `tests/quality` holds them to `floors.json`.

    python benchmarks/quality/subset.py            # figures beside their floors; exit code 1 where one is under
    python benchmarks/quality/subset.py --renew    # raises floors to a margin under what is measured now

The worlds are small and fixed, so the figures are the same on every machine: a floor that is missed is a change of the
method. `--renew` makes no floor easier: that is done by hand in `floors.json`, with the reason in the commit.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import msgspec
from attribution_quality import answers, load_coefficients, scores
from attribution_rows import case, options_of, rows_of
from rings_worlds import flagged_by, rings_of

from attribution.config import Config
from attribution.evaluate.reading import read_truth
from attribution.evaluate.scores import score_rings
from attribution.simulate import preset, simulate

FILE = Path(__file__).with_name("floors.json")
LOWER_IS_BETTER = frozenset({"accused", "another", "framed"})
MARGINS = {"precision": 0.01, "recall": 0.03, "jaccard": 0.05, "right": 0.05}
"""How far under the measured figure a floor is put, so that a change which moves one account does not fail."""


class World(msgspec.Struct, kw_only=True):
    """A world of rings: preset, dropped tables and columns, and the floors of what the engine finds in it.

    `precision`, `recall` (accounts) and `jaccard` (a missed ring 0) at least; `accused` innocents at most, in a world
    without rings.
    """

    name: str
    preset: str
    drop: tuple[str, ...] = ()
    floors: dict[str, float] = {}


class Dossiers(msgspec.Struct, kw_only=True):
    """A state of the dossiers: the part `right` at least, the parts given `another` lab's name or `framed` at most."""

    state: str
    floors: dict[str, float] = {}


class Subset(msgspec.Struct, kw_only=True):
    """The whole file: the rings' worlds of one size and seed, and one world of campaigns under several dossiers."""

    accounts: int
    rings: int
    seed: int
    worlds: list[World]
    campaigns_seed: int
    dossiers: list[Dossiers]


def read() -> Subset:
    """Read the reviewed floors."""
    return msgspec.json.decode(FILE.read_bytes(), type=Subset)


def found_in(world: World, subset: Subset) -> dict[str, float]:
    """Simulate a world of rings, take it through the engine, and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "world"
        drop = ("prompt", *world.drop)
        simulate(out, preset(world.preset, accounts=subset.accounts, rings=subset.rings, seed=subset.seed, drop=drop))
        rings, names = rings_of(out, Config())
        result = score_rings(read_truth(out), flagged_by(rings, names))
    if not result.rings:
        return {"accused": float(result.accounts.predicted)}
    return {
        "precision": result.accounts.precision,
        "recall": result.accounts.recall,
        "jaccard": result.jaccard,
    }


def named_in(subset: Subset) -> dict[str, dict[str, float]]:
    """Ask for the labs of the campaigns of one world, and return the figures by state of the dossiers."""
    states = tuple(one.state for one in subset.dossiers)
    seed = subset.campaigns_seed
    rows, _ = rows_of(case(options_of(seed, 0.0, accounts=1_500, rings=6), states), str(seed), states)
    answer = answers(load_coefficients())["engine"]
    told = {state: scores([row for row in rows if row.state == state], answer) for state in states}
    return {state: dict(zip(("right", "another", "framed"), figures, strict=True)) for state, figures in told.items()}


def missed(figures: dict[str, float], floors: dict[str, float]) -> list[str]:
    """Return the figures that are on the wrong side of their floors; NaN is."""
    return [
        f"{name} is {figures[name]:.3f}, not {floor}"
        for name, floor in floors.items()
        if not (figures[name] <= floor if name in LOWER_IS_BETTER else figures[name] >= floor)
    ]


def raised(floors: dict[str, float], figures: dict[str, float]) -> dict[str, float]:
    """Return floors a margin under the figures, in hundredths, and none easier than before."""
    result = dict(floors)
    for name, value in figures.items():
        if name in LOWER_IS_BETTER:
            result[name] = min(value, floors.get(name, value))
        elif not math.isnan(value):
            near = math.floor((value - MARGINS[name]) * 100 + 1e-9) / 100
            result[name] = max(near, floors.get(name, 0.0))
    return result


def main() -> int:
    """Measure everything, print it, and write the floors where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="raise the floors to a margin under the figures")
    renew = parser.parse_args().renew
    subset = read()
    named = named_in(subset)
    measured = [(one.name, one, found_in(one, subset)) for one in subset.worlds]
    measured += [(f"dossiers: {one.state}", one, named[one.state]) for one in subset.dossiers]
    under = 0
    for name, one, figures in measured:
        wrong = missed(figures, one.floors)
        under += bool(wrong)
        print(
            f"{name:32} " + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()), *wrong, sep="  MISSED: "
        )
        one.floors = raised(one.floors, figures) if renew else one.floors
    if renew:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(subset), indent=2) + b"\n")
    return 1 if under else 0


if __name__ == "__main__":
    sys.exit(main())
