"""Campaigns: how many clients a ring serves, and who sends what for whom.

Accounts of a proxy operator carry all its clients' traffic, so templates are split, not accounts: a model comparison
between one client and several, where each further client costs a penalty and at least two kinds of facts must speak for
it. An account belongs to every campaign that a real part of its core traffic serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.special import gammaln

from attribution.domain import Campaign, Evidence, Verdict
from attribution.labs.core import Core, Frames, Outside, Recogniser, core_of, texts_of
from attribution.labs.ledger import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.domain import Population, Ring, Traffic
    from attribution.labs.core import Unit

DRAWS = 60
"""The most independent draws that one template's histogram is worth: jobs fire through many accounts at once."""
ACCOUNT_DRAWS = 10.0
"""The most exchanges of one account that count: they come in jobs."""
TARGET_DRAWS = 3.0
"""What one template's capabilities are worth as draws from what its client is after."""
SPEAKS = 3.0
"""Nats from which a kind of facts speaks for a split."""
CAPS: Mapping[str, float] = {"hours": 15.0, "accounts": 15.0, "models": 8.0, "calendar": 10.0, "targets": 8.0}
"""The most that each kind of facts can say for a split, in nats."""
MEMBER_SHARE = 0.15
"""Part of an account's core traffic from which it counts as used by a campaign."""
SMALLEST = 0.08
"""Part of the ring's core accounts below which a group of templates is no client of its own."""
OF_ACCOUNTS = ("accounts", "calendar", "models")
"""Kinds of facts that go with the account."""
LOYAL, APART = 0.8, 0.7
"""Part of an account's core traffic from which it serves one group only; part of such accounts from which groups are
apart."""
TARGET_UNITS = 16.0
"""The most templates whose capabilities count: a client orders capabilities, and each may come in many wordings."""
SPLIT = "tenants"


@dataclass(frozen=True, slots=True)
class Split:
    """A comparison of one way to divide a ring's templates with leaving them together."""

    label: NDArray[np.int64]
    gains: Mapping[str, float]
    penalty: float
    apart: bool = False
    """Hardly an account serves two of the groups: then what an account has of its own (when it began, which models it
    uses, which wording it was given) sets the groups apart without any second client, and counts once."""

    @property
    def counted(self) -> Mapping[str, float]:
        """Return the gains that count: of what goes with the account only the largest where accounts are apart."""
        if not self.apart:
            return self.gains
        bound = max((name for name in OF_ACCOUNTS if name in self.gains), key=lambda name: (self.gains[name], name))
        return {name: gain for name, gain in self.gains.items() if name not in OF_ACCOUNTS or name == bound}

    @property
    def score(self) -> float:
        """Return capped gains less the penalty, in nats; above 0 the split is better than one client.

        Two clients may be alike in any kind of facts: each gain is mixed half and half with no difference.
        """
        return sum(min(mixed(gain, 0.5), CAPS[name]) for name, gain in sorted(self.counted.items())) - self.penalty

    @property
    def speaking(self) -> tuple[str, ...]:
        """Return the kinds of facts that speak for it."""
        return tuple(name for name, gain in sorted(self.counted.items()) if gain >= SPEAKS)


