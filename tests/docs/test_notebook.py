"""The notebook runs from top to bottom, and its pictures are pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
from nbconvert.preprocessors import ExecutePreprocessor

if TYPE_CHECKING:
    import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "demo.py"


def test_the_notebook_runs_on_a_world_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATTRIBUTION_RESULT", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    notebook = jupytext.read(NOTEBOOK)
    ran, _ = ExecutePreprocessor(timeout=120, kernel_name="python3").preprocess(
        notebook, {"metadata": {"path": str(tmp_path)}}
    )
    outputs = [output for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"].get("text/html", "") for output in outputs if "data" in output]
    charts = [html for html in shown if "vega-lite" in html]
    tables = [html for html in shown if "<table" in html]
    assert len(charts) >= 6
    assert len(tables) >= 7
    said = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    assert "weights recomputed" in said
    assert not [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
