"""Events of rings by day."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd


def daily(con: duckdb.DuckDBPyConnection, accounts: Sequence[str], rings: Sequence[str]) -> pd.DataFrame:
    """Count the events of each ring and day (UTC): columns ring_id, day, events, in that order.

    `accounts` and `rings` are parallel: one entry a membership.
    """
    members = pa.table({"account_id": pa.array(accounts, pa.string()), "ring_id": pa.array(rings, pa.string())})
    con.register("ring_members", members)
    try:
        counted: pd.DataFrame = con.sql(files("attribution.warehouse").joinpath("daily.sql").read_text("utf-8")).df()
        return counted
    finally:
        con.unregister("ring_members")
