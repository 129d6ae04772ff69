"""The demo's world as an analyst meets it: two nights in one store, a judgement between them, and a few rows planted.

What the simulator has none of is planted in the second night's log: in every other ring two accounts also pay with the
card that the ring before uses most, and one row has no account.
"""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import duckdb

from attribution import pipeline
from attribution.judgements import Judgement, Kind, record
from attribution.simulate import WorldOptions, simulate
from attribution.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = WorldOptions(accounts=3_000, evasion=0.25, seed=4)
FIRST_NIGHT = "2026-03-14"
"""The first night knows what came before; some rings only begin then."""

PLANTED = """
CREATE TABLE truth AS SELECT account_id, ring, dense_rank() OVER (ORDER BY ring) AS number
  FROM '{truth}' WHERE ring IS NOT NULL;
CREATE TABLE cards AS SELECT number, payment_id FROM '{events}' JOIN truth USING (account_id)
  WHERE payment_id IS NOT NULL GROUP BY number, payment_id
  QUALIFY row_number() OVER (PARTITION BY number ORDER BY count(*) DESC, payment_id) = 1;
CREATE TABLE guests AS SELECT account_id, number FROM truth WHERE number % 2 = 0
  QUALIFY row_number() OVER (PARTITION BY number ORDER BY hash(account_id)) <= 2;
CREATE TABLE planted AS
  SELECT e.* REPLACE (e.event_id || '-planted' AS event_id, c.payment_id AS payment_id)
  FROM '{events}' e JOIN guests g USING (account_id) JOIN cards c ON c.number = g.number - 1
  QUALIFY row_number() OVER (PARTITION BY e.account_id ORDER BY e.ts DESC, e.event_id) <= 3
  UNION ALL BY NAME SELECT * REPLACE ('no-account' AS event_id, NULL AS account_id)
  FROM (FROM '{events}' ORDER BY ts LIMIT 1);
"""


def build(folder: Path) -> Path:
    """Make the world, run both nights; return the store's file."""
    world, before, store = folder / "world", folder / "before", folder / "engine.duckdb"
    simulate(world, OPTIONS)
    shutil.copytree(world, before)
    events = world / "events.parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM '{events}' WHERE ts < TIMESTAMPTZ '{FIRST_NIGHT}') TO '{before / 'events.parquet'}'")
        con.execute(PLANTED.format(truth=world / "truth" / "accounts.parquet", events=events))
        con.execute(f"COPY (FROM '{events}' UNION ALL BY NAME FROM planted) TO '{world / 'whole.parquet'}'")
    (world / "whole.parquet").replace(events)
    first = pipeline.run(before, labs=world / "labs.yaml", out=folder / "first", store=store)
    decided = dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC)
    ring = first.report.rings[0].ring_id
    with open_store(store, write=True) as opened:
        record(opened, Judgement(Kind.RING_CONFIRMED, ring, "mara", decided, "two shell companies, one landlord"))
    pipeline.run(world, labs=world / "labs.yaml", out=folder / "second", store=store)
    return store
