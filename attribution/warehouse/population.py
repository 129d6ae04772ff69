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
from attribution.errors import StoreError
from attribution.warehouse.database import holds_edges

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
FROM_EVENTS = (
    "coded",
    "usage_ip",
    "usage_network",
    "usage_device",
    "usage_payment",
    "usage_template",
    "rhythm",
    "totals",
)
FROM_EDGES = ("edges_usage", "usage_network")
"""Files that say who used what, from exchanges and from the usage edges of a graph; what follows is the same."""
TEMPORARY = (
    *(f"usage_{facet.value}" for facet in Facet),
    *("account_key", "coded", "address", "template_name", "rhythm", "lives", "totals", "activity"),
    *("facet_name", "facet_value", "facet_entry"),
)
VIEWS = ("facet_usage", *(f"seen_{name}" for name in ("account", "ip", "device", "payment", "template")))
NAMED = frozenset({Facet.IP, Facet.NETWORK, Facet.DEVICE, Facet.PAYMENT, Facet.TEMPLATE, Facet.BURST})
"""Facets whose values are keys until their names are looked up; the others carry their names."""
KEYS = ("hash", "md5_number_lower")
"""Hashes that serve as keys inside a run; the second is for the case that somebody forges collisions of the first."""
OWN, ENOUGH = 0.25, 100
"""Share of the accounts with a device that must have one of their own, or a device is no machine in these logs; and
from how many accounts on that can be told (a share of a quarter is then known to .09, twice its standard error)."""
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
        threads. Accounts without an event are not part of it. From usage edges nothing is known of hours, days, bursts
        and sizes, and `activity.events` is a lower bound.

    Notes
    -----
    O(events) hash aggregation, O(entries log entries) for the sorted rows.
    """
    for key in KEYS:
        con.execute(f"create or replace temp macro key64(x) as {key}(x)")
        try:
            return _aggregate(con, template_family)
        except _CollisionError:
            continue
        finally:
            _drop(con)
    raise StoreError("two names share every hash of them", remedy="report it: this takes a forged MD5 pair")


class _CollisionError(Exception):
    """Two names have one key."""


def _aggregate(con: duckdb.DuckDBPyConnection, template_family: Mapping[str, str] | None) -> Population:
    known = frozenset(row[0] for row in con.execute("select name from input_columns").fetchall())
    edges = holds_edges(con)
    if not edges:  # when somebody was active stands in exchanges alone
        known |= {"events.ts"}
    _run(con, "edges_seen" if edges else "seen")
    _run(con, "accounts")
    if con.execute("select count(*) - count(distinct key) from account_key").fetchall() != [(0,)]:
        raise _CollisionError
    names = _column(con, "select account_id from account_key order by account")
    for name in FROM_EDGES if edges else FROM_EVENTS:
        _run(con, name)
    _run(con, "activity")
    incidence: dict[Facet, Incidence] = {}
    enrichment: dict[Facet, pd.DataFrame] = {}
    for facet in Facet:
        if not all(any(option in known for option in need.split("|")) for need in NEEDS[facet]):
            continue
        if facet is Facet.TEMPLATE_FAMILY and template_family is None:
            continue
        _usage(con, facet, template_family or {}, by_template=Facet.TEMPLATE in incidence)
        incidence[facet] = _matrix(con, facet, len(names))
        if facet in ENRICHMENT and any(name.startswith(f"{facet.value}s.") for name in known):
            enrichment[facet] = _enrichment(con, facet)
        if facet is Facet.TEMPLATE:
            con.execute("create or replace temp table template_name as select value, name, number from facet_value")
    return Population(
        accounts=names,
        incidence=incidence,
        enrichment=enrichment,
        activity=_activity(con),
        hours=_hours(con, len(names)),
        known=known,
        prints=frozenset(facet for facet in (Facet.DEVICE,) if facet in incidence and _is_print(incidence[facet])),
    )


def _is_print(matrix: Incidence) -> bool:
    """Tell whether fewer than `OWN` of the accounts that have any value have one that nobody else uses.

    Whoever has a machine has it mostly to himself: .45 to .95 of the accounts of some fifty worlds of four generators
    have a device of their own, .04 to .08 where a device is what the sending software looks like.
    """
    values = matrix.degrees()
    users = np.count_nonzero(values)
    return bool(users >= ENOUGH and np.count_nonzero(values > np.diff(matrix.indptr)) < OWN * users)


def _usage(con: duckdb.DuckDBPyConnection, facet: Facet, families: Mapping[str, str], *, by_template: bool) -> None:
    """Make the usage table of a derived facet; those of plain columns are there already."""
    if facet is Facet.TEMPLATE_FAMILY:
        _families(con, families)
    elif facet is Facet.BURST:
        if not by_template:
            con.execute("create or replace temp table template_name (value bigint, name varchar, number integer)")
        _run(con, "usage_burst" if by_template else "usage_burst_plain")
    elif facet in {Facet.BATCH, Facet.SIGNUP}:
        _run(con, f"usage_{facet.value}")


def _run(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(files("attribution.warehouse").joinpath(f"{name}.sql").read_text("utf-8"))


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    for name in VIEWS:
        con.execute(f"drop view if exists temp.{name}")
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
    _run(con, f"name_{facet.value}" if facet in NAMED else "name_text")
    if con.execute("select count(*) from facet_name where name <> other").fetchall() != [(0,)]:
        raise _CollisionError
    _run(con, "incidence")
    account, number, events = _integers(con, "select account, number, events from facet_entry order by account, number")
    names = _column(con, "select name from facet_value order by number")
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


def _enrichment(con: duckdb.DuckDBPyConnection, facet: Facet) -> pd.DataFrame:
    """Return what the logs know of the values that `facet_value` holds, in their order."""
    key = "ip" if facet is Facet.IP else "payment_id"
    wanted = ", ".join(f"min(e.{column}) as {column}" for column in ENRICHMENT[facet])
    frame: pd.DataFrame = con.execute(
        f"select {wanted} from facet_value as v left join {facet.value}s as e on e.{key} = v.name "
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
