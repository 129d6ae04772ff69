"""How many campaigns get the right name, beside three baselines, given the true rings.

    python benchmarks/quality/attribution_quality.py [--seeds 12] [--first 1101] [--labs 8]

Worlds of 3,000 accounts, 10 rings and 8 labs (two of them without a dossier), evasion 0, .25, .5, .75 in turn; seeds
that nothing was fitted on. `right`, `another` are parts of the campaigns of labs with a dossier, `framed` is the part
of campaigns of labs without one that got a name. Then false flags, and how well the tenants of a shared ring are told
apart.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from attribution_rows import Row, by_best, by_naive, gather
from attribution_worlds import FLAGS, STATES

from attribution.config import LabConfig
from attribution.domain import UNKNOWN_LAB
from attribution.labs.calibration import load_coefficients
from attribution.labs.naming import DISPUTED, Decision, Prior, decide, posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attribution.labs.calibration import Coefficients

EVASIONS = (0.0, 0.25, 0.5, 0.75)
CONFIG = LabConfig()


def weighed(row: Row, fitted: Coefficients) -> dict[str, dict[str, float]]:
    """Return the sums of a row by family, under fitted coefficients."""
    sums: dict[str, dict[str, float]] = {}
    for lab, parts in row.sums.items():
        sums[lab] = {}
        for key, weight in parts.items():
            sums[lab][key[:-1]] = sums[lab].get(key[:-1], 0.0) + fitted.factor(key[:-1], weight) * weight
    return sums


def engine(row: Row, fitted: Coefficients) -> tuple[Decision, dict[str, float]]:
    """Return what the engine says of a campaign, and its posterior."""
    sums, ids, prior = weighed(row, fitted), sorted(row.sums), Prior(CONFIG.prior_unknown)
    disputed = disputed_in(row, fitted)
    said = decide(sums, ids, prior, fitted.unknown, CONFIG, disputed=disputed)
    return said, posterior(sums, ids, prior, fitted.unknown)


def disputed_in(row: Row, fitted: Coefficients) -> dict[str, tuple[str, ...]]:
    """Return for each lab the families whose facts contradict one another, as `attribution.labs.naming.disputes`."""
    found = {}
    for lab, parts in row.sums.items():
        strong = {key for key, weight in parts.items() if abs(fitted.factor(key[:-1], weight) * weight) >= DISPUTED}
        found[lab] = tuple(sorted(key[:-1] for key in strong if key[-1] == "+" and f"{key[:-1]}-" in strong))
    return found


def answers(fitted: Coefficients) -> dict[str, Callable[[Row], str | None]]:
    """Return the engine and the baselines, each a campaign to a name or None."""
    return {
        "engine": lambda row: engine(row, fitted)[0].named,
        "highest infrastructure overlap": lambda row: by_best(row.overlap, 0.0),
        "naive Bayes over all facts": lambda row: by_naive(row)[0],
        "nearest template": lambda row: by_best(row.nearest, 0.5),
    }


def scores(rows: Sequence[Row], answer: Callable[[Row], str | None]) -> tuple[float, float, float]:
    """Return the parts right, given another's name, and framed."""
    known = [row for row in rows if row.truth != UNKNOWN_LAB]
    unknown = [row for row in rows if row.truth == UNKNOWN_LAB]
    said = [answer(row) for row in known]
    right = np.mean([name == row.truth for name, row in zip(said, known, strict=True)])
    another = np.mean([name is not None and name != row.truth for name, row in zip(said, known, strict=True)])
    framed = np.mean([answer(row) is not None for row in unknown]) if unknown else 0.0
    return float(right), float(another), float(framed)


def calibration(
    rows: Sequence[Row], fitted: Coefficients, bins: int = 10
) -> tuple[float, list[tuple[float, float, int]]]:
    """Return the expected calibration error of the first-ranked answer, and the reliability diagram's points."""
    pairs = []
    for row in rows:
        chance = engine(row, fitted)[1]
        best = max(sorted(chance), key=lambda lab: chance[lab])
        pairs.append((chance[best], best == row.truth))
    said, true = np.array([p for p, _ in pairs]), np.array([t for _, t in pairs], dtype=float)
    place = np.minimum((said * bins).astype(int), bins - 1)
    points = [
        (float(said[place == b].mean()), float(true[place == b].mean()), int((place == b).sum()))
        for b in np.unique(place)
    ]
    return float(sum(n / len(pairs) * abs(p - t) for p, t, n in points)), points


def interval(rows: Sequence[Row], fitted: Coefficients, draws: int = 200) -> tuple[float, float]:
    """Return the bootstrap interval (95 %, worlds drawn anew) of the calibration error."""
    worlds = sorted({row.world for row in rows})
    by_world = {world: [row for row in rows if row.world == world] for world in worlds}
    rng = np.random.default_rng(1)
    found = []
    for _ in range(draws):
        drawn = [row for world in rng.choice(worlds, len(worlds)) for row in by_world[str(world)]]
        found.append(calibration(drawn, fitted)[0])
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def table(rows: Sequence[Row], fitted: Coefficients) -> None:
    """Print one line a state of the dossiers and answerer."""
    print(f"{'dossiers':18s} {'answer':32s} {'right':>6s} {'another':>8s} {'framed':>7s}   campaigns (known + unknown)")
    for state in STATES:
        mine = [row for row in rows if row.state == state]
        known = sum(row.truth != UNKNOWN_LAB for row in mine)
        for name, answer in answers(fitted).items():
            right, another, framed = scores(mine, answer)
            print(f"{state:18s} {name:32s} {right:6.3f} {another:8.3f} {framed:7.3f}   {known} + {len(mine) - known}")


def flags(first: int, labs: int, fitted: Coefficients, count: int) -> None:
    """Print what false flags do: the name of the lab that is dressed up as must not be given."""
    print("\nfalse flags, full dossiers")
    for flag in FLAGS:
        if flag:
            rows = gather([(first + 500 + n, EVASIONS[n % 2], flag, ("full",), labs) for n in range(count)])
            right, another, framed = scores(rows, answers(fitted)["engine"])
            print(f"{flag:18s} right {right:.3f}  another's {another:.3f}  framed {framed:.3f}   {len(rows)} campaigns")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first", type=int, default=1101)
    parser.add_argument("--labs", type=int, default=8)
    parser.add_argument("--flag-seeds", type=int, default=4)
    given = parser.parse_args()
    fitted = load_coefficients()
    jobs = [(given.first + n, EVASIONS[n % len(EVASIONS)], "", tuple(STATES), given.labs) for n in range(given.seeds)]
    rows = gather(jobs)
    table(rows, fitted)
    error, points = calibration(rows, fitted)
    low, high = interval(rows, fitted)
    print(f"\nECE over all states {error:.3f} (95 % {low:.3f} to {high:.3f}); reliability (said, true, n):")
    print("  " + "  ".join(f"{p:.2f}:{t:.2f}({n})" for p, t, n in points))
    for state in STATES:
        mine = [row for row in rows if row.state == state]
        print(f"  {state}: ECE {calibration(mine, fitted)[0]:.3f}")
    flags(given.first, given.labs, fitted, given.flag_seeds)


if __name__ == "__main__":
    main()
