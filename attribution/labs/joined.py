"""Parts of one ring that serve the same lab: judged together, since one lab is one client.

A ring is divided by what it sends, without the dossiers. Where every batch of accounts has wordings of its own, some
rings of one client are divided, and each half has half of the evidence: what both show is taken for the operator's
(`facts`), and mistakes on few accounts weigh little. Two clients of one operator are two labs. So parts that each, by
what they alone show, more likely than not serve the same lab are looked at as one campaign.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import UNKNOWN_LAB, Campaign, Evidence
from attribution.labs.ledger import BEHAVIOUR, LabFamily
from attribution.labs.rule import FITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attribution.domain import Attribution

JOINED = "joined"
LIKELIER = 0.5
"""Posterior from which a part serves the lab more likely than anybody else, a lab without a dossier included."""


def same_client(campaigns: Sequence[Campaign], said: Sequence[Attribution]) -> list[tuple[str, tuple[int, ...]]]:
    """Return the labs that several parts of a ring each more likely than not serve, with these parts' positions.

    What the operator shows is in all parts, whomever they serve; so content, hours and release of each part must speak
    for the lab as they must where a name is given (`FITS`).
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for place, (campaign, one) in enumerate(zip(campaigns, said, strict=True)):
        best = one.posteriors[0]
        if best.lab_id != UNKNOWN_LAB and best.posterior >= LIKELIER and _behaviour(one, best.lab_id) >= FITS:
            groups.setdefault((campaign.ring_id, best.lab_id), []).append(place)
    return [(lab, tuple(places)) for (_, lab), places in groups.items() if len(places) > 1]


def _behaviour(one: Attribution, lab: str) -> float:
    return sum(row.weight for row in one.evidence if row.lab_id == lab and row.family in BEHAVIOUR)


def together(parts: Sequence[Campaign]) -> Campaign:
    """Return parts of a ring as one campaign under the id of the first: shares of an account's traffic add up."""
    members = np.unique(np.concatenate([part.members for part in parts]))
    share = np.zeros(len(members))
    for part in parts:
        share[np.searchsorted(members, part.members)] += part.share
    events = sum(part.events for part in parts)
    names = sorted({name for part in parts for name in part.targets})
    wanted = {name: sum(part.targets.get(name, 0.0) * part.events for part in parts) / max(events, 1) for name in names}
    return dataclasses.replace(
        parts[0],
        members=members,
        share=share,
        templates=tuple(sorted({template for part in parts for template in part.templates})),
        targets=wanted,
        events=events,
        first_seen=min(part.first_seen for part in parts),
        last_seen=max(part.last_seen for part in parts),
    )


def of_whole(said: Attribution, lab: str, alone: Sequence[Attribution]) -> Attribution:
    """Say in the attribution of the whole, given to a part, with which parts it was judged; the line weighs nothing."""
    detail: dict[str, object] = {
        "question": "Which parts of the ring, each of which more likely than not serves this lab, are judged as one.",
        "alone": {one.campaign_id: one.posteriors[0].posterior for one in alone},
        "behaviour": {one.campaign_id: _behaviour(one, lab) for one in alone},
        "likelier_from": LIKELIER,
        "fits_from": FITS,
    }
    row = Evidence(said.campaign_id, lab, LabFamily.CONTENT.value, JOINED, 0.0, detail)
    others = " and ".join(one.campaign_id for one in alone if one.campaign_id != said.campaign_id)
    reason = f"{said.reason} It was judged as one with {others}, which serves the same lab more likely than not."
    return dataclasses.replace(said, reason=reason, evidence=(*said.evidence[:-1], row, said.evidence[-1]))
