"""Small populations made by hand or at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from attribution.domain import Facet, Incidence, Population

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Rows = list[list[int]]


def incidence(facet: Facet, rows: Sequence[Sequence[int]]) -> Incidence:
    """Values 0, 1, ... used by each account; values of one account are left out, as the warehouse does."""
    users = np.bincount([v for row in rows for v in set(row)] or [0])
    kept = np.flatnonzero(users > 1)
    number = {int(v): i for i, v in enumerate(kept)}
    pruned = [sorted(number[v] for v in set(row) if v in number) for row in rows]
    flat = np.array([v for row in pruned for v in row], np.int32)
    return Incidence(
        facet=facet,
        indptr=np.concatenate([[0], np.cumsum([len(row) for row in pruned])]).astype(np.int64),
        indices=flat,
        count=np.ones(len(flat), np.int32),
        values=pa.array([f"{facet.value}-{int(v):06d}" for v in kept], pa.string()),
        degree=np.array([len(set(row)) for row in rows], np.int32),
    )


def population_of(rows: Mapping[Facet, Sequence[Sequence[int]]]) -> Population:
    """A population in which account i used `rows[facet][i]`."""
    accounts = len(next(iter(rows.values())))
    return Population(
        accounts=pa.array([f"account-{i:05d}" for i in range(accounts)], pa.string()),
        incidence={facet: incidence(facet, facet_rows) for facet, facet_rows in rows.items()},
        enrichment={},
        activity=pd.DataFrame(index=range(accounts)),
        hours=np.zeros((accounts, 24), np.int32),
        known=frozenset(),
    )


def random_rows(rng: np.random.Generator, accounts: int, values: int, mean: float, *, tail: float = 1.0) -> Rows:
    """A bipartite configuration graph: heavy-tailed degrees on both sides, places matched at random."""
    degree = 1 + rng.poisson(mean * rng.pareto(3.0, accounts))
    popularity = 1.0 / np.arange(1, values + 1) ** tail
    stubs = rng.choice(values, degree.sum(), p=popularity / popularity.sum())
    cuts = np.cumsum(degree)[:-1]
    return [[int(v) for v in part] for part in np.split(rng.permutation(stubs), cuts)]


@pytest.fixture
def make() -> Callable[[Mapping[Facet, Sequence[Sequence[int]]]], Population]:
    return population_of


@pytest.fixture
def scatter() -> Callable[..., Rows]:
    return random_rows
