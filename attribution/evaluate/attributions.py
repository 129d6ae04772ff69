"""Whether the right labs were named, and nothing was said where nothing could be known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from attribution.domain import UNKNOWN_LAB
from attribution.evaluate.metrics import Calibration, calibration

if TYPE_CHECKING:
    from attribution.evaluate.reading import Output, Truth

Outcome = Literal["right", "wrong", "abstained"]
SERVED = 0.02
"""An account serves a client when at least this share of its work is for it."""


class CampaignScore(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign of the output: whose it is (None: mostly innocents), what was said, and whether that is right."""

    campaign: str
    lab: str | None
    documented: bool
    named: str | None
    posterior: float
    outcome: Outcome


class TenantScore(msgspec.Struct, frozen=True, kw_only=True):
    """One client of one true ring and its best campaign by assignment: F1 over accounts, and over shares of traffic.

    `account_f1` = 2 |A and B| / (|A| + |B|) over accounts that serve the client with at least 2 % of their work;
    `traffic_f1` = 2 Σ min(a, b) / (Σ a + Σ b) over each account's share of work, normalised within the account.
    """

    ring: str
    lab: str
    accounts: int
    campaign: str | None
    account_f1: float
    traffic_f1: float


class LabCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns by what was said of them."""

    right: int
    wrong: int
    abstained: int


class LabScores(msgspec.Struct, frozen=True, kw_only=True):
    """Names of labs against the truth.

    `known`: campaigns of labs with a dossier (right: named so). `unknown`: campaigns of labs without one
    (right: `unknown` or abstained, wrong: any name). `innocent`: campaigns of mostly innocent members
    (wrong: any name).
    `posterior`: calibration of the first-ranked hypothesis. `brier` = mean over campaigns of Σ_labs (p - y)².
    """

    known: LabCounts
    unknown: LabCounts
    innocent: LabCounts
    brier: float
    posterior: Calibration
    campaigns: tuple[CampaignScore, ...]
    tenants: tuple[TenantScore, ...]


def score_labs(truth: Truth, output: Output) -> LabScores:
    """Compare every campaign's posterior with the lab that most of its traffic serves."""
    documented = truth.documented
    if documented is None:
        documented = frozenset(output.attributions["lab_id"]) - {UNKNOWN_LAB}
    owner = _owners(truth, output)
    campaigns, squares, first, hit = [], [], [], []
    for campaign, rows in output.attributions.sort_values(["campaign_id", "rank", "lab_id"]).groupby(
        "campaign_id", sort=True
    ):
        lab = owner.get(str(campaign))
        label = lab if lab in documented else UNKNOWN_LAB
        posterior = rows.groupby("lab_id")["posterior"].sum()
        squares.append(
            float(((posterior - (posterior.index == label)) ** 2).sum()) + (0.0 if label in posterior.index else 1.0)
        )
        top = rows.iloc[0]
        first.append(float(np.clip(top["posterior"], 0.0, 1.0)))
        hit.append(float(top["lab_id"] == label))
        named = None if bool(rows["abstained"].any()) or top["lab_id"] == UNKNOWN_LAB else str(top["lab_id"])
        outcome: Outcome = "abstained" if named is None else "right" if named == label else "wrong"
        if label == UNKNOWN_LAB and named is None:
            outcome = "right"
        campaigns.append(
            CampaignScore(
                campaign=str(campaign),
                lab=lab,
                documented=lab in documented,
                named=named,
                posterior=first[-1],
                outcome=outcome,
            )
        )
    return LabScores(
        known=_count([one for one in campaigns if one.documented]),
        unknown=_count([one for one in campaigns if one.lab is not None and not one.documented]),
        innocent=_count([one for one in campaigns if one.lab is None]),
        brier=float(np.mean(squares)) if squares else math.nan,
        posterior=calibration(np.array(first), np.array(hit)),
        campaigns=tuple(campaigns),
        tenants=_tenants(truth, output),
    )


def _count(campaigns: list[CampaignScore]) -> LabCounts:
    said = [one.outcome for one in campaigns]
    return LabCounts(right=said.count("right"), wrong=said.count("wrong"), abstained=said.count("abstained"))


def _owners(truth: Truth, output: Output) -> dict[str, str | None]:
    """Return the lab that each campaign's members work for most; None where over half of them work for nobody."""
    members = output.campaign_members.assign(campaign_id=output.campaign_members["campaign_id"].astype(str))
    guilty = members["account_id"].isin(truth.accounts.index[truth.accounts["ring"].notna()])
    share = guilty.groupby(members["campaign_id"]).mean()
    work = members.merge(truth.tenants[truth.tenants["lab"].notna()], on="account_id", suffixes=("", "_true"))
    work = work.assign(amount=work["share"].clip(upper=work["share_true"]))
    amount = work.groupby(["campaign_id", "lab"])["amount"].sum().reset_index()
    ranked = amount.sort_values(["campaign_id", "amount", "lab"], ascending=[True, False, True])
    best = ranked.drop_duplicates("campaign_id")
    labs = dict(zip(best["campaign_id"], best["lab"], strict=True))
    return {str(campaign): labs.get(campaign) if part >= 0.5 else None for campaign, part in share.items()}


def _tenants(truth: Truth, output: Output) -> tuple[TenantScore, ...]:
    actual = truth.tenants[truth.tenants["lab"].notna()].assign(name=lambda frame: frame["ring"] + "\n" + frame["lab"])
    left, right = _work(actual, "name"), _work(output.campaign_members, "campaign_id")
    if left.empty:
        return ()
    accounts = left.groupby("name").size()
    both = left.merge(right, on="account_id", suffixes=("", "_said"))
    both = both.assign(minimum=both["part"].clip(upper=both["part_said"]))
    said = right.groupby("campaign_id").size()
    names, campaigns = accounts.index, said.index
    common, shared = np.zeros((len(names), len(campaigns))), np.zeros((len(names), len(campaigns)))
    cell = names.get_indexer(pd.Index(both["name"])), campaigns.get_indexer(pd.Index(both["campaign_id"]))
    np.add.at(common, cell, 1.0)
    np.add.at(shared, cell, both["minimum"].to_numpy())
    work = left.groupby("name")["part"].sum().to_numpy()[:, None]
    work_said = right.groupby("campaign_id")["part"].sum().to_numpy()[None, :]
    score = 2.0 * common / (accounts.to_numpy()[:, None] + said.to_numpy()[None, :])
    traffic = 2.0 * shared / (work + work_said)
    # Clients of one operator share its accounts, so traffic decides who is who, accounts break ties.
    rows, columns = linear_sum_assignment(traffic + 1e-3 * score, maximize=True)
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    result = []
    for row, name in enumerate(names):
        ring, lab = str(name).split("\n")
        at = chosen.get(row)
        hit = at if at is not None and score[row, at] > 0 else None
        result.append(
            TenantScore(
                ring=ring,
                lab=lab,
                accounts=int(accounts.iloc[row]),
                campaign=None if hit is None else str(campaigns[hit]),
                account_f1=0.0 if hit is None else float(score[row, hit]),
                traffic_f1=0.0 if hit is None else float(traffic[row, hit]),
            )
        )
    return tuple(result)


def _work(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return who works for whom with what part of the account's work; parts of an account sum to 1."""
    total = frame.groupby("account_id")["share"].transform("sum")
    part = (frame["share"] / total.where(total > 0, 1.0)).astype(float)
    return frame.assign(part=part).loc[part >= SERVED, [name, "account_id", "part"]]
