from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from attribution.config import LabConfig
from attribution.labs.core import Core, Unit, worded
from attribution.labs.coverage import Coverage, coverage_of, coverage_row, partly_covered
from attribution.labs.naming import Prior, decide
from attribution.labs.orders import CERTAIN, by_orders
from attribution.labs.tenants import best_split
from attribution.labs.together import by_affinity

ASKED = {"t1": "tool_use", "t2": "roleplay", "t3": "general"}


def sent(part: list[float], events: int = 20) -> pd.DataFrame:
    """Exchanges of accounts that ask for `tool_use` in these parts, and for something unrecognised."""
    rows = [
        (f"acc-{number:02d}", template, count)
        for number, one in enumerate(part)
        for template, count in (("t1", round(one * events)), ("t2", events - round(one * events)), ("t3", 5))
        if count
    ]
    return pd.DataFrame(rows, columns=["account_id", "template_id", "events"])


def test_accounts_that_serve_one_client_are_covered_alike() -> None:
    (one,) = coverage_of(sent([0.5] * 40), ASKED, [("tool_use",)])
    assert one is not None
    assert (one.listed, one.accounts, one.partial) == (0.5, 40, False)
    assert one.leaning < 0


def test_accounts_of_two_clients_are_not() -> None:
    (one,) = coverage_of(sent([0.0, 1.0, 0.2, 0.9] * 10), ASKED, [("tool_use",)])
    assert one is not None
    assert one.partial
    assert one.leaning > 10


def test_a_list_that_covers_all_or_next_to_nothing_leaves_no_room_for_another() -> None:
    both, few = coverage_of(sent([0.0, 1.0] * 20), ASKED, [("tool_use", "roleplay"), ("multilingual",)])
    assert both is not None
    assert few is not None
    assert both.listed == 1.0
    assert few.listed == 0.0
    assert not both.partial
    assert not few.partial


def test_nothing_listed_or_nothing_recognised_is_unknown() -> None:
    assert coverage_of(sent([0.5] * 9), ASKED, [()]) == (None,)
    assert coverage_of(sent([0.5] * 9), {}, [("tool_use",)]) == (None,)


def test_row_order_changes_nothing() -> None:
    rows = sent([0.1, 0.8, 0.5] * 9)
    turned = rows.sample(frac=1.0, random_state=1)
    assert coverage_of(rows, ASKED, [("tool_use",)]) == coverage_of(turned, ASKED, [("tool_use",)])


def test_a_lab_whose_content_covers_a_part_is_not_named() -> None:
    sums = {"a": {"place": 4.0, "content": 3.0}, "b": {"content": -1.0}}
    plain = decide(sums, ("a", "b"), Prior(0.5), 0.0, LabConfig())
    assert plain.named == "a"
    said = decide(sums, ("a", "b"), Prior(0.5), 0.0, LabConfig(), partly={"a"})
    assert said.named is None
    assert "two clients" in said.reason
    assert decide(sums, ("a", "b"), Prior(0.5), 0.0, LabConfig(), partly={"b"}).named == "a"


def test_two_labs_that_would_each_be_named_may_be_two_clients() -> None:
    strong, weak = {"place": 5.0, "content": 4.0}, {"place": 2.0, "content": 2.5}
    said = decide({"a": strong, "b": weak}, ("a", "b"), Prior(0.5), 0.0, LabConfig())
    assert said.named == "a"  # what speaks for b is no more than chance leaves
    sums = {"a": {"place": 9.0, "content": 4.0}, "b": strong}
    both = decide(sums, ("a", "b"), Prior(0.5), 0.0, LabConfig(), names={"a": "Amber", "b": "Basalt"})
    assert both.named is None
    assert "Amber and Basalt would each be named without the other: there may be two clients" in both.reason
    only = decide({"a": sums["a"], "b": {"place": 9.0}}, ("a", "b"), Prior(0.5), 0.0, LabConfig())
    assert only.named == "a"  # infrastructure alone names nobody, and is no second client


def test_the_row_weighs_nothing_and_says_what_the_rule_reads() -> None:
    row = coverage_row("c1", "a", Coverage(0.5, 12.0, 40))
    assert row.weight == 0.0
    assert partly_covered((row, coverage_row("c1", "b", Coverage(0.5, 9.0, 40)))) == {"a"}


# ── divisions by orders ─────────────────────────────────────────────────────────────────────────────────────────────


def core(use: np.ndarray, asked: list[str]) -> Core:
    nothing = np.zeros(24, dtype=np.int64)
    units = tuple(
        Unit((f"t{n}",), "text", np.flatnonzero(use[:, n]).astype(np.int32), int(use[:, n].sum()), 9, nothing,
             nothing[:7], nothing[:3], nothing[:2], {name: 1.0} if name else {})
        for n, name in enumerate(asked)
    )  # fmt: skip
    return Core(units, use, use.sum(axis=1), np.zeros(len(use), dtype=bool))


