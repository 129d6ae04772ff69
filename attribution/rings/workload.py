"""How much the members of a cluster collect, and how evenly: what an extraction needs and people do not.

A model is trained on millions of answers, so a campaign has to send many requests, and asks for long answers: each
account that is less used than that is one more account to open, to pay and to keep. And work that one scheduler hands
out is handed out in equal shares: like behaviour as a mark of one operator is the C-plane of Gu et al., BotMiner,
USENIX Security 2008. People who share an office, a card or a tool have each their own use for it, and how much people
do is heavy-tailed: most try it, some live in it (Wilkinson, Strong regularities in online peer production, EC 2008).

Requests and lengths are compared with accounts that came back on a second day, so that a flood of accounts used once
does not make everybody else busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.rings.ties import answered, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.rings.view import View

EVEN = 0.5
"""Part of the population's spread within which a load is about the cluster's median: .38 of a normal law are there."""


def _returned(view: View) -> NDArray[np.bool_]:
    """Find the accounts of the whole population that came back on a second day: bool (accounts,)."""
    return view.population.activity["active_days"].to_numpy(np.float64) >= 2


def _above_typical(view: View, column: str) -> NDArray[np.float64]:
    everybody = view.population.activity[column].to_numpy(np.float64)
    typical = everybody[view.once(_returned) & ~np.isnan(everybody)]
    own = view.activity[column].to_numpy(np.float64)
    if not len(typical):
        return unknown(view)
    return answered(own > np.median(typical), ~np.isnan(own))


def busy(view: View) -> NDArray[np.float64]:
    """The account sends more requests than half of all who came back on a second day."""
    return _above_typical(view, "events")


def long_answers(view: View) -> NDArray[np.float64]:
    """The account's answers are longer, on average, than those of half of all who came back on a second day."""
    return _above_typical(view, "output_tokens")


def even_load(view: View) -> NDArray[np.float64]:
    """The account sends about as many requests as the cluster's median account: within half of what people differ by.

    What people differ by is the standard deviation of the logarithm of requests, over all accounts.
    """
    everybody = np.log(view.population.activity["events"].to_numpy(np.float64))
    load = everybody[view.account]
    start = np.cumsum(view.size) - view.size
    ordered = load[np.lexsort((load, view.cluster))]
    median = (ordered[start + (view.size - 1) // 2] + ordered[start + view.size // 2]) / 2
    near = np.abs(load - median[view.cluster]) <= EVEN * np.std(everybody)
    return answered(near, np.ones(len(load), dtype=np.bool_))
