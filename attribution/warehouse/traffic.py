"""What the members of coordinated rings sent: the aggregates that campaigns are split by and attributed on."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from attribution.domain import Traffic
from attribution.warehouse.database import holds_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

CONTROLS = 2_000
"""Accounts outside rings that the event study compares with."""
SAMPLE = 20_000
"""Accounts outside rings whose addresses, cards and devices are the base rates of a dossier's facts."""
PLACES = 2_000_000
"""Rows of template by address kept, the busiest first."""

FROM_EDGES = ("core", "watched", "exchanges", "addresses", "cards", "devices")
"""What usage edges tell as well; the rest, asked of exchanges that are not there, is empty: unknown."""

TIMES = ("first_seen", "last_seen", "released", "day")
NULLABLE = ("input_tokens", "output_tokens", "refused", "asn")


def traffic(
    con: duckdb.DuckDBPyConnection,
    accounts: Sequence[str],
    rings: Sequence[str] | None = None,
    *,
    controls: int = CONTROLS,
    sample: int = SAMPLE,
) -> Traffic:
    """Aggregate the traffic of ring members.

    Parameters
    ----------
    accounts : members of coordinated rings; repeated ids are an error of the caller.
    rings : the ring id of each account, in the same order. Without it all accounts count as one ring: templates that
        two rings share then have one common clock and calendar.
    controls, sample : how many accounts outside rings to take for the event study and for base rates.

    Notes
    -----
    Eight scans of `events` with a hash join on the watched accounts; the results are bounded by members x shared
    templates and by what members used, `places` by a limit. Integers only, so that threads cannot change a byte.
    """
    labels = list(rings) if rings is not None else [""] * len(accounts)
    if len(labels) != len(accounts):
        raise ValueError(f"{len(accounts)} accounts with {len(labels)} ring labels")
    members = pa.table({"account_id": pa.array(accounts, pa.string()), "ring": pa.array(labels, pa.string())})
    con.register("traffic_members_given", members)
    try:
        con.execute("create or replace temp table traffic_members as select * from traffic_members_given")
    finally:
        con.unregister("traffic_members_given")
    try:
        con.execute(_query(con, "sent"))
        con.execute(_query(con, "core"))
        con.execute(_query(con, "watched"), [sample])
        return Traffic(
            exchanges=_frame(con, "exchanges"),
            days=_frame(con, "days"),
            hours=_frame(con, "hours"),
            places=_frame(con, "places", PLACES).sort_values(["ring", "template_id", "ip"], ignore_index=True),
            people=_frame(con, "people"),
            addresses=_frame(con, "addresses"),
            cards=_frame(con, "cards"),
            devices=_frame(con, "devices"),
            adoption=_frame(con, "adoption", controls),
            models=_frame(con, "models"),
        )
    finally:
        con.execute("drop table if exists traffic_sent")
        con.execute("drop table if exists traffic_core")
        con.execute("drop table if exists traffic_watched")
        con.execute("drop table if exists traffic_members")


def _query(con: duckdb.DuckDBPyConnection, name: str) -> str:
    source = "edges" if name in FROM_EDGES and holds_edges(con) else "traffic"
    return files("attribution.warehouse").joinpath(f"{source}_{name}.sql").read_text("utf-8")


def _frame(con: duckdb.DuckDBPyConnection, name: str, *parameters: int) -> pd.DataFrame:
    """Run one query; strings stay `str`, nullable integers `Int64`, times and days become UTC time stamps."""
    table: pa.Table = con.sql(_query(con, name), params=list(parameters)).to_arrow_table()
    frame = pd.DataFrame({column: _column(table[column], column) for column in table.column_names})
    for column in TIMES:
        if column in frame:
            frame[column] = pd.to_datetime(frame[column]).dt.as_unit("us").dt.tz_localize("UTC")
    return frame


def _column(values: pa.ChunkedArray, name: str) -> pd.Series:
    if name in NULLABLE:
        return pd.Series(values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), dtype="Int64")
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return pd.Series(values.to_pandas(), dtype="str")
    plain: pd.Series = values.to_pandas()
    return plain