def campaigns(
    rings: Sequence[Ring], population: Population, traffic: Traffic, templates: pa.Table | None, config: LabConfig
) -> tuple[Campaign, ...]:
    """Divide each coordinated ring into the campaigns of its clients.

    Rings that are innocent or undetermined have none: what is not known to be run together is not known to serve
    anybody. A ring without template data (an export of payments, say) is one campaign with unknown targets.

    Returns
    -------
    Campaigns in order of ring and then of events; their evidence tells why the ring was split or left whole.
    """
    outside = Outside(population, rings)
    texts = texts_of(templates, sorted({str(t) for t in traffic.exchanges["template_id"].dropna().unique()}))
    recognise = Recogniser()
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

    Candidates come from the templates' rhythm, their accounts and their targets, each by average linkage into 2 to
    `config.max_tenants` groups; every candidate is judged on all kinds of facts together.
    """
    candidates: dict[bytes, Split] = {}
    for distance in _distances(core):
        tree = linkage(squareform(distance, checks=False), method="average")
        for count in range(2, min(config.max_tenants, len(core.units)) + 1):
            label = _settled(_ordered(fcluster(tree, count, criterion="maxclust").astype(np.int64)), core)
            if label.max() > 0:
                candidates.setdefault(label.tobytes(), _compared(label, core, config))
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
            pair = _compared((split.label[keep] == right).astype(np.int64), _subset(core, keep), config)
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
    found = [_hellinger(np.array([_thinned(u.hours, u) for u in core.units]))]
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


def _thinned(histogram: NDArray[np.int64], unit: Unit) -> NDArray[np.float64]:
    """Scale a histogram down to the independent draws it is worth."""
    total = float(histogram.sum())
    return np.asarray(histogram * (min(unit.account_days, DRAWS) / max(total, 1.0)), dtype=np.float64)


def _compared(label: NDArray[np.int64], core: Core, config: LabConfig) -> Split:
    """Compare separate clients with one: for each kind of facts the log Bayes factor, in nats."""
    units, apart = core.units, _apart(core.use, label)
    hours, weekend, mix, days = (
        _draws([getattr(unit, name) for unit in units], core, apart=apart)
        for name in ("hours", "weekdays", "mix", "days")
    )
    hours = hours.reshape(len(units), 12, 2).sum(axis=2)
    weekend = np.column_stack((weekend[:, :5].sum(axis=1), weekend[:, 5:].sum(axis=1)))
    gains = {
        "hours": _multinomial(hours, label) + _multinomial(weekend, label),
        "models": _multinomial(mix, label),
        "calendar": _multinomial(_thirds(days), label),
        "accounts": _pools(core.use, label),
    }
    names = sorted({name for unit in units for name in unit.targets})
    if names:
        targets = np.array([[unit.targets.get(name, 0.0) for name in names] for unit in units])
        gains["targets"] = _multinomial(TARGET_DRAWS * min(1.0, TARGET_UNITS / len(units)) * targets, label)
    rounded = {name: round(gain, 9) for name, gain in sorted(gains.items())}
    return Split(label, rounded, config.tenant_penalty * int(label.max()), apart)


def _apart(use: NDArray[np.int64], label: NDArray[np.int64]) -> bool:
    """Say whether hardly an account serves two groups."""
    sent = np.column_stack([use[:, label == group].sum(axis=1) for group in range(int(label.max()) + 1)])
    sent = sent[sent.sum(axis=1) > 1]
    return bool(len(sent)) and float((sent.max(axis=1) >= LOYAL * sent.sum(axis=1)).mean()) >= APART


def _draws(histograms: list[NDArray[np.int64]], core: Core, *, apart: bool) -> NDArray[np.float64]:
    """Return the templates' histograms as the independent draws that they are worth.

    Where accounts are apart, an account's templates share its hours, models and calendar: an account is one draw.
    """
    thin = np.array([_thinned(histogram, unit) for histogram, unit in zip(histograms, core.units, strict=True)])
    accounts = float((core.use.sum(axis=1) > 0).sum())
    return thin * min(1.0, accounts / max(float(thin.sum()), 1.0)) if apart else thin


def _thirds(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the calendar into at most ten equal spells: clients start and stop, single days are noise."""
    return np.column_stack([part.sum(axis=1) for part in np.array_split(days, min(10, days.shape[1]), axis=1)])


def _multinomial(counts: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Return the log Bayes factor of one multinomial a group over one for all, Dirichlet(1) priors on the used bins."""
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:  # a constant tells nothing
        return 0.0
    apart = sum(_dirichlet(counts[label == group].sum(axis=0), 1.0) for group in range(int(label.max()) + 1))
    return apart - _dirichlet(counts.sum(axis=0), 1.0)


def _dirichlet(counts: NDArray[np.float64], alpha: float | NDArray[np.float64]) -> float:
    a = np.broadcast_to(np.asarray(alpha, dtype=np.float64), counts.shape)
    total, start = float(counts.sum()), float(a.sum())
    return float(gammaln(start) - gammaln(start + total) + (gammaln(a + counts) - gammaln(a)).sum())


def _dirichlets(counts: NDArray[np.float64], alpha: NDArray[np.float64]) -> float:
    """Return the sum of `_dirichlet` over the rows of `counts`."""
    start, totals = alpha.sum(), counts.sum(axis=1)
    rows = gammaln(start) - gammaln(start + totals) + (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=1)
    return float(rows.sum())


def _pools(use: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Return the log Bayes factor of own or leaning accounts over accounts that serve all clients alike.

    Per account: its exchanges for each client, thinned to `ACCOUNT_DRAWS`. Alike: Dirichlet around the overall shares,
    worth 20 exchanges. Otherwise, each as likely: worth 2 (accounts lean) or .2 (nearly all for one client). More than
    `DRAWS` accounts count as `DRAWS`.
    """
    sent = np.column_stack([use[:, label == group].sum(axis=1) for group in range(int(label.max()) + 1)]).astype(float)
    telling = sent[sent.sum(axis=1) > 1]
    if not len(telling):
        return 0.0
    telling = telling * np.minimum(1.0, ACCOUNT_DRAWS / telling.sum(axis=1, keepdims=True))
    overall = telling.sum(axis=0) / telling.sum()
    if not (overall > 0).all():
        return 0.0
    alike, lean, own = (_dirichlets(telling, worth * overall) for worth in (20.0, 2.0, 0.2))
    scale = min(1.0, DRAWS / len(telling))
    return float(np.logaddexp((lean - alike) * scale, (own - alike) * scale) - np.log(2.0))


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
