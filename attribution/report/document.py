"""The report document: one versioned value that holds everything a renderer shows.

HTML, JSON, the command line and the API show this document and recompute nothing. Strings in it are already cleaned
(`attribution.plaintext`), prompts appear only as masked templates, numbers are rounded to what is shown, and nothing in
it depends on when or where the run happened, so the same result gives the same bytes.
"""

from __future__ import annotations

import msgspec

from attribution.errors import NotFoundError
from attribution.report.changed import Changes, JudgementEntry  # noqa: TC001  # msgspec reads the types

SCHEMA_VERSION = "1.4"
"""Raised in its first part when a field goes or changes its meaning, in its second when one is added."""

_NAMED = 5


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the input, and what became of its rows: rows = accepted + duplicates + quarantined."""

    file: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    unknown_columns: tuple[str, ...] = ()


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, of which data, with what; the manifest as far as it is the same whenever it is repeated."""

    run_id: str
    version: str
    seed: int
    config_digest: str
    dossiers_digest: str | None
    inputs: tuple[InputFile, ...]
    events: int
    accounts: int
    first_seen: str | None
    last_seen: str | None
    warnings: tuple[str, ...] = ()
    limit: str = ""
    """What logs with so few columns cannot show, in one sentence; empty where two kinds of ties are known."""


class LabFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report says of a dossier: its name, its releases (ISO dates) and its prior."""

    lab_id: str
    name: str
    releases: tuple[str, ...] = ()
    prior: float | None = None


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence; `weight` in nats, positive for the claim that it stands under."""

    family: str
    name: str
    says: str
    weight: float
    lab_id: str | None
    detail: dict[str, object]


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """One explanation of a cluster, covert or innocent, and its log score; the best has `relative` 0."""

    name: str
    covert: bool
    score: float
    relative: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation that clusters were held against, in words."""

    name: str
    covert: bool
    description: str


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a cluster when one family of evidence is left out."""

    family: str
    score: float


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An account of a ring, the probability that it belongs to it, and the share of seeds that put it there."""

    account_id: str
    confidence: float
    stability: float


class SharedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that members share: `members` of the ring use it, out of `accounts` in the whole population."""

    facet: str
    value: str
    label: str
    members: int
    accounts: int


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A dot of the ring drawing: an account (`value` is None) or the number of a shared value."""

    x: int
    y: int
    value: int | None
    confidence: float | None


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """Members and the values they share, laid out on 1000 x 600; `lines` join positions in `nodes`."""

    nodes: tuple[Node, ...]
    lines: tuple[tuple[int, int], ...]
    members_drawn: int
    members_linked: int
    note: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a ring together: links in which this facet counts, and its mean weight in them."""

    facet: str
    links: int
    share: float
    mean_nats: float


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a ring on one day (UTC)."""

    day: str
    events: int


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A capability that a campaign extracts, with its share of the traffic."""

    capability: str
    share: float


