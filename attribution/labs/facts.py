"""What evidence functions look at: one campaign's facts, and how common each fact is among accounts outside rings."""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attribution.labs.claims import Claims, Count
from attribution.labs.core import Outside, Recogniser, texts_of
from attribution.labs.coverage import Coverage, coverage_of
from attribution.labs.pivots import JUMP, Pivot, pivots, releases
from attribution.labs.presence import Use
from attribution.labs.similarity import features, similarity
from attribution.labs.subjects import Subject, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.domain import Campaign, Population, Ring, Traffic
    from attribution.labs.dossiers import Dossiers

PLACE_FACTS = ("networks", "asns", "known.ips")
COUNTED = (
    *PLACE_FACTS,
    "bins",
    "issuer_countries",
    "known.payment_ids",
    "known.device_ids",
    "email_domains",
    "name",
    "known.account_ids",
)
"""Facts that are counted over accounts."""
EXCLUSIVE = 0.8
"""Part of an account's campaign traffic from which the account itself counts as this campaign's."""
ENOUGH_OWN = 0.2
"""Part of the members that must be a campaign's own, or its accounts' cards and devices say nothing of it."""
THREADS = min(2, os.cpu_count() or 1)
SAME_TEMPLATE = 0.85
"""Likeness from which a campaign's template counts as one of a dossier's examples."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One campaign as the evidence functions see it. `counts` maps (lab number, fact) to what was counted.

    A fact that the logs do not have, or that belongs to the operator rather than the client, has no count.
    """

    campaign_id: str
    ring_id: str
    counts: Mapping[tuple[int, str], Count]
    hours: NDArray[np.int64]
    account_days: int
    outside_hours: NDArray[np.int64]
    targets: Mapping[str, float]
    templates: int
    """Templates (all wordings of one counted once) whose text is known."""
    likeness: Mapping[int, float]
    """Lab number to the likeness of the nearest example."""
    pivots: tuple[Pivot, ...]
    subjects: Mapping[int, tuple[Subject, ...]] = field(default_factory=dict)
    """Lab number to what each of its examples has in common with the campaign's templates."""
    coverage: Mapping[int, Coverage] = field(default_factory=dict)
    """Lab number to how its listed capabilities lie on the campaign's accounts."""
    pivot_base: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Release day to (other rings' campaigns that pivoted then, other rings' campaigns)."""


class Gatherer:
    """Counts each dossier's facts in campaigns and in the population, every value looked up once."""

    def __init__(
        self,
        population: Population,
        rings: Sequence[Ring],
        traffic: Traffic,
        templates: pa.Table | None,
        dossiers: Dossiers,
        config: LabConfig,
    ) -> None:
        self._population = population
        self._traffic = traffic
        self._dossiers = dossiers
        self._config = config
        self._recognise = Recogniser(dossiers.capabilities)
        self._outside = Outside(population, rings)
        self._claims = Claims(traffic, dossiers)
        self._texts = texts_of(templates, sorted({str(t) for t in traffic.exchanges["template_id"].dropna().unique()}))
        examples = [(number, text) for number, lab in enumerate(dossiers.labs) for text in lab.template_examples]
        self._examples = [features(text) for _, text in examples]
        self._example_lab = np.array([number for number, _ in examples], dtype=np.int64)
        own = [features(text) for text in self._texts.pattern.values()]
        self._alike = similarity((*own, *self._texts.common), self._examples, self._texts.background)
        self._row = {name: row for row, name in enumerate(self._texts.pattern)}
        self._common = self._alike[len(own) :]
        self._vocabulary = Vocabulary(
            self._texts.pattern, self._texts.others, [text for _, text in examples], self._alike
        )

    # ── one campaign ────────────────────────────────────────────────────────────────────────────────────────────────

    def facts(self, campaigns: Sequence[Campaign]) -> tuple[Facts, ...]:
        """Gather the facts of each campaign; campaigns of one ring are seen together (whose account is it?)."""
        own = _own_accounts(campaigns)
        known = releases(self._traffic)
        with ThreadPoolExecutor(THREADS) as pool:  # numpy lets go of the interpreter where permutations are drawn
            all_pivots = list(pool.map(lambda c: pivots(c, self._population, known, self._config), campaigns))
        outside_hours = self._population.hours[self._outside.mask].sum(axis=0).astype(np.int64)
        found = []
        for campaign, mine, moves in zip(campaigns, own, all_pivots, strict=True):
            matched, likeness = self._likeness(campaign)
            tenants = [
                (one, theirs)
                for one, theirs in zip(campaigns, own, strict=True)
                if one.ring_id == campaign.ring_id and one.campaign_id != campaign.campaign_id
            ]
            found.append(
                Facts(
                    campaign_id=campaign.campaign_id,
                    ring_id=campaign.ring_id,
                    counts=self._counts(campaign, mine, matched, tenants),
                    hours=self._hours(campaign),
                    account_days=self._account_days(campaign),
                    outside_hours=outside_hours,
                    targets=campaign.targets,
                    templates=self._template_number(campaign),
                    likeness=likeness,
                    subjects=self._subjects(campaign),
                    coverage=self._coverage(campaign),
                    pivots=moves,
                    pivot_base=_pivot_base(campaign, campaigns, all_pivots),
                )
            )
        return tuple(found)

    def _counts(
        self,
        campaign: Campaign,
        own: NDArray[np.int32] | None,
        matched: Mapping[int, Count],
        tenants: Sequence[tuple[Campaign, NDArray[np.int32] | None]],
    ) -> Mapping[tuple[int, str], Count]:
        """Count every fact of every dossier; of accounts that also serve others, the places of its templates only."""
        counts: dict[tuple[int, str], Count] = {}
        places = self._of(campaign, self._traffic.places)
        names = [] if own is None else self._population.accounts.take(own.tolist()).to_pylist()
        members = self._claims.rows(names)
        everyone = self._claims.rows(self._population.accounts.take(campaign.members.tolist()).to_pylist())
        for number in range(len(self._dossiers.labs)):
            for fact in COUNTED:
                if own is not None:
                    counted = self._claims.count(number, fact, members)
                else:
                    counted = self._claims.count_exchanges(number, fact, places) if fact in PLACE_FACTS else None
                if counted is not None:
                    beside = self._beside_tenants(counted, number, fact, tenants)
                    use = self._use(number, fact, everyone, places) if fact in PLACE_FACTS else None
                    counts[number, fact] = dataclasses.replace(beside, use=use)
            if number in matched:
                counts[number, "template_examples"] = matched[number]
        return counts

    def _use(self, lab: int, fact: str, everyone: NDArray[np.int64], places: pd.DataFrame) -> Use | None:
        """Return how all accounts of a campaign use a place, whomever else they serve."""
        seen = self._claims.count(lab, fact, everyone)
        sent = self._claims.count_exchanges(lab, fact, places)
        return (
            None if seen is None else Use(seen.hits, seen.trials, sent.hits / sent.trials if sent is not None else None)
        )

    def _beside_tenants(
        self, count: Count, lab: int, fact: str, tenants: Sequence[tuple[Campaign, NDArray[np.int32] | None]]
    ) -> Count:
        """Compare with the other clients of the same ring as well: what they show too is the operator's."""
        hits = trials = 0.0
        for other, own in tenants:
            if own is not None and count.unit == "accounts":
                names = self._population.accounts.take(own.tolist()).to_pylist()
                seen = self._claims.count(lab, fact, self._claims.rows(names))
            else:
                places = self._of(other, self._traffic.places)
                seen = self._claims.count_exchanges(lab, fact, places) if fact in PLACE_FACTS else None
            if seen is not None:
                hits, trials = hits + seen.hits, trials + seen.trials
        return dataclasses.replace(count, ring_hits=hits, ring_trials=trials)

    def _of(self, campaign: Campaign, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["template_id"].isin(campaign.templates) & rows["ring"].isin([campaign.ring_id, ""])]

    def _hours(self, campaign: Campaign) -> NDArray[np.int64]:
        rows = self._of(campaign, self._traffic.hours)
        if not len(rows):
            return np.asarray(self._population.hours[campaign.members].sum(axis=0), dtype=np.int64)
        return np.bincount(rows["hour"], weights=rows["events"], minlength=24).astype(np.int64)

    def _account_days(self, campaign: Campaign) -> int:
        rows = self._of(campaign, self._traffic.days)
        if not len(rows):
            days = self._population.activity["active_days"].to_numpy(np.float64)[campaign.members]
            return int(np.nansum(days))  # days are unknown where hours are, and nobody asks for them then
        return int(rows["accounts"].sum())

    def _template_number(self, campaign: Campaign) -> int:
        return sum(template in self._texts.pattern for template in campaign.templates)

    def _likeness(self, campaign: Campaign) -> tuple[Mapping[int, Count], Mapping[int, float]]:
        """Count the campaign's templates that are alike a dossier's examples, and the same outside rings."""
        own = [self._row[t] for t in campaign.templates if t in self._row]
        if not own or not self._examples:
            return {}, {}
        best = self._alike[own]
        counts: dict[int, Count] = {}
        nearest: dict[int, float] = {}
        for number in sorted(set(self._example_lab.tolist())):
            mine = best[:, self._example_lab == number].max(axis=1)
            base = self._common[:, self._example_lab == number].max(axis=1, initial=0.0) >= SAME_TEMPLATE
            counts[number] = Count(
                int((mine >= SAME_TEMPLATE).sum()), len(own), int(base.sum()), len(base), unit="templates"
            )
            nearest[number] = float(mine.max())
        return counts, nearest

    def _subjects(self, campaign: Campaign) -> Mapping[int, tuple[Subject, ...]]:
        """Return what each lab's examples have in common with the campaign's templates."""
        if not any(template in self._row for template in campaign.templates):
            return {}
        found = self._vocabulary.subjects(campaign.templates)
        mine: dict[int, tuple[Subject, ...]] = {}
        for number, subject in zip(self._example_lab.tolist(), found, strict=True):
            mine[number] = (*mine.get(number, ()), *(() if subject is None else (subject,)))
        return {number: mine[number] for number in sorted(mine) if mine[number]}

    def _coverage(self, campaign: Campaign) -> Mapping[int, Coverage]:
        """Return how each lab's listed capabilities lie on the campaign's accounts."""
        names = self._population.accounts.take(campaign.members.tolist()).to_pylist()
        sent = self._traffic.exchanges
        sent = sent[sent["account_id"].isin(names) & sent["template_id"].isin(campaign.templates)]
        known = [name for name in campaign.templates if name in self._row]
        asked = {name: self._recognise.main(self._texts.pattern[name]) for name in known}
        found = coverage_of(sent, asked, [tuple(dict(lab.targets)) for lab in self._dossiers.labs])
        return {number: one for number, one in enumerate(found) if one is not None}


