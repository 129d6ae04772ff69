"""From worlds to rows: one row a campaign and state of the dossiers, with its truth and everything that answers it."""

from __future__ import annotations

import dataclasses
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from attribution_worlds import Case, case, options_of

from attribution.config import LabConfig
from attribution.domain import UNKNOWN_LAB
from attribution.labs import campaigns
from attribution.labs.calibration import plain
from attribution.labs.evidence import comparison_of, judge
from attribution.labs.facts import Gatherer
from attribution.labs.ledger import INFRASTRUCTURE
from attribution.labs.naming import judged
from attribution.labs.tenants import MEMBER_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attribution.domain import Campaign
    from attribution.labs.dossiers import Dossiers
    from attribution.labs.facts import Facts

Job = tuple[int, float, str, tuple[str, ...], int]
"""Seed, evasion, false flag, states of the dossiers, labs."""
A_CLIENT = 0.2


@dataclass(frozen=True)
class Row:
    """One campaign under one state of the dossiers; `truth` is `unknown` for a lab without a dossier.

    `sums` holds for each lab the uncalibrated nats by family and sign (`place+`, `place-`).
    """

    world: str
    state: str
    campaign: str
    truth: str
    sums: dict[str, dict[str, float]]
    overlap: dict[str, float]
    naive: dict[str, float]
    nearest: dict[str, float]
    partly: tuple[str, ...] = ()
    """The labs whose listed capabilities cover some accounts and not others."""
    clients: tuple[str, ...] = ()
    """The labs that a fifth of the campaign's traffic or more was for: two where a shared ring was not divided."""


@dataclass(frozen=True)
class Tenant:
    """How well one client of a shared ring was told apart: F1 over accounts, and who has a dossier."""

    world: str
    ring: str
    f1: float
    documented: bool
    other_documented: bool


def clients_of(found: Campaign, world: Case) -> dict[str, float]:
    """Return the labs that a campaign's traffic was for, with their parts of it."""
    names = world.population.accounts.take(found.members.tolist()).to_pylist()
    sent = world.traffic.exchanges
    mine = (
        sent[sent["account_id"].isin(names) & sent["template_id"].isin(found.templates)]
        .groupby("account_id")["events"]
        .sum()
    )
    truth = world.truth[(world.truth["ring"] == found.ring_id) & world.truth["account_id"].isin(names)]
    whole = truth["account_id"].map(mine).fillna(1.0) if len(mine) else 1.0
    share = truth.groupby("account_id")["share"].transform("sum")
    lab = (truth["share"] / share * whole).groupby(truth["lab"]).sum()
    return {str(name): float(part) for name, part in (lab / lab.sum()).items()}


def tenants_of(found: Sequence[Campaign], world: Case, name: str) -> list[Tenant]:
    """Return how well the clients of shared rings were told apart: the best matching of two clients to campaigns."""
    told = []
    for ring, rows in world.truth.groupby("ring", sort=True):
        wanted = {
            str(lab): set(part.loc[part["share"] >= MEMBER_SHARE, "account_id"]) for lab, part in rows.groupby("lab")
        }
        if len(wanted) != 2:  # shared by two
            continue
        got = [
            set(world.population.accounts.take(one.members.tolist()).to_pylist())
            for one in found
            if one.ring_id == ring
        ] or [set()]
        first, second = sorted(wanted)
        f1 = [
            [2 * len(want & have) / max(len(want) + len(have), 1) for have in got]
            for want in map(wanted.get, (first, second))
        ]
        pairs = [(a, b) for a in range(len(got)) for b in range(len(got)) if a != b] or [(0, 0)]
        best = max(pairs, key=lambda pair: f1[0][pair[0]] + f1[1][pair[1]])
        known = (first in world.documented, second in world.documented)
        told += [
            Tenant(name, str(ring), f1[0][best[0]], known[0], known[1]),
            Tenant(name, str(ring), f1[1][best[1]] if len(got) > 1 else 0.0, known[1], known[0]),
        ]
    return told


