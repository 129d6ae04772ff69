"""The engine's version, as installed."""

from __future__ import annotations

from importlib.metadata import version

DISTRIBUTION = "attribution-engine"
DEPENDENCIES = ("duckdb", "igraph", "leidenalg", "numba", "numpy", "pandas", "pyarrow", "scipy")
"""Libraries whose version can change a result: they are part of the manifest."""


def engine() -> str:
    """Return the version of the engine."""
    return version(DISTRIBUTION)


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that results depend on."""
    return {name: version(name) for name in DEPENDENCIES}