def _own_accounts(campaigns: Sequence[Campaign]) -> list[NDArray[np.int32] | None]:
    """Return each campaign's own accounts; None where most of its accounts also serve somebody else."""
    total: dict[tuple[str, int], float] = {}
    for campaign in campaigns:
        for member, share in zip(campaign.members.tolist(), campaign.share.tolist(), strict=True):
            total[campaign.ring_id, member] = total.get((campaign.ring_id, member), 0.0) + share
    found: list[NDArray[np.int32] | None] = []
    for campaign in campaigns:
        whole = np.array([total[campaign.ring_id, member] for member in campaign.members.tolist()])
        own = campaign.members[campaign.share >= EXCLUSIVE * whole]
        found.append(own if len(own) >= max(1.0, ENOUGH_OWN * len(campaign.members)) else None)
    return found


def _pivot_base(
    campaign: Campaign, campaigns: Sequence[Campaign], found: Sequence[tuple[Pivot, ...]]
) -> Mapping[str, tuple[int, int]]:
    others = [moves for one, moves in zip(campaigns, found, strict=True) if one.ring_id != campaign.ring_id]
    days = sorted({pivot.day for moves in found for pivot in moves if pivot.significant})
    seen = {day: [pivot for moves in others for pivot in moves if pivot.day == day] for day in days}
    return {day: (sum(pivot.effect >= JUMP for pivot in seen[day]), len(seen[day])) for day in days}
