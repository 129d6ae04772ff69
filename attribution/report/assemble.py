"""From the results of a run to the report document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from attribution.domain import UNKNOWN_LAB, Verdict
from attribution.plaintext import clean
from attribution.report import clients, drawing, lines, wording
from attribution.report.document import (
    SCHEMA_VERSION,
    Binding,
    CampaignEntry,
    Day,
    Document,
    LabFacts,
    Member,
    MissingColumn,
    QuarantineReason,
    RingEntry,
    RunFacts,
    SharedValue,
    Summary,
    SuppressedFacet,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from attribution.domain import Attribution, Campaign, Evidence, Links, Population, Ring

RINGS_DRAWN = 60
"""Rings and undetermined clusters that get a picture; the rest stand in a table."""
WHOLE_ENTRIES = 30
"""Clusters whose entry is whole; innocent ones after them are brief, or thousands of them would swell the report."""
STRONGEST = 5
WORTH_SAYING = 0.05
"""Nats under which a line is not among the strongest, however few there are."""
LARGEST_SUPPRESSED = 8
COLUMNS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class _Context:
    """What every ring's entry needs."""

    population: Population
    facets: tuple[drawing.FacetValues, ...]
    campaigns: Mapping[str, Sequence[Campaign]]
    attributions: Mapping[str, Attribution]
    days: Mapping[str, tuple[Day, ...]]
    clients: clients.Context


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
        clients=clients.Context(
            templates=_templates(templates),
            labs={lab.lab_id: replace(lab, lab_id=clean(lab.lab_id), name=clean(lab.name, 80)) for lab in labs},
            explanations=explanations or {},
        ),
    )
    ordered = sorted(rings, key=_ring_order)
    held = drawing.bindings(links, ordered, population.size)
    worth_drawing = sum(ring.verdict != Verdict.INNOCENT for ring in ordered)
    entries = tuple(
        _ring(
            ring,
            context,
            *held[at],
            drawn=at < min(worth_drawing, RINGS_DRAWN),
            brief=at >= WHOLE_ENTRIES and ring.verdict == Verdict.INNOCENT,
        )
        for at, ring in enumerate(ordered)
    )
    return Document(
        schema_version=SCHEMA_VERSION,
        title=clean(title),
        run=_run(run),
        summary=_summary(entries, ordered),
        rings=entries,
        labs=tuple(context.clients.labs.values()),
        missing=_missing(population),
        suppressed=_suppressed(suppressed),
        quarantine=_quarantine(quarantine),
        explanations=lines.explanations(ordered),
        partition_agreement=None if agreement is None else round(agreement, 4),
    )


def _run(run: RunFacts) -> RunFacts:
    """Return the facts with the strings that come from files made safe."""
    inputs = tuple(
        replace(
            one,
            file=clean(one.file),
            unknown_columns=tuple(clean(name, 60) for name in one.unknown_columns[:COLUMNS_SHOWN]),
        )
        for one in run.inputs
    )
    return replace(run, inputs=inputs, warnings=tuple(clean(warning, 500) for warning in run.warnings))


def _ring_order(ring: Ring) -> tuple[int, float, int, str]:
    return wording.VERDICT_ORDER.index(ring.verdict), -round(ring.probability, 6), -len(ring.members), ring.ring_id


