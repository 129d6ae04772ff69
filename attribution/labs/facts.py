"""What evidence functions look at: one campaign's facts, and how common each fact is among accounts outside rings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.domain import Facet
from attribution.labs.core import Outside, Recogniser, texts_of
from attribution.labs.networks import NetworkTree
from attribution.labs.pivots import Pivot, pivots
from attribution.labs.similarity import features, similarity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.domain import Campaign, Incidence, Population, Ring, Traffic
    from attribution.labs.core import Texts
    from attribution.labs.dossiers import Dossiers

EXCLUSIVE = 0.8
"""Part of an account's campaign traffic from which the account itself counts as this campaign's."""
ENOUGH_OWN = 0.2
"""Part of the members that must be a campaign's own, or its accounts' cards, devices and mail say nothing of the client."""
SAME_TEMPLATE = 0.6
"""Likeness from which a campaign's template counts as one of a dossier's examples."""


@dataclass(frozen=True, slots=True)
class Count:
    """`hits` of `trials` in the campaign, beside the same in the population outside rings."""

    hits: float
    trials: float
    base_hits: float
    base_trials: float
    shown: tuple[str, ...] = ()
    """Some of the values that matched, for the reader."""
    unit: str = "accounts"


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
    pivot_base: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Release day to (other rings' campaigns that pivoted then, other rings' campaigns)."""


