"""The notebooks run from top to bottom, and their pictures are pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def _outputs(notebook: Path, folder: Path) -> list[NotebookNode]:
    ran, _ = ExecutePreprocessor(timeout=120, kernel_name="python3").preprocess(
        jupytext.read(notebook), {"metadata": {"path": str(folder)}}
    )
    return [output for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]


def test_the_notebook_runs_on_a_world_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATTRIBUTION_RESULT", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    outputs = _outputs(NOTEBOOKS / "demo.py", tmp_path)
    shown = [output["data"].get("text/html", "") for output in outputs if "data" in output]
    charts = [html for html in shown if "vega-lite" in html]
    tables = [html for html in shown if "<table" in html]
    assert len(charts) >= 6
    assert len(tables) >= 7
    said = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    assert "weights recomputed" in said
    assert not [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]


def test_the_notebook_on_real_retweets_says_why_nobody_is_accused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "ATTRIBUTION_REAL_DATA" not in os.environ:
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail("REAL DATA IS NOT TESTED: ATTRIBUTION_REAL_DATA is not set")
        pytest.skip("REAL DATA IS NOT TESTED: see docs/real-data.md")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    outputs = _outputs(NOTEBOOKS / "retweets.py", tmp_path)
    said = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    assert "adjusted Rand index between two seeds: 1.000" in said or "seeds: 0.9" in said
    assert "cannot be decided" in said
    assert not [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
