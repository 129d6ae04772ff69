"""The table of evidence about a lab: one small function a fact, whose docstring is what an investigator reads.

Each returns the log likelihood ratio, in nats, of what the campaign shows if the dossier's lab runs it, against the
same if anybody else does
(accounts outside rings, or labs in general where people are no comparison). None: the dossier or
the logs do not have the fact, which weighs nothing. Bounds are documented in the table; a country never weighs for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.domain import CAPABILITIES, Evidence
from attribution.labs.counted import Finding, counted
from attribution.labs.dossiers import RELIABILITY
from attribution.labs.facts import SAME_TEMPLATE
from attribution.labs.ledger import LabFamily, capped, mixed
from attribution.labs.rhythm import working_day_weight
from attribution.labs.subjects import subjects_weight
from attribution.labs.targeting import targets_weight
from attribution.labs.wordings import wording_weight

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from attribution.labs.calibration import Coefficients
    from attribution.labs.dossiers import Dossier
    from attribution.labs.facts import Facts


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a weight is a comparison with, beside the campaign: the other dossiers."""

    targets: tuple[tuple[int, Mapping[str, float]], ...]
    """Number and targets of each dossier that has them: half of what labs in general are like."""
    mean_targets: Mapping[str, float]
    """What labs in general are after: the mean of all dossiers' targets, half uniform."""


