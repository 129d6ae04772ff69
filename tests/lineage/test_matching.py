"""Assignment: optimal on small blocks, the same by both solvers, and what an overlap is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.lineage import matching
from attribution.lineage.matching import LEAST, Group, assign, compare

members = st.dictionaries(st.sampled_from([f"a{i}" for i in range(12)]), st.floats(0.1, 1.0), min_size=1, max_size=8)
marks = st.dictionaries(st.tuples(st.just("payment"), st.sampled_from("xyzw")), st.floats(0.1, 1.0), max_size=3)
sides = st.lists(st.tuples(members, marks), min_size=1, max_size=4)


def groups(side: list[tuple[dict[str, float], dict[tuple[str, str], float]]]) -> list[Group]:
    made = []
    for at, (accounts, cards) in enumerate(side):
        total = sum(cards.values()) or 1.0
        made.append(Group(f"g{at}", accounts, {key: value / total for key, value in cards.items()}))
    return made


def overlap(p: Group, c: Group) -> tuple[float, float]:
    """Return overlap and shared weight of one pair, by the definition."""
    common = sum(min(p.members[a], c.members[a]) for a in p.members.keys() & c.members.keys())
    same = sum(min(p.marks[v], c.marks[v]) for v in p.marks.keys() & c.marks.keys())
    say = matching.MARKS if p.marks and c.marks else 0.0
    heavy = sum(p.members.values()), sum(c.members.values())
    parts = [(1 - say) * common / w + say * same for w in heavy]
    return sum(parts) / 2, (parts[0] * heavy[0] + parts[1] * heavy[1]) / 2


@settings(max_examples=150)
@given(sides, sides)
def test_the_assignment_keeps_as_much_as_the_best_of_all(one: list, two: list) -> None:
    before, after = groups(one), groups(two)
    heir = assign(compare(before, after), (len(before), len(after)))
    taken = [c for c in heir.tolist() if c >= 0]
    assert len(taken) == len(set(taken))
    value = [[mass if share >= LEAST else 0.0 for share, mass in (overlap(p, c) for c in after)] for p in before]
    kept = sum(value[p][c] for p, c in enumerate(heir.tolist()) if c >= 0)
    width = max(len(before), len(after))
    padded = [[value[p][c] if p < len(before) and c < len(after) else 0.0 for c in range(width)] for p in range(width)]
    best = max(sum(padded[p][c] for p, c in enumerate(order)) for order in permutations(range(width)))
    assert kept == pytest.approx(best, abs=1e-9)
    assert all(value[p][c] > 0 for p, c in enumerate(heir.tolist()) if c >= 0)


@settings(max_examples=60)
@given(sides, sides)
def test_large_blocks_are_solved_as_well_as_small_ones(one: list, two: list) -> None:
    before, after = groups(one), groups(two)
    pairs, sizes = compare(before, after), (len(before), len(after))
    at = {(p, c): m for p, c, m in zip(pairs.before.tolist(), pairs.after.tolist(), pairs.mass.tolist(), strict=True)}
    kept = []
    for dense in (500, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(matching, "DENSE", dense)
            heir = assign(pairs, sizes)
        kept.append(sum(at[p, c] for p, c in enumerate(heir.tolist()) if c >= 0))
    assert kept[0] == pytest.approx(kept[1], abs=1e-9)


def test_the_same_groups_are_themselves_whatever_else_they_share() -> None:
    rng = np.random.default_rng(3)
    made = [
        Group(f"g{at:02d}", {f"a{i}": 1.0 for i in rng.choice(60, 20, replace=False)}, {("device", f"d{at % 3}"): 1.0})
        for at in range(25)
    ]
    assert assign(compare(made, made), (25, 25)).tolist() == list(range(25))


def test_nothing_in_common_is_no_match() -> None:
    one, two = Group("a", {"x": 1.0}, {}), Group("b", {"y": 1.0}, {})
    assert assign(compare([one], [two]), (1, 1)).tolist() == [-1]
    assert assign(compare([], [two]), (0, 1)).tolist() == []
