"""Every investigation on a real server, over two nights of the demo's world: rows, plans, pictures, figures."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import neo4j as driver_module
import neo4j_server
import pandas as pd
import pytest

import attribution
from attribution.errors import NotFoundError, SlowError, StoreError, UsageError
from attribution.investigate import Answer, answer
from attribution.store import open_store
from graph_schema.investigations import MOST_ROWS, NAMED, Investigation, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attribution.store.neo4j import Neo4jStore


pytestmark = pytest.mark.neo4j
EVERY = tuple(load().values())
WITH_PICTURE = [one for one in EVERY if one.picture is not None]
NEVER = ("AllNodesScan", "CartesianProduct")
HOSTILE = ("' OR 1=1 --", "}) DETACH DELETE n //", "$ring", "\\u0027", "a\u202eb", "x" * 2000)


@pytest.fixture(scope="module")
def facts(nights_file: Path) -> Iterator[dict[str, pd.DataFrame]]:
    """Read the tables of both nights from the file that was loaded, to recompute answers from."""
    with open_store(nights_file) as store:
        runs = [run.run_id for run in store.runs()]
        tables = {}
        for run in runs:
            for name in ("usage", "rings", "members", "campaigns", "lineage", "links", "suppressed"):
                table = store.table(name, run).to_pandas()
                tables[f"{name} {run}"] = table
        yield {"runs": pd.DataFrame({"run_id": runs}), **tables}


@pytest.fixture(scope="module")
def arguments(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Choose what the questions need: two members of the strongest ring, and the values that most of it share."""
    run = facts["runs"]["run_id"][0]
    ring = answer(nights, "rings_to_look_at", {}).rows[0]["ring"]
    members = facts[f"members {run}"]
    members = members[members["ring_id"] == ring]["account_id"]
    usage = facts[f"usage {run}"]
    shared = usage[usage["account_id"].isin(members)].groupby(["facet", "value"]).size().sort_values()
    return {
        "account": members.iloc[0],
        "other": members.iloc[-1],
        "device": shared["device"].index[-1],
        "value": shared["payment"].index[-1],
    }


def needed(one: Investigation, arguments: dict[str, str]) -> dict[str, str]:
    return {p.name: arguments[p.name] for p in one.parameters if p.needed}


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_it_answers_with_rows(one: Investigation, nights: Neo4jStore, arguments: dict[str, str]) -> None:
    found = answer(nights, one.name, needed(one, arguments))
    assert found.rows
    assert len(found.rows) <= found.parameters["limit"]
    assert all(tuple(row) == one.columns for row in found.rows)
    assert list(found.frame().columns) == list(one.columns)
    json.dumps([dict(row) for row in found.rows], default=str)
    said = {type(value).__module__ for row in found.rows for value in row.values()}
    assert said <= {"builtins", "datetime"}, "a driver's type came through"
    assert answer(nights, one.name, needed(one, arguments)).rows == found.rows, "the order of rows is fixed"


@pytest.fixture(scope="module")
def driver(neo4j: neo4j_server.Server) -> Iterator[driver_module.Driver]:
    with driver_module.GraphDatabase.driver(neo4j.url, auth=("neo4j", neo4j_server.ADMIN_PASSWORD)) as opened:
        yield opened


def operators(plan: Any) -> list[str]:
    """Name every operator of a plan, all branches down."""
    return [plan["operatorType"], *(name for child in plan.get("children", []) for name in operators(child))]


def planned(driver: driver_module.Driver, text: str, names: list[str]) -> list[str]:
    return operators(driver.execute_query("EXPLAIN " + text, dict.fromkeys(names)).summary.plan)  # type: ignore[arg-type]  # texts are ours


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_no_plan_reads_everything(one: Investigation, driver: driver_module.Driver, nights: Neo4jStore) -> None:
    nights.ping()
    for text in (one.query, one.picture.query if one.picture else one.query):
        found = planned(driver, text, [p.name for p in one.parameters])
        assert not [name for name in found if name.startswith(NEVER)]
        if any(p.needed for p in one.parameters):
            assert any("IndexSeek" in name for name in found), "what is named is looked up"


def test_the_walk_over_plans_sees_what_it_should(driver: driver_module.Driver) -> None:
    hidden = "MATCH (r:Run) CALL (r) { MATCH (n) MATCH (m:Lab) RETURN n, m } RETURN n, m LIMIT 1"
    found = planned(driver, hidden, [])
    assert any(name.startswith("AllNodesScan") for name in found)
    assert any(name.startswith("CartesianProduct") for name in found)


@pytest.mark.parametrize("kind", NAMED)
def test_names_are_looked_up_by_index(kind: str, driver: driver_module.Driver) -> None:
    found = planned(driver, NAMED[kind], ["key", "generation"])
    assert any("IndexSeek" in name for name in found)
    assert not [name for name in found if "Scan" in name or name.startswith(NEVER)]


