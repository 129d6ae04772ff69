"""From the results of a run to the report document."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from msgspec.structs import replace

from attribution.domain import UNKNOWN_LAB, Verdict
from attribution.plaintext import clean
from attribution.report import drawing, wording
from attribution.report.document import (
    SCHEMA_VERSION,
    Binding,
    CampaignEntry,
    Day,
    Document,
    Hypothesis,
    LabFacts,
    LedgerLine,
    LeftOut,
    Member,
    MissingColumn,
    PosteriorRow,
    QuarantineReason,
    RingEntry,
    RunFacts,
    SharedValue,
    Summary,
    SuppressedFacet,
    Target,
    TemplateExample,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from attribution.domain import Attribution, Campaign, Evidence, Links, Population, Ring

HYPOTHESIS_FAMILY = "hypothesis"
"""Evidence of this family is no ledger line but the score of one explanation; `detail["covert"]` says of which kind."""

STRUCTURE_FAMILY, CONCLUSION = "structure", "conclusion"
"""The line that says why the verdict is what it is: reason, score, score without each family, what is unknown."""

RINGS_DRAWN = 60
"""Rings and undetermined clusters that get a picture; the rest stand in a table."""
STRONGEST = 5
WORTH_SAYING = 0.05
"""Nats under which a line is not among the strongest, however few there are."""
TEMPLATES_SHOWN = 6
LARGEST_SUPPRESSED = 8
DETAIL_ITEMS = 40
DETAIL_TEXT = 300


@dataclass(frozen=True, slots=True)
class _Context:
    """What every ring's entry needs."""

    population: Population
    facets: tuple[drawing.FacetValues, ...]
    campaigns: Mapping[str, Sequence[Campaign]]
    attributions: Mapping[str, Attribution]
    days: Mapping[str, tuple[Day, ...]]
    templates: Mapping[str, TemplateExample]
    labs: Mapping[str, LabFacts]
    missing: tuple[MissingColumn, ...]
    explanations: Mapping[str, str]


def build(
    *,
    run: RunFacts,
    rings: Sequence[Ring],
    campaigns: Sequence[Campaign],
    attributions: Sequence[Attribution],
    population: Population,
    links: Links,
    daily: pd.DataFrame,
    templates: pd.DataFrame,
    suppressed: pa.Table,
    quarantine: pa.Table,
    labs: Sequence[LabFacts] = (),
    title: str = "Attribution report",
    explanations: Mapping[str, str] | None = None,
    agreement: float | None = None,
) -> Document:
    """Return the report document of a run.

    Parameters
    ----------
    daily : columns ring_id, day (date or timestamp), events.
    templates : columns template_id, pattern, example (slots masked).
    suppressed, quarantine : the contract's output tables.
    labs : the dossiers' names, releases and priors; `unknown` may be among them for its prior.
    explanations : what each evidence function looks at, by the evidence's name.
    agreement : mean adjusted Rand index between the seeds of the partition.

    Notes
    -----
    Linear in links and members; the layout of a drawing is bounded by `drawing.MEMBERS_DRAWN`.
    """
    by_ring: dict[str, list[Campaign]] = {}
    for campaign in sorted(campaigns, key=lambda campaign: (-campaign.events, campaign.campaign_id)):
        by_ring.setdefault(campaign.ring_id, []).append(campaign)
    context = _Context(
        population=population,
        facets=drawing.facet_values(population, suppressed),
        campaigns=by_ring,
        attributions={attribution.campaign_id: attribution for attribution in attributions},
        days=_days(daily),
        templates=_templates(templates),
        labs={lab.lab_id: replace(lab, lab_id=clean(lab.lab_id), name=clean(lab.name, 80)) for lab in labs},
        missing=_missing(population),
        explanations=explanations or {},
    )
    ordered = sorted(rings, key=_ring_order)
    held = drawing.bindings(links, ordered, population.size)
    worth_drawing = sum(ring.verdict != Verdict.INNOCENT for ring in ordered)
    entries = tuple(
        _ring(ring, context, *held[at], drawn=at < min(worth_drawing, RINGS_DRAWN)) for at, ring in enumerate(ordered)
    )
    return Document(
        schema_version=SCHEMA_VERSION,
        title=clean(title),
        run=_run(run),
        summary=_summary(entries),
        rings=entries,
        labs=tuple(context.labs.values()),
        missing=context.missing,
        suppressed=_suppressed(suppressed),
        quarantine=_quarantine(quarantine),
        partition_agreement=None if agreement is None else round(agreement, 4),
    )


