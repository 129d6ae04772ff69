"""A classifier beside the engine: gradient boosting over what each account shares, trained on other worlds.

    python benchmarks/quality/rings_boosted.py --train 2201 2202 2203 2204 --seeds 2101 2102

It sees the same `Population` as the engine, learns from the truth of its training worlds, and flags accounts one by
one; flagged accounts that share a value of at most 100 accounts count as one cluster. It is a baseline: it has no null
model, cannot say why, and knows only the kinds of innocents that it was trained on.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from rings_worlds import KEY, ROWS, Figures, Row, options_of
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.ensemble import HistGradientBoostingClassifier

from attribution.config import Config
from attribution.domain import Facet, Population
from attribution.evaluate.baselines import HUB, SMALLEST
from attribution.evaluate.reading import Truth, read_truth
from attribution.evaluate.scores import score_rings
from attribution.ingest import ingest
from attribution.projection import family_of
from attribution.simulate import simulate
from attribution.warehouse import connect, population, template_table

TRAINED_ON = ("careless", "moderate", "private", "paraphrased")
FACETS = tuple(Facet)


def features(people: Population) -> pd.DataFrame:
    """Return one row an account: its activity, and by facet how much it shares and how popular that is."""
    activity = people.activity
    found = activity.select_dtypes("number").astype(float)
    found["age"] = (activity["first_seen"] - activity["created_at"]).dt.total_seconds()
    found["span"] = (activity["last_seen"] - activity["first_seen"]).dt.total_seconds()
    found["org"] = activity["org"].notna().astype(float)
    hours = people.hours / np.maximum(people.hours.sum(axis=1, keepdims=True), 1)
    found["rhythm"] = -(hours * np.log(np.maximum(hours, 1e-9))).sum(axis=1)
    for facet in FACETS:
        found[[f"{facet}: {name}" for name in ("degree", "shared", "least", "mean", "most")]] = _sharing(people, facet)
    return found


def _sharing(people: Population, facet: Facet) -> np.ndarray:
    matrix = people.incidence.get(facet)
    told = np.full((people.size, 5), np.nan)
    if matrix is None:
        return told
    popularity = np.log(np.maximum(matrix.popularity(), 1))[matrix.indices]
    shared = np.diff(matrix.indptr)
    told[:, 0] = shared if matrix.degree is None else matrix.degree
    told[:, 1] = shared
    some = shared > 0
    start = matrix.indptr[:-1][some]
    if some.any():
        told[some, 2] = np.minimum.reduceat(popularity, start)
        told[some, 3] = np.add.reduceat(popularity, start) / shared[some]
        told[some, 4] = np.maximum.reduceat(popularity, start)
    return told


def world(row: Row, seed: int, accounts: int) -> tuple[Population, Truth]:
    """Simulate one world and aggregate it as the engine does."""
    with tempfile.TemporaryDirectory() as folder, connect(None) as con:
        path = Path(folder) / "world"
        simulate(path, options_of(row, seed, accounts))
        ingest(path, con, Config(), key=KEY)
        return population(con, family_of(template_table(con), Config().projection).of), read_truth(path)


def guilty(people: Population, truth: Truth) -> np.ndarray:
    """Return which accounts are in a true ring."""
    answer: np.ndarray = truth.accounts["ring"].notna().reindex(people.accounts.to_pylist()).to_numpy(bool)
    return answer


def clusters(people: Population, flagged: np.ndarray) -> pd.Series:
    """Return the cluster of each flagged account that is in one of `SMALLEST` or more, by account id."""
    rows, columns, values = [], [], 0
    for facet in (Facet.IP, Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE):
        matrix = people.incidence.get(facet)
        if matrix is None:
            continue
        account = np.repeat(np.arange(people.size), np.diff(matrix.indptr))
        use = flagged[account] & (matrix.popularity()[matrix.indices] <= HUB)
        rows.append(account[use])
        columns.append(people.size + values + matrix.indices[use].astype(np.int64))
        values += len(matrix.values)
    row, column = np.concatenate([[0], *rows]), np.concatenate([[0], *columns])
    size = people.size + values
    graph = csr_array((np.ones(len(row), np.int8), (row, column)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: people.size]
    large = flagged & (np.bincount(label[flagged], minlength=int(label.max()) + 1)[label] >= SMALLEST)
    names = pd.Series(label, index=people.accounts.to_pylist())[large]
    made: pd.Series = names.map("cluster-{:06d}".format)
    return made


def main() -> None:
    """Train, flag, print a row for each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, nargs="+", default=[2201, 2202, 2203, 2204])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2101, 2102])
    parser.add_argument("--accounts", type=int, default=12_000)
    parser.add_argument("--rows", nargs="+", default=[row.name for row in ROWS if not row.prompts])
    wanted = parser.parse_args()
    rows = {row.name: row for row in ROWS}
    known = [
        world(rows[TRAINED_ON[number % len(TRAINED_ON)]], seed, wanted.accounts)
        for number, seed in enumerate(wanted.train)
    ]
    seen = pd.concat([features(people) for people, _ in known])
    columns = seen.columns[seen.notna().any()]
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(seen[columns], np.concatenate([guilty(people, truth) for people, truth in known]))
    print("| world | seed | P | R | J | innocents flagged |\n|---|---|---|---|---|---|")
    for name in wanted.rows:
        for seed in wanted.seeds:
            people, truth = world(rows[name], seed, wanted.accounts)
            flagged = model.predict_proba(features(people)[columns])[:, 1] >= 0.5
            got = Figures.of(score_rings(truth, clusters(people, flagged)))
            cells = [f"{value:.3f}" if value is not None else "-" for value in (got.precision, got.recall, got.jaccard)]
            print(f"| {name} | {seed} | {' | '.join(cells)} | {got.innocents:.3%} |", flush=True)


if __name__ == "__main__":
    main()
