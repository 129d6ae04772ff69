"""Everybody in the logs as numbers: which account used which value, and what each account is like.

The aggregation is plain SQL, one file a table, run on DuckDB; this module only decides which facets the logs allow,
runs the files in order, and turns their integer columns into the matrices of `attribution.domain`. Values that one
account alone used cannot link anybody: they are counted in `activity` and left out of the matrices.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from attribution.domain import ACTIVITY_COLUMNS, Facet, Incidence, Population

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    from numpy.typing import NDArray

NEEDS: Mapping[Facet, tuple[str, ...]] = {
    Facet.IP: ("events.ip",),
    Facet.NETWORK: ("events.ip",),
    Facet.DEVICE: ("events.device_id",),
    Facet.PAYMENT: ("events.payment_id",),
    Facet.BATCH: ("events.payment_id", "payments.bin"),
    Facet.TEMPLATE: ("events.template_id|events.prompt",),
    Facet.TEMPLATE_FAMILY: ("events.template_id|events.prompt",),
    Facet.BURST: ("events.ts",),
    Facet.SIGNUP: ("accounts.created_at",),
}
"""Input columns that a facet needs (`|` separates alternatives); without them it is unknown, not empty."""

ENRICHMENT: Mapping[Facet, tuple[str, ...]] = {
    Facet.IP: ("asn", "as_org", "country", "kind"),
    Facet.PAYMENT: ("bin", "issuer_country", "kind"),
}
TEMPORARY = (
    *(f"usage_{facet.value}" for facet in Facet),
    *("account_key", "slots", "rhythm", "activity", "facet_value", "facet_entry"),
)
TIMES = ("first_seen", "last_seen", "created_at")


def population(con: duckdb.DuckDBPyConnection, template_family: Mapping[str, str] | None = None) -> Population:
    """Aggregate the facts of an open database into a `Population`.

    Parameters
    ----------
    con : a database with the tables of `facts.sql`; temporary tables are made in it and dropped again.
    template_family : template id to family name, for the facet `template_family`; templates without a family are left
        out of it. None: no such facet.

    Returns
    -------
    Population
        Accounts sorted by id, values sorted by name, both bytewise: independent of the order of the rows and of
        threads. Accounts without an event are not part of it.

    Notes
    -----
    O(events) hash aggregation, O(entries log entries) for the sorted rows.
    """
    known = frozenset(row[0] for row in con.execute("select name from input_columns").fetchall()) | {"events.ts"}
    _run(con, "accounts")
    names = _column(con, "select account_id from account_key order by account")
    for name in ("usage_ip", "usage_network", "usage_device", "usage_payment", "usage_template", "slots", "activity"):
        _run(con, name)
    incidence = {}
    for facet in Facet:
        if not all(any(option in known for option in need.split("|")) for need in NEEDS[facet]):
            continue
        if facet is Facet.TEMPLATE_FAMILY:
            if template_family is None:
                continue
            _families(con, template_family)
        elif facet is Facet.BURST:
            by_template = any(column in known for column in NEEDS[Facet.TEMPLATE][0].split("|"))
            _run(con, "usage_burst", {"without_template": not by_template})
        elif facet in (Facet.BATCH, Facet.SIGNUP):
            _run(con, f"usage_{facet.value}")
        incidence[facet] = _matrix(con, facet, len(names))
    enrichment = {
        facet: _enrichment(con, facet, columns)
        for facet, columns in ENRICHMENT.items()
        if facet in incidence and any(name.startswith(f"{facet.value}s.") for name in known)
    }
    whole = Population(
        accounts=names,
        incidence=incidence,
        enrichment=enrichment,
        activity=_activity(con),
        hours=_hours(con, len(names)),
        known=known,
    )
    _drop(con)
    return whole


def _run(con: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, object] | None = None) -> None:
    text = files("attribution.warehouse").joinpath(f"{name}.sql").read_text("utf-8")
    if parameters:
        con.execute(text, dict(parameters))
    else:
        con.execute(text)


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("drop view if exists facet_usage")
    for name in TEMPORARY:
        con.execute(f"drop table if exists temp.{name}")


def _column(con: duckdb.DuckDBPyConnection, query: str) -> pa.StringArray:
    column = con.sql(query).to_arrow_table().column(0)
    return column.cast(pa.string()).combine_chunks()


def _integers(con: duckdb.DuckDBPyConnection, query: str) -> list[NDArray[np.int64]]:
    table = con.sql(query).to_arrow_table()
    return [column.to_numpy() for column in table.columns]


def _families(con: duckdb.DuckDBPyConnection, template_family: Mapping[str, str]) -> None:
    templates = sorted(template_family)
    mapping = pa.table(
        {
            "template": pa.array(templates, pa.string()),
            "family": pa.array([template_family[template] for template in templates], pa.string()),
        }
    )
    con.register("template_family_map", mapping)
    try:
        _run(con, "usage_template_family")
    finally:
        con.unregister("template_family_map")


def _matrix(con: duckdb.DuckDBPyConnection, facet: Facet, accounts: int) -> Incidence:
    con.execute(f"create or replace temp view facet_usage as select * from usage_{facet.value}")
    _run(con, "incidence")
    account, number, events = _integers(con, "select account, number, events from facet_entry order by account, number")
    names = _column(con, "select value from facet_value order by number")
    indptr = np.zeros(accounts + 1, np.int64)
    np.cumsum(np.bincount(account, minlength=accounts), out=indptr[1:])
    return Incidence(
        facet=facet,
        indptr=indptr,
        indices=number.astype(np.int32, copy=False),
        count=events.astype(np.int32, copy=False),
        values=names,
        degree=_degree(con, accounts),
    )


def _degree(con: duckdb.DuckDBPyConnection, accounts: int) -> NDArray[np.int32]:
    account, values = _integers(con, "select account, cast(count(*) as bigint) from facet_usage group by account")
    degree = np.zeros(accounts, np.int32)
    degree[account] = values
    return degree


def _enrichment(con: duckdb.DuckDBPyConnection, facet: Facet, columns: tuple[str, ...]) -> pd.DataFrame:
    key = "ip" if facet is Facet.IP else "payment_id"
    con.execute(f"create or replace temp view facet_usage as select * from usage_{facet.value}")
    _run(con, "incidence")
    wanted = ", ".join(f"min(e.{column}) as {column}" for column in columns)
    frame: pd.DataFrame = con.execute(
        f"select {wanted} from facet_value as v left join {facet.value}s as e on e.{key} = v.value "
        "group by v.number order by v.number"
    ).df()
    return frame.astype({"asn": "Int64"}) if "asn" in frame else frame


def _activity(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    columns = ", ".join(ACTIVITY_COLUMNS)
    frame: pd.DataFrame = con.execute(f"select {columns} from activity order by account").df()
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]").dt.tz_localize("UTC")
    return frame


def _hours(con: duckdb.DuckDBPyConnection, accounts: int) -> NDArray[np.int32]:
    account, hour, events = _integers(con, "select account, hour_of_day, events from rhythm")
    hours = np.zeros((accounts, 24), np.int32)
    hours[account, hour] = np.minimum(events, np.iinfo(np.int32).max)
    return hours
