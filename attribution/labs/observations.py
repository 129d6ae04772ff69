"""What a campaign shows whoever runs it: its time zone and its moves to new models, as lines that weigh nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.domain import Evidence
from attribution.labs.ledger import LabFamily
from attribution.labs.rhythm import zone_estimate

if TYPE_CHECKING:
    from attribution.labs.facts import Facts

ZONE, PIVOT = "time_zone", "pivot"


def observations(facts: Facts) -> tuple[Evidence, ...]:
    """Return a campaign's time zone with its interval, and the event study of each model release."""
    rows = []
    if facts.hours.sum():
        offset, low, high = zone_estimate(facts.hours, facts.account_days)
        detail: dict[str, object] = {
            "question": "The offset from UTC whose office hours (9 to 19) fit the traffic best, with its interval.",
            "utc_offset": offset,
            "interval": [low, high],
            "confidence": 0.9,
            "hours": [int(events) for events in facts.hours],
            "account_days": facts.account_days,
        }
        rows.append(Evidence(facts.campaign_id, None, LabFamily.HOURS.value, ZONE, 0.0, detail))
    for pivot in facts.pivots:
        seen: dict[str, object] = {
            "question": "Use of a new model within 24 hours of its release, beside accounts as active outside rings.",
            "new_model": pivot.model,
            "day": pivot.day,
            "accounts": pivot.accounts,
            "controls": pivot.controls,
            "share": pivot.share,
            "control_share": pivot.control_share,
            "effect": pivot.effect,
            "interval": [pivot.low, pivot.high],
            "p_value": pivot.p_value,
            "jumped": pivot.significant,
        }
        name = f"{PIVOT} {pivot.model}"
        rows.append(Evidence(facts.campaign_id, None, LabFamily.RELEASE.value, name, 0.0, seen))
    return tuple(rows)
