"""The public surface is pinned: adding or removing a name is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys

import attribution

PUBLIC = [
    "AttributionError",
    "Config",
    "ConfigError",
    "DossierError",
    "InputError",
    "JudgementError",
    "NotFoundError",
    "Result",
    "StoreError",
    "UsageError",
    "ask",
    "load_config",
    "run",
    "why",
]


def test_public_names() -> None:
    assert sorted(attribution.__all__) == PUBLIC
    assert all(getattr(attribution, name) is not None for name in PUBLIC)
    assert dir(attribution) == PUBLIC


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, attribution; print(sorted({'pandas', 'numba', 'duckdb', 'igraph'} & sys.modules.keys()))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
