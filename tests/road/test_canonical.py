"""The detail of evidence is written as Python's own JSON encoder writes it, whichever encoder does it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attribution.tables import canonical

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def python_writes(detail: dict[str, object]) -> str:
    return json.dumps(detail, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), VALUES, max_size=6))
@example({"small": 9.3e-05, "smaller": 1e-7, "large": 1e16, "zero": -0.0, "none": None})
@example({"text": '\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', "é": 1, "\uffff": 2, "😀": 3})
@example({"hours": {10: 1, 2: 1, 1: 1}, "beta": (1, 2.5), "numpy": np.float64(0.1)})
def test_both_encoders_write_the_same_bytes(detail: dict[str, object]) -> None:
    assert canonical(detail) == python_writes(detail)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_an_error_and_not_null(wrong: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"nats": [0.5, wrong]})
