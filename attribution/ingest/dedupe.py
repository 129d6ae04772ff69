"""One row an event: copies are counted, contradictions refused, and the choice never depends on the order of rows.

An event is known by its `event_id`, or, where it has none, by its whole content. Of the rows with one id the one with
the smallest (ts, content) survives, in this input and against what the store holds, so that the facts are the same
however the rows were shuffled, split over files or spread over runs. Further rows equal to the survivor are duplicates;
rows that contradict it are conflicts and go to quarantine.

Hashes only find candidates; what they find is compared in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from attribution.ingest.contract import EVENTS, Table, Word
from attribution.ingest.prompts import hash_prompts
from attribution.ingest.sql import scalar

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt


_BASIC = tuple(column.name for column in EVENTS.columns if column.name not in ("event_id", "prompt", "template_id"))
"""Columns of an event that the store holds just as they came."""


def key_hash(table: Table, alias: str = "", *, keyless: bool = True) -> str:
    """Return SQL of a 64-bit hash that is equal for rows of one id (or, without an id, of one content).

    For events without an id it covers the columns that the store holds as they came, so it serves there as well. Where
    no row is `keyless` only the id has to be read.
    """
    dot = f"{alias}." if alias else ""
    if table is not EVENTS or not keyless:
        return f"hash({dot}{table.key})"
    content = ", ".join(f"{dot}{name}" for name in _BASIC)
    return f"case when {dot}event_id is null then hash({content}) else hash({dot}event_id) end"


def find_suspects(con: duckdb.DuckDBPyConnection, arrivals: str, hashed: str) -> int:
    """Fill `ingest_suspects` with the hashes that several rows of `arrivals` have, and return how many there are."""
    con.execute("create or replace temp table ingest_suspects (hash ubigint)")
    hashes = con.execute(f"select {hashed} as hash from {arrivals}").fetchnumpy()["hash"]
    if not has_repeats(np.asarray(hashes, np.uint64)):
        return 0
    return scalar(
        con,
        "insert into ingest_suspects select hash from "
        f"(select {hashed} as hash from {arrivals}) group by hash having count(*) > 1",
    )


_PART = 1 << 21
"""Hashes looked at in one go, such that their table stays in or near the processor's cache."""


def has_repeats(hashes: npt.NDArray[np.uint64]) -> bool:
    """Tell whether a hash stands there twice; O(n), with an open table for each part of the range of hashes."""
    parts = 1 + len(hashes) // _PART
    slots = 1 << max(4, (4 * len(hashes) // parts).bit_length() - 1)
    return any(_repeats(hashes, np.uint64(part), np.uint64(parts), slots) for part in range(parts))


@nb.njit(nogil=True, cache=True)
def _repeats(hashes, part, parts, slots):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # numba infers types
    table = np.zeros(slots, np.uint64)
    mask = np.uint64(slots - 1)
    held = 0
    for found in hashes:
        if parts > 1 and (found >> np.uint64(40)) % parts != part:
            continue
        key = max(found, np.uint64(1))  # 0 is an empty slot
        place = key & mask
        while table[place] != 0:
            if table[place] == key:
                return True
            place = (place + np.uint64(1)) & mask
        table[place] = key
        held += 1
        if 2 * held > slots:
            return True
    return False


def settle(con: duckdb.DuckDBPyConnection, table: Table, arrivals: str, hashed: str, key: bytes) -> None:
    """Fill `ingest_contested` with the rows of suspect hashes, each with its `prompt_hash` and its `outcome`.

    Outcomes: `survivor`, `duplicate` (the same as the survivor) or `conflict` (contradicts it).
    """
    con.execute(
        "create or replace temp table ingest_suspected as "
        f"select * from {arrivals} where {hashed} in (select hash from ingest_suspects)"
    )
    content = ", ".join(name for name in table.names if name != table.key)
    identity, order, joined = table.key, content, "ingest_suspected"
    if table is EVENTS:
        hash_prompts(con, "(select prompt, template_id from ingest_suspected)", key)
        identity = f"event_id, case when event_id is null then row({content}) end"
        order = ", ".join(("ts", *(name for name in _BASIC if name != "ts"), "prompt_hash", "template_id"))
        joined = (
            "(select s.*, h.prompt_hash from ingest_suspected s left join ingest_prompts p on p.prompt = s.prompt "
            "left join ingest_prompt_hashes h on h.prompt_key = p.prompt_key)"
        )
    order = ", ".join(f"{name} asc nulls last" for name in order.split(", "))
    con.execute(
        f"""
        create or replace temp table ingest_contested as
        select * exclude (place, chosen), case
            when place = 1 then 'survivor'
            when row({content}) is not distinct from chosen then 'duplicate'
            else 'conflict' end as outcome
        from (
            select *, row_number() over same as place, first_value(row({content})) over same as chosen
            from {joined}
            window same as (
                partition by {identity} order by {order}, file_no, line
                rows between unbounded preceding and unbounded following
            )
        )
        """
    )


def compare_with_store(con: duckdb.DuckDBPyConnection) -> None:
    """Set the outcome of survivors that the store has already to `known`, or take the store's row out if it is larger.

    Larger in (ts, content), the same order as within one input: so the facts do not depend on which run came first. The
    template counts only where there is no prompt, for else the store's may have been mined.
    """
    rows = {
        alias: ", ".join(
            [
                *(f"{alias}.{name}" for name in ("ts", *(name for name in _BASIC if name != "ts"), "prompt_hash")),
                f"case when {alias}.prompt_hash is null then {alias}.template_id end",
            ]
        )
        for alias in ("c", "e")
    }
    con.execute(
        f"""
        create or replace temp table ingest_rivals as
        with rivals as (
            select c.file_no, c.line, e.rowid as stored, c.event_id is not null as named,
                row({rows["c"]}) as ours, row({rows["e"]}) as theirs
            from ingest_contested c
            join events e on {key_hash(EVENTS, "c")} = {key_hash(EVENTS, "e")}
                and c.event_id is not distinct from e.event_id
            where c.outcome = 'survivor'
        )
        select file_no, line, stored, ours is not distinct from theirs as same, ours < theirs as smaller
        from rivals where named or ours is not distinct from theirs
        """
    )
    con.execute("delete from events where rowid in (select stored from ingest_rivals where not same and smaller)")
    con.execute(
        "update ingest_contested set outcome = 'known' where (file_no, line) in "
        "(select (file_no, line) from ingest_rivals where same or not smaller)"
    )


def refuse_conflicts(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Move the conflicts to `ingest_refused`, with the digest of their canonical row (the raw one is gone by now)."""
    con.execute(
        f"insert into ingest_refused select file_no, line, '{Word.CONFLICT}:{table.key}', {row_digest(table)} "
        "from ingest_contested where outcome = 'conflict'"
    )


def row_digest(table: Table) -> str:
    """Return SQL of the SHA-256 of a row's canonical JSON: the contract's columns in order, nulls included."""
    return f"sha256(to_json(struct_pack({', '.join(f'{name} := {name}' for name in table.names)}))::varchar)"
