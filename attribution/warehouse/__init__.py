"""The heavy aggregations: plain SQL files run on DuckDB, and the tables that come out of them."""

from attribution.warehouse.population import population

__all__ = ["population"]
