from __future__ import annotations

import dataclasses

import pytest

from attribution.errors import UsageError
from attribution.simulate import PRESETS, Attacks, Dials, WorldOptions, dials_at, preset


def test_every_preset_makes_options() -> None:
    for name in PRESETS:
        assert preset(name, accounts=1000).accounts == 1000


def test_anchors_are_met_exactly() -> None:
    assert dials_at(0.0) == Dials()
    assert dials_at(0.25).accounts_per_card == 5.0
    assert dials_at(0.75).paraphrase == "batch"
    assert dials_at(1.0).accounts_per_card == 1.0


def test_evasion_moves_every_dial_one_way() -> None:
    steps = [dials_at(step / 20) for step in range(21)]
    for one in dataclasses.fields(Dials):
        values = [getattr(step, one.name) for step in steps]
        if isinstance(values[0], str):
            continue
        values = [round(value, 9) for value in values]
        assert values in (sorted(values), sorted(values, reverse=True)), one.name


def test_dials_can_be_set_one_by_one() -> None:
    options = preset("private").with_dials(accounts_per_card=3.0)
    assert options.resolved == dataclasses.replace(dials_at(0.5), accounts_per_card=3.0)


def test_slow_rings_send_one_request_a_day() -> None:
    assert preset("slow").resolved.per_day == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accounts": 10}, "too few"),
        ({"evasion": 1.5}, "evasion is 1.5"),
        ({"labs": 0}, "0 labs"),
        ({"days": 1}, "days"),
        ({"rings": 9000}, "do not fit"),
        ({"drop": ("colour",)}, "cannot drop 'colour'"),
        ({"file_format": "xlsx"}, "xlsx"),
        ({"dials": Dials(paraphrase="sometimes")}, "sometimes"),
    ],
)
def test_impossible_worlds_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        WorldOptions(**changes)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(UsageError, match="no preset 'easy'"):
        preset("easy")


def test_attacks_are_off_unless_asked_for() -> None:
    assert WorldOptions().attacks == Attacks()
