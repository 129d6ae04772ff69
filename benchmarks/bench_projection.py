"""The projection beside blocked scipy A.A^T on one graph, in one run.

    python benchmarks/bench_projection.py                        # 100,000 accounts, synthetic
    python benchmarks/bench_projection.py --accounts 530000      # as many as the 16 M event world has
    python benchmarks/bench_projection.py --world WORLD          # a simulated world, or any input folder

The baseline only counts shared values of all pairs, block by block, and keeps pairs with two or more; the projection
weighs every pair, controls false discoveries and writes the links. Both see the same values.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_array, hstack, triu

from attribution.config import ProjectionConfig, load_config
from attribution.domain import Facet, Incidence, Population
from attribution.ingest import enrich, ingest
from attribution.projection import Projection, project
from attribution.warehouse import connect
from attribution.warehouse import population as aggregate

BLOCK = 4096
RINGS = 12
RING_SHARE = 0.045
SHAPES = {Facet.IP: (2.4, 1.0), Facet.DEVICE: (0.05, 0.3), Facet.PAYMENT: (0.15, 0.5), Facet.TEMPLATE: (2.0, 0.8)}
"""Facet to values of several accounts that an account uses on average, and the share of account number as values."""


def make(accounts: int, seed: int = 1) -> Population:
    """Make people who share a little and rings that share exits, cards and templates."""
    rng = np.random.default_rng(seed)
    members = int(accounts * RING_SHARE)
    ring = np.arange(members) * RINGS // members
    incidence = {}
    for facet, (mean, spread) in SHAPES.items():
        values = int(accounts * spread)
        owner = np.repeat(np.arange(accounts), rng.poisson(mean, accounts))
        popular = (values * rng.random(len(owner)) ** 1.6).astype(np.int64)
        pool = {
            Facet.IP: members // 2,
            Facet.DEVICE: members // 20,
            Facet.PAYMENT: members // 12,
            Facet.TEMPLATE: RINGS * 40,
        }[facet]
        uses = {Facet.IP: 12, Facet.DEVICE: 1, Facet.PAYMENT: 1, Facet.TEMPLATE: 10}[facet]
        of_ring = np.repeat(np.arange(members), uses)
        own = values + ring[of_ring] * (pool // RINGS) + rng.integers(0, max(pool // RINGS, 1), len(of_ring))
        incidence[facet] = _matrix(facet, np.r_[owner, of_ring], np.r_[popular, own], accounts)
    names = pa.array([f"account-{i:08d}" for i in range(accounts)], pa.string())
    return Population(
        names, incidence, {}, pd.DataFrame(index=range(accounts)), np.zeros((accounts, 24), np.int32), frozenset()
    )


def _matrix(facet: Facet, owner: np.ndarray, value: np.ndarray, accounts: int) -> Incidence:
    owner, value = np.unique(np.stack([owner, value]), axis=1)
    _, value, users = np.unique(value, return_inverse=True, return_counts=True)
    full = np.bincount(owner, minlength=accounts).astype(np.int32)
    kept = users > 1
    number = np.cumsum(kept) - 1
    owner, value = owner[kept[value]], number[value[kept[value]]]
    return Incidence(
        facet=facet,
        indptr=np.r_[0, np.cumsum(np.bincount(owner, minlength=accounts))],
        indices=value.astype(np.int32),
        count=np.ones(len(value), np.int32),
        values=pa.array([str(i) for i in range(int(kept.sum()))], pa.string()),
        degree=full,
    )


def baseline(population: Population, projection: Projection) -> tuple[int, int]:
    """Return the pairs that share anything and those that share two values or more, by blocked A.A^T."""
    parts = []
    for facet, fitted in projection.null.facets.items():
        matrix = population.incidence[facet]
        shape = (population.size, len(matrix.values))
        whole = csr_array((np.ones(len(matrix.indices), np.int32), matrix.indices, matrix.indptr), shape=shape)
        parts.append(whole[:, np.flatnonzero(fitted.kept)])
    incidence = csr_array(hstack(parts, format="csr"))
    transposed = csr_array(incidence.T)
    pairs = linked = 0
    for first in range(0, population.size, BLOCK):
        product = triu(incidence[first : first + BLOCK] @ transposed, k=first + 1)
        pairs += product.nnz
        linked += int((product.data >= 2).sum())
    return pairs, linked


def read(world: Path) -> Population:
    """Take a folder in as `attribution run` does."""
    settings = load_config(None)
    with connect(None) as con:
        ingest(world, con, settings, key=b"benchmark")
        enrich(con, settings.ingest.mmdb)
        return aggregate(con)


def main(population: Population) -> None:
    """Run both three times and print medians and the ratio."""
    projection = project(make(500), ProjectionConfig())  # compiles, once
    times: dict[str, list[float]] = {"projection": [], "A.A^T": []}
    for _ in range(3):
        before = time.perf_counter()
        projection = project(population, ProjectionConfig())
        times["projection"].append(time.perf_counter() - before)
        before = time.perf_counter()
        pairs, linked = baseline(population, projection)
        times["A.A^T"].append(time.perf_counter() - before)
    ours, theirs = (float(np.median(took)) for took in times.values())
    updates = sum(
        int((f.popularity[f.kept] * (f.popularity[f.kept] - 1) // 2).sum()) for f in projection.null.facets.values()
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{population.size} accounts, {updates} updates, {pairs} pairs, {linked} sharing two; peak {peak:.2f} GB")
    print(
        f"projection {ours:.2f} s ({len(projection.links.source)} links, {projection.suppressed.num_rows} suppressed)"
    )
    print(f"blocked A.A^T {theirs:.2f} s; projection / A.A^T = {ours / theirs:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--quick", action="store_const", dest="accounts", const=20_000, help="20,000 accounts")
    parser.add_argument("--world", type=Path, help="input folder of the data contract")
    given = parser.parse_args()
    main(read(given.world) if given.world else make(given.accounts))
