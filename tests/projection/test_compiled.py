"""Machine code on disk is fresh: a change in a file that a compiled function calls into compiles it anew."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "far.py": "LEAST = {value}\n\n\n@compiled\ndef far(x):\n    return x + LEAST\n",
    "middle.py": "from far import far\n\n\n@compiled\ndef middle(x):\n    return far(x)\n",
    "near.py": "from middle import middle\n\n\n@compiled\ndef near(x):\n    return middle(x)\n",
}
ASK = "from near import near; print(near(1), sum(near.stats.cache_hits.values()))"


def answer(folder: Path, value: int) -> str:
    for name, text in FILES.items():
        source = "from attribution.compiled import compiled\n" + text.format(value=value)
        if not (folder / name).exists() or (folder / name).read_text() != source:
            (folder / name).write_text(source)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # this interpreter, and text from above
        [sys.executable, "-c", ASK], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_a_change_two_files_away_is_compiled_and_nothing_else_is(tmp_path: Path) -> None:
    assert answer(tmp_path, 1) == "2 0"
    assert answer(tmp_path, 1) == "2 1"
    assert answer(tmp_path, 5) == "6 0"
    assert answer(tmp_path, 5) == "6 1"
