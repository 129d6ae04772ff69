"""What changed since the run before, and what people decided: added to a document that is otherwise finished."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from attribution.domain import Verdict
from attribution.judgements import Effect, Kind
from attribution.lineage.versions import changes as dossier_changes
from attribution.plaintext import clean
from attribution.report import wording
from attribution.report.changed import Change, Changes, JudgementEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import pyarrow as pa

    from attribution.judgements import Outcome
    from attribution.labs.dossiers import Dossiers
    from attribution.lineage import Past
    from attribution.report.document import Document, RingEntry

MOST = 400
"""Entries that a report holds of what changed."""
SUSPECT = Verdict.COORDINATED.value


def add(
    document: Document,
    *,
    past: Past,
    lineage: pa.Table,
    outcomes: Sequence[Outcome],
    machine: Mapping[str, Verdict],
    accepted: Mapping[str, str],
    dossiers: Dossiers,
    claims: pa.Table,
) -> Document:
    """Return the document with what changed, what people decided, and the engine's own verdicts beside theirs.

    Parameters
    ----------
    machine : ring to what the engine says, for the rings that people decided.
    accepted : campaign to the lab that a person accepted though the evidence leads elsewhere.
    claims : the store's ledger of the dossiers' claims.
    """
    decided = {
        one.judgement.id: one for one in outcomes if one.judgement.kind in {Kind.RING_CONFIRMED, Kind.RING_REJECTED}
    }
    rings = tuple(
        _accepted(ring, accepted, {lab.lab_id: lab.name for lab in document.labs})
        for ring in (
            _judged(ring, machine[ring.ring_id], decided) if ring.ring_id in machine else ring
            for ring in document.rings
        )
    )
    found = None
    if past.previous_run is not None:
        rows = lineage.to_pylist()
        entries = [
            *_rings(rows, past, rings),
            *_verdicts(past, rings),
            *_campaigns(rows),
            *_names(past, rings),
            *_dossiers(past, dossiers, claims),
            *_judgements(past, outcomes),
        ]
        found = Changes(
            previous_run=past.previous_run,
            entries=tuple(entries[:MOST]),
            unchanged_rings=sum(row["event"] == "kept" and not _moved(row) for row in rows if row["kind"] == "ring"),
            other_clusters=_others(rows, past, rings),
            left_out=max(0, len(entries) - MOST),
        )
    return replace(document, rings=rings, changes=found, judgements=tuple(_entry(one) for one in outcomes))


def _judged(ring: RingEntry, machine: Verdict, decided: Mapping[str, Outcome]) -> RingEntry:
    """Return the entry of a ring that people decided: their verdict, with the engine's beside it."""
    own = [
        decided[str(line.detail["judgement"])].judgement
        for line in ring.ledger
        if line.family == "judgement" and str(line.detail.get("judgement")) in decided
    ]
    said = "; ".join(f"{clean(one.by, 120)}: {clean(one.reason, 200)}" for one in own) or "a person's judgement"
    size = wording.count(ring.size, "account")
    held = "are held to be run together covertly" if ring.verdict == SUSPECT else "are held to be innocent"
    engine = (
        f"The engine says {machine.value} (probability of covert coordination {wording.percent(ring.probability)})."
    )
    return replace(
        ring, machine_verdict=machine.value, verdict_sentence=f"{size} {held}, by judgement ({said}). {engine}"
    )


def _accepted(ring: RingEntry, accepted: Mapping[str, str], names: Mapping[str, str]) -> RingEntry:
    """Return the entry of a ring with the labs that a person accepted for its campaigns."""
    if not any(one.campaign_id in accepted for one in ring.campaigns):
        return ring
    return replace(
        ring,
        campaigns=tuple(
            replace(
                one,
                judged_lab=names.get(lab, clean(lab, 80)),
                verdict_sentence=f"{names.get(lab, clean(lab, 80))} is held to benefit, by judgement."
                " The engine does not name it.",
            )
            if (lab := accepted.get(one.campaign_id)) is not None
            else one
            for one in ring.campaigns
        ),
    )


