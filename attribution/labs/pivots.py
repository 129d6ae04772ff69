"""Release pivots: an event study of a campaign's accounts against accounts outside rings, at each new model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True)
class Release:
    """The 24 hours after a model was first seen, as all campaigns look at them; accounts by id, one row each.

    Attributes
    ----------
    members : string array (members,), who is in a ring.
    member_level, control_level : int64, log2 of how much each one sent.
    member_share, control_share : float64, the part of it that went to the new model.
    control_rank : int64, place among the accounts outside rings of the same level.
    """

    model: str
    day: str
    members: pa.LargeStringArray
    member_level: NDArray[np.int64]
    member_share: NDArray[np.float64]
    control_level: NDArray[np.int64]
    control_share: NDArray[np.float64]
    control_rank: NDArray[np.int64]


def releases(traffic: Traffic) -> tuple[Release, ...]:
    """Return what is the same for every campaign, for each model released within the logs; by day and model."""
    released = {
        str(m): pd.Timestamp(t) for m, t in zip(traffic.models["model"], traffic.models["released"], strict=True)
    }
    found = []
    for model, part in traffic.adoption.groupby("model", sort=True):
        rows = part.sort_values("account_id")
        member = rows["member"].to_numpy(dtype=bool)
        level = rows["level"].to_numpy(dtype=np.int64)
        share = (rows["on_model"] / rows["events"]).to_numpy(dtype=np.float64)
        found.append(
            Release(
                model=str(model),
                day=released[str(model)].date().isoformat(),
                members=pa.array(rows["account_id"][member], pa.large_string()),
                member_level=level[member],
                member_share=share[member],
                control_level=level[~member],
                control_share=share[~member],
                control_rank=np.asarray(rows[~member].groupby("level").cumcount(), dtype=np.int64),
            )
        )
    return tuple(sorted(found, key=lambda release: (release.day, release.model)))


def pivots(
    campaign: Campaign, population: Population, known: Sequence[Release], config: LabConfig
) -> tuple[Pivot, ...]:
    """Return the event study of each of the `known` releases.

    The statistic is the mean over accounts of the share of an account's exchanges that went to the new model in the 24
    hours after it was first seen anywhere. Null hypothesis: within a level of activity, members and accounts outside
    rings are exchangeable; the p-value is that of a stratified permutation with `config.permutations` draws, one-sided,
    never 0. The interval is the normal one of a difference of means, 95 %.
    """
    names = population.accounts.take(pa.array(campaign.members)).cast(pa.large_string())
    studied = (_study(release, names, config.permutations) for release in known)
    return tuple(pivot for pivot in studied if pivot is not None)


def _study(release: Release, names: pa.LargeStringArray, draws: int) -> Pivot | None:
    mine = np.flatnonzero(np.asarray(pc.is_in(release.members, value_set=names)))
    first, beside = mine[:MOST_CONTROLS], _controls(release, release.member_level[mine])
    member = np.arange(len(first) + len(beside)) < len(first)
    levels = np.concatenate([release.member_level[first], release.control_level[beside]])
    comparable = np.isin(levels, np.intersect1d(levels[member], levels[~member]))
    member, levels = member[comparable], levels[comparable]
    share = np.concatenate([release.member_share[first], release.control_share[beside]])[comparable]
    inside, outside = share[member], share[~member]
    if min(len(inside), len(outside)) < FEW:
        return None
    weight = _matched(member, levels)
    effect = float(inside.mean() - (outside * weight).sum())
    error = float(np.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)))
    return Pivot(
        model=release.model,
        day=release.day,
        accounts=len(inside),
        controls=len(outside),
        share=round(float(inside.mean()), 6),
        control_share=round(float((outside * weight).sum()), 6),
        effect=round(effect, 6),
        low=round(effect - 1.96 * error, 6),
        high=round(effect + 1.96 * error, 6),
        p_value=_permuted(share, member, levels, effect, draws),
    )


def _controls(release: Release, levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose for each level at most `CONTROLS` controls a member (and no fewer than `FEW`), in order of account id."""
    most = int(max(release.control_level.max(initial=0), levels.max(initial=0))) + 1
    wanted = np.minimum(np.maximum(CONTROLS * np.bincount(levels, minlength=most), FEW), MOST_CONTROLS)
    return np.flatnonzero(release.control_rank < wanted[release.control_level])


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
