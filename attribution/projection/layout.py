"""The arrays that the kernel reads: all facets' kept entries in one row-wise and one column-wise order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.projection.rules import GROUPS, LEVELS, LIFT, RULES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.domain import Facet, Population
    from attribution.projection.null import Null


@dataclass(frozen=True, slots=True)
class Layout:
    """Kept entries of all facets; values are numbered through over facets.

    Attributes
    ----------
    facets : the facets, in the order of the columns below.
    row_start : int64 (facets, accounts + 1), where an account's values of a facet stand in `row_value`.
    row_value : int32 (entries,), values of each row, rarest first.
    column_start : int64 (values + 1,), where a value's accounts stand in `column_account`.
    column_account : int32 (entries,), ascending within a value.
    rate : float64 (values,), S(d_v).
    degree : float64 (accounts, facets), kept values of an account (k).
    top_rate : float64 (facets,).
    facts, cap, anchor, group : the facets' rules. price : float64 (facets,), nats paid for testing several levels.
    group_price : float64 (groups,), nats paid for taking the greatest of a group's facets.
    groups : number of groups present.
    """

    facets: tuple[Facet, ...]
    row_start: NDArray[np.int64]
    row_value: NDArray[np.int32]
    column_start: NDArray[np.int64]
    column_account: NDArray[np.int32]
    rate: NDArray[np.float64]
    degree: NDArray[np.float64]
    top_rate: NDArray[np.float64]
    facts: NDArray[np.int64]
    cap: NDArray[np.float64]
    anchor: NDArray[np.bool_]
    group: NDArray[np.int64]
    price: NDArray[np.float64]
    group_price: NDArray[np.float64]
    groups: int


def lay_out(population: Population, null: Null) -> Layout:
    """Arrange a population for the kernel. O(entries log entries)."""
    facets = tuple(null.facets)
    rules = [RULES[facet] for facet in facets]
    rows, values, columns, rates = [], [], [], []
    starts = np.zeros((len(facets), population.size + 1), np.int64)
    entries = offset = 0
    for number, facet in enumerate(facets):
        fitted, matrix = null.facets[facet], population.incidence[facet]
        renumber = np.cumsum(fitted.kept) - 1 + offset
        keep = fitted.kept[matrix.indices]
        owner = np.repeat(np.arange(population.size, dtype=np.int32), np.diff(matrix.indptr))[keep]
        value = matrix.indices[keep]
        rarest = np.lexsort((value, fitted.popularity[value], owner))
        by_value = np.lexsort((owner, value))
        rows.append(renumber[value[rarest]].astype(np.int32))
        columns.append(owner[by_value])
        values.append(fitted.popularity[fitted.kept])
        rates.append(fitted.rate[fitted.kept])
        starts[number, 0] = entries
        starts[number, 1:] = entries + np.cumsum(fitted.degree)
        entries += len(value)
        offset += int(fitted.kept.sum())
    anchored = any(rule.anchor for rule in rules)
    members = np.bincount([rule.group for rule in rules], minlength=GROUPS)
    tested = [sum(level <= rule.facts for level in LEVELS) for rule in rules]
    return Layout(
        facets=facets,
        row_start=starts,
        row_value=_joined(rows, np.int32),
        column_start=np.concatenate([np.zeros(1, np.int64), np.cumsum(_joined(values, np.int64))]),
        column_account=_joined(columns, np.int32),
        rate=_joined(rates, np.float64),
        degree=np.ascontiguousarray(
            np.array([null.facets[facet].degree for facet in facets], np.float64).reshape(len(facets), -1).T
        ),
        top_rate=np.array([null.facets[facet].top_rate for facet in facets], np.float64),
        facts=np.array([rule.facts for rule in rules], np.int64),
        cap=np.array([rule.cap if anchored else LIFT * rule.cap for rule in rules], np.float64),
        anchor=np.array([rule.anchor or not anchored for rule in rules], np.bool_),
        group=np.array([rule.group for rule in rules], np.int64),
        price=np.log(np.array(tested, np.float64)),
        group_price=np.log(np.maximum(members, 1).astype(np.float64)),
        groups=int((members > 0).sum()),
    )


def _joined(parts: list[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