class Gatherer:
    """Counts each dossier's facts in campaigns and in the population, every value looked up once."""

    def __init__(
        self,
        population: Population,
        rings: Sequence[Ring],
        traffic: Traffic,
        dossiers: Dossiers,
        config: LabConfig,
        templates: pa.Table | None = None,
    ) -> None:
        self._population = population
        self._traffic = traffic
        self._dossiers = dossiers
        self._config = config
        self._outside = Outside(population, rings)
        self._hidden = self._anonymous()
        self._texts = self._known_texts(templates)
        self._recognise = Recogniser()
        self._touched: dict[tuple[int, str], tuple[NDArray[np.bool_], tuple[str, ...]]] = {}
        self._having: dict[str, NDArray[np.bool_]] = {}
        self._ip_labs: dict[str, dict[int, frozenset[str]]] = self._addresses()
        self._fill()

    # ── the population, once ────────────────────────────────────────────────────────────────────────────────────────

    def _anonymous(self) -> NDArray[np.bool_]:
        """Return the accounts that ever came from a datacentre, VPN or proxy: whom an operator's exits resemble."""
        share = self._population.activity["datacentre"].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(np.nan_to_num(share) > 0)

    def _known_texts(self, templates: pa.Table | None) -> Texts:
        used = self._traffic.exchanges["template_id"].dropna().unique()
        return texts_of(templates, sorted(str(name) for name in used))

    def _addresses(self) -> dict[str, dict[int, frozenset[str]]]:
        """Return for each address in the logs that any lab claims: lab number to the facts that claim it."""
        incidence = self._population.incidence.get(Facet.IP)
        found: dict[str, dict[int, set[str]]] = {}
        if incidence is None or not self._dossiers.labs:
            return {}
        tree = NetworkTree(self._dossiers)
        names = incidence.values.to_pylist()
        if tree.size:
            for name in names:
                for number in tree.labs(name):
                    found.setdefault(name, {}).setdefault(number, set()).add("networks")
        known = {
            ip: [n for n, one in enumerate(self._dossiers.labs) if ip in one.known.ips] for ip in self._all_known("ips")
        }
        for name in names if known else ():
            for number in known.get(name, ()):
                found.setdefault(name, {}).setdefault(number, set()).add("known.ips")
        asn = self._asn_numbers()
        owners: dict[int, list[int]] = {}
        for number, lab_dossier in enumerate(self._dossiers.labs):
            for value in lab_dossier.asns:
                owners.setdefault(value, []).append(number)
        for row in np.flatnonzero(np.isin(asn, list(owners))):
            for number in owners[int(asn[row])]:
                found.setdefault(names[row], {}).setdefault(number, set()).add("asns")
        return {name: {lab: frozenset(facts) for lab, facts in labs.items()} for name, labs in sorted(found.items())}

    def _all_known(self, what: str) -> list[str]:
        return sorted({value for lab in self._dossiers.labs for value in getattr(lab.known, what)})

    def _asn_numbers(self) -> NDArray[np.int64]:
        table = self._population.enrichment.get(Facet.IP)
        incidence = self._population.incidence.get(Facet.IP)
        if table is None or incidence is None:
            return np.full(len(incidence.values) if incidence is not None else 0, -1, dtype=np.int64)
        return pd.to_numeric(table["asn"], errors="coerce").fillna(-1).to_numpy(dtype=np.int64)

    def _fill(self) -> None:
        """For each lab and fact: which accounts show it; for each fact: which accounts could."""
        population, labs = self._population, self._dossiers.labs
        ip = population.incidence.get(Facet.IP)
        if ip is not None:
            values = {fact: _by_lab(self._ip_labs, fact) for fact in ("networks", "known.ips", "asns")}
            position = {name: row for row, name in enumerate(ip.values.to_pylist()) if name in self._ip_labs}
            some = _has(ip, population.size)
            self._having |= {"networks": some, "known.ips": some}
            asn = self._asn_numbers()
            if (asn >= 0).any():
                self._having["asns"] = _users(ip, asn >= 0, population.size)
            for fact, by_lab in values.items():
                for lab, names in by_lab.items():
                    self._touch(lab, fact, ip, [position[name] for name in names], names)
        for facet, what in ((Facet.DEVICE, "device_ids"), (Facet.PAYMENT, "payment_ids")):
            incidence = population.incidence.get(facet)
            if incidence is None:
                continue
            fact = f"known.{what}"
            self._having[fact] = _has(incidence, population.size)
            wanted = set(self._all_known(what))
            position = {n: row for row, n in enumerate(incidence.values.to_pylist()) if n in wanted} if wanted else {}
            for number, lab in enumerate(labs):
                names = tuple(name for name in getattr(lab.known, what) if name in position)
                self._touch(number, fact, incidence, [position[name] for name in names], names)
        self._fill_cards()
        self._fill_people()

    def _touch(self, lab: int, fact: str, incidence: Incidence, rows: Sequence[int], shown: Sequence[str]) -> None:
        mask = np.zeros(len(incidence.values), dtype=bool)
        mask[list(rows)] = True
        self._touched[lab, fact] = (_users(incidence, mask, self._population.size), tuple(sorted(shown)[:5]))

    def _fill_cards(self) -> None:
        """Count issuers and card prefixes per account: whether any of its instruments is of the lab's."""
        incidence = self._population.incidence.get(Facet.PAYMENT)
        table = self._population.enrichment.get(Facet.PAYMENT)
        if incidence is None or table is None:
            return
        for fact, column in (("bins", "bin"), ("issuer_countries", "issuer_country")):
            text = table[column].astype("str").where(table[column].notna(), "")
            given = text.to_numpy(dtype=object)
            if not (given != "").any():
                continue
            self._having[fact] = _users(incidence, np.array([value != "" for value in given]), self._population.size)
            distinct = sorted({str(value) for value in given} - {""})
            for number, lab in enumerate(self._dossiers.labs):
                listed = lab.bins if fact == "bins" else lab.issuer_countries
                matching = {v for v in distinct if any(v.startswith(x) or x.startswith(v) for x in listed)}
                rows = np.flatnonzero(np.isin(given, sorted(matching))) if matching else np.zeros(0, dtype=np.int64)
                self._touch(number, fact, incidence, rows.tolist(), sorted(matching))

    def _fill_people(self) -> None:
        """Mail domains, organisations and known account ids."""
        activity, size = self._population.activity, self._population.size
        mail = (
            activity["email_domain"]
            .astype("str")
            .where(activity["email_domain"].notna(), "")
            .str.lower()
            .to_numpy(dtype=object)
        )
        org = activity["org"].astype("str").where(activity["org"].notna(), "").str.casefold().to_numpy(dtype=object)
        if (mail != "").any():
            self._having["email_domains"] = np.asarray(mail != "", dtype=bool)
        if "accounts.org" in self._population.known:
            self._having["name"] = np.ones(size, dtype=bool)
        self._having["known.account_ids"] = np.ones(size, dtype=bool)
        wanted = set(self._all_known("account_ids"))
        names = self._population.accounts.to_pylist() if wanted else []
        position = {name: row for row, name in enumerate(names) if name in wanted}
        for number, lab in enumerate(self._dossiers.labs):
            hit = np.isin(mail, list(lab.email_domains)) if lab.email_domains else np.zeros(size, dtype=bool)
            self._touched[number, "email_domains"] = (
                np.asarray(hit, dtype=bool),
                tuple(sorted(set(mail[hit].tolist()))[:5]),
            )
            same = np.asarray(org == lab.name.casefold(), dtype=bool)
            self._touched[number, "name"] = (same, (lab.name,) if same.any() else ())
            known = np.zeros(size, dtype=bool)
            rows = [position[name] for name in lab.known.account_ids if name in position]
            known[rows] = True
            self._touched[number, "known.account_ids"] = (known, tuple(sorted(str(names[row]) for row in rows)[:5]))

    # ── one campaign ────────────────────────────────────────────────────────────────────────────────────────────────

    def facts(self, campaigns: Sequence[Campaign]) -> tuple[Facts, ...]:
        """Gather the facts of each campaign; campaigns of one ring are seen together (whose account is it?)."""
        own = _own_accounts(campaigns)
        all_pivots = [pivots(c, self._population, self._traffic, self._config) for c in campaigns]
        outside_hours = self._population.hours[self._outside.mask].sum(axis=0).astype(np.int64)
        return tuple(
            Facts(
                campaign_id=campaign.campaign_id,
                ring_id=campaign.ring_id,
                counts=self._counts(campaign, mine),
                hours=self._hours(campaign),
                account_days=self._account_days(campaign),
                outside_hours=outside_hours,
                targets=campaign.targets,
                templates=self._template_number(campaign),
                likeness=self._likeness(campaign)[1],
                pivots=found,
                pivot_base=_pivot_base(campaign, campaigns, all_pivots),
            )
            for campaign, mine, found in zip(campaigns, own, all_pivots, strict=True)
        )

    def _counts(self, campaign: Campaign, own: NDArray[np.int32] | None) -> Mapping[tuple[int, str], Count]:
        counts: dict[tuple[int, str], Count] = {}
        matched, _ = self._likeness(campaign)
        for number in range(len(self._dossiers.labs)):
            for fact, having in sorted(self._having.items()):
                if fact in {"networks", "asns", "known.ips"} and own is None:
                    counted = self._by_traffic(campaign, number, fact)
                elif own is None:
                    counted = None
                else:
                    counted = self._by_account(own, number, fact, having)
                if counted is not None:
                    counts[number, fact] = counted
            if number in matched:
                counts[number, "template_examples"] = matched[number]
        return counts

    def _by_account(self, own: NDArray[np.int32], lab: int, fact: str, having: NDArray[np.bool_]) -> Count | None:
        trials = int(having[own].sum())
        if not trials:
            return None
        touched, shown = self._touched.get((lab, fact), (np.zeros(self._population.size, dtype=bool), ()))
        base_hits, base_trials = self._base(touched, having, narrow=fact in {"networks", "asns", "known.ips"})
        return Count(int((touched & having)[own].sum()), trials, base_hits, base_trials, shown)

    def _base(self, touched: NDArray[np.bool_], having: NDArray[np.bool_], *, narrow: bool) -> tuple[int, int]:
        """Return hits and trials outside rings; for places, of accounts that hide theirs if those show the fact more."""
        outside = self._outside.mask & having
        wide = int((touched & outside).sum()), int(outside.sum())
        hidden = outside & self._hidden
        close = int((touched & hidden).sum()), int(hidden.sum())
        return close if narrow and close[1] > 0 and close[0] * wide[1] > wide[0] * close[1] else wide

    def _by_traffic(self, campaign: Campaign, lab: int, fact: str) -> Count | None:
        """Count the exchanges of the campaign's own templates: its accounts also work for somebody else."""
        rows = self._traffic.places
        rows = rows[rows["template_id"].isin(campaign.templates) & rows["ring"].isin([campaign.ring_id, ""])]
        total = int(rows["events"].sum())
        if not total:
            return None
        mine = {name for name, labs in self._ip_labs.items() if fact in labs.get(lab, ())}
        hit = rows[rows["ip"].isin(mine)]
        touched, shown = self._touched.get((lab, fact), (np.zeros(self._population.size, dtype=bool), ()))
        base_hits, base_trials = self._base(touched, self._having[fact], narrow=True)
        return Count(int(hit["events"].sum()), total, base_hits, base_trials, shown, "exchanges of its templates")

    def _hours(self, campaign: Campaign) -> NDArray[np.int64]:
        rows = self._traffic.hours
        rows = rows[rows["template_id"].isin(campaign.templates) & rows["ring"].isin([campaign.ring_id, ""])]
        if not len(rows):
            return np.asarray(self._population.hours[campaign.members].sum(axis=0), dtype=np.int64)
        return np.bincount(rows["hour"], weights=rows["events"], minlength=24).astype(np.int64)

    def _account_days(self, campaign: Campaign) -> int:
        rows = self._traffic.days
        rows = rows[rows["template_id"].isin(campaign.templates) & rows["ring"].isin([campaign.ring_id, ""])]
        if not len(rows):
            return int(self._population.activity["active_days"].to_numpy()[campaign.members].sum())
        return int(rows["accounts"].sum())

    def _template_number(self, campaign: Campaign) -> int:
        return sum(template in self._texts.pattern for template in campaign.templates)

    def _likeness(self, campaign: Campaign) -> tuple[Mapping[int, Count], Mapping[int, float]]:
        """Count the campaign's templates that are alike a dossier's examples, and the same outside rings."""
        own = [features(self._texts.pattern[t]) for t in campaign.templates if t in self._texts.pattern]
        if not own:
            return {}, {}
        counts: dict[int, Count] = {}
        nearest: dict[int, float] = {}
        for number, lab in enumerate(self._dossiers.labs):
            if not lab.template_examples:
                continue
            examples = [features(text) for text in lab.template_examples]
            best = similarity(own, examples, self._texts.background).max(axis=1)
            others = similarity(self._texts.common, examples, self._texts.background)
            base = others.max(axis=1) >= SAME_TEMPLATE if others.size else np.zeros(0, dtype=bool)
            counts[number] = Count(
                int((best >= SAME_TEMPLATE).sum()), len(own), int(base.sum()), len(base), (), "templates"
            )
            nearest[number] = float(best.max())
        return counts, nearest


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
    others = [p for c, p in zip(campaigns, found, strict=True) if c.ring_id != campaign.ring_id]
    days = sorted({pivot.day for pivots_of in found for pivot in pivots_of if pivot.significant})
    return {day: (sum(any(p.day == day and p.significant for p in ps) for ps in others), len(others)) for day in days}


def _by_lab(addresses: Mapping[str, Mapping[int, frozenset[str]]], fact: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, labs in addresses.items():
        for lab, facts in labs.items():
            if fact in facts:
                found.setdefault(lab, []).append(name)
    return found


def _has(incidence: Incidence, accounts: int) -> NDArray[np.bool_]:
    return np.asarray(np.diff(incidence.indptr)[:accounts] > 0)


def _users(incidence: Incidence, values: NDArray[np.bool_], accounts: int) -> NDArray[np.bool_]:
    """Return which accounts used any of the marked values."""
    entries = np.flatnonzero(values[incidence.indices])
    used = np.zeros(accounts, dtype=bool)
    used[np.searchsorted(incidence.indptr, entries, side="right") - 1] = True
    return used