@pytest.mark.parametrize("one", WITH_PICTURE, ids=lambda one: one.name)
def test_pictures_draw_each_tie_once(
    one: Investigation, nights: Neo4jStore, driver: driver_module.Driver, arguments: dict[str, str]
) -> None:
    values = dict(answer(nights, one.name, needed(one, arguments)).parameters)
    assert one.picture is not None
    drawn = driver.execute_query(one.picture.query, values, result_transformer_=driver_module.Result.graph)  # type: ignore[arg-type]
    nodes, ties = list(drawn.nodes), list(drawn.relationships)
    assert 1 < len(nodes) <= 300, "Browser draws 300 at first"
    assert ties
    ends = Counter((tie.start_node.element_id, tie.type, tie.end_node.element_id) for tie in ties)  # type: ignore[union-attr]
    assert max(ends.values()) == 1, "the same tie of two nights"


def test_a_run_is_answered_for_as_it_was(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    counted = []
    card = facts[f"usage {facts['runs']['run_id'][0]}"].query("facet == 'payment'")["value"].mode()[0]
    for run in facts["runs"]["run_id"]:
        usage = facts[f"usage {run}"].query("facet == 'payment' and value == @card")
        found = answer(nights, "who_used_a_value", {"value": card, "run": run, "limit": 1000}).frame()
        wanted = dict(zip(usage["account_id"], usage["events"], strict=True))
        assert dict(zip(found["account"], found["exchanges"], strict=True)) == wanted
        counted.append(len(found))
    assert counted[0] > counted[1] > 0


def test_the_blast_radius_is_everybody(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    run = facts["runs"]["run_id"][0]
    usage, members = facts[f"usage {run}"], facts[f"members {run}"].merge(facts[f"rings {run}"], on="ring_id")
    for facet, value in usage.groupby("facet")["value"].agg(lambda values: values.mode()[0]).items():
        hit = usage.query("facet == @facet and value == @value").merge(members, on="account_id", how="left")
        wanted = hit["verdict"].fillna("in no ring").groupby(hit["verdict"].fillna("in no ring")).size().to_dict()
        found = answer(nights, "blast_radius", {"value": value}).frame()
        assert dict(zip(found["standing"], found["accounts"], strict=True)) == wanted, (facet, value)


def test_addresses_are_found_in_any_spelling(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    usage = facts[f"usage {facts['runs']['run_id'][0]}"].query("facet == 'ip' and not value.str.contains(':')")
    ip = usage["value"].mode()[0]
    net = ip.rpartition(".")[0]
    for spelling, meant in ((f"::FFFF:{ip}", ip), (f" {ip} ", ip), (f"{ip}/24", f"{net}.0/24")):
        found = answer(nights, "blast_radius", {"value": spelling})
        assert found.parameters["value"] == meant
        assert found.rows == answer(nights, "blast_radius", {"value": meant}).rows
    with pytest.raises(NotFoundError, match=r"no value '198\.51\.0\.0/16'") as caught:
        answer(nights, "blast_radius", {"value": "198.51.0.0/16"})
    assert "a /24 (IPv4) or a /48 (IPv6)" in caught.value.remedy


def test_planted_cards_bridge_the_rings(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    run = facts["runs"]["run_id"][0]
    rings = facts[f"rings {run}"].query("verdict != 'innocent'")["ring_id"]
    paid = facts[f"usage {run}"].query("facet == 'payment'").merge(facts[f"members {run}"], on="account_id")
    paid = paid[paid["ring_id"].isin(rings)]
    wanted = {
        card: sorted(set(rows["ring_id"])) for card, rows in paid.groupby("value") if len(set(rows["ring_id"])) > 1
    }
    assert wanted
    found = answer(nights, "cards_that_bridge_rings", {"limit": 1000}).frame()
    assert {card: sorted(rings) for card, rings in zip(found["card"], found["rings"], strict=True)} == wanted


def test_the_way_between_two_accounts_is_one(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    run = facts["runs"]["run_id"][0]
    usage = facts[f"usage {run}"]
    used = {
        account: set(zip(rows["facet"], rows["value"], strict=True)) for account, rows in usage.groupby("account_id")
    }
    bridge = answer(nights, "cards_that_bridge_rings", {}).rows[0]
    members = facts[f"members {run}"]
    members = members[members["ring_id"].isin(bridge["rings"])]["account_id"]
    one, other = members.iloc[0], members.iloc[-1]
    steps = answer(nights, "why_linked", {"account": one, "other": other}).rows
    assert steps[0]["account"] == one
    assert steps[-1]["with_account"] == other
    links = facts[f"links {run}"]
    chance = {
        frozenset(pair): p for *pair, p in zip(links["account_id"], links["other_id"], links["p_value"], strict=True)
    }
    for at, step in enumerate(steps):
        between = frozenset((step["account"], step["with_account"]))
        assert step["link_p_value"] == (pytest.approx(chance[between]) if between in chance else None)
        assert step["step"] == at + 1
        assert at == 0 or steps[at - 1]["with_account"] == step["account"]
        values = {value for _, value in used[step["account"]] & used[step["with_account"]]}
        assert step["value"] in values
        assert step["accounts_using_it"] == usage.query("value == @step['value']")["account_id"].nunique() <= 200


def test_what_two_accounts_share_is_all_of_it(
    nights: Neo4jStore, facts: dict[str, pd.DataFrame], arguments: dict[str, str]
) -> None:
    run = facts["runs"]["run_id"][0]
    usage, hubs = facts[f"usage {run}"], facts[f"suppressed {run}"]
    asked = {name: arguments[name] for name in ("account", "other")}
    one, other = (set(usage[usage["account_id"] == account]["value"]) for account in asked.values())
    found = answer(nights, "what_two_accounts_share", asked).frame()
    assert set(found["value"]) == one & other
    assert set(found["value"][found["too_common_to_count"]]) == one & other & set(hubs["value"])


def test_the_second_night_says_what_is_new(nights: Neo4jStore, facts: dict[str, pd.DataFrame]) -> None:
    new, old = facts["runs"]["run_id"]
    changed = answer(nights, "what_changed", {"limit": 1000}).frame()
    lineage = facts[f"lineage {new}"].query("event != 'kept'")
    assert Counter(zip(changed["kind"], changed["event"], strict=True)) == Counter(
        zip(lineage["kind"], lineage["event"], strict=True)
    )
    assert set(changed["run_before"].dropna()) == {old}
    ring = facts[f"rings {old}"].query("verdict == 'coordinated'")["ring_id"].iloc[0]
    history = answer(nights, "history_of_a_ring", {"ring": ring}).frame()
    assert list(history["in_run"])[:2] == [new, old]
    judged = answer(nights, "verdicts_and_judgements", {}).rows[0]
    assert (judged["author"], judged["decision"], judged["verdict_now"]) == ("mara", "ring_confirmed", "coordinated")


def test_pivots_are_those_of_the_ledger(nights: Neo4jStore, nights_file: Path) -> None:
    with open_store(nights_file) as store:
        lines = store.table("evidence").to_pandas().query("name == 'release_pivot'")
    details = [json.loads(one) for one in lines["detail"]]
    wanted = sorted((d["new_model"], d["day"], d["share"], d["control_share"], d["p_value"]) for d in details)
    found = answer(nights, "release_pivots", {"limit": 1000}).frame()
    names = ["new_model", "released", "share_within_24_hours", "share_of_comparable_accounts", "p_value"]
    assert sorted(found[names].itertuples(index=False, name=None)) == wanted


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", [one.name for one in EVERY if any(p.needed for p in one.parameters)])
def test_hostile_values_are_values(name: str, value: str, nights: Neo4jStore, arguments: dict[str, str]) -> None:
    one = load()[name]
    first = next(p for p in one.parameters if p.needed)
    with pytest.raises(NotFoundError, match=f"no {first.kind}"):
        answer(nights, name, {**needed(one, arguments), first.name: value})


def test_what_is_wrong_is_said(nights: Neo4jStore, nights_file: Path) -> None:
    ring = answer(nights, "rings_to_look_at", {}).rows[0]["ring"]
    assert answer(nights, "ring_overview", {"ring": ring[:12]}).parameters["ring"] == ring
    for given, error, said in [
        ({"ring": "ring-"}, UsageError, "begins several"),
        ({"ring": "ring-zz"}, NotFoundError, "no ring 'ring-zz'"),
        ({"run": "run-0"}, NotFoundError, "no run 'run-0'"),
        ({"limit": 0}, UsageError, "limit takes a whole number from 1 to 1000"),
        ({"limit": MOST_ROWS + 1}, UsageError, "limit takes"),
        ({"cypher": "MATCH (n) RETURN n"}, UsageError, "takes no cypher"),
    ]:
        with pytest.raises(error, match=said):
            answer(nights, "ring_overview", given)
    with pytest.raises(UsageError, match="no question is named") as caught:
        answer(nights, "MATCH (n) RETURN n", {})
    assert "attribution ask" in caught.value.remedy
    with open_store(nights_file) as file, pytest.raises(UsageError, match="this store is a file"):
        answer(file, "runs", {})


def test_asking_cannot_write(nights: Neo4jStore, driver: driver_module.Driver) -> None:
    with pytest.raises(StoreError, match=r"(?i)writ"):
        nights.viewing(lambda run, _: run("CREATE (n:Lab {lab_id: 'x'}) RETURN n"))
    assert driver.execute_query("MATCH (l:Lab {lab_id: 'x'}) RETURN l").records == []


def test_time_is_limited(nights: Neo4jStore) -> None:
    with pytest.raises(SlowError, match="time limit"):
        nights.viewing(lambda run, _: run("UNWIND range(1, 1000000000) AS x RETURN sum(x) AS s"), seconds=0.3)


def test_a_notebook_gets_a_frame(nights: Neo4jStore, neo4j_environment: str) -> None:
    from_address = attribution.ask(neo4j_environment, "rings_to_look_at", limit=3)
    assert isinstance(from_address, pd.DataFrame)
    pd.testing.assert_frame_equal(from_address, attribution.ask(nights, "rings_to_look_at", limit=3))
    assert from_address["first_seen"].dt.tz is not None


def test_what_to_ask_next_is_filled_in(nights: Neo4jStore) -> None:
    found: Answer = answer(nights, "rings_to_look_at", {})
    assert found.following()["ring_overview"] == {"ring": found.rows[0]["ring"]}
