"""How a campaign uses a place: at home there, by mistake, or as one exit among others.

Traffic from a lab's network is not one observation but three. A client *at home* sends nearly everything from there. A
client that hides lets it *slip*: some accounts, now and then. An operator that has the network among its *exits*
(rented, borrowed, or shown on purpose) sends a part of nearly every account's traffic through it, as through its other
exits. The last one tells whom the operator rents from, or wants to be taken for, and hardly for whom it works: the
lab's own operator has it no more than a few times as often as anybody else's.

Let w be the log likelihood ratio of who is seen there at all (`share_weight`: accounts, beside the base rate). With the
densities s (slips), h (home), e (exits) of how the place is used, x the probability that a stranger's operator has it
among its exits (`EXITS`), o x that the lab's own has (`OWN`), and b what the base rate gives,

    lab    = e^w b m,    m = (1 - o x - HOME) s + HOME h + o x e
    others = (1 - x) b m + x e^w b e

where those who are there by chance are given the lab's own manner m, so that manner tells exits from the rest and
nothing else. Hence

    weight = -ln((1 - x) e^-w + x D),    D = e / m.

D is at most 1 / (o x): a place that is plainly an exit among others weighs ln o, never against the lab, and too little
to name anybody: content, or cards, must speak for the same lab. A place that slips keeps w up to about 4.6 nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.labs.ledger import beta_binomial

if TYPE_CHECKING:
    from collections.abc import Mapping

EXITS: Mapping[str, float] = {"networks": 0.15, "asns": 0.15, "known.ips": 0.1}
"""Probability that a given lab's place is among the exits of an operator who works for somebody else: of addresses that
an earlier case saw less, since who borrows a network need not get the very same ones. How large it is nobody knows, as
those who borrow a network choose to."""
OWN = 2.0
"""How many times likelier a lab's place is among its own operator's exits than among a stranger's. By who rents where
it is far more; but whoever wants to be taken for the lab chooses its place, and two is what a flag may win."""
HOME = 0.2
"""Probability that a lab's campaign is at home in its place."""
SLIPS_OF, HOME_OF, EXITS_OF = (0.25, 6.0), (0.9, 10.0), (0.83, 6.0)
"""Accounts that show the place, as mean and worth of a beta distribution: a quarter, nearly all, most."""
HOME_PART = (6.0, 2.0)
"""The part of these accounts' traffic that is from there, if the campaign is at home: Beta. Else Beta(1, 2)."""
ACCOUNTS = 30.0
"""The most accounts that count: those of one operator are no independent draws."""


@dataclass(frozen=True, slots=True)
class Use:
    """Accounts that show a place, of how many, and its part of the campaign's traffic (None: unknown)."""

    showing: float
    accounts: float
    traffic: float | None = None


def log_exits_odds(use: Use, exits_chance: float) -> float:
    """Return ln D: how much better the use of a place fits one exit among others than all that a lab may do there.

    `exits_chance` is that of a stranger's operator (`EXITS`), of which the lab's own is `OWN` times.
    """
    own_chance = OWN * exits_chance
    scale = min(1.0, ACCOUNTS / use.accounts)
    hits, trials = use.showing * scale, use.accounts * scale
    slips, home, exits = (beta_binomial(hits, trials, *shape) for shape in (SLIPS_OF, HOME_OF, EXITS_OF))
    if use.traffic is not None and use.showing:
        part = min(max(use.traffic * use.accounts / use.showing, 0.01), 0.99)
        a, b = HOME_PART
        scale_home = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + (a - 1.0) * math.log(part)
        home += scale_home + (b - 1.0) * math.log1p(-part) - math.log(2.0 * (1.0 - part))  # over Beta(1, 2)
    top = max(slips, home, exits)
    lab = HOME * math.exp(home - top) + own_chance * math.exp(exits - top)
    lab += (1.0 - own_chance - HOME) * math.exp(slips - top)
    return exits - top - math.log(lab)


def present_weight(weight: float, use: Use, exits_chance: float) -> float:
    """Return the weight of a place that speaks with `weight` nats by who is seen there, given how it is used."""
    if weight <= 0.0:
        return weight
    odds = math.exp(log_exits_odds(use, exits_chance))
    return max(0.0, -math.log((1.0 - exits_chance) * math.exp(-weight) + exits_chance * odds))
