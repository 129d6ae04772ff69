"""A hand-made result of a run: three covert rings, one undetermined cluster, two innocent ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa

from attribution.domain import (
    ACTIVITY_COLUMNS,
    Attribution,
    Campaign,
    Evidence,
    Facet,
    Incidence,
    LabPosterior,
    Links,
    Population,
    Ring,
    Verdict,
)
from attribution.report.assemble import build
from attribution.report.document import Document, InputFile, LabFacts, RunFacts
from attribution.schemas import OUTPUT_TABLES

ACCOUNTS = 1_500
SIZES = (
    (Verdict.COORDINATED, 240, 0.9994, None),
    (Verdict.COORDINATED, 61, 0.982, "agency"),
    (Verdict.COORDINATED, 12, 0.91, "team"),
    (Verdict.UNDETERMINED, 25, 0.44, "evaluation_suite"),
    (Verdict.INNOCENT, 80, 0.001, "campus"),
    (Verdict.INNOCENT, 9, 0.02, "team"),
)
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(2)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b[0m\u202egnp.exe\x00",
    "https://evil.example/'\"><svg onload=fetch('https://evil.example')>",
    "javascript:alert(3)",
    "x" * 100_000,
    "--></title><link rel=stylesheet href=//evil.example/a.css>",
    "=cmd|' /C calc'!A0",
)


@dataclass(frozen=True)
class Names:
    """Where every string of the world comes from."""

    hostile: bool

    def __call__(self, plain: str, at: int = 0) -> str:
        return f"{HOSTILE[(at + len(plain)) % len(HOSTILE)]}{plain}" if self.hostile else plain


def _incidence(facet: Facet, rows: list[set[str]], name: Names) -> Incidence:
    values = sorted({name(value, at) for row in rows for at, value in [(0, v) for v in row]})
    number = {value: at for at, value in enumerate(values)}
    indices = [sorted(number[name(value)] for value in row) for row in rows]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in indices])]).astype(np.int64)
    flat = np.array([at for row in indices for at in row], dtype=np.int32)
    return Incidence(facet, indptr, flat, np.full(len(flat), 3, dtype=np.int32), pa.array(values, pa.string()))


def _population(name: Names, groups: list[np.ndarray]) -> Population:
    rng = np.random.default_rng(5)
    rows = {
        facet: [set[str]() for _ in range(ACCOUNTS)]
        for facet in (Facet.IP, Facet.PAYMENT, Facet.TEMPLATE, Facet.DEVICE)
    }
    for account in range(ACCOUNTS):
        rows[Facet.IP][account].add(f"203.0.{account // 200}.{account % 200}")
        rows[Facet.DEVICE][account].add(f"dev-{account:05d}")
        rows[Facet.TEMPLATE][account].add(f"t-popular-{rng.integers(12)}")
    for at, members in enumerate(groups):
        for account in members:
            rows[Facet.PAYMENT][account].add(f"pm-{at}-{rng.integers(1 + len(members) // 20)}")
            rows[Facet.TEMPLATE][account].update(f"t-{at}-{k}" for k in rng.choice(6, 3, replace=False))
            rows[Facet.IP][account].update(f"198.51.100.{at * 20 + k}" for k in rng.choice(1 + len(members) // 15, 2))
            if rng.random() < 0.5:
                rows[Facet.DEVICE][account].add(f"dev-ring-{at}-{rng.integers(1 + len(members) // 10)}")
    accounts = pa.array(sorted(name(f"acct-{at:05d}", at) for at in range(ACCOUNTS)), pa.string())
    activity = pd.DataFrame({column: [None] * ACCOUNTS for column in ACTIVITY_COLUMNS})
    return Population(
        accounts=accounts,
        incidence={facet: _incidence(facet, lists, name) for facet, lists in rows.items()},
        enrichment={},
        activity=activity,
        hours=np.zeros((ACCOUNTS, 24), dtype=np.int32),
        known=frozenset({"events.ip", "events.device_id", "events.payment_id", "events.prompt", "accounts.created_at"}),
    )


def _evidence(ring: str, name: Names, verdict: Verdict) -> tuple[Evidence, ...]:
    sign = 1.0 if verdict == Verdict.COORDINATED else -0.7
    rows = [
        ("payment", "concealed_card", 14.2, {"accounts": 38, "expected": 0.4, "example": name("pm-0-1")}),
        ("content", "private_template", 9.71, {"share": 0.83, "templates": [name(f"t-0-{k}", k) for k in range(90)]}),
        ("place", "common_place", -3.4, {"share": 0.04}),
        ("device", "concealed_device", 6.05, {"accounts": 22}),
        ("timing", "round_the_clock", 4.4, {"share": 0.71}),
        ("lifecycle", "fresh_account", 1.2, {"median_days": 2}),
        ("place", "anonymous_egress", -0.85, {"share": 0.6, name("odd key"): name("odd value")}),
    ]
    lines = [Evidence(ring, None, family, label, weight * sign, detail) for family, label, weight, detail in rows]
    scores = (
        ("careless ring", True, -41.0),
        ("careful ring", True, -44.5),
        ("agency", False, -58.0),
        ("team", False, -71.3),
        ("campus", False, -133.0),
    )
    lines += [
        Evidence(ring, None, "hypothesis", label, 0.0, {"covert": covert, "score": score})
        for label, covert, score in scores
    ]
    return tuple(lines)


def _ring(at: int, members: np.ndarray, name: Names) -> Ring:
    verdict, size, probability, explanation = SIZES[at]
    rng = np.random.default_rng(at)
    return Ring(
        ring_id=name(f"ring-{at:04d}", at),
        verdict=verdict,
        probability=probability,
        explanation=explanation,
        members=members.astype(np.int32),
        confidence=np.clip(rng.beta(9, 1, size), 0, 1),
        together=np.full(size, 0.97, np.float32),
        first_seen=pd.Timestamp("2026-03-01T00:10:00Z"),
        last_seen=pd.Timestamp("2026-03-28T23:50:00Z"),
        events=size * 120,
        stability=0.97,
        evidence=_evidence(name(f"ring-{at:04d}", at), name, verdict),
    )


def _campaign(at: int, ring: Ring, part: slice, name: Names) -> Campaign:
    members = ring.members[part]
    return Campaign(
        campaign_id=name(f"campaign-{at}", at),
        ring_id=ring.ring_id,
        members=members,
        share=np.full(len(members), 0.8),
        templates=tuple(name(f"t-0-{k}") for k in range(8)),
        targets={"chain_of_thought": 0.62, "rubric_grading": 0.3, name("own_target"): 0.08},
        events=len(members) * 90,
        first_seen=ring.first_seen,
        last_seen=ring.last_seen,
        evidence=(Evidence(name(f"campaign-{at}"), None, "content", "split", 22.0, {"bic": 88.1}),),
    )


def _attribution(
    campaign: Campaign, posteriors: tuple[tuple[str, float, str], ...], name: Names, *, abstained: bool
) -> Attribution:
    rows = tuple(
        LabPosterior(lab, p, rank, term, "moderate") for rank, (lab, p, term) in enumerate(posteriors, start=1)
    )
    ledger = tuple(
        Evidence(campaign.campaign_id, lab, family, label, weight, {"compared": name("AS64510"), "base_rate": 0.0004})
        for lab, family, label, weight in (
            ("lab-amber", "place", "networks", 5.2),
            ("lab-amber", "payment", "card issuer", 3.9),
            ("lab-amber", "timing", "working day", 1.1),
            ("lab-blue", "place", "networks", -1.6),
            ("lab-blue", "content", "targets", 0.4),
        )
    )
    return Attribution(
        campaign.campaign_id, campaign.ring_id, rows, abstained, name("two candidates are too close"), ledger
    )


def make_document(*, hostile: bool = False, empty: bool = False) -> Document:
    name = Names(hostile)
    rng = np.random.default_rng(11)
    shuffled = rng.permutation(ACCOUNTS)
    bounds = np.cumsum([0, *(size for _, size, _, _ in SIZES)])
    groups = [np.sort(shuffled[a:b]) for a, b in pairwise(bounds)]
    population = _population(name, groups)
    rings = [] if empty else [_ring(at, members, name) for at, members in enumerate(groups)]
    parts = ((0, slice(0, 150)), (0, slice(130, 240)), (1, slice(0, 61)))
    campaigns = [] if empty else [_campaign(at, rings[ring], part, name) for at, (ring, part) in enumerate(parts)]
    amber = (
        ("lab-amber", 0.912, "very likely"),
        ("unknown", 0.07, "very unlikely"),
        ("lab-blue", 0.018, "almost no chance"),
    )
    close = (
        ("unknown", 0.52, "roughly even chance"),
        ("lab-blue", 0.44, "unlikely"),
        ("lab-amber", 0.04, "almost no chance"),
    )
    attributions = [
        _attribution(campaign, close if at == 1 else amber, name, abstained=at == 1)
        for at, campaign in enumerate(campaigns)
    ]
    days = pd.date_range("2026-03-01", "2026-03-28")
    daily = pd.DataFrame(
        [
            (ring.ring_id, day, int(ring.events / 28 * (1 + (day.day >= 14) + rng.random())))
            for ring in rings
            for day in days
        ],
        columns=["ring_id", "day", "events"],
    )
    return build(
        run=_run(name),
        rings=rings,
        campaigns=campaigns,
        attributions=attributions,
        population=population,
        links=_links(groups, empty=empty),
        daily=daily,
        templates=_templates(name),
        suppressed=_rows(
            "suppressed", [("template", name(f"t-popular-{k}"), 100 + k, "too common") for k in range(12)]
        ),
        quarantine=_rows(
            "quarantine",
            [(name("events.parquet"), 17 + k, name("time stamp without zone", k % 2), "00") for k in range(31)],
        ),
        labs=(
            LabFacts(lab_id="lab-amber", name=name("Amber Research"), releases=("2026-03-14",), prior=0.25),
            LabFacts(lab_id="lab-blue", name=name("Blue Institute"), prior=0.25),
            LabFacts(lab_id="unknown", name="unknown", prior=0.5),
        ),
        explanations={
            "concealed_card": "Members pay with the same instrument and share no place, device or organisation."
        },
        agreement=0.981,
    )


def _run(name: Names) -> RunFacts:
    events = InputFile(
        file=name("events.parquet"),
        rows=1_004_231,
        accepted=1_004_000,
        duplicates=200,
        quarantined=31,
        unknown_columns=(name("colour"),),
    )
    accounts = InputFile(file="accounts.csv", rows=ACCOUNTS, accepted=ACCOUNTS, duplicates=0, quarantined=0)
    return RunFacts(
        run_id="run-3f9a1c07d2b4",
        version="0.1.0",
        seed=0,
        config_digest="ab" * 32,
        dossiers_digest="cd" * 32,
        inputs=(events, accounts),
        events=1_004_000,
        accounts=ACCOUNTS,
        first_seen="2026-03-01T00:00:00Z",
        last_seen="2026-03-28T23:59:59Z",
        warnings=(name("the column `colour` is not in the contract and was left aside"),),
    )


def _templates(name: Names) -> pd.DataFrame:
    lead = "Imagine the internal reasoning behind"
    return pd.DataFrame(
        {
            "template_id": [name(f"t-0-{k}") for k in range(8)],
            "pattern": [name(f"{lead} <*> and write it out, step {k} by step <*>", k) for k in range(8)],
            "example": [name(f"{lead} ▮▮▮ and write it out, step {k} by step ▮▮", k + 3) for k in range(8)],
        }
    )


def _rows(table: str, rows: list[tuple[object, ...]]) -> pa.Table:
    schema = OUTPUT_TABLES[table]
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def _links(groups: list[np.ndarray], *, empty: bool) -> Links:
    pairs = [] if empty else sorted((int(a), int(b)) for members in groups for a, b in pairwise(members))
    rng = np.random.default_rng(2)
    nats = rng.gamma(2, 4, size=(len(pairs), 3)).astype(np.float32) * (rng.random((len(pairs), 3)) < 0.6)
    source = np.array([a for a, _ in pairs], dtype=np.int32)
    target = np.array([b for _, b in pairs], dtype=np.int32)
    facets = (Facet.PAYMENT, Facet.TEMPLATE, Facet.IP)
    return Links(
        source,
        target,
        nats.astype(np.float32),
        nats.sum(axis=1).astype(np.float32),
        np.full(len(pairs), 1e-9),
        facets,
        1e-6,
    )
