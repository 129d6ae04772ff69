"""Usage edges as facts: what they tell is what exchanges tell, and what they do not tell is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from attribution.domain import Facet
from attribution.errors import StoreError
from attribution.store.kept_facts import told as told_facts
from attribution.warehouse import connect, daily, fingerprint, population, traffic

if TYPE_CHECKING:
    import duckdb

EVENTS = """
insert into events (account_id, ts, ip, device_id, payment_id, template_id)
select 'a' || i % 7, timestamp '2026-03-01 00:00:00' + i * interval '67 minutes',
    case when i % 2 = 0 then '198.51.100.' || i % 5 else '2001:db8:' || i % 2 || '::' || i % 4 end,
    'd' || i % 3, case when i % 6 > 0 then 'p' || i % 11 end, case when i % 4 > 0 then 't' || i % 5 end
from range(400) as r(i)
"""
COLUMNS = {"ip": "ip", "device": "device_id", "payment": "payment_id", "template": "template_id"}


def as_events(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(EVENTS)
    con.executemany("insert into input_columns values (?)", [(f"events.{name}",) for name in COLUMNS.values()])


def as_edges(con: duckdb.DuckDBPyConnection) -> None:
    as_events(con)
    for facet, column in COLUMNS.items():
        con.execute(
            f"insert into edges select '{facet}', {column}, account_id, count(*), min(ts), max(ts) from events"
            f" where {column} is not null group by account_id, {column}"
        )
    con.execute("delete from events")


def test_edges_tell_what_exchanges_tell() -> None:
    with connect(None) as logs, connect(None) as graph:
        as_events(logs)
        as_edges(graph)
        ours, theirs = population(logs), population(graph)
    assert theirs.accounts.equals(ours.accounts)
    assert set(theirs.incidence) == set(ours.incidence) - {Facet.BURST}
    for facet, told in theirs.incidence.items():
        wanted = ours.incidence[facet]
        assert told.values.equals(wanted.values), facet  # noqa: PD011  # Arrow
        for name in ("indptr", "indices", "count", "degree"):
            assert np.array_equal(getattr(told, name), getattr(wanted, name)), (facet, name)
    same = ["events", "first_seen", "last_seen", "ips", "networks", "devices", "payments", "templates"]
    pd.testing.assert_frame_equal(theirs.activity[same], ours.activity[same])


def test_what_edges_do_not_tell_is_unknown() -> None:
    with connect(None) as con:
        as_edges(con)
        people = population(con)
        accounts = people.accounts.to_pylist()
        sent = traffic(con, accounts[:4])
        assert len(daily(con, accounts, ["r"] * len(accounts))) == 0
    assert people.known == {f"events.{name}" for name in COLUMNS.values()}
    assert not people.hours.any()
    for column in ("active_days", "input_tokens", "output_tokens", "refused", "created_at", "residential"):
        assert people.activity[column].isna().all(), column
    for name in ("days", "hours", "places", "adoption", "models"):
        assert len(getattr(sent, name)) == 0, name
    for column in ("model", "pathway", "input_tokens", "output_tokens", "refused"):
        assert sent.exchanges[column].isna().all(), column
    assert sent.cards[["bin", "issuer_country"]].isna().all(axis=None)


def test_traffic_of_edges_adds_up_to_that_of_exchanges() -> None:
    with connect(None) as logs, connect(None) as graph:
        as_events(logs)
        as_edges(graph)
        names = population(logs).accounts.to_pylist()[:4]
        ours, theirs = traffic(logs, names), traffic(graph, names)
    key = ["account_id", "template_id"]
    wanted = ours.exchanges.groupby(key, dropna=False)["events"].sum()
    told = theirs.exchanges.groupby(key, dropna=False)["events"].sum()
    pd.testing.assert_series_equal(told, wanted)
    for name in ("addresses", "devices", "people"):
        pd.testing.assert_frame_equal(getattr(theirs, name), getattr(ours, name))
    columns = ["account_id", "payment_id", "events"]
    pd.testing.assert_frame_equal(theirs.cards[columns], ours.cards[columns])


def test_edges_are_published_as_those_of_exchanges_and_name_their_run() -> None:
    with connect(None) as logs, connect(None) as graph:
        as_events(logs)
        as_edges(graph)
        facts = [told_facts(con, "usage") for con in (logs, graph)]
        order = [(name, "ascending") for name in ("facet", "value", "account_id")]
        assert facts[0].sort_by(order).equals(facts[1].sort_by(order))
        before = fingerprint(graph, population(graph))
        graph.execute(
            "update edges set last_seen = last_seen - interval 1 second where facet = 'ip' and account_id = 'a1'"
        )
        assert fingerprint(graph, population(graph)) != before


def test_logs_and_edges_in_one_store_are_refused() -> None:
    with connect(None) as con:
        as_edges(con)
        con.execute(EVENTS)
        with pytest.raises(StoreError, match="which logs cannot join") as caught:
            population(con)
    assert "--store" in caught.value.remedy
