r"""Which group an account belongs to that no validated link ties to one.

For an account and a group of $n$ of $N$ accounts, a value used by $m$ of its members and by $o$ others is worth

$$ \ln\frac{(m + 1/2) / (n + 1)}{(o + 1) / (N - n)} $$

nats, the greatest of each family counts up to `CAP`, and `FAMILIES` families must bring `LEAST` nats each: a
customer of the same proxy shares the exits and nothing else, a user of a copied prompt the prompt and nothing else.
With the prior $\ln n/(N - n)$ the posterior must reach `TAKEN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from attribution.compiled import compiled
from attribution.domain import Facet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attribution.domain import Incidence, Population

LEAST = float(np.log(10.0))
"""Nats from which a family speaks for taking an account in: 10 to 1."""
CAP = 6.0
FAMILIES = 2
TAKEN = 0.95
TELLING = (Facet.IP, Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE)
"""One facet of each family that says who belongs to whom; hours and sign-ups are shared by everybody."""


class Told(NamedTuple):
    """What the values of several facets, numbered one facet after the other, say of who uses them.

    Attributes
    ----------
    row : int64 (facets, accounts + 1), account `a` used `value[row[f, a]:row[f, a + 1]]` of facet `f`.
    value : int64 (entries,).
    first : int64 (values + 1,), value `v` speaks for `group[first[v]:first[v + 1]]`.
    group : int64 (tellings,).
    nats : float64 (tellings,), how strongly, `LEAST` or more.
    """

    row: NDArray[np.int64]
    value: NDArray[np.int64]
    first: NDArray[np.int64]
    group: NDArray[np.int64]
    nats: NDArray[np.float64]


def taken_in(group: NDArray[np.int64], population: Population) -> NDArray[np.int64]:
    """Return groups (accounts,) with the accounts that were in none (-1) and belong to one.

    O(sum over the entries of accounts without a group of the groups that their values speak for).
    """
    count = int(group.max(initial=-1)) + 1
    outside = np.flatnonzero(group < 0)
    facets = [population.incidence[facet] for facet in TELLING if facet in population.incidence]
    if not count or not len(outside) or not facets:
        return group
    size = np.bincount(group[group >= 0], minlength=count)
    needed = np.log(TAKEN / (1 - TAKEN)) - np.log(size / (population.size - size))
    out = group.copy()
    out[outside] = _belonging(outside, _told(facets, group, size), needed)
    return out


def _told(facets: Sequence[Incidence], group: NDArray[np.int64], size: NDArray[np.int64]) -> Told:
    tellings = [_telling(incidence, group, size) for incidence in facets]
    values = np.cumsum([0, *(len(incidence.values) for incidence in facets)])
    entries = np.cumsum([0, *(len(incidence.indices) for incidence in facets)])
    speaking = np.concatenate([told["value"] + start for told, start in zip(tellings, values[:-1], strict=True)])
    return Told(
        row=np.stack([incidence.indptr + start for incidence, start in zip(facets, entries[:-1], strict=True)]),
        value=np.concatenate(
            [i.indices.astype(np.int64) + start for i, start in zip(facets, values[:-1], strict=True)]
        ),
        first=np.searchsorted(speaking, np.arange(values[-1] + 1)),
        group=np.concatenate([told["group"].to_numpy() for told in tellings]),
        nats=np.concatenate([told["nats"].to_numpy() for told in tellings]),
    )


def _telling(incidence: Incidence, group: NDArray[np.int64], size: NDArray[np.int64]) -> pd.DataFrame:
    """Find the values that say to which group an account belongs that uses them: value (ascending), group, nats."""
    accounts = len(incidence.indptr) - 1
    of = np.repeat(group, np.diff(incidence.indptr))
    frame = pd.DataFrame({"value": incidence.indices[of >= 0].astype(np.int64), "group": of[of >= 0]})
    inside = frame.groupby(["value", "group"]).size().rename("members").reset_index()
    n, members = size[inside["group"]], inside["members"].to_numpy()
    rate = (members + 0.5) / (n + 1)
    stranger = (incidence.popularity()[inside["value"]] - members) / (accounts - n)
    # An account outside is itself one of the others, so there is at least one wherever it matters.
    inside["nats"] = np.minimum(CAP, np.log(rate / np.maximum(stranger, 0.5 / accounts)))
    return inside.loc[inside["nats"] >= LEAST, ["value", "group", "nats"]]


@compiled
def _belonging(accounts: NDArray[np.int64], told: Told, needed: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each account the group with the most nats among those that reach what is `needed` (groups,), or -1.

    Of equals the first. A dense accumulator over the groups, cleared where it was touched.
    """
    groups = len(needed)
    total, now = np.zeros(groups), np.zeros(groups)  # nats of the facets before this one, and of this one
    families = np.zeros(groups, np.int64)
    last = np.full(groups, -1)  # the facet that spoke last
    touched = np.empty(groups, np.int64)
    best = np.full(len(accounts), -1)
    for at in range(len(accounts)):
        met = 0
        for facet in range(len(told.row)):
            for entry in range(told.row[facet, accounts[at]], told.row[facet, accounts[at] + 1]):
                value = told.value[entry]
                for place in range(told.first[value], told.first[value + 1]):
                    group = told.group[place]
                    if last[group] < 0:
                        touched[met] = group
                        met += 1
                    if last[group] != facet:
                        total[group] += now[group]
                        now[group] = 0.0
                        families[group] += 1
                        last[group] = facet
                    now[group] = max(now[group], told.nats[place])
        most = 0.0
        for group in touched[:met]:
            nats = total[group] + now[group]
            better = nats > most or (nats == most and group < best[at])
            if families[group] >= FAMILIES and nats >= needed[group] and better:
                most = nats
                best[at] = group
            total[group] = now[group] = 0.0
            families[group] = 0
            last[group] = -1
    return best
