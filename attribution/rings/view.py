"""Clusters as the indicators see them: all members of all clusters in one long table, one vector pass each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar, TypeVarTuple, Unpack

    import pandas as pd
    from numpy.typing import NDArray

    from attribution.domain import Facet, Population

    Asked = TypeVarTuple("Asked")
    Told = TypeVar("Told")


@dataclass(frozen=True)
class Entries:
    """Usage of one facet by the members: one row for each (member, value).

    Attributes
    ----------
    member : int64, position in `View.account`.
    value : int64, value number of the facet.
    count : int64, events.
    group : int64, number of the (cluster, value) pair, dense.
    inside : int64, members of the same cluster that use the value.
    popularity : int64, accounts of the whole population that use it.
    """

    member: NDArray[np.int64]
    value: NDArray[np.int64]
    count: NDArray[np.int64]
    group: NDArray[np.int64]
    inside: NDArray[np.int64]
    popularity: NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Members of all clusters, cluster by cluster.

    Attributes
    ----------
    account : int32 (members,), account numbers.
    cluster : int32 (members,), which cluster each belongs to, ascending.
    size : int64 (clusters,).
    """

    population: Population
    account: NDArray[np.int32]
    cluster: NDArray[np.int32]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, population: Population, clusters: tuple[NDArray[np.int32], ...]) -> View:
        """Lay the clusters out one after the other."""
        size = np.array([len(c) for c in clusters], dtype=np.int64)
        account = np.concatenate(clusters) if clusters else np.empty(0, np.int32)
        return cls(population, account, np.repeat(np.arange(len(clusters), dtype=np.int32), size), size)

    @cached_property
    def _told(self) -> dict[object, object]:
        return {}

    def once(self, ask: Callable[[View, Unpack[Asked]], Told], *args: *Asked) -> Told:
        """Return `ask(self, *args)`, worked out the first time: many questions rest on who meets, and under which name.

        What it returns must not be changed.
        """
        if (ask, args) not in self._told:
            self._told[ask, args] = ask(self, *args)
        return cast("Told", self._told[ask, args])

    @cached_property
    def activity(self) -> pd.DataFrame:
        """Rows of `Population.activity` for the members, in member order."""
        return self.population.activity.iloc[self.account].reset_index(drop=True)

    def knows(self, *columns: str) -> bool:
        """Whether the logs had all of these `table.column`s."""
        return self.population.known.issuperset(columns)

    def entries(self, facet: Facet) -> Entries | None:
        """Return who used what for one facet; None where the logs lack its columns, or have prints of software for it.

        Who runs the same software leaves the same print: that says no more than the wording that it sends.
        """
        return self.once(View._gather, facet)

    def _gather(self, facet: Facet) -> Entries | None:
        incidence = self.population.incidence.get(facet)
        if incidence is None or facet in self.population.prints:
            return None
        at, length = incidence.places(self.account)
        member = np.repeat(np.arange(len(self.account), dtype=np.int64), length)
        value = incidence.indices[at].astype(np.int64)
        key = self.cluster[member].astype(np.int64) * max(1, len(incidence.values)) + value
        _, group, inside = np.unique(key, return_inverse=True, return_counts=True)
        return Entries(
            member=member,
            value=value,
            count=incidence.count[at].astype(np.int64),
            group=group.astype(np.int64),
            inside=inside[group],
            popularity=incidence.popularity()[value].astype(np.int64),
        )

    def numbered(self, value: NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the number of each member's pair of cluster and value (-1 or more), dense; int64 (members,)."""
        key = self.cluster.astype(np.int64) * (int(value.max(initial=0)) + 2) + value
        return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)

    def per_member(self, member: NDArray[np.int64], weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Sum of `weight` (or the number of rows) for each member."""
        return np.bincount(member, weights=weight, minlength=len(self.account)).astype(np.float64)
