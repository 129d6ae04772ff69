"""A graph that others loaded, as input: its usage edges become the facts of a run.

Only who used what is in such a graph, how often, and when for the first and the last time; hours, days, models and
sizes are not, and stay unknown. Edges come as they are read, in columns, one row an account, and go to the embedded
database in pieces of bounded size. What the engine itself wrote counts as far as it holds for the latest run.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.errors import InputError
from attribution.ingest import FileAccount, Intake
from attribution.ingest.checks import luhn
from attribution.ingest.contract import REMEDIES, Word
from attribution.schemas import OUTPUT_TABLES
from attribution.store.loaded_origins import find_odd, load_origins
from attribution.store.neo4j_client import Client
from attribution.store.neo4j_rows import FACETS
from graph_schema import foreign, queries
from graph_schema.model import USAGE_EDGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    import duckdb

    from attribution.config import IngestConfig
    from attribution.telemetry import ProgressCallback

PIECE = 50_000
"""Edges that are held in memory before they go to the database."""
KNOWN: Mapping[str, str] = {
    "ip": "events.ip",
    "device": "events.device_id",
    "payment": "events.payment_id",
    "template": "events.template_id",
}
"""The input column that the edges of a facet stand for."""
LOADED = pa.schema(
    [
        ("place", pa.int64()),
        ("facet", pa.string()),
        ("value", pa.string()),
        ("account_id", pa.string()),
        ("events", pa.int64()),
        ("first_seen", pa.int64()),
        ("last_seen", pa.int64()),
    ]
)
UNKNOWN = (
    "The input is a graph of usage edges: hours, days, bursts, models and sizes of requests are unknown, and an account"
    " sent at least as many requests as are stated."
)

_NAMING = (
    "MATCH (n:{label}) WHERE NOT coalesce(toStringOrNull(n.key), '') STARTS WITH 'sha256:'"
    " WITH n, toStringOrNull(coalesce(n.{name}, n.key)) AS name WHERE name IS NOT NULL"
    " SET n.{name} = name, n.key = name"
)
"""What gives nodes of others the names that the engine needs; it takes no property away, and leaves long keys alone."""


def load_usage(
    url: str, con: duckdb.DuckDBPyConnection, config: IngestConfig, *, key: bytes, progress: ProgressCallback
) -> Intake:
    """Read the usage edges of a graph into the table `edges` of `con`; call it inside a transaction.

    Where others said where addresses come from, that goes into `ips`. Edges that cannot be used go to the quarantine:
    `file` is their type, `line` the relationship's number in the server. Several edges between an account and a value
    count as one.

    Raises
    ------
    InputError
        There is no usable edge, or nodes have no key, so that results could not be written to them.
    StoreError
        The server cannot be reached or refuses.
    """
    with closing(Client.from_environment(url)) as client:
        _check_keys(client)
        rows = client.read(queries.RESOLVE, run=None)
        version = int(rows[0]["version"]) if rows else 0
        client.stream(foreign.LOADED, lambda found: _take(found, con, progress), version=version)
        origins, unusable, facts = load_origins(client, con, config)
    find_odd(con, "loaded_odd", "select value from loaded where facet = 'ip'")
    text = files("attribution.store").joinpath("loaded.sql").read_text("utf-8").replace("<luhn>", luhn("value"))
    con.execute(text, [config.max_value_bytes])
    con.execute(
        "insert into edges select facet, value, account_id, cast(sum(events) as bigint),"
        " make_timestamp(min(first_seen)), make_timestamp(max(last_seen))"
        " from loaded anti join loaded_refused using (place) group by facet, value, account_id"
    )
    accounts = _accounts(con)
    quarantine = _quarantine(con, key)
    for name in ("loaded", "loaded_odd", "loaded_refused"):
        con.execute(f"drop table temp.{name}")
    if not any(account.accepted for account in accounts):
        raise _nothing(quarantine)
    known = facts | {KNOWN[FACETS[account.file]] for account in accounts if account.accepted}
    con.executemany("insert into input_columns values (?)", [[name] for name in sorted(known)])
    edges = con.execute("select count(*) from edges").fetchall()[0][0]
    refused = pa.concat_tables([unusable, quarantine])
    return Intake((*accounts, *origins), refused, frozenset(known), int(edges), (UNKNOWN,))


def _check_keys(client: Client) -> None:
    asked = {
        "Account": (foreign.UNNAMED_ACCOUNTS, "account_id"),
        **{
            label: (queries.for_facet(foreign.UNNAMED_VALUES, facet), "value")
            for facet, (_, label) in USAGE_EDGES.items()
        },
    }
    for label, (text, name) in asked.items():
        if nodes := client.read(text)[0]["nodes"]:
            raise InputError(
                f"{client.url}: {nodes:,} {label} nodes have no `{name}`, or a `key` that is not the same text",
                remedy=f"{_NAMING.format(label=label, name=name)}; a node is found again by its key,"
                " so what has neither needs both or another label",
            )


def _take(found: Iterator[list[Any]], con: duckdb.DuckDBPyConnection, progress: ProgressCallback) -> None:
    """Put streamed rows into the table `loaded`, piece by piece; from the start, whatever an earlier attempt left."""
    con.register("piece", LOADED.empty_table())
    con.execute("create or replace temp table loaded as from piece")
    con.unregister("piece")
    columns: dict[str, list[Any]] = {name: [] for name in LOADED.names}
    done = 0
    for account, place, used, *rest in found:
        columns["account_id"] += [account] * len(place)
        columns["place"] += place
        columns["facet"] += [FACETS[one] for one in used]
        for name, values in zip(("value", "events", "first_seen", "last_seen"), rest, strict=True):
            columns[name] += values
        if len(columns["place"]) >= PIECE:
            done += _put(columns, con)
            progress("usage edges", done, None)
    done += _put(columns, con)
    progress("usage edges", done, done)


def _put(columns: dict[str, list[Any]], con: duckdb.DuckDBPyConnection) -> int:
    piece = pa.table(columns, schema=LOADED)
    con.register("piece", piece)
    con.execute("insert into loaded from piece")
    con.unregister("piece")
    for values in columns.values():
        values.clear()
    return len(piece)


def _accounts(con: duckdb.DuckDBPyConnection) -> tuple[FileAccount, ...]:
    """Say what became of the edges of each type that the graph has."""
    rows = con.execute(
        "select l.facet, count(*), count(r.place),"
        " count(distinct (l.account_id, l.value)) filter (where r.place is null)"
        " from loaded l left join loaded_refused r using (place) group by l.facet order by l.facet"
    ).fetchall()
    return tuple(
        FileAccount(
            table="edges",
            file=USAGE_EDGES[facet][0],
            sha256="",  # no file: the run's id follows from the edges themselves
            rows=whole,
            accepted=accepted,
            duplicates=whole - refused - accepted,
            quarantined=refused,
            unknown_columns=(),
        )
        for facet, whole, refused, accepted in rows
    )


def _quarantine(con: duckdb.DuckDBPyConnection, key: bytes) -> pa.Table:
    rows = con.execute("select facet, place, reason, account_id, value from loaded_refused order by all").fetchall()
    columns: dict[str, list[Any]] = {name: [] for name in OUTPUT_TABLES["quarantine"].names}
    for facet, place, reason, account, value in rows:
        said = f"{facet}\0{account}\0{value}".encode("utf-8", "surrogatepass")
        card = reason.startswith(Word.CARD_NUMBER)  # few enough to be tried one by one: only a keyed digest hides them
        digest = hmac.new(key, said, hashlib.sha256) if card else hashlib.sha256(said)
        for name, one in zip(columns, (USAGE_EDGES[facet][0], place, reason, digest.hexdigest()), strict=True):
            columns[name].append(one)
    return pa.table(columns, schema=OUTPUT_TABLES["quarantine"])


def _nothing(quarantine: pa.Table) -> InputError:
    if not len(quarantine):
        return InputError(
            "the graph holds no usage edges",
            remedy=f"load Account nodes with {', '.join(used for used, _ in USAGE_EDGES.values())}: see docs/neo4j.md",
        )
    first = quarantine.slice(0, 1).to_pylist()[0]
    return InputError(
        f"every usage edge is refused, the first, {first['file']} {first['line']}, for {first['reason']}",
        remedy=REMEDIES[Word(first["reason"].partition(":")[0])],
    )
