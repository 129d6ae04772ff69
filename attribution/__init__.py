"""Finds distillation campaigns in an AI provider's API logs.

The public surface is what `__all__` names, and nothing else:

>>> import attribution
>>> result = attribution.run("world", labs="world/labs.yaml", out="out")  # doctest: +SKIP
>>> result.tables["rings"].num_rows  # doctest: +SKIP
9

Labelled worlds come from `attribution.simulate`, scores from `attribution.evaluate`. Names are loaded when first
used, so that `import attribution` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attribution.config import Config, load_config
    from attribution.errors import (
        AttributionError,
        ConfigError,
        DossierError,
        InputError,
        JudgementError,
        NotFoundError,
        StoreError,
        UsageError,
    )
    from attribution.inquiry import why
    from attribution.investigate import ask
    from attribution.pipeline import Result, run

__all__ = [
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

_HOME = {
    "Config": "config",
    "load_config": "config",
    "Result": "pipeline",
    "run": "pipeline",
    "why": "inquiry",
    "ask": "investigate",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'attribution' has no attribute {name!r}")
    return getattr(import_module(f"attribution.{_HOME.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