def _run(run: RunFacts) -> RunFacts:
    """Return the facts with the strings that come from files made safe."""
    inputs = tuple(
        replace(
            one,
            file=clean(one.file),
            unknown_columns=tuple(clean(name, 60) for name in one.unknown_columns[:DETAIL_ITEMS]),
        )
        for one in run.inputs
    )
    return replace(run, inputs=inputs, warnings=tuple(clean(warning, 500) for warning in run.warnings))


def _ring_order(ring: Ring) -> tuple[int, float, int, str]:
    return wording.VERDICT_ORDER.index(ring.verdict), -round(ring.probability, 6), -len(ring.members), ring.ring_id


def _ring(ring: Ring, context: _Context, internal: int, binding: tuple[Binding, ...], *, drawn: bool) -> RingEntry:
    telling = drawing.telling_values(context.facets, ring.members, context.population.size)
    ledger = _ledger((line for line in ring.evidence if not _is_context(line)), context)
    conclusion = _conclusion(ring)
    labels = {name: template.pattern for name, template in context.templates.items()}
    return RingEntry(
        ring_id=clean(ring.ring_id),
        verdict=str(ring.verdict),
        probability=round(ring.probability, 6),
        size=len(ring.members),
        events=ring.events,
        first_seen=_moment(ring.first_seen),
        last_seen=_moment(ring.last_seen),
        stability=round(ring.stability, 4),
        explanation=ring.explanation,
        reason=conclusion.reason,
        score=conclusion.score,
        verdict_sentence=wording.verdict_sentence(ring, conclusion.reason),
        without=conclusion.without,
        unknown=conclusion.unknown,
        hypotheses=_hypotheses(ring),
        evidence_for=tuple(line for line in ledger if line.weight >= WORTH_SAYING)[:STRONGEST],
        evidence_against=tuple(line for line in ledger if line.weight <= -WORTH_SAYING)[:STRONGEST],
        ledger=ledger,
        members=_members(ring, context.population),
        binding=binding,
        internal_links=internal,
        shared=drawing.listed(telling, labels),
        drawing=drawing.draw(ring, telling) if drawn else None,
        timeline=context.days.get(ring.ring_id, ()),
        campaigns=tuple(_campaign(campaign, context) for campaign in context.campaigns.get(ring.ring_id, ())),
    )


@dataclass(frozen=True, slots=True)
class _Conclusion:
    reason: str = ""
    score: float | None = None
    without: tuple[LeftOut, ...] = ()
    unknown: tuple[str, ...] = ()


def _is_context(line: Evidence) -> bool:
    return line.family == HYPOTHESIS_FAMILY or (line.family == STRUCTURE_FAMILY and line.name == CONCLUSION)


def _conclusion(ring: Ring) -> _Conclusion:
    for line in ring.evidence:
        if line.family == STRUCTURE_FAMILY and line.name == CONCLUSION:
            score, without, unknown = (line.detail.get(key) for key in ("score", "without_family", "unknown"))
            left = sorted(without.items()) if isinstance(without, dict) else []
            return _Conclusion(
                reason=clean(str(line.detail.get("reason", "")), 300),
                score=round(score, 4) if isinstance(score, float) else None,
                without=tuple(LeftOut(family=clean(name, 40), score=round(value, 4)) for name, value in left),
                unknown=tuple(clean(str(name), 60) for name in unknown) if isinstance(unknown, list) else (),
            )
    return _Conclusion()


