"""The mined templates, for those who read patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def template_table(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return all templates by id: template_id, pattern (slots as {}), example (slots masked), prompts seen."""
    return con.sql("select template_id, pattern, example, prompts from templates order by template_id").to_arrow_table()