def rows_of(world: Case, name: str, states: Sequence[str], *, joined: bool = True) -> tuple[list[Row], list[Tenant]]:
    """Answer every campaign of a world under several states of the dossiers, and say how well tenants were told.

    Parts of a ring that serve the same lab have the facts of the whole, as in the engine, unless `joined` is false.
    """
    config = LabConfig()
    found = campaigns(world.rings, world.population, world.traffic, world.templates, config)
    clients = [clients_of(one, world) for one in found]
    rows = []
    for state in states:
        labs = world.dossiers[state]
        gatherer = Gatherer(world.population, world.rings, world.traffic, world.templates, labs, config)
        facts = [one for one, _ in judged(gatherer, found, labs, config)] if joined else gatherer.facts(found)
        for one, shares in zip(facts, clients, strict=True):
            client = max(sorted(shares), key=lambda lab: shares[lab])
            row = _row(one, client if client in world.documented else UNKNOWN_LAB, name, state, labs)
            several = tuple(lab for lab in sorted(shares) if shares[lab] >= A_CLIENT)
            rows.append(dataclasses.replace(row, clients=several))
    return rows, tenants_of(found, world, name)


def _row(facts: Facts, truth: str, world: str, state: str, labs: Dossiers) -> Row:
    comparison = comparison_of(labs.labs)
    ledger = [row for number, lab in enumerate(labs.labs) for row in judge(facts, number, lab, comparison, plain())]
    overlap = dict.fromkeys(labs.ids, 0.0)
    naive = dict.fromkeys(labs.ids, 0.0)
    for row in ledger:
        naive[str(row.lab_id)] += float(row.detail["ratio"])  # type: ignore[arg-type]
        if row.family in INFRASTRUCTURE and "hits" in row.detail and row.name != "issuers":
            overlap[str(row.lab_id)] += float(row.detail["hits"]) / float(row.detail["trials"])  # type: ignore[arg-type]
    nearest = {labs.labs[number].id: value for number, value in facts.likeness.items()}
    parts: dict[str, dict[str, float]] = {lab: {} for lab in labs.ids}
    for row in ledger:
        key = f"{row.family}{'+' if row.weight >= 0 else '-'}"
        parts[str(row.lab_id)][key] = parts[str(row.lab_id)].get(key, 0.0) + row.weight
    partly = tuple(labs.ids[number] for number in sorted(facts.coverage) if facts.coverage[number].partial)
    return Row(world, state, facts.campaign_id, truth, parts, overlap, naive, nearest, partly)


def _world(job: Job, *, joined: bool) -> tuple[list[Row], list[Tenant]]:
    seed, evasion, flag, states, labs = job
    world = case(options_of(seed, evasion, flag, labs=labs), states)
    return rows_of(world, f"{seed}/{evasion}/{flag}", states, joined=joined)


def gather(jobs: Sequence[Job], workers: int = 2, *, joined: bool = True) -> tuple[list[Row], list[Tenant]]:
    """Return the rows of many worlds, and how well the clients of their shared rings were told apart."""
    with ProcessPoolExecutor(workers) as pool:
        found = list(pool.map(partial(_world, joined=joined), jobs))
    return [row for rows, _ in found for row in rows], [tenant for _, tenants in found for tenant in tenants]


def by_naive(row: Row) -> tuple[str | None, float]:
    """Name by naive Bayes over all facts without caps, open set with a prior of one half, from .5 on."""
    if not row.naive:
        return None, 0.0
    top = max(*row.naive.values(), 0.0)
    raw = {lab: 0.5 / len(row.naive) * math.exp(value - top) for lab, value in row.naive.items()}
    total = sum(raw.values()) + 0.5 * math.exp(-top)
    lab = max(sorted(raw), key=lambda one: raw[one])
    return (lab if raw[lab] / total >= 0.5 else None), raw[lab] / total


def by_best(score: dict[str, float], least: float) -> str | None:
    """Name the lab of the highest score, if it is above `least`."""
    lab = max(sorted(score), key=lambda one: score[one], default=None)
    return lab if lab is not None and score[lab] > least else None
