"""What simple methods reach on the same world: they see shared values, no verdict, and flag clusters of ten or more."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import duckdb
import igraph
import numpy as np
import pandas as pd
from scipy.sparse import csr_array, triu
from scipy.sparse.csgraph import connected_components

from attribution.errors import InputError, NotFoundError
from attribution.evaluate.reading import READERS, Truth, read_truth, table_files
from attribution.evaluate.scores import RingScores, score_rings
from attribution.warehouse.database import memory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HUB = 100
"""Values shared by more accounts are left out."""
WEIGHED_HUB = 400
"""The same for the log-likelihood method, whose weights already discount what is common."""
NATS = 16.0
"""Edges below this weight are left out by the log-likelihood method."""
SMALLEST = 10
NAMES = ("components", "leiden", "log-likelihood leiden")
FACETS = ("ip", "device_id", "payment_id", "template_id")


def run(world: Path, seed: int = 0) -> dict[str, RingScores]:
    """Score three baselines on a world that has a truth.

    `components`: connected components over values shared by 2 to 100 accounts. `leiden`: the same graph, unweighted,
    modularity. `log-likelihood leiden`: an edge weighs the sum of log(accounts / popularity) over values of up to
    400 accounts; edges under 16 nats are dropped, Leiden with modularity on what is left. Prompts without `template_id`
    count as the same when their first five words are. Memory grows with the sum of squared popularities, at most 400
    times the usage edges.
    """
    truth = read_truth(world)
    clusters = partition(usage(world), truth.accounts.index, seed)
    return {name: _scored(truth, labels) for name, labels in clusters.items()}


def _scored(truth: Truth, labels: NDArray[np.int64]) -> RingScores:
    sizes = np.bincount(labels)
    flagged = pd.Series(labels, index=truth.accounts.index)[sizes[labels] >= SMALLEST]
    return score_rings(truth, flagged.map("cluster-{:06d}".format))


def usage(world: Path) -> pd.DataFrame:
    """Return who used which value: columns `account_id`, `facet`, `value`, sorted, each once."""
    files = table_files(world, "events")
    if not files:
        raise NotFoundError(f"{world}: no events", remedy="name an input folder of the data contract")
    kind = next(part for part in READERS if f".{part}" in files[0].name)
    options = ", header = true, all_varchar = true" if kind == "csv" else ", union_by_name = true"
    with memory() as connection:
        try:
            events = connection.sql(
                f"select * from {READERS[kind]}($files{options})", params={"files": [str(path) for path in files]}
            )
            present = set(events.columns)
            parts = [
                f"select distinct account_id, '{facet}' as facet, {facet}::varchar as value from events "
                f"where {facet} is not null"
                for facet in FACETS
                if facet in present
            ]
            if "prompt" in present and "template_id" not in present:
                start = "array_to_string(list_slice(string_split(lower(prompt), ' '), 1, 5), ' ')"
                parts.append(
                    f"select distinct account_id, 'template_id' as facet, {start} as value from events "
                    "where prompt is not null"
                )
            if not parts:
                raise InputError(
                    f"{files[0]}: nothing that accounts could share", remedy="see the data contract's columns of events"
                )
            found: pd.DataFrame = connection.sql(" union all ".join(parts) + " order by facet, value, account_id").df()
        except duckdb.Error as error:
            first = str(error).strip().splitlines()[0]
            raise InputError(
                f"{files[0]}: cannot be read: {first}", remedy="see the data contract's columns of events"
            ) from error
    return found


def partition(used: pd.DataFrame, accounts: pd.Index, seed: int) -> dict[str, NDArray[np.int64]]:
    """Return each baseline's cluster of every account."""
    rows = accounts.get_indexer(pd.Index(used["account_id"]))
    values = used.groupby(["facet", "value"], sort=False).ngroup().to_numpy()
    values = values[rows >= 0]
    rows = rows[rows >= 0]
    popularity = np.bincount(values)
    shape = (len(accounts), len(popularity))
    weight = np.log(len(accounts) / np.maximum(popularity, 1))
    few = (popularity[values] >= 2) & (popularity[values] <= HUB)  # shared at all
    more = (popularity[values] >= 2) & (popularity[values] <= WEIGHED_HUB)
    plain = _pairs(csr_array((np.ones(int(few.sum())), (rows[few], values[few])), shape=shape))
    heavy = _pairs(csr_array((np.sqrt(weight[values[more]]), (rows[more], values[more])), shape=shape))
    heavy.data[heavy.data < NATS] = 0.0
    heavy.eliminate_zeros()
    return {
        "components": connected_components(plain, directed=False)[1].astype(np.int64),
        "leiden": _leiden(plain, seed, weighted=False),
        "log-likelihood leiden": _leiden(heavy, seed, weighted=True),
    }


def _pairs(incidence: csr_array) -> csr_array:
    return csr_array(triu(incidence @ incidence.T, k=1))


def _leiden(graph: csr_array, seed: int, *, weighted: bool) -> NDArray[np.int64]:
    coordinates = graph.tocoo()
    network = igraph.Graph(
        n=graph.shape[0], edges=list(zip(coordinates.row.tolist(), coordinates.col.tolist(), strict=True))
    )
    igraph.set_random_number_generator(random.Random(seed))  # noqa: S311  # igraph draws from Python's generators
    try:
        found = network.community_leiden(
            objective_function="modularity", weights=coordinates.data.tolist() if weighted else None, n_iterations=3
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership, dtype=np.int64)
