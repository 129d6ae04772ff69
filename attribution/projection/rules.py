"""What each facet may contribute: how many of its values count as separate facts, and where its weight is capped.

The caps say how cheap a fact is to fake or to come by honestly: time of day and sign-up hour are free, addresses are
rented by the gigabyte, templates are text, devices can be scripted, and an instrument has to be bought. They are
written here once; `docs/projection.md` gives the reasons and the derivation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attribution.domain import Facet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.domain import Population

LEVELS: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Numbers of shared values that are tested, rarest first; each test costs its share of the Bonferroni price."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One facet's rule.

    Attributes
    ----------
    facts : most shared values that count as separate facts. 1: only the rarest one counts (one office, five addresses).
    cap : most nats that the facet can bring.
    anchor : whether the facet can carry a link; place, timing and sign-up only support one.
    group : facets of one group depend on each other by construction (an address implies its network, a template's
        burst implies the template): the greatest counts, never the sum.
    share : part of the group's chance that is reserved for this facet; -ln(share) nats are paid for it.
    strangers : of two accounts that meet on a value of two, the share who are strangers to each other. 1 where anybody
        may meet anybody. Less for what is personal by nature: an instrument or a device with two users is as a rule
        one person, household or operator. It rises with the square of the popularity, so that it is 1 for a public
        terminal or a company card.
    """

    facts: int
    cap: float
    anchor: bool
    group: int
    share: float
    strangers: float = 1.0


RULES: Mapping[Facet, Rule] = {
    Facet.IP: Rule(facts=1, cap=10.0, anchor=False, group=0, share=0.75),
    Facet.NETWORK: Rule(facts=1, cap=5.0, anchor=False, group=0, share=0.25),
    Facet.DEVICE: Rule(facts=8, cap=16.0, anchor=True, group=1, share=1.0, strangers=0.005),
    Facet.PAYMENT: Rule(facts=4, cap=20.0, anchor=True, group=2, share=0.75, strangers=0.001),
    Facet.BATCH: Rule(facts=1, cap=6.0, anchor=True, group=2, share=0.25),
    Facet.TEMPLATE: Rule(facts=64, cap=24.0, anchor=True, group=3, share=0.75),
    Facet.TEMPLATE_FAMILY: Rule(facts=4, cap=12.0, anchor=True, group=3, share=0.125),
    Facet.BURST: Rule(facts=4, cap=8.0, anchor=False, group=3, share=0.125),
    Facet.SIGNUP: Rule(facts=1, cap=4.0, anchor=False, group=4, share=1.0),
}


def rule_of(population: Population, facet: Facet) -> Rule:
    """Return a facet's rule in these logs: on a print of software (`Population.prints`) anybody may meet anybody."""
    return replace(RULES[facet], strangers=1.0) if facet in population.prints else RULES[facet]


GROUPS = 5
LIFT = 2.0
"""Caps are multiplied by this where the logs have no anchor facet at all: then nothing better could have spoken."""
