"""What both stores promise, asked of each: the embedded file and a real Neo4j server."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import handmade
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution.domain import Verdict
from attribution.errors import NotFoundError, StoreError
from attribution.schemas import OUTPUT_TABLES
from attribution.store import EmbeddedStore, Published, RingQuery, Store, graph_load
from attribution.store.base import STORED
from attribution.store.digests import content_digest
from attribution.store.ledgers import LEDGER_KEYS, LEDGERS
from attribution.store.neo4j import Neo4jStore
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REAL = pytest.param("neo4j", marks=pytest.mark.neo4j)


@pytest.fixture(params=["embedded", REAL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "embedded":
        with connect(tmp_path / "store.duckdb") as con:
            yield EmbeddedStore(con)
    else:
        yield Neo4jStore(request.getfixturevalue("graph"))


@pytest.fixture
def filled(store: Store) -> Store:
    assert store.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT) is Published.NEW
    return store


def names(rings: pa.Table) -> list[str]:
    found: list[str] = rings["ring_id"].to_pylist()
    return found


def test_every_table_reads_back_as_it_was_published(filled: Store) -> None:
    for name, wanted in handmade.tables().items():
        order = [(column, "ascending") for column in STORED[name].names]
        assert filled.table(name).sort_by(order).equals(wanted.sort_by(order)), name
        assert filled.table(name).schema.equals(STORED[name]), name
    assert filled.report() == handmade.REPORT
    assert filled.run().seed == 7
    assert json.loads(filled.run().manifest) == {"stage_seconds": 1}


def test_publishing_twice_changes_nothing_whatever_the_row_order(filled: Store) -> None:
    digest = filled.digest()
    again = handmade.shuffled(handmade.tables())
    assert filled.publish(handmade.run(1), again, report=handmade.REPORT) is Published.UNCHANGED
    assert filled.digest() == digest
    assert len(filled.runs()) == 1


def test_the_digest_does_not_depend_on_storage(filled: Store) -> None:
    assert filled.digest() == content_digest(handmade.run(1), handmade.REPORT, handmade.tables())


def test_an_older_run_stays_as_it_was_and_comes_back_as_the_latest(filled: Store) -> None:
    first = filled.digest()
    filled.publish(handmade.run(2), handmade.tables(shift=1), report="{}")
    assert [run.run_id for run in filled.runs()] == ["run-2", "run-1"]
    assert filled.digest("run-1") == first
    assert filled.digest() == filled.digest("run-2") != first
    assert filled.table("usage", "run-1") != filled.table("usage", "run-2")
    filled.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
    assert [run.run_id for run in filled.runs()] == ["run-1", "run-2"]
    assert filled.digest() == first


def test_the_same_run_with_other_content_replaces_it_whole(filled: Store) -> None:
    assert filled.publish(handmade.run(1), handmade.tables(shift=5), report="{}") is Published.REPLACED
    assert filled.digest() == content_digest(handmade.run(1), "{}", handmade.tables(shift=5))
    assert len(filled.runs()) == 1
    tables = {**handmade.tables(shift=5), "evidence": handmade.tables()["evidence"].slice(0, 1)}
    assert filled.publish(handmade.run(1), tables, report="{}") is Published.REPLACED  # the usage edges stayed
    assert filled.digest() == content_digest(handmade.run(1), "{}", tables)


def test_an_empty_run_is_a_run(store: Store) -> None:
    empty = {name: schema.empty_table() for name, schema in STORED.items()}
    store.publish(handmade.run(9), empty)
    assert len(store.rings(RingQuery())) == 0
    assert store.table("usage").num_rows == 0
    assert store.digest() == content_digest(handmade.run(9), "{}", empty)


def test_rings_come_by_probability_then_id(filled: Store) -> None:
    assert names(filled.rings(RingQuery())) == ["ring-1", "ring-2", "ring-3"]
    assert filled.rings(RingQuery()).schema.equals(OUTPUT_TABLES["rings"])


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (RingQuery(verdict=Verdict.COORDINATED), ["ring-1", "ring-2"]),
        (RingQuery(verdict=Verdict.UNDETERMINED), []),
        (RingQuery(min_probability=0.97), ["ring-1", "ring-2"]),
        (RingQuery(min_probability=0.98), []),
        (RingQuery(min_size=8), ["ring-1", "ring-2"]),
        (RingQuery(lab="lab-amber"), ["ring-1"]),
        (RingQuery(lab="lab-blue"), ["ring-2"]),  # in ring-1 it is second
        (RingQuery(lab="unknown"), ["ring-1"]),
        (RingQuery(text="CAMPUS"), ["ring-2"]),
        (RingQuery(text="RING-"), ["ring-1", "ring-2", "ring-3"]),
        (RingQuery(text="acct-3-001"), ["ring-3"]),
        (RingQuery(text="acct-3-00"), []),  # part of an account id is not enough
        (RingQuery(text="%"), []),
        (RingQuery(text=handmade.HOSTILE[0]), ["ring-1"]),
        (RingQuery(text=handmade.HOSTILE[1]), ["ring-1"]),
        (RingQuery(lab="x' OR 1=1 --"), []),
        (RingQuery(verdict=Verdict.COORDINATED, min_size=10, lab="lab-amber", text="ring"), ["ring-1"]),
    ],
)
def test_filters(filled: Store, query: RingQuery, wanted: list[str]) -> None:
    assert names(filled.rings(query)) == wanted


def test_paging_by_key_gives_every_row_once(filled: Store) -> None:
    seen: list[str] = []
    after = None
    while page := filled.rings(RingQuery(after=after, limit=1)).to_pylist():
        seen += [row["ring_id"] for row in page]
        after = (page[-1]["probability"], page[-1]["ring_id"])
    assert seen == ["ring-1", "ring-2", "ring-3"]


def test_members_are_paged_by_confidence_then_account(filled: Store) -> None:
    whole = filled.members("ring-1", limit=1000)
    wanted = sorted(handmade.members(1, 12), key=lambda row: (-row[2], row[1]))
    assert [tuple(row.values()) for row in whole.to_pylist()] == wanted
    parts, after = [], None
    while page := filled.members("ring-1", after=after, limit=4).to_pylist():
        parts += page
        after = (page[-1]["confidence"], page[-1]["account_id"])
    assert parts == whole.to_pylist()


def test_evidence_keeps_rows_that_repeat(filled: Store) -> None:
    rows = filled.evidence("ring-1").to_pylist()
    assert [(row["name"], row["weight"]) for row in rows] == [
        ("shared_card", 6.25),
        ("shared_card", 6.25),
        ("one_office", -1.5),
    ]
    assert filled.evidence("camp-1")["lab_id"].to_pylist() == ["lab-amber", "lab-blue"]
    assert len(filled.evidence("nothing")) == 0


def test_campaigns_and_attributions(filled: Store) -> None:
    assert filled.campaigns("ring-1")["campaign_id"].to_pylist() == ["camp-1", "camp-2"]
    assert filled.campaigns("ring-3").num_rows == 0
    assert filled.campaign("camp-2")["ring_id"].to_pylist() == ["ring-1"]
    rows = filled.attributions("camp-1")
    assert rows["lab_id"].to_pylist() == ["lab-amber", "unknown"]
    assert pc.sum(rows["posterior"]).as_py() == pytest.approx(1.0)
    assert filled.ring("ring-2").to_pylist()[0]["first_seen"] == handmade.START


def test_shared_values_of_a_ring_leave_out_what_one_member_alone_used(filled: Store) -> None:
    one = filled.shared("ring-1")
    assert set(one["facet"].to_pylist()) == {"ip", "payment"}
    assert "bystander" not in one["account_id"].to_pylist()
    assert len(one) == 2 * len(handmade.members(1, 12))
    two = filled.shared("ring-2")
    assert set(two["value"].to_pylist()) == {"tpl-{}'\""}
    assert two.equals(two.sort_by([("facet", "ascending"), ("value", "ascending"), ("account_id", "ascending")]))
    assert filled.shared("ring-3").num_rows == 0


def test_what_is_not_there_is_said_by_name(store: Store) -> None:
    with pytest.raises(NotFoundError, match="holds no run"):
        store.rings(RingQuery())
    assert store.runs() == []
    store.publish(handmade.run(1), handmade.tables())
    with pytest.raises(NotFoundError, match="no run 'x'"):
        store.ring("ring-1", "x")
    for read in (store.ring, store.members, store.campaigns, store.shared):
        with pytest.raises(NotFoundError, match='no ring "it\'s"'):
            read("it's")
    for read in (store.campaign, store.attributions):
        with pytest.raises(NotFoundError, match="no campaign 'ring-1'"):
            read("ring-1")
    with pytest.raises(NotFoundError, match="no table"):
        store.table("rings; drop table rings")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("rings", lambda t: t.drop(["events"]), "has columns"),
        ("rings", lambda t: pa.concat_tables([t, t]), "twice"),
        ("members", lambda t: t.slice(0, 3).set_column(0, "ring_id", pa.array(["no", "no", "no"])), "does not have"),
        ("evidence", lambda t: t.set_column(4, "weight", pa.array([float("nan")] * len(t))), "no number"),
        ("links", lambda t: t.rename_columns(["other_id", "account_id", *t.column_names[2:]]), "smaller account id"),
        ("attributions", lambda t: t.set_column(1, "ring_id", pa.array(["ring-2"] * len(t))), "another ring"),
        ("quarantine", lambda t: t.set_column(1, "line", pa.array(["a"] * len(t))), "another type"),
        ("suppressed", lambda t: t.set_column(1, "value", pa.array([None] * len(t), pa.string())), "non-nullable"),
    ],
)
def test_tables_that_break_the_contract_are_refused_and_leave_no_trace(
    store: Store, name: str, change: object, message: str
) -> None:
    tables = handmade.tables()
    tables[name] = change(tables[name])  # type: ignore[operator]
    with pytest.raises(StoreError, match=message):
        store.publish(handmade.run(1), tables)
    assert store.runs() == []


def test_facts_and_links_of_an_older_run_stay_as_they_were(store: Store) -> None:
    for shift in (0, 1, 0):
        store.publish(handmade.run(shift + 1), handmade.tables(shift))
    for shift in (0, 1):
        for name in ("usage", "addresses", "links"):
            order = [(column, "ascending") for column in STORED[name].names]
            wanted = handmade.tables(shift)[name].sort_by(order)
            assert store.table(name, f"run-{shift + 1}").sort_by(order).equals(wanted), (shift, name)


def test_long_values_are_stored_whole(store: Store) -> None:
    tables = handmade.tables()
    long, twin = "x" * 100_000, "sha256:" + "0" * 64
    tables["usage"] = handmade.table(
        "usage",
        [
            ("device", value, account, 1, handmade.START, handmade.END)
            for value in (long, twin)
            for account in ("a", long)
        ],
    )
    store.publish(handmade.run(1), tables)
    assert set(store.table("usage")["account_id"].to_pylist()) == {"a", long}
    assert store.digest() == content_digest(handmade.run(1), "{}", tables)


def test_loading_from_store_to_store_keeps_the_digest(filled: Store, tmp_path: Path) -> None:
    with connect(tmp_path / "other.duckdb") as con:
        other = EmbeddedStore(con)
        assert graph_load(filled, other) is Published.NEW
        assert graph_load(filled, other) is Published.UNCHANGED
        assert other.digest() == filled.digest()


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, st.floats(0, 1), TEXT), max_size=8, unique_by=lambda row: row[0]), st.integers(0, 5))
def test_any_string_survives_and_sorts_alike(store: Store, rows: list[tuple[str, float, str]], least: int) -> None:
    tables = {name: schema.empty_table() for name, schema in STORED.items()}
    tables["rings"] = handmade.table(
        "rings",
        [
            (name, "innocent", probability, at, handmade.START, handmade.END, at, note)
            for at, (name, probability, note) in enumerate(rows)
        ],
    )
    run = handmade.run(3)
    store.publish(run, tables)
    assert store.digest(run.run_id) == content_digest(run, "{}", tables)
    wanted = sorted((-p, name) for at, (name, p, _) in enumerate(rows) if at >= least)
    assert names(store.rings(RingQuery(min_size=least), run.run_id)) == [name for _, name in wanted]


WHEN = dt.datetime(2026, 3, 2, 9, 30, 0, 250000, tzinfo=dt.UTC)


def judgement(number: int, subject: str = "ring-1", reason: str = "seen on site") -> dict[str, object]:
    return {
        "judgement_id": f"j-{number:03d}",
        "kind": "not_a_member",
        "subject": subject,
        "author": "mara",
        "reason": reason,
        "decided": WHEN,
        "object": None if number % 2 else handmade.HOSTILE[number % len(handmade.HOSTILE)],
        "facet": None,
    }


def ledger_table(name: str, *rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=LEDGERS[name])


def test_a_ledger_is_appended_to_and_never_overwritten(store: Store) -> None:
    assert store.ledger("judgements").equals(LEDGERS["judgements"].empty_table())
    first = ledger_table("judgements", judgement(2), judgement(1))
    assert store.append("judgements", first) == 2
    assert store.append("judgements", ledger_table("judgements", judgement(1, reason="changed"), judgement(3))) == 1
    assert store.append("judgements", first) == 0
    wanted = ledger_table("judgements", judgement(1), judgement(2), judgement(3))
    assert store.ledger("judgements").equals(wanted)


@pytest.mark.parametrize("name", list(LEDGERS))
def test_every_ledger_reads_back_in_the_order_of_its_keys(store: Store, name: str) -> None:
    rows = [
        {
            field.name: None if field.nullable and number else WHEN if field.name == "decided" else f"{text}-{number}"
            for field in LEDGERS[name]
        }
        for number, text in enumerate(handmade.HOSTILE)
    ]
    assert store.append(name, ledger_table(name, *reversed(rows), rows[0])) == len(rows)
    keys = LEDGER_KEYS[name]
    wanted = sorted(rows, key=lambda row: tuple(str(row[key]).encode() for key in keys))
    assert store.ledger(name).to_pylist() == wanted


def test_an_unknown_ledger_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no ledger"):
        store.ledger("rumours")


def test_a_run_is_copied_with_its_lineage_and_all_ledgers(store: Store, tmp_path: Path) -> None:
    with connect(tmp_path / "origin.duckdb") as con:
        origin = EmbeddedStore(con)
        origin.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
        origin.append("judgements", ledger_table("judgements", judgement(1)))
        graph_load(origin, store)
        assert store.table("lineage").num_rows == 4
        assert store.ledger("judgements").equals(origin.ledger("judgements"))
        assert store.digest() == origin.digest()
