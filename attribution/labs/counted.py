"""Facts that are counted over accounts: what is expected of each, and what a count is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.labs.ledger import share_weight, shrunk
from attribution.labs.presence import EXITS, OWN, log_exits_odds, present_weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.labs.facts import Facts
    from attribution.labs.presence import Use

Finding = tuple[float, "Mapping[str, object]"]
"""A weight before doubt and bounds, and everything it was computed from."""


@dataclass(frozen=True, slots=True)
class Share:
    """What is expected of a counted fact, as `share_weight` takes it; `at` is the base rate that few counts lean on."""

    typical: float
    worth: float
    trials_cap: float
    careful: float
    spread: float
    at: float


SHARES: Mapping[str, Share] = {
    "networks": Share(typical=0.25, worth=4.0, trials_cap=30, careful=0.15, spread=20.0, at=0.001),
    "asns": Share(typical=0.3, worth=4.0, trials_cap=30, careful=0.2, spread=12.0, at=0.002),
    "known.ips": Share(typical=0.08, worth=8.0, trials_cap=30, careful=0.35, spread=20.0, at=0.0005),
    "bins": Share(typical=0.3, worth=1.5, trials_cap=12, careful=0.5, spread=4.0, at=0.005),
    "issuer_countries": Share(typical=0.6, worth=2.0, trials_cap=12, careful=0.3, spread=20.0, at=0.02),
    "known.payment_ids": Share(typical=0.1, worth=2.0, trials_cap=30, careful=0.7, spread=20.0, at=0.0002),
    "email_domains": Share(typical=0.1, worth=8.0, trials_cap=30, careful=0.3, spread=50.0, at=0.002),
    "name": Share(typical=0.3, worth=2.0, trials_cap=20, careful=0.5, spread=20.0, at=0.0005),
    "known.account_ids": Share(typical=0.1, worth=2.0, trials_cap=30, careful=0.8, spread=20.0, at=0.0002),
    "known.device_ids": Share(typical=0.1, worth=2.0, trials_cap=30, careful=0.7, spread=20.0, at=0.0002),
}
"""How often a lab's accounts show each counted fact, how much groups differ, and how few counts are read."""


def counted(facts: Facts, number: int, fact: str) -> Finding | None:
    """Weigh a counted fact: accounts that show it beside the base rate, its country's, and other clients of the ring.

    Of a place, how it is used counts as well (`presence`). None where it was not counted.
    """
    count = facts.counts.get((number, fact))
    if count is None:
        return None
    model = SHARES[fact]

    def weigh(base: float) -> float:
        return share_weight(
            count.hits,
            count.trials,
            base,
            typical=model.typical,
            worth=model.worth,
            trials_cap=model.trials_cap,
            careful=model.careful,
            spread=model.spread,
        )

    base = shrunk(count.base_hits, count.base_trials, at=model.at)
    weight = weigh(base)
    country = shrunk(count.country_hits, count.country_trials, at=model.at) * count.country_share
    near = max(country, count.ring_hits / count.ring_trials if count.ring_trials else 0.0)
    if weight > 0.0 and near > base:
        weight = max(0.0, weigh(near))
    use = _use(facts, number, fact)
    used = {}
    if use is not None:
        used = {
            "seen_ratio": weight,
            "showing": use.showing,
            "accounts": use.accounts,
            "traffic": use.traffic,
            "exits": EXITS[fact],
            "own_exits": OWN * EXITS[fact],
            "log_exits_odds": log_exits_odds(use, EXITS[fact]),
        }
        weight = present_weight(weight, use, EXITS[fact])
    return weight, used | {
        "model": "share",
        "hits": count.hits,
        "trials": count.trials,
        "of": count.unit,
        "base_hits": count.base_hits,
        "base_trials": count.base_trials,
        "shrink_to": model.at,
        "shrink_worth": 100.0,
        "base_rate": base,
        "country_hits": count.country_hits,
        "country_trials": count.country_trials,
        "country_share": count.country_share,
        "country_rate": country,
        "ring_hits": count.ring_hits,
        "ring_trials": count.ring_trials,
        "typical": model.typical,
        "worth": model.worth,
        "trials_cap": model.trials_cap,
        "careful": model.careful,
        "spread": model.spread,
        "values": list(count.shown),
    }


def _use(facts: Facts, number: int, fact: str) -> Use | None:
    """Return how a place is used; an address is used as the network around it, where that is listed and seen."""
    around = facts.counts.get((number, "networks")) if fact == "known.ips" else None
    count = around if around is not None and around.hits else facts.counts[number, fact]
    return count.use
