from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attribution.simulate import preset, simulate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def moderate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("moderate"), preset("moderate", accounts=5000, seed=11)).path
