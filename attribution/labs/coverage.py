"""Whether what speaks for a lab covers the campaign's accounts alike: a check of the posterior against its own data.

A posterior over labs takes for granted that one client stands behind the campaign. Where a ring's clients were not told
apart, the name would be right for one of them and wrong for the other. So the assumption is checked where it can fail
(a posterior predictive check; Gelman, Meng and Stern 1996, Statistica Sinica 6:733): if the lab were the only client,
every account would ask for the capabilities that its dossier lists in about the same part of its traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Evidence
from attribution.labs.clients import pools
from attribution.labs.ledger import LabFamily
from attribution.labs.orders import CERTAIN
from attribution.labs.targeting import UNRECOGNISED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

COVERAGE = "coverage"
PARTLY = CERTAIN
"""Nats from which accounts differ too much for one client; less than that mistaken wordings may do (`orders`)."""
REST = 0.25
"""Part of the recognised traffic outside the dossier's list, and in it, from which there is room for two clients."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a lab's listed capabilities lie on a campaign's accounts.

    `listed` is their part of the traffic in which a capability is recognised, `leaning` the log Bayes factor of
    accounts that ask for them in parts of their own over accounts that do so alike (`clients.pools`).
    """

    listed: float
    leaning: float
    accounts: int

    @property
    def partial(self) -> bool:
        """Say whether the list covers some accounts and not others."""
        return self.leaning >= PARTLY and REST <= 1.0 - self.listed <= 1.0 - REST


def coverage_of(
    sent: pd.DataFrame, asked: Mapping[str, str], listed: Sequence[Iterable[str]]
) -> tuple[Coverage | None, ...]:
    """Return the coverage of each dossier's list; None where the list or the recognised traffic is empty.

    Parameters
    ----------
    sent : the campaign's exchanges (columns account_id, template_id, events).
    asked : template to the capability that it asks for most.
    listed : the capabilities of each dossier.
    """
    wanted = sent["template_id"].map(asked)
    known = sent[wanted.notna() & (wanted != UNRECOGNISED)]
    if not len(known):
        return (None,) * len(listed)
    table = known.assign(asked=wanted[known.index]).pivot_table(
        index="account_id", columns="asked", values="events", aggfunc="sum", fill_value=0, observed=True
    )
    table = table.sort_index(axis=0).sort_index(axis=1)
    events, names = table.to_numpy(dtype=np.int64), [str(name) for name in table.columns]
    found: list[Coverage | None] = []
    for wanted_by in map(frozenset, listed):
        if not wanted_by:
            found.append(None)
            continue
        mine = np.array([name in wanted_by for name in names])
        sides = np.column_stack([events[:, mine].sum(axis=1), events[:, ~mine].sum(axis=1)])
        leaning = pools(sides, np.array([0, 1]))
        part = float(sides[:, 0].sum() / sides.sum())
        found.append(Coverage(round(part, 9), round(leaning, 9), len(events)))
    return tuple(found)


def coverage_row(campaign: str, lab: str, found: Coverage) -> Evidence:
    """Return the ledger's line: it weighs nothing, and stands in the way of a name where the list covers a part."""
    detail: dict[str, object] = {
        "question": "Whether all accounts ask for what the dossier lists alike, as those of one client do.",
        "listed_part": found.listed,
        "leaning": found.leaning,
        "accounts": found.accounts,
        "partly_from": PARTLY,
        "rest_from": REST,
        "partial": found.partial,
    }
    return Evidence(campaign, lab, LabFamily.CONTENT.value, COVERAGE, 0.0, detail)


def partly_covered(ledger: Sequence[Evidence]) -> frozenset[str]:
    """Return the labs whose lists cover some accounts of the campaign and not others."""
    return frozenset(str(row.lab_id) for row in ledger if row.name == COVERAGE and row.detail["partial"])
