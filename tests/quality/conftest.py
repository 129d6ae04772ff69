"""Benchmarks as modules: what their scripts are made of, imported for the time of a file's tests."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "quality"


@contextmanager
def lent(name: str) -> Iterator[Any]:
    """Import a script of `benchmarks/quality`; its neighbours are importable as well until it is given back."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module(name)
    sys.path.remove(str(BENCHMARKS))
    for module in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]


@pytest.fixture(scope="module")
def subset() -> Iterator[Any]:
    with lent("subset") as module:
        yield module


@pytest.fixture(scope="module")
def fitting() -> Iterator[Any]:
    with lent("attribution_fit") as module:
        yield module
