"""The heavy aggregations: plain SQL files run on DuckDB, and the tables that come out of them."""

from attribution.warehouse.daily import daily
from attribution.warehouse.database import connect
from attribution.warehouse.fingerprint import fingerprint
from attribution.warehouse.population import population
from attribution.warehouse.templates import template_table
from attribution.warehouse.traffic import traffic

__all__ = ["connect", "daily", "fingerprint", "population", "template_table", "traffic"]
