"""Release pivots: an event study of a campaign's accounts against accounts outside rings, at each new model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.domain import Campaign, Population, Traffic

JUMP = 0.1
"""The least difference in shares that is called a jump."""
LEVEL = 0.01
"""p-value below which a jump is believed."""
FEW = 8
"""Accounts on either side below which nothing is said."""
CONTROLS, MOST_CONTROLS = 3, 400
"""Accounts outside rings that are compared for each member, and the most of one level of activity."""
SEED = 20260314
"""The permutation's draws are the same in every run."""


@dataclass(frozen=True, slots=True)
class Pivot:
    """What a campaign did in the 24 hours after a model's release, beside accounts as active outside rings."""

    model: str
    day: str
    accounts: int
    controls: int
    share: float
    control_share: float
    effect: float
    low: float
    high: float
    p_value: float

    @property
    def significant(self) -> bool:
        """Say whether the campaign jumped to the model."""
        return self.effect >= JUMP and self.p_value < LEVEL


def pivots(campaign: Campaign, population: Population, traffic: Traffic, config: LabConfig) -> tuple[Pivot, ...]:
    """Return the event study of each model released within the logs, in order of release.

    The statistic is the mean over accounts of the share of an account's exchanges that went to the new model in the 24
    hours after it was first seen anywhere. Null hypothesis: within a level of activity, members and accounts outside
    rings are exchangeable; the p-value is that of a stratified permutation with `config.permutations` draws, one-sided,
    never 0. The interval is the normal one of a difference of means, 95 %.
    """
    names = set(population.accounts.take(campaign.members.tolist()).to_pylist())
    rows = traffic.adoption
    rows = rows[~rows["member"] | rows["account_id"].isin(names)]
    released = {
        str(m): pd.Timestamp(t) for m, t in zip(traffic.models["model"], traffic.models["released"], strict=True)
    }
    found = []
    for model, group in rows.groupby("model", sort=True):
        pivot = _study(str(model), released[str(model)], group, config.permutations)
        if pivot is not None:
            found.append(pivot)
    return tuple(sorted(found, key=lambda pivot: (pivot.day, pivot.model)))


def _study(model: str, released: pd.Timestamp, rows: pd.DataFrame, draws: int) -> Pivot | None:
    rows = _comparable(rows)
    member = rows["member"].to_numpy(dtype=bool)
    levels = rows["level"].to_numpy(dtype=np.int64)
    comparable = np.isin(levels, np.intersect1d(levels[member], levels[~member]))
    member, levels = member[comparable], levels[comparable]
    share = (rows["on_model"] / rows["events"]).to_numpy(dtype=np.float64)[comparable]
    inside, outside = share[member], share[~member]
    if min(len(inside), len(outside)) < FEW:
        return None
    weight = _matched(member, levels)
    effect = float(inside.mean() - (outside * weight).sum())
    error = float(np.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)))
    return Pivot(
        model=model,
        day=released.date().isoformat(),
        accounts=len(inside),
        controls=len(outside),
        share=round(float(inside.mean()), 6),
        control_share=round(float((outside * weight).sum()), 6),
        effect=round(effect, 6),
        low=round(effect - 1.96 * error, 6),
        high=round(effect + 1.96 * error, 6),
        p_value=_permuted(share, member, levels, effect, draws),
    )


def _comparable(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep for each level at most `CONTROLS` controls a member (and no fewer than `FEW`), in order of account id."""
    members = rows[rows["member"]].groupby("level").size()
    controls = rows[~rows["member"]].sort_values("account_id")
    rank = controls.groupby("level").cumcount()
    keep = np.minimum(np.maximum(CONTROLS * controls["level"].map(members).fillna(0), FEW), MOST_CONTROLS)
    return pd.concat([rows[rows["member"]].sort_values("account_id").head(MOST_CONTROLS), controls[rank < keep]])


def _matched(member: NDArray[np.bool_], levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return weights of the controls so that they are as active as the members; they sum to 1."""
    inside, outside = levels[member], levels[~member]
    weight = np.zeros(len(outside))
    for level in np.unique(inside):
        here = outside == level
        weight[here] = (inside == level).mean() / max(int(here.sum()), 1)
    return np.asarray(weight / weight.sum())


def _permuted(
    share: NDArray[np.float64], member: NDArray[np.bool_], levels: NDArray[np.int64], effect: float, draws: int
) -> float:
    """Return the one-sided p-value: how often shuffled labels, level by level, give at least this effect."""
    rng = np.random.default_rng(SEED)
    strata = [np.flatnonzero(levels == level) for level in np.unique(levels)]
    size = int(member.sum())
    extreme = 0
    sums = np.zeros(draws)
    expected = np.zeros(draws)
    for rows in strata:
        inside = int(member[rows].sum())
        values = share[rows]
        order = rng.random((draws, len(rows))).argpartition(inside - 1, axis=1)[:, :inside]  # who, in no order
        taken = values[order].sum(axis=1)
        sums += taken
        expected += (values.sum() - taken) / max(len(rows) - inside, 1) * inside
    extreme = int((np.round((sums - expected) / size, 9) >= round(effect, 9)).sum())
    return round((1 + extreme) / (1 + draws), 9)
