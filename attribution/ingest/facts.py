"""From arrivals to facts: what is new is stored, what is known is left alone, whatever came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.ingest import dedupe, prompts
from attribution.ingest.contract import EVENTS, Table
from attribution.ingest.sql import scalar

if TYPE_CHECKING:
    import duckdb

    from attribution.config import Config
    from attribution.ingest.arrivals import Arrivals


def store(con: duckdb.DuckDBPyConnection, table: Table, arrivals: Arrivals, config: Config, *, key: bytes) -> int:
    """Settle duplicates and conflicts, put the rest into the facts, and return how many rows the store did not have."""
    if arrivals.direct:
        return _settle_direct(con, arrivals, key)
    hashed = dedupe.key_hash(table, keyless=table is EVENTS and arrivals.keyless())
    dedupe.find_suspects(con, arrivals.relation, hashed)
    if table is EVENTS:
        return _store_events(con, arrivals, config, hashed, key=key)
    return _store_enrichment(con, table, arrivals, hashed, key)


def _settle_direct(con: duckdb.DuckDBPyConnection, arrivals: Arrivals, key: bytes) -> int:
    """Settle what flowed into the empty facts without waiting: rows of one id are taken out, the survivor put in."""
    names = ", ".join(name for name in EVENTS.names if name in arrivals.known)
    stored = arrivals.stored + scalar(con, f"insert into events by name select {names} from ({arrivals.staged})")
    keyless = scalar(con, "select exists (select 1 from events where event_id is null)")
    hashed = dedupe.key_hash(EVENTS, keyless=bool(keyless))
    suspects = dedupe.find_suspects(con, "events", hashed)
    dedupe.settle(con, EVENTS, arrivals.relation if suspects else f"({arrivals.staged} limit 0)", hashed, key)
    if suspects:
        dedupe.refuse_conflicts(con, EVENTS)
        stored -= scalar(con, f"delete from events where {hashed} in (select hash from ingest_suspects)")
        survivors = f"select {names} from ingest_contested where outcome = 'survivor'"
        stored += scalar(con, f"insert into events by name {survivors}")
    return stored


def _store_enrichment(con: duckdb.DuckDBPyConnection, table: Table, arrivals: Arrivals, hashed: str, key: bytes) -> int:
    """Replace what the store says of each key: the latest export is what holds."""
    dedupe.settle(con, table, arrivals.relation, hashed, key)
    dedupe.refuse_conflicts(con, table)
    columns = ", ".join(table.names)
    con.execute(
        f"create or replace temp table ingest_new as select {columns} from {arrivals.relation} "
        f"where {hashed} not in (select hash from ingest_suspects) "
        f"union all select {columns} from ingest_contested where outcome = 'survivor'"
    )
    con.execute(f"delete from {table.name} where {table.key} in (select {table.key} from ingest_new)")
    return scalar(con, f"insert into {table.name} by name select {columns} from ingest_new")


def _store_events(
    con: duckdb.DuckDBPyConnection, arrivals: Arrivals, config: Config, hashed: str, *, key: bytes
) -> int:
    held = scalar(con, "select exists (select 1 from events)")
    if held:
        con.execute(
            f"insert into ingest_suspects select distinct {hashed} as found from {arrivals.relation} "
            f"where found in (select {hashed} from events) and found not in (select hash from ingest_suspects)"
        )
    dedupe.settle(con, EVENTS, arrivals.relation, hashed, key)
    dedupe.refuse_conflicts(con, EVENTS)
    suspects = scalar(con, "select exists (select 1 from ingest_suspects)")
    columns = ", ".join(EVENTS.names)
    fresh = f"select {columns} from {arrivals.relation}"
    if suspects:
        if held:
            dedupe.compare_with_store(con)
        fresh += (
            f" where {hashed} not in (select hash from ingest_suspects)"
            f" union all select {columns} from ingest_contested where outcome = 'survivor'"
        )
    return insert_events(con, f"({fresh})", arrivals, config, key)


def insert_events(con: duckdb.DuckDBPyConnection, fresh: str, arrivals: Arrivals, config: Config, key: bytes) -> int:
    """Store new events with hash and template of their prompts; the text itself only if it is to be kept."""
    names = [name for name in EVENTS.names if name not in ("prompt", "template_id")]
    if "prompt" not in arrivals.known:
        return scalar(con, f"insert into events by name select {', '.join(names)}, template_id from {fresh}")
    prompts.hash_prompts(con, fresh, key)
    prompts.mine_prompts(con, key, config.templates)
    kept = "f.prompt" if config.ingest.keep_prompts else "null"
    return scalar(
        con,
        f"""
        insert into events by name
        select {", ".join(f"f.{name}" for name in names)}, {kept} as prompt, h.prompt_hash,
            coalesce(f.template_id, t.template_id) as template_id
        from {fresh} f
        left join ingest_prompts p on p.prompt = f.prompt
        left join ingest_prompt_hashes h on h.prompt_key = p.prompt_key
        left join prompt_templates t on t.prompt_key = p.prompt_key
        """,
    )


def clean_up(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the working tables: they may hold prompts."""
    for name in (
        *(
            "ingest_refused",
            "ingest_piled",
            "ingest_addresses",
            "ingest_suspects",
            "ingest_contested",
            "ingest_suspected",
            "ingest_new",
            "ingest_rivals",
        ),
        *("ingest_staged_events", "ingest_staged_accounts", "ingest_staged_ips", "ingest_staged_payments"),
        *("ingest_prompts", "prompt_templates", "ingest_prompt_hashes"),
    ):
        con.execute(f"drop table if exists temp.{name}")
    con.execute("drop view if exists temp.prompts")
