"""How many campaigns get the right name, beside three baselines, given the true rings.

    python benchmarks/quality/attribution_quality.py [--seeds 1201..1212] [--flags 3] [--labs 8]

Worlds of 3,000 accounts, 10 rings and 8 labs (two of them without a dossier), evasion 0, .25, .5, .75 in turn; seeds
that nothing was fitted on. `right`, `another` are parts of the campaigns of labs with a dossier, `framed` is the part
of campaigns of labs without one that got a name. Then calibration, false flags, and how well the clients of a shared
ring are told apart. All tables are Markdown. Some eight minutes on two cores.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from attribution_rows import Row, Tenant, by_best, by_naive, gather
from attribution_worlds import FLAGS, STATES

from attribution.config import LabConfig
from attribution.domain import UNKNOWN_LAB
from attribution.labs.calibration import load_coefficients
from attribution.labs.ledger import BEHAVIOUR, INFRASTRUCTURE
from attribution.labs.naming import Decision, Prior, decide, posterior
from attribution.labs.rule import DISPUTED, SPEAKS

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
    said = decide(sums, ids, prior, fitted.unknown, CONFIG, disputed=disputed, partly=row.partly)
    return said, posterior(sums, ids, prior, fitted.unknown)


def disputed_in(row: Row, fitted: Coefficients) -> dict[str, tuple[str, ...]]:
    """Return for each lab the families whose facts contradict one another, as `attribution.labs.rule.disputes`."""
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


def undivided(rows: Sequence[Row], fitted: Coefficients) -> int:
    """Count the wrong names that are another client's of a shared ring that was not divided."""
    said = [(row, engine(row, fitted)[0].named) for row in rows if len(row.clients) > 1]
    return sum(name is not None and name != row.truth and name in row.clients for row, name in said)


def nameable(rows: Sequence[Row], fitted: Coefficients) -> float:
    """Return the part of known labs' campaigns for which infrastructure and behaviour both speak.

    Without either nobody may be named, whatever the posterior: the most that any rule of this kind could reach.
    """
    known = [row for row in rows if row.truth != UNKNOWN_LAB]
    sums = [weighed(row, fitted)[row.truth] for row in known]
    return float(
        np.mean(
            [
                any(one.get(family, 0.0) >= SPEAKS for family in INFRASTRUCTURE)
                and sum(one.get(family, 0.0) for family in BEHAVIOUR) >= SPEAKS
                for one in sums
            ]
        )
    )


def first(rows: Sequence[Row], fitted: Coefficients) -> float:
    """Return the part of known labs' campaigns whose lab is the most probable answer: the most without any rule."""
    known = [(row.truth, engine(row, fitted)[1]) for row in rows if row.truth != UNKNOWN_LAB]
    return float(np.mean([max(sorted(chance), key=lambda lab: chance[lab]) == lab for lab, chance in known]))


def table(rows: Sequence[Row], fitted: Coefficients) -> None:
    """Print one line a state of the dossiers and answerer."""
    known, unknown = (
        len({(r.world, r.campaign) for r in rows if (r.truth == UNKNOWN_LAB) is u}) for u in (False, True)
    )
    print(f"{known} campaigns of known labs, {unknown} of labs without a dossier, in each state\n")
    print("| dossiers | answer | right | another's name | framed | of both, the other client of an undivided ring |")
    print("|---|---|---|---|---|---|")
    for state in STATES:
        mine = [row for row in rows if row.state == state]
        for name, answer in answers(fitted).items():
            right, another, framed = scores(mine, answer)
            shared = undivided(mine, fitted) if name == "engine" else ""
            print(f"| {state} | {name} | {right:.3f} | {another:.3f} | {framed:.3f} | {shared} |")
        print(f"| {state} | *infrastructure and behaviour both speak* | {nameable(mine, fitted):.3f} | | | |")
        print(f"| {state} | *the most probable answer is right* | {first(mine, fitted):.3f} | | | |")


def reliability(rows: Sequence[Row], fitted: Coefficients) -> None:
    """Print the calibration error with its interval, by state, and the reliability diagram's points."""
    error, points = calibration(rows, fitted)
    low, high = interval(rows, fitted)
    print(
        f"\nExpected calibration error over all states {error:.3f} (95 % bootstrap over worlds {low:.3f} to {high:.3f})"
    )
    print("\n| state | " + " | ".join(STATES) + " |\n|---|" + "---|" * len(STATES))
    errors = (calibration([row for row in rows if row.state == state], fitted)[0] for state in STATES)
    print("| error | " + " | ".join(f"{one:.3f}" for one in errors) + " |")
    print("\n| said | true | campaigns | |\n|---|---|---|---|")
    for said, true, count in points:
        print(f"| {said:.2f} | {true:.2f} | {count} | {'█' * round(20 * true)} |")


def flags(start: int, labs: int, fitted: Coefficients, count: int) -> None:
    """Print what false flags do: the name of the lab that is dressed up as must not be given."""
    print(
        "\nFalse flags, full dossiers\n\n"
        "| one lab dresses up as another | right | another's name | framed | campaigns |"
    )
    print("|---|---|---|---|---|")
    for flag in FLAGS:
        if flag:
            rows, _ = gather([(start + n, EVASIONS[n % 4], flag, ("full",), labs) for n in range(count)])
            right, another, framed = scores(rows, answers(fitted)["engine"])
            unknown = sum(row.truth == UNKNOWN_LAB for row in rows)
            print(f"| {flag} | {right:.3f} | {another:.3f} | {framed:.3f} | {len(rows) - unknown} + {unknown} |")


def clients(told: Sequence[Tenant]) -> None:
    """Print how well the clients of shared rings were told apart."""
    print("\nClients of shared rings, F1 over accounts\n\n| | mean | .9 or more | clients |\n|---|---|---|---|")
    groups = {
        "all": told,
        "both have a dossier": [one for one in told if one.documented and one.other_documented],
        "one has none": [one for one in told if one.documented != one.other_documented],
        **{f"evasion {e}": [one for one in told if one.world.split("/")[1] == str(e)] for e in EVASIONS},
    }
    for name, group in groups.items():
        if group:
            values = np.array([one.f1 for one in group])
            print(f"| {name} | {values.mean():.3f} | {(values >= 0.9).mean():.3f} | {len(group)} |")


def numbers(text: str) -> list[int]:
    """Read `1201..1212`, or `1201,1204`."""
    first, dots, last = text.partition("..")
    return list(range(int(first), int(last) + 1)) if dots else [int(one) for one in text.split(",")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=numbers, default=numbers("1201..1212"))
    parser.add_argument("--labs", type=int, default=8)
    parser.add_argument("--flags", type=int, default=3, help="worlds of each false flag, seeds 500 above")
    given = parser.parse_args()
    fitted = load_coefficients()
    rows, told = gather(
        [(seed, EVASIONS[n % len(EVASIONS)], "", tuple(STATES), given.labs) for n, seed in enumerate(given.seeds)]
    )
    table(rows, fitted)
    reliability(rows, fitted)
    clients(told)
    if given.flags:
        flags(given.seeds[0] + 500, given.labs, fitted, given.flags)


if __name__ == "__main__":
    main()
