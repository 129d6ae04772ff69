r"""Which of the groups of one run is which of the next: optimal assignment on what they share.

A group is its members and its marks (cards, devices, addresses, templates that are its own), both weighted. What of
$p$ is found again in $c$ is

$$ k_{pc} = (1-\lambda) \frac{\sum_{a} \min(w_p(a), w_c(a))}{\sum_a w_p(a)} + \lambda \sum_{v} \min(m_p(v), m_c(v)) $$

with $\lambda$ = `MARKS` where both have marks, else 0; likewise $k_{cp}$. A pair may be the same group where
$(k_{pc} + k_{cp}) / 2 \ge$ `LEAST`: the mean, not the Jaccard index, because a ring that grew tenfold or swallowed
another one is still itself. Among the pairs that may, the assignment keeps the greatest total of shared weight: the
heir of a merger is the part that brought most, the heir of a split the part that took most. Pairs fall into blocks
that share no group (connected components), each solved by itself (Jonker and Volgenant 1987, as in
`scipy.optimize.linear_sum_assignment`), so the cost is the largest block's cube and not everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MARKS = 0.5
"""Part of the overlap that marks decide, members the rest: a ring whose accounts all burned is known by its cards."""
LEAST = 0.35
"""Overlap under which nothing of the one group is said to live on in the other."""
DENSE = 500
"""Groups on either side of a block up to which it is solved as a full matrix."""


@dataclass(frozen=True, slots=True)
class Group:
    """A ring or campaign as lineage sees it: weights of members (confidence, share) and of marks, which sum to 1."""

    id: str
    members: Mapping[str, float]
    marks: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What groups of two runs have in common, one row a pair that shares anything, by (before, after).

    Attributes
    ----------
    before, after : int64 (pairs,), positions.
    kept : float64 (pairs,), part of `before` that is found again in `after`.
    made : float64 (pairs,), part of `after` that `before` had.
    mass : float64 (pairs,), shared weight, in accounts.
    shared : int64 (pairs,), accounts that are in both.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    kept: NDArray[np.float64]
    made: NDArray[np.float64]
    mass: NDArray[np.float64]
    shared: NDArray[np.int64]

    @property
    def overlap(self) -> NDArray[np.float64]:
        """Mean of both parts."""
        return (self.kept + self.made) / 2.0


def compare(before: Sequence[Group], after: Sequence[Group]) -> Pairs:
    """Return all pairs that share a member or a mark. O(n log n) in memberships and marks."""
    members = _meet(_frame([g.members for g in before]), _frame([g.members for g in after]))
    marks = _meet(_frame(_marks(before)), _frame(_marks(after)))
    both = members.join(marks.rename(columns=lambda name: f"{name}_marks"), how="outer").fillna(0.0).sort_index()
    left = both.index.get_level_values("before").to_numpy(np.int64)
    right = both.index.get_level_values("after").to_numpy(np.int64)
    heavy = [np.array([sum(g.members.values()) for g in side], np.float64) for side in (before, after)]
    marked = [np.array([bool(g.marks) for g in side], bool) for side in (before, after)]
    say = np.where(marked[0][left] & marked[1][right], MARKS, 0.0)
    common, same = both["weight"].to_numpy(np.float64), both["weight_marks"].to_numpy(np.float64)
    kept = (1.0 - say) * _part(common, heavy[0][left]) + say * same
    made = (1.0 - say) * _part(common, heavy[1][right]) + say * same
    mass = (kept * heavy[0][left] + made * heavy[1][right]) / 2.0
    return Pairs(left, right, kept, made, mass, both["shared"].to_numpy(np.float64).astype(np.int64))


def assign(pairs: Pairs, sizes: tuple[int, int]) -> NDArray[np.int64]:
    """Return, for each group before, the position of its heir, or -1. `sizes`: groups before and after."""
    heir = np.full(sizes[0], -1, np.int64)
    may = np.flatnonzero(pairs.overlap >= LEAST)
    if not len(may):
        return heir
    left, right, mass = pairs.before[may], pairs.after[may], pairs.mass[may]
    nodes = sizes[0] + sizes[1]
    graph = coo_matrix((np.ones(len(may)), (left, sizes[0] + right)), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    block = label[left]
    order = np.argsort(block, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        first, second = _block(left[rows], right[rows], mass[rows])
        heir[first] = second
    return heir


def _block(
    left: NDArray[np.int64], right: NDArray[np.int64], mass: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Solve one block; a group may stay alone."""
    rows, row = np.unique(left, return_inverse=True)
    columns, column = np.unique(right, return_inverse=True)
    if max(len(rows), len(columns)) <= DENSE:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # a tenth of a second, and a first run has no use

        matrix = np.zeros((len(rows), len(columns)))
        matrix[row, column] = mass
        one, two = linear_sum_assignment(matrix, maximize=True)
        real = matrix[one, two] > 0.0
        return rows[one[real]], columns[two[real]]
    # A column of one's own for everybody who stays alone: then a full matching exists, and the matrix stays sparse.
    alone, most = np.arange(len(rows)), float(mass.max()) + 1.0
    cost = np.concatenate([most - mass, np.full(len(rows), most)])
    at = np.concatenate([row, alone]), np.concatenate([column, len(columns) + alone])
    one, two = min_weight_full_bipartite_matching(
        coo_matrix((cost, at), shape=(len(rows), len(columns) + len(rows))).tocsr()
    )
    real = two < len(columns)
    return rows[one[real]], columns[two[real]]


def _frame(groups: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    items = [(at, key, weight) for at, group in enumerate(groups) for key, weight in group.items()]
    return pd.DataFrame(
        {
            "group": np.array([at for at, _, _ in items], np.int64),
            "key": pd.array([key for _, key, _ in items], dtype="str"),
            "weight": np.array([weight for _, _, weight in items], np.float64),
        }
    )


def _marks(groups: Sequence[Group]) -> list[dict[str, float]]:
    return [{"\0".join(key): weight for key, weight in group.marks.items()} for group in groups]


def _meet(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return shared weight and number of shared keys for each pair of groups that share one."""
    met = before.merge(after, on="key", suffixes=("_before", "_after")).sort_values(
        ["group_before", "group_after", "key"], kind="stable"
    )
    met["weight"] = np.minimum(met["weight_before"].to_numpy(), met["weight_after"].to_numpy())
    grouped = met.groupby(["group_before", "group_after"], sort=True)["weight"]
    found = pd.DataFrame({"weight": grouped.sum(), "shared": grouped.size()})
    found.index.names = ["before", "after"]
    return found


def _part(common: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(common, whole, out=np.zeros(len(common)), where=whole > 0)