def _ring(
    ring: Ring, context: _Context, internal: int, binding: tuple[Binding, ...], *, drawn: bool, brief: bool
) -> RingEntry:
    telling = () if brief else drawing.telling_values(context.facets, ring.members, context.population.size)
    told = [line for line in ring.evidence if not lines.is_context(line)]
    ledger = lines.ledger(_strongest(told) if brief else told, context.clients.explanations)
    conclusion = lines.conclusion(ring)
    entry = RingEntry(
        ring_id=clean(ring.ring_id),
        verdict=str(ring.verdict),
        probability=wording.unrounded(ring.probability),
        size=len(ring.members),
        events=ring.events,
        first_seen=clients.moment(ring.first_seen),
        last_seen=clients.moment(ring.last_seen),
        stability=round(ring.stability, 4),
        explanation=ring.explanation,
        reason=conclusion.reason,
        score=conclusion.score,
        verdict_sentence=wording.verdict_sentence(ring, conclusion.reason),
        without=conclusion.without,
        priors=conclusion.priors,
        unknown=conclusion.unknown,
        hypotheses=lines.hypotheses(ring),
        evidence_for=tuple(line for line in ledger if line.weight >= WORTH_SAYING)[:STRONGEST],
        evidence_against=tuple(line for line in ledger if line.weight <= -WORTH_SAYING)[:STRONGEST],
        ledger=ledger,
        members=_members(ring, context.population),
        binding=binding,
        internal_links=internal,
        shared=drawing.listed(telling, context.clients.templates),
        drawing=drawing.draw(ring, telling) if drawn else None,
        timeline=context.days.get(ring.ring_id, ()),
        campaigns=tuple(
            clients.entry(campaign, context.attributions.get(campaign.campaign_id), context.clients)
            for campaign in context.campaigns.get(ring.ring_id, ())
        ),
    )
    return _shortened(entry) if brief else entry


def _shortened(entry: RingEntry) -> RingEntry:
    """Return what is said of one of very many innocent clusters."""
    best = entry.hypotheses[:STRONGEST]
    return replace(entry, brief=True, hypotheses=best, shared=(), timeline=(), binding=())


def _strongest(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the lines that speak loudest on either side."""
    ordered = sorted(evidence, key=lambda line: (-abs(round(line.weight, 4)), line.family, line.name))
    worth_saying = [line for line in ordered if abs(round(line.weight, 4)) >= WORTH_SAYING]
    return [line for side in (1, -1) for line in [one for one in worth_saying if one.weight * side > 0][:STRONGEST]]


def _members(ring: Ring, population: Population) -> tuple[Member, ...]:
    accounts = population.accounts.take(pa.array(ring.members)).to_pylist()
    rows = [
        Member(account_id=clean(account), confidence=round(confidence, 4), stability=round(stability, 4))
        for account, confidence, stability in zip(
            accounts, ring.confidence.tolist(), ring.together.tolist(), strict=True
        )
    ]
    return tuple(sorted(rows, key=lambda member: (-member.confidence, member.account_id)))


def _days(daily: pd.DataFrame) -> dict[str, tuple[Day, ...]]:
    days: dict[str, list[Day]] = {}
    ordered = daily.sort_values(["ring_id", "day"], kind="stable")
    written = {day: str(day)[:10] for day in ordered["day"].unique()}
    columns = (ordered[name].tolist() for name in ("ring_id", "day", "events"))
    for ring_id, day, events in zip(*columns, strict=True):
        days.setdefault(str(ring_id), []).append(Day(day=written[day], events=int(events)))
    return {ring_id: tuple(rows) for ring_id, rows in days.items()}


def _templates(templates: pd.DataFrame) -> dict[str, tuple[str, str]]:
    columns = (templates[name].tolist() for name in ("template_id", "pattern", "example"))
    return {name: (pattern or "", example or "") for name, pattern, example in zip(*columns, strict=True)}


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


def _summary(rings: Sequence[RingEntry], judged: Sequence[Ring]) -> Summary:
    verdicts = Counter(ring.verdict for ring in rings)
    covert = [ring for ring in rings if ring.verdict == "coordinated"]
    campaigns = [campaign for ring in covert for campaign in ring.campaigns]
    named = sum(_is_named(campaign) for campaign in campaigns)
    return Summary(
        coordinated=verdicts["coordinated"],
        undetermined=verdicts["undetermined"],
        innocent=verdicts["innocent"],
        accounts_coordinated=len(
            {account for ring in judged if ring.verdict == Verdict.COORDINATED for account in ring.members.tolist()}
        ),
        events_coordinated=sum(ring.events for ring in covert),
        campaigns=len(campaigns),
        named=named,
        abstained=sum(campaign.abstained for campaign in campaigns),
    )


def _is_named(campaign: CampaignEntry) -> bool:
    return not campaign.abstained and bool(campaign.posteriors) and campaign.posteriors[0].lab_id != UNKNOWN_LAB