Judge = Callable[["Facts", int, "Dossier", Comparison], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: which family a fact is of, which claim it rests on, and what it may weigh at most."""

    name: str
    family: LabFamily
    claim: str
    floor: float
    cap: float
    judge: Judge

    @property
    def text(self) -> str:
        """What an investigator reads."""
        return " ".join((self.judge.__doc__ or "").split())


def asns(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:
    """Accounts of the campaign came from autonomous systems that the dossier lists, beside how many accounts outside
    rings did. Exits can be rented by anybody: the weight is capped, and never names a lab by itself.
    """  # noqa: D205  # read by people
    return counted(facts, number, "asns") if lab.asns else None


def networks(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:
    """Accounts of the campaign came from address ranges that the dossier lists, beside how many accounts outside rings
    did. The same address inside a listed autonomous system counts once.
    """  # noqa: D205  # read by people
    return counted(facts, number, "networks") if lab.networks else None


def known_addresses(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # one signature
    """Accounts of the campaign used addresses that an earlier case tied to the lab."""
    return counted(facts, number, "known.ips") if lab.known.ips else None


def bins(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:
    """Accounts of the campaign pay with cards whose prefix the dossier lists, beside how many accounts outside rings
    do. Cards of one batch are one purchase, so a few accounts are as telling as many.
    """  # noqa: D205  # read by people
    return counted(facts, number, "bins") if lab.bins else None


def issuers(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:
    """The campaign's cards were issued in other countries than the dossier lists. That speaks a little against the lab;
    the listed country speaks for nobody: a country is context, never evidence.
    """  # noqa: D205  # read by people
    found = counted(facts, number, "issuer_countries") if lab.issuer_countries else None
    return found and (min(0.0, found[0]), {**found[1], "never_positive": True})


def known_cards(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # one signature
    """Accounts of the campaign pay with instruments that an earlier case tied to the lab. A prefix of the same card
    counts once with it.
    """  # noqa: D205  # read by people
    if not lab.known.payment_ids:
        return None
    return counted(facts, number, "known.payment_ids")


def mail_domains(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:
    """Accounts of the campaign signed up with mail domains that the dossier lists, beside how many accounts outside
    rings did.
    """  # noqa: D205  # read by people
    return counted(facts, number, "email_domains") if lab.email_domains else None


def organisation(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # noqa: ARG001  # one signature
    """Accounts of the campaign belong to an organisation, verified by the provider, of the lab's name. Its mail domain
    is the same fact and counts once with it. Accounts of no or another organisation say nothing.
    """  # noqa: D205  # read by people
    count = facts.counts.get((number, "name"))
    if count is None or not count.hits:
        return None
    return counted(facts, number, "name")


def known_accounts(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # one signature
    """Accounts of the campaign are those that an earlier case tied to the lab."""
    if not lab.known.account_ids:
        return None
    return counted(facts, number, "known.account_ids")


def known_devices(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # one signature
    """Accounts of the campaign used devices that an earlier case tied to the lab."""
    if not lab.known.device_ids:
        return None
    return counted(facts, number, "known.device_ids")


def template_reuse(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # one signature
    """Prompt templates of the campaign are worded like examples of the dossier, beside how many of the most used
    templates outside rings are. Templates can be copied: the weight is capped.
    """  # noqa: D205  # read by people
    count = facts.counts.get((number, "template_examples"))
    if not lab.template_examples or count is None:
        return None
    return wording_weight(facts.likeness[number], count, len(lab.template_examples))


def shared_subjects(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # noqa: ARG001  # one signature
    """Prompt templates of the campaign are about what examples of the dossier are about (a product, a field, a name),
    in whatever words, beside how common these words are in templates of the same task and in others.
    """  # noqa: D205  # read by people
    found = facts.subjects.get(number)
    return subjects_weight(found) if found else None


def targets(facts: Facts, number: int, lab: Dossier, comparison: Comparison) -> Finding | None:  # one signature
    """The capabilities that the campaign's templates extract are those that the dossier says the lab is after, beside
    what labs in general are after. Many labs want the same: the weight is capped.
    """  # noqa: D205  # read by people
    if not lab.targets or not facts.targets:
        return None
    others = tuple(shares for number_, shares in comparison.targets if number_ != number)
    return targets_weight(facts.targets, dict(lab.targets), comparison.mean_targets, others, facts.templates)


def working_day(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # noqa: ARG001  # one signature
    """The campaign's traffic keeps the lab's office hours, beside any office hours on earth and beside the hours of
    accounts outside rings. Hours are easily imitated, and shared by half a continent: the weight is capped.
    """  # noqa: D205  # read by people
    if lab.working_day is None or not facts.hours.sum():
        return None
    return working_day_weight(facts.hours, facts.account_days, lab.working_day, facts.outside_hours)


def release_pivot(facts: Facts, number: int, lab: Dossier, _: Comparison) -> Finding | None:  # noqa: ARG001  # one signature
    """The campaign moved to a new model within 24 hours of a release that the dossier lists (a day either side), more
    than accounts as active outside rings did, beside how many campaigns of other rings moved then too. No jump is no
    evidence, and neither is a jump at a day that the dossier does not list.
    """  # noqa: D205  # read by people
    from attribution.labs.releases import pivot_weight  # noqa: PLC0415  # a leaf that few campaigns need

    return pivot_weight(facts, lab) if lab.releases else None


TABLE: tuple[Rule, ...] = (
    Rule("networks", LabFamily.PLACE, "networks", -1.0, 3.0, networks),
    Rule("asns", LabFamily.PLACE, "asns", -0.7, 2.5, asns),
    Rule("known_addresses", LabFamily.PLACE, "known.ips", -0.1, 3.2, known_addresses),
    Rule("bins", LabFamily.PAYMENT, "bins", -0.35, 2.5, bins),
    Rule("issuers", LabFamily.PAYMENT, "issuer_countries", -0.4, 0.0, issuers),
    Rule("known_cards", LabFamily.PAYMENT, "known.payment_ids", -0.1, 4.0, known_cards),
    Rule("mail_domains", LabFamily.IDENTITY, "email_domains", -1.0, 2.5, mail_domains),
    Rule("organisation", LabFamily.IDENTITY, "name", 0.0, 2.5, organisation),
    Rule("known_accounts", LabFamily.IDENTITY, "known.account_ids", -0.1, 4.0, known_accounts),
    Rule("known_devices", LabFamily.DEVICE, "known.device_ids", -0.1, 4.0, known_devices),
    Rule("template_reuse", LabFamily.CONTENT, "template_examples", -1.2, 2.0, template_reuse),
    Rule("shared_subjects", LabFamily.CONTENT, "template_examples", -1.2, 2.0, shared_subjects),
    Rule("targets", LabFamily.CONTENT, "targets", -3.0, 2.5, targets),
    Rule("working_day", LabFamily.HOURS, "working_day", -2.0, 1.5, working_day),
    Rule("release_pivot", LabFamily.RELEASE, "releases", 0.0, 1.5, release_pivot),
)
"""Every kind of evidence about a lab: name, family, claim of the dossier, least and greatest weight, function."""


APART = frozenset({LabFamily.CONTENT})
"""Families whose claims are facts of their own, so that each counts: what is asked for, and in which words. But a
template that is an example word for word brings its capability along, and then the two are one fact."""
NARROWER: Mapping[str, str] = {"asns": "networks"}
"""A fact that lies within another one. Where the narrower one was looked for and is not seen, the wider one is what its
other customers show, unless the narrower claim is wrong."""


def comparison_of(labs: tuple[Dossier, ...]) -> Comparison:
    """Return what all dossiers together say of labs in general."""
    mean = dict.fromkeys(CAPABILITIES, 0.5 / len(CAPABILITIES))
    known = [dict(lab.targets) for lab in labs if lab.targets]
    for shares in known:
        for name, share in sorted(shares.items()):
            mean[name] = mean.get(name, 0.0) + 0.5 * share / len(known)
    total = sum(mean[name] for name in sorted(mean))
    listed = tuple((number, dict(lab.targets)) for number, lab in enumerate(labs) if lab.targets)
    return Comparison(listed, {name: mean[name] / total for name in sorted(mean)})


def judge(
    facts: Facts, number: int, lab: Dossier, comparison: Comparison, coefficients: Coefficients
) -> tuple[Evidence, ...]:
    """Weigh every fact of one dossier against one campaign.

    A weight is `coefficient * bound(mixed(ratio, truth))`: the ratio by the rule's function, mixed with no evidence by
    how far the dossier's claim can be trusted, held within the rule's bounds, scaled by the family's calibration.
    A fact whose narrower one is not seen holds only as far as that one's claim can be wrong (`NARROWER`).
    Within a family the strongest fact for and the strongest fact against count; the others are shown with weight 0.
    Of content that holds for each claim (`APART`).
    """
    raw: list[tuple[Rule, float, dict[str, object]]] = []
    for rule in TABLE:
        found = rule.judge(facts, number, lab, comparison)
        if found is None:
            continue
        truth, ref = lab.truth(rule.claim) if rule.claim != "name" else (RELIABILITY["A"], None)
        weight = capped(mixed(found[0], truth), rule.floor, rule.cap)
        unseen = next((lab.truth(r.claim)[0] for r, w, _ in raw if r.name == NARROWER.get(rule.name) and w < 0.0), 0.0)
        if weight > 0.0:
            weight = mixed(weight, 1.0 - unseen)
        detail = dict(found[1]) | {
            "narrower_unseen": unseen,
            "ratio": found[0],
            "truth": truth,
            "source": ref,
            "floor": rule.floor,
            "cap": rule.cap,
        }
        raw.append((rule, weight, detail))
    rows = []
    apart = APART if facts.likeness.get(number, 0.0) < SAME_TEMPLATE else frozenset()
    for rule, weight, detail in raw:
        rival = _stands_for(rule, weight, raw, apart)
        coefficient = coefficients.factor(rule.family, weight)
        detail |= {"coefficient": coefficient, "counted_with": rival}
        counted = 0.0 if rival is not None else round(coefficient * weight, 12)
        rows.append(Evidence(facts.campaign_id, lab.id, rule.family.value, rule.name, counted, detail))
    return tuple(rows)


def _stands_for(
    rule: Rule, weight: float, rows: list[tuple[Rule, float, dict[str, object]]], apart: Collection[LabFamily]
) -> str | None:
    """Return the fact that counts instead of this one, None where this one counts.

    That is the strongest of the same family and sign (in families `apart`, of the same claim too), or the stronger
    reading of the same claim.
    """
    if weight == 0.0:
        return None
    readings = [(abs(w), -place, r.name) for place, (r, w, _) in enumerate(rows) if r.claim == rule.claim]
    if max(readings)[2] != rule.name:
        return max(readings)[2]
    sign = 1.0 if weight > 0 else -1.0
    same = [
        (sign * w, -place, r.name)
        for place, (r, w, _) in enumerate(rows)
        if r.family is rule.family and sign * w > 0 and (r.family not in apart or r.claim == rule.claim)
    ]
    best = max(same)[2]
    return None if best == rule.name else best