def _suspects(past: Past, rings: Sequence[RingEntry]) -> set[str]:
    now = {ring.ring_id for ring in rings if ring.verdict == SUSPECT}
    return now | {name for name, verdict in past.verdicts.items() if verdict == SUSPECT}


def _moved(row: Mapping[str, Any]) -> bool:
    return bool(row["joined"] or row["departed"])


def _says(row: Mapping[str, Any]) -> str:
    sizes = f"{row['previous_size']:,} to {row['size']:,} accounts: " if row["previous_size"] and row["size"] else ""
    return clean(f"{sizes}{row['reason']}", 300)


def _rings(rows: Sequence[Mapping[str, Any]], past: Past, rings: Sequence[RingEntry]) -> list[Change]:
    suspects = _suspects(past, rings)
    return [
        Change(kind="ring", event=row["event"], id=clean(row["id"]), says=_says(row))
        for row in rows
        if row["kind"] == "ring" and row["id"] in suspects and (row["event"] != "kept" or _moved(row))
    ]


def _campaigns(rows: Sequence[Mapping[str, Any]]) -> list[Change]:
    return [
        Change(kind="campaign", event=row["event"], id=clean(row["id"]), says=_says(row))
        for row in rows
        if row["kind"] == "campaign" and (row["event"] != "kept" or _moved(row))
    ]


def _others(rows: Sequence[Mapping[str, Any]], past: Past, rings: Sequence[RingEntry]) -> dict[str, int]:
    suspects = _suspects(past, rings)
    events = Counter(
        row["event"] for row in rows if row["kind"] == "ring" and row["id"] not in suspects and row["event"] != "kept"
    )
    return dict(sorted(events.items()))


def _verdicts(past: Past, rings: Sequence[RingEntry]) -> list[Change]:
    found = []
    for ring in sorted(rings, key=lambda ring: ring.ring_id):
        before = past.verdicts.get(ring.ring_id)
        if before is not None and before != ring.verdict:
            says = f"{before} before, now {ring.verdict} ({wording.percent(ring.probability)})"
            found.append(Change(kind="verdict", event="changed", id=ring.ring_id, says=says))
    return found


def _names(past: Past, rings: Sequence[RingEntry]) -> list[Change]:
    found = []
    for campaign in sorted((one for ring in rings for one in ring.campaigns), key=lambda one: one.campaign_id):
        if campaign.campaign_id in past.names:
            before = past.names[campaign.campaign_id]
            now = None if campaign.abstained or not campaign.posteriors else campaign.posteriors[0].lab_id
            if before != now:
                says = f"{clean(before or 'nobody', 80)} before, now {now or 'nobody'}"
                found.append(Change(kind="name", event="changed", id=campaign.campaign_id, says=says))
    return found


def _dossiers(past: Past, dossiers: Dossiers, claims: pa.Table) -> list[Change]:
    if past.dossiers is None:
        return []
    return [
        Change(kind="dossier", event=event, id=clean(lab), says=clean(says, 400))
        for lab, event, says in dossier_changes(dossiers, past.dossiers, claims)
    ]


def _judgements(past: Past, outcomes: Sequence[Outcome]) -> list[Change]:
    if past.judgements is None:
        return []
    now = {one.judgement.id: one.judgement for one in outcomes}
    came = [
        Change(
            kind="judgement",
            event="new",
            id=name,
            says=clean(f"{one.says} ({one.by}: {one.reason})", 400),
        )
        for name, one in now.items()
        if name not in past.judgements
    ]
    went = [
        Change(kind="judgement", event="withdrawn", id=name, says="no longer held")
        for name in sorted(past.judgements - now.keys())
    ]
    return came + went


def _entry(one: Outcome) -> JudgementEntry:
    judgement = one.judgement
    return JudgementEntry(
        judgement_id=judgement.id,
        kind=judgement.kind.value,
        says=clean(judgement.says, 300),
        author=clean(judgement.author, 80),
        decided=judgement.decided.strftime("%Y-%m-%dT%H:%M:%SZ"),
        reason=clean(judgement.reason, 300),
        effect=Effect(one.effect).value,
        outcome=clean(one.says, 400),
    )
