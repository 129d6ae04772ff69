"""An undetermined cluster says which input, missing from the logs, would decide it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from attribution.config import RingConfig
from attribution.domain import Verdict
from attribution.rings import verdict
from attribution.rings.indicators import INDICATORS
from attribution.rings.undecided import INPUTS, would_decide

NAMES = [indicator.name for indicator in INDICATORS]
ALWAYS = {"round_the_clock", "synchronous", "busy", "even_load"}
"""Questions that the time stamps and accounts of any log answer."""
CASES = Path(__file__).parent.parent / "cases" / "verdict"
CASE: dict[str, dict[str, Any]] = {
    case["name"]: case
    for name in ("covert", "innocent")
    for case in yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8"))
}


def asked(case: dict[str, Any], without: str) -> tuple[Verdict, tuple[str, ...]]:
    """Judge a case whose logs lack an input: the verdict, and what would decide."""
    k, n = np.zeros((1, len(NAMES))), np.zeros((1, len(NAMES)))
    for name, counts in case["observed"].items():
        if name not in INPUTS.get(without, ()):
            (k[0, NAMES.index(name)], n[0, NAMES.index(name)]) = counts
    size = np.array([case["size"]])
    scores = verdict.score(k, n, size)
    found = [what for what, _ in verdict.decide(scores, RingConfig())]
    return found[0], would_decide(scores, size, found, RingConfig())[0]


def test_every_question_that_a_log_may_leave_open_has_its_input() -> None:
    assert {name for asks in INPUTS.values() for name in asks} | ALWAYS == set(NAMES)
    firsts = [asks[0] for asks in INPUTS.values()]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("careful farm behind residential exits", "events.payment_id"),
        ("a card each, but few machines", "events.device_id"),
        ("farm of phones behind a carrier's gateways", "events.ip"),
        ("one person's trials", "events.prompt or events.template_id"),
    ],
)
def test_the_input_that_was_taken_away_is_named(name: str, without: str) -> None:
    assert without not in asked(CASE[name], "nothing")[1]
    found, missing = asked(CASE[name], without)
    assert found is Verdict.UNDETERMINED
    assert without in missing


def test_what_was_taken_away_from_the_cases_is_found_again() -> None:
    """Not always: an input is answered as an explanation expects, and a case may be odder than any."""
    undetermined = [
        (name, without, missing)
        for name, case in CASE.items()
        for without, asks in INPUTS.items()
        if asks[0] in case["observed"]
        for found, missing in [asked(case, without)]
        if found is Verdict.UNDETERMINED
    ]
    assert len(undetermined) > 20
    assert sum(without in missing for _, without, missing in undetermined) >= 0.8 * len(undetermined)


def test_a_decided_cluster_lacks_nothing() -> None:
    assert asked(CASE["careful farm behind residential exits"], "events.output_tokens") == (Verdict.COORDINATED, ())