def _campaign(campaign: Campaign, context: _Context) -> CampaignEntry:
    attribution = context.attributions.get(campaign.campaign_id)
    known = [context.templates[name] for name in campaign.templates if name in context.templates]
    targets = sorted(campaign.targets.items(), key=lambda item: (-item[1], item[0]))
    return CampaignEntry(
        campaign_id=clean(campaign.campaign_id),
        ring_id=clean(campaign.ring_id),
        size=len(campaign.members),
        events=campaign.events,
        first_seen=_moment(campaign.first_seen),
        last_seen=_moment(campaign.last_seen),
        targets=tuple(Target(capability=clean(name, 60), share=round(share, 4)) for name, share in targets),
        templates=tuple(known[:TEMPLATES_SHOWN]),
        templates_total=len(campaign.templates),
        evidence=_ledger(campaign.evidence, context),
        posteriors=() if attribution is None else _posteriors(attribution, context.labs),
        abstained=attribution is None or attribution.abstained,
        reason=clean("no dossiers were given" if attribution is None else attribution.reason, 500),
        ledger=() if attribution is None else _ledger(attribution.evidence, context),
        verdict_sentence=clean(wording.attribution_sentence(attribution, context.labs), 400),
    )


def _posteriors(attribution: Attribution, labs: Mapping[str, LabFacts]) -> tuple[PosteriorRow, ...]:
    rows = sorted(attribution.posteriors, key=lambda row: (row.rank, row.lab_id))
    return tuple(
        PosteriorRow(
            lab_id=clean(row.lab_id),
            name=_lab_name(row.lab_id, labs),
            posterior=round(row.posterior, 9),
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


def _ledger(evidence: Iterable[Evidence], context: _Context) -> tuple[LedgerLine, ...]:
    """Return the lines, strongest first whichever way they point; ties by name."""
    ordered = sorted(
        evidence, key=lambda line: (line.lab_id or "", -abs(round(line.weight, 4)), line.family, line.name)
    )
    return tuple(
        LedgerLine(
            family=clean(line.family, 40),
            name=clean(line.name, 80),
            says=clean(str(line.detail.get("question", context.explanations.get(line.name, ""))), 400),
            weight=round(line.weight, 4) + 0.0,
            lab_id=None if line.lab_id is None else clean(line.lab_id),
            detail={
                clean(str(key), 60): _plain(value) for key, value in sorted(line.detail.items()) if key != "question"
            },
        )
        for line in ordered
    )


def _plain(value: object) -> object:
    """Return a detail's value with its strings cleaned and its long lists cut; `evidence.parquet` holds all."""
    if isinstance(value, str):
        return clean(value, DETAIL_TEXT)
    if isinstance(value, dict):
        return {clean(str(key), 60): _plain(inner) for key, inner in sorted(value.items())[:DETAIL_ITEMS]}
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value[:DETAIL_ITEMS]]
        return [*items, f"… {len(value) - DETAIL_ITEMS} more"] if len(value) > DETAIL_ITEMS else items
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(json.dumps(value, default=str), DETAIL_TEXT)


def _hypotheses(ring: Ring) -> tuple[Hypothesis, ...]:
    lines = [line for line in ring.evidence if line.family == HYPOTHESIS_FAMILY]
    best = max((line.weight for line in lines), default=0.0)
    ordered = sorted(lines, key=lambda line: (-round(line.weight, 4), line.name))
    return tuple(
        Hypothesis(
            name=clean(line.name, 60),
            covert=bool(line.detail.get("covert", False)),
            description=clean(str(line.detail.get("description", "")), 200),
            score=round(line.weight, 4),
            relative=round(line.weight - best, 4),
        )
        for line in ordered
    )


def _members(ring: Ring, population: Population) -> tuple[Member, ...]:
    rows = [
        Member(account_id=clean(population.accounts[int(account)].as_py()), confidence=round(float(confidence), 4))
        for account, confidence in zip(ring.members, ring.confidence, strict=True)
    ]
    return tuple(sorted(rows, key=lambda member: (-member.confidence, member.account_id)))


def _days(daily: pd.DataFrame) -> dict[str, tuple[Day, ...]]:
    days: dict[str, list[Day]] = {}
    ordered = daily.sort_values(["ring_id", "day"], kind="stable")
    for ring_id, day, events in zip(ordered["ring_id"], ordered["day"], ordered["events"], strict=True):
        days.setdefault(str(ring_id), []).append(Day(day=str(day)[:10], events=int(events)))
    return {ring_id: tuple(rows) for ring_id, rows in days.items()}


def _templates(templates: pd.DataFrame) -> dict[str, TemplateExample]:
    columns = (templates["template_id"], templates["pattern"], templates["example"])
    return {
        str(name): TemplateExample(template_id=clean(str(name), 60), pattern=_text(pattern), example=_text(example))
        for name, pattern, example in zip(*columns, strict=True)
    }


def _text(value: object) -> str:
    return clean(value, DETAIL_TEXT) if isinstance(value, str) else ""


def _missing(population: Population) -> tuple[MissingColumn, ...]:
    return tuple(
        MissingColumn(column=" or ".join(columns), would_tell=tells)
        for columns, tells in wording.WANTED
        if not population.known.intersection(columns)
    )


def _suppressed(table: pa.Table) -> tuple[SuppressedFacet, ...]:
    facets: dict[str, list[SharedValue]] = {}
    counts = Counter(table["facet"].to_pylist())
    top = table.sort_by([("facet", "ascending"), ("accounts", "descending"), ("value", "ascending")])
    for facet in sorted(counts):
        rows = top.filter(pc.equal(top["facet"], facet)).slice(0, LARGEST_SUPPRESSED).to_pylist()
        facets[facet] = [
            SharedValue(
                facet=clean(facet, 40),
                value=clean(row["value"], 120),
                label=clean(row["value"], 44),
                members=0,
                accounts=row["accounts"],
            )
            for row in rows
        ]
    return tuple(
        SuppressedFacet(facet=clean(name, 40), values=counts[name], largest=tuple(rows))
        for name, rows in facets.items()
    )


def _quarantine(table: pa.Table) -> tuple[QuarantineReason, ...]:
    ordered = table.sort_by([("reason", "ascending"), ("file", "ascending"), ("line", "ascending")])
    counts = Counter(ordered["reason"].to_pylist())
    rows: list[QuarantineReason] = []
    for reason in sorted(counts, key=lambda reason: (-counts[reason], reason)):
        first = ordered.filter(pc.equal(ordered["reason"], reason)).slice(0, 1).to_pylist()[0]
        rows.append(
            QuarantineReason(reason=clean(reason), rows=counts[reason], first=clean(f"{first['file']}:{first['line']}"))
        )
    return tuple(rows)


def _summary(rings: Sequence[RingEntry]) -> Summary:
    verdicts = Counter(ring.verdict for ring in rings)
    covert = [ring for ring in rings if ring.verdict == "coordinated"]
    campaigns = [campaign for ring in covert for campaign in ring.campaigns]
    named = sum(_is_named(campaign) for campaign in campaigns)
    return Summary(
        coordinated=verdicts["coordinated"],
        undetermined=verdicts["undetermined"],
        innocent=verdicts["innocent"],
        accounts_coordinated=len({member.account_id for ring in covert for member in ring.members}),
        events_coordinated=sum(ring.events for ring in covert),
        campaigns=len(campaigns),
        named=named,
        abstained=sum(campaign.abstained for campaign in campaigns),
    )


def _is_named(campaign: CampaignEntry) -> bool:
    return not campaign.abstained and bool(campaign.posteriors) and campaign.posteriors[0].lab_id != UNKNOWN_LAB


def _moment(moment: pd.Timestamp) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
