"""Campaigns: how many clients a ring serves, and who sends what for whom.

Accounts of a proxy operator carry all its clients' traffic, so templates are split, not accounts: a model comparison
between one client and several, where each further client costs a penalty and at least two kinds of facts must speak for
it. An account belongs to every campaign that a real part of its core traffic serves.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from attribution.domain import Campaign, Evidence, Verdict
from attribution.labs.clients import CAPS, SPEAKS, Split, compared, thinned
from attribution.labs.core import Core, Frames, Outside, Recogniser, core_of, texts_of, worded
from attribution.labs.orders import by_orders
from attribution.labs.together import MIXES, by_affinity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.domain import Population, Ring, Traffic
    from attribution.labs.core import Unit

MEMBER_SHARE = 0.15
"""Part of an account's core traffic from which it counts as used by a campaign."""
SMALLEST = 0.08
"""Part of the ring's core accounts below which a group of templates is no client of its own."""
SPLIT = "tenants"


def campaigns(
    rings: Sequence[Ring],
    population: Population,
    traffic: Traffic,
    templates: pa.Table | None,
    config: LabConfig,
    own: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[Campaign, ...]:
    """Divide each coordinated ring into the campaigns of its clients.

    Rings that are innocent or undetermined have none: what is not known to be run together is not known to serve
    anybody. A ring without template data (an export of payments, say) is one campaign with unknown targets. `own` are
    capabilities that dossiers describe by examples (`Dossiers.capabilities`), beside those of the data contract.

    Returns
    -------
    Campaigns in order of ring and then of events; their evidence tells why the ring was split or left whole.
    """
    outside = Outside(population, rings)
    texts = texts_of(templates, sorted({str(t) for t in traffic.exchanges["template_id"].dropna().unique()}))
    recognise = Recogniser(own)
    frames = Frames.of(traffic)
    found: list[Campaign] = []
    for ring in rings:
        if ring.verdict is not Verdict.COORDINATED:
            continue
        core = core_of(ring, population, frames, texts, outside, recognise)
        found.extend(_of_ring(ring, core, population, traffic, config))
    return tuple(found)


def best_split(core: Core, config: LabConfig) -> tuple[Split | None, Split | None]:
    """Return the split that wins over one client (None: one client), and the best one that was looked at.

    Candidates come from the rhythm, the accounts and the targets of what is worded alike, each by average linkage into
    2 to `config.max_tenants` groups, and from orders and affinity, for which one wording may be two units (`by_orders`,
    `by_affinity`); every candidate is judged on all kinds of facts together, those of affinity where hours or targets
    speak: batches of accounts lean as well.
    """
    candidates: dict[bytes, Split] = {}
    orders = by_orders(core)
    if orders is not None:
        label = _settled(_ordered(orders.label), core)
        split = compared(label, core, config) if label.max() > 0 else None
        if split is not None and not split.apart:
            candidates[label.tobytes()] = dataclasses.replace(split, gains={**split.gains, "accounts": orders.gain})
    for sides in by_affinity(core):
        label = _settled(_ordered(sides), core)
        split = compared(label, core, config) if label.max() > 0 else None
        if split is not None and not split.apart and split.of_clients(len(MIXES)):
            candidates.setdefault(label.tobytes(), split)
    whole, part = worded(core)
    for distance in _distances(whole) if len(whole.units) > 1 else ():
        tree = linkage(squareform(distance, checks=False), method="average")
        for count in range(2, min(config.max_tenants, len(whole.units)) + 1):
            groups = fcluster(tree, count, criterion="maxclust").astype(np.int64)
            label = _settled(_ordered(groups[part]), core)
            if label.max() > 0:
                candidates.setdefault(label.tobytes(), compared(label, core, config))
    ranked = sorted(candidates.values(), key=lambda split: (-split.score, int(split.label.max()), split.label.tolist()))
    winners = [
        split for split in ranked if split.score > 0 and len(split.speaking) > 1 and _pairwise(split, core, config)
    ]
    return (winners[0] if winners else None), (ranked[0] if ranked else None)


def _pairwise(split: Split, core: Core, config: LabConfig) -> bool:
    """Say whether each two clients of a split differ on their own account: no third one may carry a weak pair."""
    count = int(split.label.max()) + 1
    if count == 2:  # the split itself was judged
        return True
    for left in range(count):
        for right in range(left + 1, count):
            keep = np.isin(split.label, (left, right))
            pair = compared((split.label[keep] == right).astype(np.int64), _subset(core, keep), config)
            if pair.score <= 0 or len(pair.speaking) < 2:  # two kinds of facts
                return False
    return True


def _subset(core: Core, keep: NDArray[np.bool_]) -> Core:
    units = tuple(unit for unit, kept in zip(core.units, keep.tolist(), strict=True) if kept)
    return Core(units, core.use[:, keep], core.total, core.unlabelled)


def _ordered(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give groups numbers in the order of their first unit."""
    _, first = np.unique(label, return_index=True)
    order = {int(label[place]): number for number, place in enumerate(np.sort(first))}
    return np.array([order[int(value)] for value in label], dtype=np.int64)


def _settled(label: NDArray[np.int64], core: Core) -> NDArray[np.int64]:
    """Merge groups too small to be a client into the group whose accounts they share most (the first one on a tie)."""
    everyone = int((core.use.sum(axis=1) > 0).sum())
    users = [core.use[:, label == group].sum(axis=1) > 0 for group in range(int(label.max()) + 1)]
    large = [group for group, used in enumerate(users) if int(used.sum()) >= max(5, SMALLEST * everyone)]
    if not large:
        return np.zeros_like(label)
    settled = label.copy()
    for group, used in enumerate(users):
        if group not in large:
            shared = [int((used & users[other]).sum()) for other in large]
            settled[label == group] = large[int(np.argmax(shared))]
    return _ordered(settled)


# ── what differs ────────────────────────────────────────────────────────────────────────────────────────────────────


def _distances(core: Core) -> list[NDArray[np.float64]]:
    """Return the distances that candidates are drawn from: rhythm, accounts, targets, and their mean."""
    hours = np.array([thinned(u.hours, u) for u in core.units])
    found = [_hellinger(hours)] if hours.any() else []
    used = (core.use > 0).astype(np.float64)
    common, size = used.T @ used, used.sum(axis=0)
    found.append(1.0 - common / np.maximum(np.sqrt(np.outer(size, size)), 1.0))
    if any(unit.targets for unit in core.units):
        names = sorted({name for unit in core.units for name in unit.targets})
        found.append(_hellinger(np.array([[unit.targets.get(name, 0.0) for name in names] for unit in core.units])))
    found.append(np.asarray(np.mean(np.stack(found), axis=0), dtype=np.float64))
    settled: list[NDArray[np.float64]] = []
    for distance in found:
        even = np.asarray(np.round(np.clip((distance + distance.T) / 2, 0.0, 1.0), 9), dtype=np.float64)
        np.fill_diagonal(even, 0.0)
        settled.append(even)
    return settled


def _hellinger(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    root = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12))
    return np.asarray(np.sqrt(np.clip(1.0 - root @ root.T, 0.0, 1.0)))


# ── campaigns ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_ring(ring: Ring, core: Core, population: Population, traffic: Traffic, config: LabConfig) -> list[Campaign]:
    split, best = best_split(core, config) if len(core.units) > 1 else (None, None)
    label = split.label if split is not None else np.zeros(len(core.units), dtype=np.int64)
    order = sorted(
        range(int(label.max()) + 1 if len(label) else 1), key=lambda g: (-int(core.use[:, label == g].sum()), g)
    )
    return [
        _campaign(ring, core, label == group, f"{ring.ring_id}-c{number}", (split, best), population, traffic)
        for number, group in enumerate(order, start=1)
    ]


def _campaign(
    ring: Ring,
    core: Core,
    mine: NDArray[np.bool_],
    name: str,
    splits: tuple[Split | None, Split | None],
    population: Population,
    traffic: Traffic,
) -> Campaign:
    own, all_core = core.use[:, mine].sum(axis=1), core.use.sum(axis=1)
    alone = splits[0] is None
    taking = own > MEMBER_SHARE * all_core
    share = np.divide(own, core.total, out=np.zeros(len(own)), where=core.total > 0)
    if alone:  # a member whose traffic has no templates cannot be told from the ring's one client
        share = np.where(core.unlabelled, 1.0, share)
        taking |= core.unlabelled
        if taking.sum() < 0.5 * len(taking):  # the templates cover too little to say who is not part of it
            share, taking = np.where(taking, share, 1.0), np.ones(len(own), dtype=bool)
    members = ring.members[taking]
    templates = tuple(
        sorted(t for unit, kept in zip(core.units, mine.tolist(), strict=True) if kept for t in unit.templates)
    )
    first, last, events = _span(members, templates, ring, population, traffic)
    return Campaign(
        campaign_id=name,
        ring_id=ring.ring_id,
        members=members,
        share=np.round(share[taking], 9),
        templates=templates,
        targets=targets_of([unit for unit, kept in zip(core.units, mine.tolist(), strict=True) if kept]),
        events=events,
        first_seen=first,
        last_seen=last,
        evidence=(_evidence(name, core, splits),),
    )


def _span(
    members: NDArray[np.int32], templates: tuple[str, ...], ring: Ring, population: Population, traffic: Traffic
) -> tuple[pd.Timestamp, pd.Timestamp, int]:
    names = population.accounts.take(members.tolist()).to_pylist()
    rows = traffic.exchanges[traffic.exchanges["account_id"].isin(names)]
    if templates:
        rows = rows[rows["template_id"].isin(templates)]
    if not len(rows):
        return ring.first_seen, ring.last_seen, ring.events
    return rows["first_seen"].min(), rows["last_seen"].max(), int(rows["events"].sum())


def targets_of(units: Sequence[Unit]) -> Mapping[str, float]:
    """Return the shares of the capabilities that these templates ask for, by events; empty where no text is known."""
    sums: dict[str, float] = {}
    known = 0.0
    for unit in units:
        if unit.targets:
            known += unit.events
            for name, share in unit.targets.items():
                sums[name] = sums.get(name, 0.0) + share * unit.events
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return {name: round(value / known, 6) for name, value in ranked if value / known >= 0.005}  # crumbs


def _evidence(campaign: str, core: Core, splits: tuple[Split | None, Split | None]) -> Evidence:
    """Say why the ring was split, or why it was left whole."""
    chosen, best = splits
    shown = chosen or best
    detail: dict[str, object] = {
        "clients": 1 if chosen is None else int(chosen.label.max()) + 1,
        "core_templates": len(core.units),
        "caps": dict(CAPS),
        "speaks_from": SPEAKS,
    }
    if shown is not None:
        detail |= {
            "compared": int(shown.label.max()) + 1,
            "gains": dict(shown.gains),
            "apart": shown.apart,
            "counted": sorted(shown.counted),
            "speaking": list(shown.speaking),
            "penalty": shown.penalty,
        }
    weight = shown.score if shown is not None else 0.0
    return Evidence(campaign, None, SPLIT, "split" if chosen is not None else "one_client", round(weight, 9), detail)
