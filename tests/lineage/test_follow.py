"""What becomes of ids: kept through turnover, one heir to a merger or split, none given twice, reasons said."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.lineage import Event, Followed, Group, follow
from attribution.lineage.follow import fresh

if TYPE_CHECKING:
    from collections.abc import Iterable


def group(name: str, accounts: Iterable[int], cards: Iterable[str] = ()) -> Group:
    held = list(cards)
    return Group(name, {f"a{i:04d}": 1.0 for i in accounts}, {("payment", card): 1 / len(held) for card in held})


def event(found: Followed, name: str) -> tuple[Event, str | None]:
    step = next(step for step in found.steps if step.id == name)
    return step.event, step.other


def test_without_a_past_ids_are_what_the_content_gives() -> None:
    found = follow("ring", [], [group("ring-x", range(5)), group("ring-y", range(5, 10))])
    assert found.ids == {"ring-x": "ring-x", "ring-y": "ring-y"}
    assert {step.event for step in found.steps} == {Event.BORN}


def test_the_same_groups_keep_their_ids_and_nothing_happened() -> None:
    before = [group("old-1", range(10)), group("old-2", range(10, 30))]
    found = follow("ring", before, [group("new-b", range(10, 30)), group("new-a", range(10))])
    assert found.ids == {"new-a": "old-1", "new-b": "old-2"}
    assert [(s.event, s.joined, s.departed, s.overlap) for s in found.steps] == [(Event.KEPT, 0, 0, 1.0)] * 2


def test_growth_and_shrinking_keep_the_id_and_are_said() -> None:
    found = follow("ring", [group("old", range(20))], [group("new", range(200))])
    assert event(found, "old") == (Event.GREW, None)
    step = found.steps[0]
    assert (step.previous_size, step.size, step.joined, step.departed) == (20, 200, 180, 0)
    assert step.reason == "20 of 20 accounts are still in it, 180 joined, 0 left"
    assert event(follow("ring", [group("old", range(20))], [group("new", range(12))]), "old")[0] is Event.SHRANK


def test_a_merger_has_the_id_of_the_larger_part_and_says_what_went_into_it() -> None:
    before = [group("small", range(40)), group("large", range(40, 140))]
    found = follow("ring", before, [group("new", range(140))])
    assert found.ids == {"new": "large"}
    assert event(found, "small") == (Event.MERGED, "large")
    assert "40 of its 40 accounts are now in large" in {step.reason for step in found.steps}


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    found = follow("ring", [group("old", range(100))], [group("new-a", range(30)), group("new-b", range(30, 100))])
    assert found.ids == {"new-a": "new-a", "new-b": "old"}
    assert event(found, "new-a") == (Event.SPLIT, "old")


def test_split_and_merger_at_once_keep_the_most() -> None:
    before = [group("p", range(100)), group("q", range(100, 140))]
    after = [group("new-a", range(55)), group("new-b", range(55, 140))]
    assert follow("ring", before, after).ids == {"new-a": "p", "new-b": "q"}


def test_all_accounts_burned_but_the_cards_kept_is_the_same_ring() -> None:
    cards = ["c1", "c2", "c3", "c4"]
    before, after = [group("old", range(40), cards)], [group("new", range(100, 140), [*cards[:3], "c9"])]
    found = follow("ring", before, after)
    assert found.ids == {"new": "old"}
    assert "none of its 40 accounts is left" in found.steps[0].reason
    assert follow("ring", before, [group("new", range(100, 140), ["c1", "z1", "z2", "z3"])]).ids == {"new": "new"}


def test_an_end_says_where_the_accounts_are() -> None:
    after = [group(f"n{i}", [*range(10 * i, 10 * i + 10), *range(1000 + 40 * i, 1030 + 40 * i)]) for i in range(3)]
    present = {f"a{i:04d}" for i in range(2000) if i not in {98, 99}}
    found = follow("ring", [group("old", range(100))], after, present=present)
    step = next(step for step in found.steps if step.id == "old")
    assert step.event is Event.ENDED
    assert step.reason == "of its 100 accounts 30 are in other groups, 68 in none, 2 no longer in the logs"


def test_what_was_away_for_a_while_is_itself_again() -> None:
    away = [group("away", range(10))]
    found = follow("ring", [group("old", range(50, 60))], [group("new", range(9))], dormant=away, taken={"away"})
    assert found.ids == {"new": "away"}
    assert event(found, "away") == (Event.RETURNED, None)
    assert event(found, "old") == (Event.ENDED, None)


def test_a_new_group_never_gets_an_old_id() -> None:
    found = follow("ring", [], [group("ring-aaaa", range(5))], taken={"ring-aaaa"})
    assert found.ids["ring-aaaa"] != "ring-aaaa"
    assert found.ids["ring-aaaa"].startswith("ring-")
    assert fresh("ring-x-c1", {"ring-x-c1", "ring-x-c2"}) == "ring-x-c3"
    assert fresh("ring-x", set()) == "ring-x"


def test_the_order_of_groups_does_not_matter() -> None:
    rng = random.Random(5)  # noqa: S311  # a repeatable shuffle
    before = [group(f"old-{i}", range(20 * i, 20 * i + 20)) for i in range(8)]
    after = [group(f"new-{i}", [*range(20 * i + 3, 20 * i + 20), 900 + i]) for i in range(8)]
    wanted = follow("ring", before, after)
    for _ in range(5):
        rng.shuffle(before)
        rng.shuffle(after)
        assert follow("ring", before, after) == wanted


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_over_many_nights_every_group_has_one_id_and_none_is_given_twice(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # a repeatable history
    before: list[Group] = []
    given_ids: set[str] = set()
    gone: dict[str, Group] = {}
    for _ in range(12):
        accounts = list(range(60))
        rng.shuffle(accounts)
        cuts = sorted(rng.sample(range(1, 60), rng.randint(0, 5)))
        parts = [accounts[i:j] for i, j in zip([0, *cuts], [*cuts, 60], strict=True) if rng.random() < 0.8]
        after = [group(f"ring-{min(part)}", part) for part in parts]
        found = follow("ring", before, after, dormant=list(gone.values()), taken=given_ids)
        names = list(found.ids.values())
        assert len(names) == len(set(names)) == len(after)
        steps = {step.id: step.event for step in found.steps}
        assert len(steps) == len(found.steps)
        fresh_ids = {name for name, what in steps.items() if what in {Event.BORN, Event.SPLIT}}
        assert not fresh_ids & given_ids
        assert set(names) - fresh_ids <= {one.id for one in before} | gone.keys()
        assert {one.id for one in before} <= steps.keys()
        given_ids |= fresh_ids
        now = [Group(found.ids[one.id], one.members, one.marks) for one in after]
        gone = {n: g for n, g in (gone | {one.id: one for one in before}).items() if n not in set(names)}
        gone = {n: g for n, g in gone.items() if steps.get(n) is not Event.MERGED}
        before = now
