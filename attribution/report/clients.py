"""Campaigns as the report shows them: what is extracted, and who may benefit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.domain import UNKNOWN_LAB
from attribution.plaintext import clean
from attribution.report import lines, wording
from attribution.report.document import CampaignEntry, OtherView, PosteriorRow, Target, TemplateExample

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from attribution.domain import Attribution, Campaign, Evidence
    from attribution.report.document import LabFacts, LedgerLine

TEMPLATES_SHOWN = 6
DECISION_FAMILY = "decision"
"""The line that says how the posterior came about: other priors, each family left out, the family that decides."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every campaign's entry needs."""

    templates: Mapping[str, tuple[str, str]]
    """Pattern and masked example by template id."""
    labs: Mapping[str, LabFacts]
    explanations: Mapping[str, str]


def moment(at: pd.Timestamp) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return str(at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _template(name: str, pattern: str, example: str) -> TemplateExample:
    long = lines.DETAIL_TEXT
    return TemplateExample(template_id=clean(name, 60), pattern=clean(pattern, long), example=clean(example, long))


def _decision(attribution: Attribution | None) -> Mapping[str, object]:
    found = [] if attribution is None else [line for line in attribution.evidence if line.family == DECISION_FAMILY]
    return found[0].detail if found else {}


def _weighing(attribution: Attribution) -> list[Evidence]:
    return [line for line in attribution.evidence if line.family != DECISION_FAMILY]


def _by_rank(attribution: Attribution, context: Context) -> tuple[LedgerLine, ...]:
    """Return the ledger with the leading candidate's lines first."""
    rank = {row.lab_id: row.rank for row in attribution.posteriors}
    made = lines.ledger(_weighing(attribution), context.explanations)
    return tuple(sorted(made, key=lambda line: rank.get(line.lab_id or "", len(rank) + 1)))


def _views(found: object, labs: Mapping[str, LabFacts]) -> tuple[OtherView, ...]:
    """Return who leads in each view; `found` maps a view's name to posteriors by lab."""
    if not isinstance(found, dict):
        return ()
    views: list[OtherView] = []
    for name, chances in sorted(found.items()):
        if isinstance(chances, dict) and chances:
            lab, chance = min(chances.items(), key=lambda item: (-item[1], item[0]))
            leads = _lab_name(lab, labs)
            views.append(OtherView(name=clean(str(name), 40), leads=leads, posterior=wording.unrounded(chance)))
    return tuple(views)


def entry(campaign: Campaign, attribution: Attribution | None, context: Context) -> CampaignEntry:
    """Return what the report says of one campaign."""
    decision = _decision(attribution)
    known = [name for name in campaign.templates if name in context.templates][:TEMPLATES_SHOWN]
    targets = sorted(campaign.targets.items(), key=lambda item: (-item[1], item[0]))
    return CampaignEntry(
        campaign_id=clean(campaign.campaign_id),
        ring_id=clean(campaign.ring_id),
        size=len(campaign.members),
        events=campaign.events,
        first_seen=moment(campaign.first_seen),
        last_seen=moment(campaign.last_seen),
        targets=tuple(Target(capability=clean(name, 60), share=round(share, 4)) for name, share in targets),
        templates=tuple(_template(name, *context.templates[name]) for name in known),
        templates_total=len(campaign.templates),
        evidence=lines.ledger(campaign.evidence, context.explanations),
        posteriors=() if attribution is None else _posteriors(attribution, context.labs),
        abstained=attribution is None or attribution.abstained,
        reason=clean("no dossiers were given" if attribution is None else attribution.reason, 500),
        priors=_views(decision.get("posterior"), context.labs),
        without=_views(decision.get("without"), context.labs),
        deciding=clean(str(decision["one_family_decides"]), 40) if decision.get("one_family_decides") else None,
        ledger=() if attribution is None else _by_rank(attribution, context),
        verdict_sentence=clean(wording.attribution_sentence(attribution, context.labs), 400),
    )


def _posteriors(attribution: Attribution, labs: Mapping[str, LabFacts]) -> tuple[PosteriorRow, ...]:
    rows = sorted(attribution.posteriors, key=lambda row: (row.rank, row.lab_id))
    return tuple(
        PosteriorRow(
            lab_id=clean(row.lab_id),
            name=_lab_name(row.lab_id, labs),
            posterior=wording.unrounded(row.posterior, 9),
            prior=labs[row.lab_id].prior if row.lab_id in labs else None,
            rank=row.rank,
            likelihood_term=row.likelihood_term,
            confidence_level=row.confidence_level,
        )
        for row in rows
    )


def _lab_name(lab_id: str, labs: Mapping[str, LabFacts]) -> str:
    if lab_id == UNKNOWN_LAB:
        return "A laboratory without a dossier"
    return clean(labs[lab_id].name if lab_id in labs else lab_id, 80)
