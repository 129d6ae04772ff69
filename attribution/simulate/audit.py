"""Does any single column give the rings away? A stump on every aggregate of every column, tested on other accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.simulate.aggregates import aggregates
from attribution.warehouse.database import memory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LIMIT = 0.9
"""A world in which a single column reaches this AUC is too easy."""
BINS = 24


@dataclass(frozen=True, slots=True)
class ColumnAudit:
    """How well one aggregate alone tells ring accounts from innocents: area under the ROC curve."""

    name: str
    auc: float


def audit(world: Path) -> tuple[ColumnAudit, ...]:
    """Return all aggregates of all columns, the most telling one first.

    For each account and column: count, number of distinct values, how common they are, share of each label, mean,
    spread and extremes of numbers, hours, weekdays and gaps, nulls, dates, and for ids the place in their own order and
    in the file. Each aggregate is cut into 24 bins (or its categories); bins are scored by their share of ring accounts
    among every second account and judged on the others, so that any shape counts, not only more or less.
    """
    with memory() as connection:
        for table in ("events", "accounts", "ips", "payments"):
            parts = (world / f"{table}.parquet", *sorted((world / table).glob("*.parquet")))
            files = [str(path) for path in parts if path.exists()]
            if files:
                connection.read_parquet(files).create_view(table)
        frame = aggregates(connection)
        labels = connection.read_parquet(str(world / "truth" / "accounts.parquet"))
        truth = labels.project("account_id, ring is not null as guilty").order("account_id").df()
    frame = frame.reindex(truth["account_id"])
    guilty = truth["guilty"].to_numpy(dtype=bool)
    found = [ColumnAudit(name, _stump(frame[name], guilty)) for name in frame.columns]
    return tuple(sorted(found, key=lambda one: (-one.auc, one.name)))


def _stump(column: pd.Series, guilty: NDArray[np.bool_]) -> float:
    train = np.arange(len(guilty)) % 2 == 0
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        cuts = (
            np.unique(np.nanquantile(values[train], np.linspace(0, 1, BINS + 1)[1:-1]))
            if np.isfinite(values[train]).any()
            else np.array([0.0])
        )
        bins = np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="right"))
    else:
        bins = pd.factorize(column, sort=True)[0] + 1
    size = int(bins.max()) + 1
    seen = np.bincount(bins[train], minlength=size)
    bad = np.bincount(bins[train], weights=guilty[train].astype(float), minlength=size)
    score = (bad + guilty.mean()) / (seen + 1.0)
    return area(score[bins[~train]], guilty[~train])


def area(score: NDArray[np.float64], guilty: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, ties counting one half; one half where a class is empty."""
    positives, negatives = int(guilty.sum()), int((~guilty).sum())
    if not positives or not negatives:
        return 0.5
    ranks = pd.Series(score).rank().to_numpy()
    return float((ranks[guilty].sum() - positives * (positives + 1) / 2) / (positives * negatives))
