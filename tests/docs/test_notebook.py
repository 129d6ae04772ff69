"""The notebooks run from top to bottom, their pictures are pictures, their prose holds no figure of its own."""

from __future__ import annotations

import base64
import importlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

from attribution import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    import neo4j_server
    from nbformat import NotebookNode

    from attribution.store.neo4j_client import Client

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ON_THE_SMALL_WORLD = {
    # pictures, and what is printed at least
    "first_look": (4, ["events of 1,500 accounts", "and one group holds", "coordinated: "]),
    "inside_a_ring": (7, ["Reason: ", "cards that they share", "nats, computed from:"]),
    "why_not_flagged": (3, ["linked: False", "needed 1.4e-04", "cannot be decided", "are in no cluster."]),
    "who_benefits": (4, ["benefits. Analytic confidence", "abstains", "is named up to odds of", "no lab is named."]),
    "two_nights": (
        3,
        ["second night: ", "had sent nothing on the first night", "by judgement (mara", "The engine says coordinated"],
    ),
    "ring_as_graph": (
        4,
        ["By cards and devices alone it falls into", "the only tie between two parts", "clustering 0."],
    ),
}
WRITTEN_OUT = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True)
class Ran:
    """What a notebook showed and said."""

    charts: int
    tables: int
    said: str


def run(name: str) -> Ran:
    """Run a notebook where it stands: nothing may go to standard error, pictures are drawn without a network."""
    ran, _ = ExecutePreprocessor(timeout=240, kernel_name="python3").preprocess(
        jupytext.read(NOTEBOOKS / f"{name}.py"), {"metadata": {"path": str(NOTEBOOKS)}}
    )
    outputs: list[NotebookNode] = [o for cell in ran.cells if cell.cell_type == "code" for o in cell.outputs]
    assert not [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    html = [output["data"].get("text/html", "") for output in outputs if "data" in output]
    return Ran(
        charts=len(pictures),
        tables=sum("<table" in text for text in html),
        said="".join(o.text for o in outputs if o.output_type == "stream"),
    )


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what notebooks make, and an environment in which they depend on nobody's settings."""
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ATTRIBUTION_RESULT", raising=False)
        patch.setenv("ATTRIBUTION_NOTEBOOKS", str(folder))
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        yield folder


@pytest.mark.usefixtures("quiet")
def test_the_notebook_runs_on_a_world_of_its_own() -> None:
    ran = run("demo")
    assert ran.charts >= 6
    assert ran.tables >= 7
    assert "weights recomputed" in ran.said


@pytest.mark.parametrize("name", ON_THE_SMALL_WORLD)
def test_each_notebook_tells_its_story_on_the_small_world(name: str, quiet: Path) -> None:
    ran = run(name)
    charts, said = ON_THE_SMALL_WORLD[name]
    assert ran.charts == charts
    for text in said:
        assert text in ran.said
    summary = report.read(quiet / "two-nights" / "second").summary
    assert summary.coordinated, "a world without a ring has no story"
    assert summary.undetermined
    assert summary.named
    assert summary.abstained


def test_the_small_world_is_kept_until_the_engine_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(NOTEBOOKS)
    monkeypatch.setenv("ATTRIBUTION_NOTEBOOKS", str(tmp_path))
    small_world = importlib.import_module("small_world")
    made: list[int] = []

    def make(at: object) -> None:
        made.append(1)
        at.folder.mkdir()  # type: ignore[attr-defined]  # the module is found at run time

    monkeypatch.setattr(small_world, "_make", make)
    folder = small_world.nights().folder
    assert small_world.nights().folder == folder
    assert len(made) == 1
    os.utime(folder, (1, 1))
    small_world.nights()
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["two-nights"]


@pytest.mark.neo4j
@pytest.mark.usefixtures("quiet", "neo4j_environment")
def test_the_notebook_on_neo4j(graph: Client, neo4j: neo4j_server.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert graph.read("RETURN 1 AS n")
    monkeypatch.setenv("ATTRIBUTION_STORE", neo4j.url)
    ran = run("in_neo4j")
    assert "2 runs, the same content in the graph as in the file" in ran.said
    assert ran.charts == 2
    assert ran.tables == 4
    assert ran.said.count("Blocking ") == 2
    assert graph.read("MATCH (run:Run) RETURN count(run) AS n") == [{"n": 2}]


@pytest.mark.usefixtures("quiet")
def test_the_notebook_on_real_retweets_says_why_nobody_is_accused() -> None:
    if "ATTRIBUTION_REAL_DATA" not in os.environ:
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail("REAL DATA IS NOT TESTED: ATTRIBUTION_REAL_DATA is not set")
        pytest.skip("REAL DATA IS NOT TESTED: see docs/real-data.md")
    ran = run("retweets")
    found = re.search(r"adjusted Rand index between two seeds: ([\d.]+) over", ran.said)
    assert found is not None
    assert float(found[1]) >= 0.95
    assert "undetermined: " in ran.said
    assert ran.said.count("cannot be decided") == 4, "the strongest ones, each with its reason"
    assert "private circle: " in ran.said
    assert "audience: " in ran.said
    assert "The reason of every cluster: no places, instruments or devices are known" in ran.said
    assert ran.charts == 3


@pytest.mark.parametrize("name", [*ON_THE_SMALL_WORLD, "in_neo4j", "retweets"])
def test_prose_holds_no_figure_that_the_code_should_compute(name: str) -> None:
    book = jupytext.read(NOTEBOOKS / f"{name}.py")
    assert book.cells[0].source.startswith("# "), "the first cell is the title, not jupytext's header"
    cells = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|Neo4j|co_retweets", "", "\n".join(cells))
    assert len(cells) >= 4
    assert not WRITTEN_OUT.findall(prose)
