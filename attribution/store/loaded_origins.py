"""Where addresses come from, as others loaded it into a graph: `IN_ASN` relationships become rows of `ips`.

Only those of others are read: what the engine wrote itself came from the logs or the lookup file of an earlier run, and
a newer file has to win.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.ingest import FileAccount
from attribution.ingest.addresses import canonical_address
from attribution.ingest.checks import PLAIN_IPV4
from attribution.ingest.contract import IPS
from attribution.schemas import OUTPUT_TABLES
from graph_schema import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import duckdb

    from attribution.config import IngestConfig
    from attribution.store.neo4j_client import Client

TYPE = "IN_ASN"
ORIGINS = pa.schema(
    [
        ("place", pa.int64()),
        ("ip", pa.string()),
        ("asn", pa.int64()),
        ("as_org", pa.string()),
        ("country", pa.string()),
        ("kind", pa.string()),
    ]
)
FACTS = ("asn", "as_org", "country", "kind")


def load_origins(
    client: Client, con: duckdb.DuckDBPyConnection, config: IngestConfig
) -> tuple[tuple[FileAccount, ...], pa.Table, frozenset[str]]:
    """Read where addresses come from into the table `ips` of `con`.

    Returns
    -------
    accounts : what became of the relationships; empty where there are none.
    quarantine : those that cannot be used; `file` is the type, `line` the relationship's number in the server.
    known : the columns of `ips` that have a value.
    """
    client.stream(foreign.LOADED_ORIGINS, lambda found: _take(found, con))
    (whole,) = con.execute("select count(*) from origins").fetchall()[0]
    if not whole:
        con.execute("drop table temp.origins")
        return (), OUTPUT_TABLES["quarantine"].empty_table(), frozenset()
    find_odd(con, "origins_odd", "select ip as value from origins")
    text = files("attribution.store").joinpath("loaded_origins.sql").read_text("utf-8")
    words = next(column.words for column in IPS.columns if column.name == "kind")
    con.execute(text, [config.max_value_bytes, list(words)])
    con.execute("insert into ips select ip, asn, as_org, country, kind from origins_judged where reason is null")
    counts = dict(con.execute("select coalesce(reason, ''), count(*) from origins_judged group by 1").fetchall())
    accepted, duplicates = counts.get("", 0), counts.get("duplicate", 0)
    account = FileAccount(
        table="ips",
        file=TYPE,
        sha256="",
        rows=whole,
        accepted=accepted,
        duplicates=duplicates,
        quarantined=whole - accepted - duplicates,
        unknown_columns=(),
    )
    quarantine = _quarantine(con)
    has = con.execute(f"select {', '.join(f'count({name})' for name in FACTS)} from ips").fetchall()[0]
    for name in ("origins", "origins_odd", "origins_judged"):
        con.execute(f"drop table temp.{name}")
    return (account,), quarantine, frozenset(f"ips.{name}" for name, many in zip(FACTS, has, strict=True) if many)


def find_odd(con: duckdb.DuckDBPyConnection, name: str, asked: str) -> None:
    """List, in the table `name`, the addresses that are not written as the engine writes them.

    Their nodes would not be found again. `asked` is a query with a column `value`.
    """
    values = con.execute(
        f"select distinct value from ({asked}) where not regexp_full_match(value, '{PLAIN_IPV4}')"
    ).fetchall()
    odd = sorted(value for (value,) in values if canonical_address(value) != value)
    con.register("piece", pa.table({"value": pa.array(odd, pa.string())}))
    con.execute(f"create or replace temp table {name} as from piece")
    con.unregister("piece")


def _take(found: Iterator[list[Any]], con: duckdb.DuckDBPyConnection) -> None:
    """Put streamed rows, one an autonomous system, into the table `origins`; from the start after a fault."""
    columns: dict[str, list[Any]] = {name: [] for name in ORIGINS.names}
    for asn, name, place, ips, facts in found:
        columns["place"] += place
        columns["ip"] += ips
        columns["asn"] += [asn] * len(place)
        run_by = name if isinstance(name, str) else None
        for org, country, kind in facts:
            columns["as_org"].append(run_by if org is None else org)
            columns["country"].append(country)
            columns["kind"].append(kind)
    con.register("piece", pa.table(columns, schema=ORIGINS))
    con.execute("create or replace temp table origins as from piece")
    con.unregister("piece")


def _quarantine(con: duckdb.DuckDBPyConnection) -> pa.Table:
    rows = con.execute(
        f"select place, reason, ip, {', '.join(FACTS)} from origins_judged"
        " where reason is not null and reason <> 'duplicate' order by all"
    ).fetchall()
    refused = [
        {
            "file": TYPE,
            "line": place,
            "reason": reason,
            "digest": hashlib.sha256("\0".join(map(str, facts)).encode("utf-8", "surrogatepass")).hexdigest(),
        }
        for place, reason, *facts in rows
    ]
    return pa.Table.from_pylist(refused, schema=OUTPUT_TABLES["quarantine"])