@pytest.fixture
def two() -> Core:
    """Forty accounts that serve two clients in parts of their own; each client orders two capabilities."""
    rng = np.random.default_rng(5)
    part = rng.beta(1.0, 1.0, 40)[:, np.newaxis] * [1.0, 1.0, 0, 0, 1.0]
    part[:, 2:4] = 1.0 - part[:, [0]]
    return core(rng.poisson(6 * part), ["tool_use", "roleplay", "multilingual", "rubric_grading", ""])


def test_orders_tell_clients_apart_by_who_serves_them(two: Core) -> None:
    found = by_orders(two)
    assert found is not None
    assert found.label.tolist() == [0, 0, 1, 1, 0]  # the unrecognised one goes with the accounts that send it
    assert found.gain >= CERTAIN


def test_accounts_that_serve_all_alike_are_not_divided() -> None:
    use = np.random.default_rng(6).poisson(4.0, (40, 4))
    assert by_orders(core(use, ["tool_use", "roleplay", "multilingual", "rubric_grading"])) is None


def test_one_capability_is_no_division(two: Core) -> None:
    same = tuple(dataclasses.replace(unit, targets={"tool_use": 1.0}) for unit in two.units)
    assert by_orders(dataclasses.replace(two, units=same)) is None


# ── divisions by what goes together ─────────────────────────────────────────────────────────────────────────────────


def batches(parts: np.ndarray, templates: int, capabilities: tuple[list[str], list[str]]) -> tuple[Core, list[int]]:
    """Three batches of accounts, each told the tasks of both clients in wordings of its own; client of each unit."""
    rng = np.random.default_rng(8)
    size, asked, client = len(parts) // 3, [], []
    use = np.zeros((len(parts), 6 * templates), dtype=np.int64)
    for batch in range(3):
        rows = slice(batch * size, (batch + 1) * size)
        for side in (0, 1):
            share = parts[rows] if side == 0 else 1.0 - parts[rows]
            for number in range(templates):
                use[rows, len(asked)] = rng.poisson(8.0 * share)
                asked.append(capabilities[side][number % len(capabilities[side])])
                client.append(side)
    order = rng.permutation(len(asked))
    return core(use[:, order], [asked[n] for n in order]), [client[n] for n in order]


def test_clients_of_batches_with_own_wordings_are_divided() -> None:
    parts = np.random.default_rng(9).beta(1.0, 1.0, 60)
    ring, client = batches(parts, 4, (["tool_use", "roleplay", "general"], ["multilingual", "general"]))
    truth = [one if client[0] == 0 else 1 - one for one in client]
    sides = [side.tolist() for side in by_affinity(ring)]
    assert any(side in (truth, [1 - one for one in truth]) for side in sides)
    split, _ = best_split(ring, LabConfig())
    assert split is not None
    assert split.label.tolist() == truth


def test_batches_of_one_client_are_not_divided() -> None:
    ring, _ = batches(np.full(60, 0.5), 4, (["tool_use", "roleplay"], ["tool_use", "roleplay"]))
    assert best_split(ring, LabConfig())[0] is None


def test_a_handful_of_templates_has_no_affinity(two: Core) -> None:
    few = core(two.use[:, :3], ["tool_use", "roleplay", "multilingual"])
    assert list(by_affinity(few)) == []


# ── what is worded alike ────────────────────────────────────────────────────────────────────────────────────────────


def test_units_of_one_wording_are_one_again_and_each_part_knows_its_unit(two: Core) -> None:
    cut = dataclasses.replace(two, wording=(3, 1, 3, 2, 1))
    whole, part = worded(cut)
    assert part.tolist() == [2, 0, 2, 1, 0]
    assert [unit.templates for unit in whole.units] == [("t1", "t4"), ("t3",), ("t0", "t2")]
    assert (whole.use[:, part[0]] == two.use[:, 0] + two.use[:, 2]).all()
    assert whole.use.sum() == two.use.sum() == sum(unit.events for unit in whole.units)
    main = max((two.units[0], two.units[2]), key=lambda unit: unit.events)
    assert whole.units[2].targets == main.targets
    assert whole.units[2].accounts.tolist() == np.flatnonzero(two.use[:, 0] + two.use[:, 2]).tolist()


def test_without_wordings_each_unit_stays_itself(two: Core) -> None:
    whole, part = worded(two)
    assert part.tolist() == [0, 1, 2, 3, 4]
    assert (whole.use == two.use).all()
