"""Named questions over HTTP: what is listed, what is refused, what is answered, and nothing but named ones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import duckdb
import handmade
import pytest
from starlette.testclient import TestClient

from api import Keys, create_app
from api import investigations as asked
from api.schemas import Problem
from attribution.store import EmbeddedStore
from attribution.store.neo4j import Neo4jStore
from graph_schema.investigations import load

if TYPE_CHECKING:
    from attribution.store import Store
    from attribution.store.neo4j_client import Client

LOCAL: dict[str, Any] = {"base_url": "http://localhost", "client": ("127.0.0.1", 1)}


def served(store: Store, *, keys: Keys | None = None) -> TestClient:
    return TestClient(create_app(store, keys=keys), raise_server_exceptions=False, **LOCAL)


@pytest.fixture
def file() -> TestClient:
    store = EmbeddedStore(duckdb.connect())
    store.publish(handmade.run(1), handmade.tables())
    return served(store)


@pytest.fixture
def server(graph: Client) -> TestClient:
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), handmade.tables())
    return served(store)


def test_every_question_is_listed_with_what_it_takes(file: TestClient) -> None:
    items = file.get("/v1/investigations").json()["items"]
    assert [one["name"] for one in items] == list(load())
    one = file.get("/v1/investigations/blast_radius").json()
    assert one == items[[item["name"] for item in items].index("blast_radius")]
    value = one["parameters"][0]
    assert (value["name"], value["needed"], value["kind"]) == ("value", True, "value")
    assert one["columns"][0] == "standing"


def test_a_file_is_not_asked(file: TestClient) -> None:
    answer = file.post("/v1/investigations/runs:ask", json={})
    assert answer.status_code == 409
    assert Problem(**answer.json()).type.endswith(":no-graph")


@pytest.mark.parametrize("name", ["MATCH (n) RETURN n", "none", "..%2Fruns", "x" * 500])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_named_questions(file: TestClient, name: str, method: str) -> None:
    answer = (
        file.get(f"/v1/investigations/{name}")
        if method == "get"
        else file.post(f"/v1/investigations/{name}:ask", json={})
    )
    assert answer.status_code in {404, 405, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "MATCH" not in answer.text


def test_files_for_browser_are_open_and_hold_no_data(file: TestClient) -> None:
    locked = served(EmbeddedStore(duckdb.connect()), keys=Keys((b"x" * 32,)))
    for path, kind in (
        ("style.grass", "text/plain"),
        ("guide.html", "text/html"),
        ("favourites.zip", "application/zip"),
    ):
        for client in (file, locked):
            answer = client.get(f"/browser/{path}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert b"ring-1" not in answer.content
    preflight = file.options("/browser/guide.html", headers={"Origin": "http://localhost:7474"})
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "*"
    assert locked.get("/v1/investigations").status_code == 401
    assert "access-control-allow-origin" not in file.get("/v1/investigations").headers


@pytest.mark.parametrize(
    ("name", "body", "status", "said"),
    [
        pytest.param("ring_overview", body, status, said, marks=pytest.mark.neo4j)
        for body, status, said in [
            ({"parameters": {"limit": 0}}, 422, "limit takes a whole number"),
            ({"parameters": {"limit": "1"}}, 422, "limit takes a whole number"),
            ({"parameters": {"limit": True}}, 422, ""),
            ({"parameters": {"limit": 1001}}, 422, "limit takes"),
            ({"parameters": {"ring": 7}}, 422, "ring takes a text"),
            ({"parameters": {"ring": "ring-"}}, 422, "begins several"),
            ({"parameters": {"cypher": "MATCH (n) RETURN n"}}, 422, "takes no cypher"),
            ({"parameters": {"ring": "ring-9"}}, 404, "no ring"),
            ({"parameters": {"run": "run-9"}}, 404, "no run"),
            ({"query": "MATCH (n) DETACH DELETE n"}, 422, ""),
            ({"parameters": ["ring-1"]}, 422, ""),
        ]
    ],
)
def test_what_is_wrong_is_a_problem(server: TestClient, name: str, body: Any, status: int, said: str) -> None:
    answer = server.post(f"/v1/investigations/{name}:ask", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in Problem(**answer.json()).detail


@pytest.mark.neo4j
def test_a_question_is_answered(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"parameters": {"value": "card-1"}}
    answer = server.post("/v1/investigations/blast_radius:ask", json=body).json()
    assert answer["run_id"] == "run-1"
    assert answer["parameters"] == {"value": "card-1", "run": "run-1", "limit": 10}
    assert [(row["standing"], row["accounts"]) for row in answer["rows"]] == [
        ("coordinated", len(handmade.members(1, 12)))
    ]
    assert answer["browser"] is None
    monkeypatch.setenv("ATTRIBUTION_NEO4J_BROWSER", "http://localhost:7474")
    linked = server.post("/v1/investigations/blast_radius:ask", json=body).json()
    assert linked["browser"]["picture"].startswith("http://localhost:7474/browser/?cmd=edit&arg=MATCH")
    assert linked["rows"] == answer["rows"]
    short = server.post("/v1/investigations/who_used_a_value:ask", json={"parameters": {"value": "card-1", "limit": 3}})
    assert (len(short.json()["rows"]), short.json()["full"]) == (3, True)
    hostile = server.post("/v1/investigations/one_account:ask", json={"parameters": {"account": handmade.HOSTILE[1]}})
    assert {row["which"] for row in hostile.json()["rows"]} >= {"ring-1"}


@pytest.mark.neo4j
def test_a_slow_question_is_ended(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "UNWIND range(1, 1000000000) AS x WITH sum(x) AS s RETURN s AS seed LIMIT $limit"
    one = load()["runs"]
    monkeypatch.setattr(asked.investigate, "find", lambda _: dataclasses.replace(one, query=slow))
    monkeypatch.setattr(asked, "SECONDS", 0.3)
    answer = server.post("/v1/investigations/runs:ask", json={})
    assert answer.status_code == 504
    assert Problem(**answer.json()).type.endswith(":too-slow")


@pytest.mark.neo4j
def test_long_values_are_found_by_their_digest(graph: Client) -> None:
    tables, long = handmade.tables(), "template " * 300
    usage = tables["usage"].to_pandas()
    usage.loc[usage["facet"] == "template", "value"] = long
    tables["usage"] = handmade.pa.Table.from_pandas(usage, schema=tables["usage"].schema, preserve_index=False)
    store = Neo4jStore(graph)
    store.publish(handmade.run(1), tables)
    body = {"parameters": {"value": long}}
    rows = served(store).post("/v1/investigations/who_used_a_value:ask", json=body).json()["rows"]
    assert len(rows) == 8
    assert {row["value"] for row in rows} == {long}
