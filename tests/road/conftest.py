"""One small labelled world and one run on it, made once for all tests of the whole road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attribution import pipeline
from attribution.simulate import preset, simulate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, preset("moderate", accounts=2_500, rings=3, seed=71))
    return folder


@pytest.fixture(scope="session")
def result(world: Path, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Result:
    return pipeline.run(world, labs=world / "labs.yaml", out=tmp_path_factory.mktemp("out"), seed=3)
