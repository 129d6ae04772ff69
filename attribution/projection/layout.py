"""The arrays that the kernel reads: all facets' kept entries, row by row and column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attribution.compiled import compiled
from attribution.domain import Facet
from attribution.projection.rules import GROUPS, LEVELS, LIFT, RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attribution.domain import Incidence, Population
    from attribution.projection.null import FacetNull, Null


class Rules(NamedTuple):
    """The facets' rules as arrays; the first axis is the facet, in the order of `Null.facets`.

    Attributes
    ----------
    facts : int64, most shared values that count. cap : float64, nats. anchor : bool. group : int64.
    top_rate : float64, S of the most popular kept value.
    price : float64, nats paid for testing several numbers of shared values: ln of how many.
    choice : float64, nats paid for taking the greatest facet of the group.
    groups : number of groups that exist at all.
    alone, several : nats paid for the choice among the sets of groups that could speak: one anchor group alone, or any
        other set.
    burst : number of the burst facet, -1 without.
    """

    facts: NDArray[np.int64]
    cap: NDArray[np.float64]
    anchor: NDArray[np.bool_]
    group: NDArray[np.int64]
    top_rate: NDArray[np.float64]
    price: NDArray[np.float64]
    choice: NDArray[np.float64]
    groups: int
    alone: float
    several: float
    burst: int


class Graph(NamedTuple):
    """Kept entries of all facets; values are numbered through over facets.

    Attributes
    ----------
    row_start : int64 (facets, accounts + 1), where an account's values of a facet stand in `row_value`.
    row_value : int32 (entries,), the values of each row, ascending: within a facet they are numbered rarest first.
    column_start : int64 (values + 1,), where a value's accounts stand in `column_account`.
    column_account : int32 (entries,), ascending within a value.
    rate, log_rate : float64 (values,), S(d_v) and its logarithm.
    degree : float64 (accounts, facets), the null's degree of an account (k).
    log_degree : float64 (facets, accounts), its logarithm; 0 where an account has no value.
    work : int64 (facets,), pairs to look at, twice.
    heaviest : the facet with the most of them.
    """

    row_start: NDArray[np.int64]
    row_value: NDArray[np.int32]
    column_start: NDArray[np.int64]
    column_account: NDArray[np.int32]
    rate: NDArray[np.float64]
    log_rate: NDArray[np.float64]
    degree: NDArray[np.float64]
    log_degree: NDArray[np.float64]
    work: NDArray[np.int64]
    heaviest: int


def rules(null: Null) -> Rules:
    """Return the rules of the facets that a null was fitted for."""
    chosen = [RULES[facet] for facet in null.facets]
    anchored = any(rule.anchor for rule in chosen)
    present = {rule.group for rule in chosen}
    carriers = len({rule.group for rule in chosen if rule.anchor or not anchored})
    sets = 2 ** len(present) - 1 - carriers
    reserved = {group: sum(rule.share for rule in chosen if rule.group == group) for group in present}
    levels = [sum(level <= rule.facts for level in LEVELS) for rule in chosen]
    return Rules(
        facts=np.array([rule.facts for rule in chosen], np.int64),
        cap=np.array([rule.cap if anchored else LIFT * rule.cap for rule in chosen], np.float64),
        anchor=np.array([rule.anchor or not anchored for rule in chosen], np.bool_),
        group=np.array([rule.group for rule in chosen], np.int64),
        top_rate=np.array([fitted.top_rate for fitted in null.facets.values()], np.float64),
        price=np.log(np.array(levels, np.float64)),
        choice=np.array([np.log(reserved[rule.group] / rule.share) for rule in chosen], np.float64),
        groups=GROUPS,
        alone=float(np.log(max(1, carriers) * (2.0 if sets else 1.0))),
        several=float(np.log(2.0 * max(1, sets))),
        burst=list(null.facets).index(Facet.BURST) if Facet.BURST in null.facets else -1,
    )


def lay_out(population: Population, null: Null) -> Graph:
    """Arrange a population for the kernel. O(entries log entries)."""
    row_start = np.zeros((len(null.facets), population.size + 1), np.int64)
    row_value, column_account, users, rates = [], [], [], []
    entries = values = 0
    for number, (facet, fitted) in enumerate(null.facets.items()):
        owner, value = _kept(population.incidence[facet], fitted)
        rarest_first = np.argsort(np.where(fitted.kept, fitted.popularity, np.iinfo(np.int64).max), kind="stable")
        kept = rarest_first[: int(fitted.kept.sum())]
        renumber = np.empty(len(fitted.kept), np.int32)
        renumber[rarest_first] = np.arange(len(rarest_first), dtype=np.int32)
        value = renumber[value]
        row_value.append(value[np.lexsort((value, owner))] + np.int32(values))
        column_account.append(owner[np.argsort(value, kind="stable")])
        users.append(fitted.popularity[kept])
        rates.append(fitted.rate[kept])
        row_start[number, 0] = entries
        row_start[number, 1:] = entries + np.cumsum(np.bincount(owner, minlength=population.size))
        entries += len(value)
        values += len(kept)
    rate = _joined(rates, np.float64)
    work = np.array([(count * (count - 1)).sum() for count in users], np.int64)
    degree = np.zeros((population.size, len(null.facets)))
    for number, fitted in enumerate(null.facets.values()):
        degree[:, number] = fitted.degree
    return Graph(
        row_start=row_start,
        row_value=_joined(row_value, np.int32),
        column_start=np.cumsum(_joined([np.zeros(1, np.int64), *users], np.int64)),
        column_account=_joined(column_account, np.int32),
        rate=rate,
        log_rate=np.log(rate),
        degree=degree,
        log_degree=np.ascontiguousarray(np.log(np.maximum(degree, 1.0)).T),
        work=work,
        heaviest=int(work.argmax()) if len(work) else 0,
    )


@compiled
def row_work(graph: Graph) -> NDArray[np.int64]:
    """Return the number of updates that each row costs, shape (accounts,). O(entries)."""
    facets, accounts = graph.row_start.shape[0], graph.row_start.shape[1] - 1
    cursor = graph.column_start[:-1].copy()
    work = np.zeros(accounts, np.int64)
    for a in range(accounts):
        for f in range(facets):
            for i in range(graph.row_start[f, a], graph.row_start[f, a + 1]):
                v = graph.row_value[i]
                cursor[v] += 1
                work[a] += graph.column_start[v + 1] - cursor[v]
    return work


def _kept(matrix: Incidence, fitted: FacetNull) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    keep = fitted.kept[matrix.indices]
    owner = np.repeat(np.arange(len(matrix.indptr) - 1, dtype=np.int32), np.diff(matrix.indptr))
    return owner[keep], matrix.indices[keep]


def _joined(parts: Sequence[NDArray[Any]], dtype: type[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype, copy=False)
