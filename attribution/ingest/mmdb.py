"""Facts about addresses from an operator's own MMDB file, where the logs bring none.

Databases differ: the fields of the common layouts (network, country and anonymous-address databases) are looked for by
name, what a file does not have stays unknown. Rows of the logs' own `ips` table are never overwritten.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import maxminddb
import pyarrow as pa

from attribution.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

FLAGS: tuple[tuple[str, str], ...] = (
    ("is_residential_proxy", "proxy"),
    ("is_public_proxy", "proxy"),
    ("is_tor_exit_node", "proxy"),
    ("is_anonymous_vpn", "vpn"),
    ("is_hosting_provider", "hosting"),
)
"""Flags of anonymous-address databases and the kind that each means, the telling ones first."""
USERS: Mapping[str, str] = {
    "residential": "residential",
    "cellular": "mobile",
    "business": "business",
    "school": "education",
    "college": "education",
    "hosting": "hosting",
}
SCHEMA = pa.schema(
    [("ip", pa.string()), ("asn", pa.int64()), ("as_org", pa.string()), ("country", pa.string()), ("kind", pa.string())]
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a database was and did: name, day it was built, hash, and how many addresses it knew."""

    name: str
    built: str
    sha256: str
    addresses: int
    known: int


def enrich(
    con: duckdb.DuckDBPyConnection, path: str, progress: Callable[[str, int, int | None], None] | None = None
) -> Lookup | None:
    """Look up every address of the events that `ips` does not have; O(addresses), about a microsecond each.

    Raises
    ------
    ConfigError
        The file is missing or no MMDB file.
    """
    if not path:
        return None
    try:
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        reader = maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigError(
            f"ingest.mmdb: {path}: {error}", remedy="name an MMDB file, or leave ingest.mmdb out"
        ) from error
    with reader:
        asked = con.execute(
            "select distinct ip from (select ip from events union all select value from edges where facet = 'ip')"
            " where ip is not null and ip not in (select ip from ips) order by ip"
        ).fetchall()
        rows = []
        for number, (ip,) in enumerate(asked):
            if progress and number % 10_000 == 0:
                progress("addresses", number, len(asked))
            if row := _row(ip, reader.get(ip)):
                rows.append(row)
        facts = reader.metadata()
    _store(con, rows)
    built = dt.datetime.fromtimestamp(facts.build_epoch, dt.UTC).date().isoformat()
    return Lookup(facts.database_type, built, digest, len(asked), len(rows))


def _store(con: duckdb.DuckDBPyConnection, rows: list[Mapping[str, object]]) -> None:
    con.register("looked_up", pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA))
    try:
        con.execute("insert into ips by name select * from looked_up")
    finally:
        con.unregister("looked_up")
    for column in SCHEMA.names[1:]:
        if any(row[column] is not None for row in rows):
            con.execute("insert or ignore into input_columns values ($1)", [f"ips.{column}"])


def _row(ip: str, record: object) -> Mapping[str, object] | None:
    """Return what a record says of an address; None where it says nothing."""
    if not isinstance(record, dict):
        return None
    traits = record.get("traits")
    flat = {**record, **(traits if isinstance(traits, dict) else {})}
    country = flat.get("country")
    facts = {
        "asn": _asn(flat.get("autonomous_system_number", flat.get("asn"))),
        "as_org": _text(flat.get("autonomous_system_organization", flat.get("as_name"))),
        "country": _text(country.get("iso_code") if isinstance(country, dict) else flat.get("country_code", country)),
        "kind": next((kind for flag, kind in FLAGS if flat.get(flag) is True), USERS.get(str(flat.get("user_type")))),
    }
    return {"ip": ip, **facts} if any(value is not None for value in facts.values()) else None


def _asn(value: object) -> int | None:
    digits = str(value).upper().removeprefix("AS")
    return int(digits) if value is not None and digits.isdigit() else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
