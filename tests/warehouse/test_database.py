"""Databases that the engine opens are silent: their progress would stand in standard output."""

from __future__ import annotations

import re
from pathlib import Path

from attribution.warehouse.database import connect, memory

ROOT = Path(__file__).parents[2]
SETTING = "select current_setting('enable_progress_bar')"


def test_no_database_draws_its_progress() -> None:
    with memory() as con:
        assert con.sql(SETTING).fetchall() == [(False,)]
    with connect(None) as con:
        assert con.sql(SETTING).fetchall() == [(False,)]


def test_every_database_is_opened_in_one_place() -> None:
    opening = {
        path.relative_to(ROOT).as_posix()
        for folder in ("attribution", "api", "graph_schema")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"duckdb\.connect\(", path.read_text("utf-8"))
    }
    assert opening == {"attribution/warehouse/database.py"}