class TemplateExample(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt template with its slots masked."""

    template_id: str
    pattern: str
    example: str


class PosteriorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One lab (or `unknown`): likelihood term and analytic confidence are two statements, never one."""

    lab_id: str
    name: str
    posterior: float
    prior: float | None
    rank: int
    likelihood_term: str
    confidence_level: str


class OtherView(msgspec.Struct, frozen=True, kw_only=True):
    """Who would lead, and with what posterior, under another prior or with one family of evidence left out."""

    name: str
    leads: str
    posterior: float


class CampaignEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One client's extraction inside a ring, and who that client may be."""

    campaign_id: str
    ring_id: str
    size: int
    events: int
    first_seen: str
    last_seen: str
    targets: tuple[Target, ...]
    templates: tuple[TemplateExample, ...]
    templates_total: int
    evidence: tuple[LedgerLine, ...]
    posteriors: tuple[PosteriorRow, ...]
    abstained: bool
    reason: str
    priors: tuple[OtherView, ...]
    without: tuple[OtherView, ...]
    deciding: str | None
    """The one family of evidence without which another answer would lead."""
    ledger: tuple[LedgerLine, ...]
    verdict_sentence: str
    judged_lab: str | None = None
    """The lab that a person accepted, where the engine does not name it."""


class OtherPrior(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster would be called if covert rings were `times` as common as the engine takes them to be."""

    times: float
    verdict: str
    probability: float


class RingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with its verdict and everything it rests on."""

    ring_id: str
    verdict: str
    probability: float
    size: int
    events: int
    first_seen: str
    last_seen: str
    stability: float
    explanation: str | None
    reason: str
    score: float | None
    verdict_sentence: str
    without: tuple[LeftOut, ...]
    priors: tuple[OtherPrior, ...]
    unknown: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    evidence_for: tuple[LedgerLine, ...]
    evidence_against: tuple[LedgerLine, ...]
    ledger: tuple[LedgerLine, ...]
    members: tuple[Member, ...]
    binding: tuple[Binding, ...]
    internal_links: int
    shared: tuple[SharedValue, ...]
    drawing: Drawing | None
    timeline: tuple[Day, ...]
    campaigns: tuple[CampaignEntry, ...]
    brief: bool = False
    """One of very many innocent clusters: only its strongest lines stand here, all of them in `evidence.parquet`."""
    machine_verdict: str | None = None
    """What the engine says, where `verdict` is a person's judgement."""
    browser: str | None = None
    """Address that opens a drawing of it in Neo4j Browser, where one is configured."""


class MissingColumn(msgspec.Struct, frozen=True, kw_only=True):
    """An input that the logs do not have, and what it could have said."""

    column: str
    would_tell: str


class SuppressedFacet(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one facet that were too common to count."""

    facet: str
    values: int
    largest: tuple[SharedValue, ...]


class QuarantineReason(msgspec.Struct, frozen=True, kw_only=True):
    """Rows refused for one reason, with the first place where that happened."""

    reason: str
    rows: int
    first: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures on the first page."""

    coordinated: int
    undetermined: int
    innocent: int
    accounts_coordinated: int
    events_coordinated: int
    campaigns: int
    named: int
    abstained: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    schema_version: str
    title: str
    run: RunFacts
    summary: Summary
    rings: tuple[RingEntry, ...]
    labs: tuple[LabFacts, ...]
    missing: tuple[MissingColumn, ...]
    suppressed: tuple[SuppressedFacet, ...]
    quarantine: tuple[QuarantineReason, ...]
    explanations: tuple[Explanation, ...] = ()
    partition_agreement: float | None = None
    changes: Changes | None = None
    """What is another than in the run before; None for the first run of a store."""
    judgements: tuple[JudgementEntry, ...] = ()
    """What people decided, and what that did to this run."""

    def ring(self, ring_id: str) -> RingEntry:
        """Return one ring, by its id, its number in the table (1: the first), or as much of its id as is unique.

        Raises
        ------
        NotFoundError
            There is no ring of that name, or more than one.
        """
        begin = [ring for ring in self.rings if ring_id and _begins(ring.ring_id, ring_id)]
        exact = [ring for ring in begin if ring.ring_id == ring_id]
        numbers = {str(number): ring for number, ring in enumerate(self.rings, start=1)}
        if not exact and ring_id in numbers:
            return numbers[ring_id]
        if len(exact or begin) == 1:
            return (exact or begin)[0]
        known = ", ".join(ring.ring_id for ring in (begin or self.rings)[:_NAMED]) or "none at all"
        more = " …" if len(begin or self.rings) > _NAMED else ""
        if begin:
            raise NotFoundError(f"{len(begin)} rings begin with {ring_id!r}", remedy=f"choose one: {known}{more}")
        raise NotFoundError(f"no ring {ring_id!r} in this run", remedy=f"its rings are: {known}{more}")


def _begins(name: str, part: str) -> bool:
    return name.startswith(part) or name.removeprefix("ring-").startswith(part)
