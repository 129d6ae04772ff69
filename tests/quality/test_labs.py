"""A fixed world of the attribution benchmark: names are given, and none is wrong."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "quality"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    loaded = [importlib.import_module(name) for name in ("attribution_rows", "attribution_quality")]
    yield loaded
    for name in [name for name in sys.modules if name.startswith("attribution_")]:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_names_are_right_or_withheld(benchmark: Any) -> None:
    rows_module, quality = benchmark
    options = rows_module.options_of(601, 0.0, accounts=1_500, rings=6)
    rows, _ = rows_module.rows_of(
        rows_module.case(options, ("full", "no infrastructure")), "601", ("full", "no infrastructure")
    )
    fitted = quality.load_coefficients()
    answer = quality.answers(fitted)["engine"]
    full = quality.scores([row for row in rows if row.state == "full"], answer)
    assert full[0] >= 0.5
    assert full[1:] == (0.0, 0.0)
    bare = quality.scores([row for row in rows if row.state == "no infrastructure"], answer)
    assert bare == (0.0, 0.0, 0.0)
