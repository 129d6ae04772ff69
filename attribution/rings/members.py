r"""Each member's own confidence: whether it belongs to the ring, or only brushed against it.

Inside a cluster an account is a member or a bystander (a customer of the same proxy, a user of the same VPN, a victim
of framing). For each private tie $t$ (an instrument, a device, a template, a burst that is mostly the cluster's own)
with the ring's own rate $r_t = (k_t + 1)/(n_t + 2)$ and a bystander's rate $b_t$ (`BYSTANDER`),

$$ \mathrm{logit}\,P = \ln\frac{1-\rho}{\rho} + \sum_t x_t \ln\frac{r_t}{b_t} + (1 - x_t)\ln\frac{1-r_t}{1-b_t} $$

with $\rho$ = `BYSTANDERS`; unknown ties are left out. A tie that few members have ($r_t < b_t$) says nothing about
those who lack it and is left out as well, so that a ring's second card does not count against those with the first.

An open minority (`open_block`: colleagues at home in one office, or of one organisation, who share cards and devices
with one another if with anybody, in a ring whose other members hide) starts from `OPEN` instead, and what its members
share among themselves is no tie to the ring: their company's card and machines, and templates that they use more than
the others. So the team whose template a ring copied, or the agency from whose office it works, is left out; who shares
a card or a device across, with nobody of that home, is not.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Family
from attribution.rings.indicators import INDICATORS, open_block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.rings.view import View

BYSTANDERS = 0.1
"""Share of bystanders that a cluster may hold before one looks."""
OPEN = 0.9
"""The same in an open minority (`open_block`): who hides has no office and no name in common."""
BYSTANDER: Mapping[str, float] = MappingProxyType(
    {
        "shared_card": 0.1,
        "shared_device": 0.15,
        "private_template": 0.2,
        "dominant_template": 0.05,
        "signup_burst": 0.15,
        "met": 0.5,
        "busy": 0.5,
        "long_answers": 0.5,
    }
)
"""How often a bystander has each tie: rarely more than the one that brought it here. Whoever came by a wording meets
nobody, whoever came by an exit does; half of all who come back are busier than the others, and get longer answers."""

BETWEEN_THEMSELVES = frozenset({Family.PAYMENT, Family.DEVICE})
"""Ties that an open minority has with its own: its company's card and machines do not tie it to the ring."""


def confidence(view: View, answer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of membership for every member of every cluster, float64 (members,)."""
    block = open_block(view)
    bystanders = np.where(block, OPEN, BYSTANDERS)
    logit = np.log((1 - bystanders) / bystanders)
    for position, indicator in enumerate(INDICATORS):
        rate = BYSTANDER.get(indicator.name)
        if rate is None:
            continue
        value = answer[:, position]
        known = ~np.isnan(value)
        k = np.bincount(view.cluster[known], weights=value[known], minlength=len(view.size))
        n = np.bincount(view.cluster[known], minlength=len(view.size))
        ring = ((k + 1) / (n + 2))[view.cluster]
        if indicator.family in BETWEEN_THEMSELVES:
            value = np.where(block, 0.0, value)
        elif indicator.family is Family.CONTENT:
            known &= ~block  # who copied whom is not to be seen
        nats = np.where(value == 1, np.log(ring / rate), np.log((1 - ring) / (1 - rate)))
        logit += np.where(known & (ring > rate), nats, 0.0)
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
