"""What the API answers, the same over both stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb
import handmade
import pytest
from starlette.testclient import TestClient

from api import create_app
from api.schemas import Problem
from attribution.domain import Attribution, Evidence, LabPosterior
from attribution.errors import NotFoundError, StoreError, UsageError
from attribution.store import EmbeddedStore, RingQuery, Store
from attribution.store.neo4j import Neo4jStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

REAL = pytest.param("neo4j", marks=pytest.mark.neo4j)
SECRET = b"0123456789abcdef"

QUESTIONS = [
    "/v1/rings",
    "/v1/rings?limit=1",
    "/v1/rings?verdict=coordinated&min_probability=0.5&min_size=10",
    "/v1/rings?lab=lab-blue",
    "/v1/rings?text=CAMPUS",
    "/v1/rings?run=run-1",
    "/v1/rings/ring-1",
    "/v1/rings/ring-1?run=run-1",
    "/v1/rings/ring-1/members?limit=5",
    "/v1/rings/ring-1/evidence",
    "/v1/rings/ring-3/evidence",
    "/v1/rings/ring-1/campaigns",
    "/v1/rings/ring-3/campaigns",
    "/v1/campaigns/camp-1/attribution",
    "/v1/campaigns/camp-2/attribution?run=run-1",
    "/v1/runs",
    "/healthz",
    "/readyz",
    "/v1/rings?run=none",
    "/v1/rings/none",
    "/v1/rings/none/members",
    "/v1/rings/none/evidence",
    "/v1/rings/none/campaigns",
    "/v1/campaigns/none/attribution",
    "/v1/rings?verdict=guilty",
    "/v1/rings?limit=0",
    "/v1/rings?min_probability=nan",
    "/v1/rings?cursor=AAAA",
    "/nowhere",
]


def local(app: Starlette) -> TestClient:
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000), raise_server_exceptions=False)


def embedded() -> EmbeddedStore:
    store = EmbeddedStore(duckdb.connect(), owned=True)
    fill(store)
    return store


def fill(store: Store) -> None:
    store.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
    store.publish(handmade.run(2), handmade.tables(shift=1), report="{}")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with local(create_app(embedded(), scorer=scorer, cursor_secret=SECRET)) as one:
        yield one


def scorer(accounts: Any, *, without: Any, prior: Any, split: bool) -> tuple[Attribution, ...]:
    if "nobody" in accounts:
        raise NotFoundError("account 'nobody' not in the logs")
    if prior == 2.0:
        raise UsageError("prior 2.0 of an unknown lab", remedy="give a probability between 0 and 1")
    rows = (
        LabPosterior("lab-amber", 0.7, 1, "likely", "moderate"),
        LabPosterior("unknown", 0.3, 2, "unlikely", "moderate"),
    )
    detail = {"accounts": list(accounts), "without": list(without), "split": split}
    ledger = (Evidence("ad-hoc-c1", "lab-amber", "payments", "bins", 1.5, detail),)
    return (Attribution("ad-hoc-c1", "ad-hoc", rows, abstained=False, reason="", evidence=ledger),)


def pages(client: TestClient, address: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    mark = "&" if "?" in address else "?"
    page = client.get(f"{address}{mark}limit={limit}").raise_for_status().json()
    found += page["items"]
    while page["next"]:
        page = client.get(f"{address}{mark}limit={limit}&cursor={page['next']}").raise_for_status().json()
        found += page["items"]
    return found


@pytest.mark.neo4j
def test_both_stores_give_the_same_answers(graph: Any, client: TestClient) -> None:
    store = Neo4jStore(graph)
    fill(store)
    other = local(create_app(store, scorer=scorer, cursor_secret=SECRET))
    for question in QUESTIONS:
        one, two = client.get(question), other.get(question)
        assert (one.status_code, one.json()) == (two.status_code, two.json()), question
    body = {"accounts": ["a", "b"]}
    assert (
        client.post("/v1/attribution:score", json=body).json() == other.post("/v1/attribution:score", json=body).json()
    )
    for address in ("/v1/rings", "/v1/rings/ring-1/members"):
        assert pages(client, address, 1) == pages(other, address, 1)


def test_a_ring_is_what_the_run_found(client: TestClient) -> None:
    assert client.get("/v1/rings/ring-2").json() == {
        "ring_id": "ring-2",
        "verdict": "coordinated",
        "probability": 0.97,
        "size": 8,
        "first_seen": "2026-03-01T12:00:00.123456Z",
        "last_seen": "2026-03-28T23:59:59.999999Z",
        "events": 400,
        "explanation": "Campus cohort",
    }


def test_filters_reach_the_store(client: TestClient) -> None:
    def ids(question: str) -> list[str]:
        return [row["ring_id"] for row in client.get(f"/v1/rings?{question}").raise_for_status().json()["items"]]

    assert ids("verdict=innocent") == ["ring-3"]
    assert ids("min_probability=0.5&min_size=9") == ["ring-1"]
    assert ids("lab=lab-amber") == ["ring-1"]
    assert ids("text=office") == ["ring-3"]
    assert ids("text=acct-2-003") == ["ring-2"]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_give_every_row_once(client: TestClient, limit: int) -> None:
    rings = pages(client, "/v1/rings", limit)
    assert [ring["ring_id"] for ring in rings] == ["ring-1", "ring-2", "ring-3"]
    members = pages(client, "/v1/rings/ring-1/members", limit)
    names = [member["account_id"] for member in members]
    assert len(set(names)) == len(names) == len(handmade.members(1, 12))
    assert set(handmade.HOSTILE) <= set(names)


def test_a_page_stays_with_its_run_when_a_new_one_comes() -> None:
    store = embedded()
    client = local(create_app(store))
    first = client.get("/v1/rings?limit=1").json()
    tables = handmade.tables()
    tables["rings"] = tables["rings"].set_column(2, "probability", [[0.1, 0.2, 0.3]])
    store.publish(handmade.run(3), tables)
    second = client.get(f"/v1/rings?limit=1&cursor={first['next']}").json()
    assert second["run_id"] == first["run_id"] == "run-2"
    assert second["items"][0]["ring_id"] == "ring-2"


def test_a_cursor_serves_its_own_list_alone(client: TestClient) -> None:
    cursor = client.get("/v1/rings?limit=1").json()["next"]
    turned = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for question in (
        f"/v1/rings?limit=1&min_size=1&cursor={cursor}",
        f"/v1/rings/ring-1/members?cursor={cursor}",
        f"/v1/rings?limit=1&cursor={turned}",
        f"/v1/rings?cursor={cursor[5:]}",
        "/v1/rings?cursor=%C3%A9",
        "/v1/rings?cursor=" + "A" * 5000,
    ):
        answer = client.get(question)
        assert answer.status_code == 400, question
        assert answer.json()["type"] == "urn:problem:attribution:invalid-cursor"
    other = local(create_app(embedded(), cursor_secret=b"another secret!!"))
    assert other.get(f"/v1/rings?limit=1&cursor={cursor}").status_code == 400


def test_scoring(client: TestClient) -> None:
    body = {"accounts": ["a", "b"], "without": ["payments"], "prior": {"unknown": 0.5}, "split": True}
    answer = client.post("/v1/attribution:score", json=body).raise_for_status().json()["results"][0]
    assert [row["posterior"] for row in answer["posteriors"]] == [0.7, 0.3]
    assert answer["evidence"][0]["detail"] == {"accounts": ["a", "b"], "without": ["payments"], "split": True}
    assert answer["run_id"] is None


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"accounts": []}, 422, "invalid-request"),
        ({"accounts": ["nobody"]}, 422, "unknown-account"),
        ({"accounts": ["a"], "prior": 2.0}, 422, "impossible"),
        ({"accounts": ["a"], "extra": 1}, 422, "invalid-request"),
        ({"accounts": "a"}, 422, "invalid-request"),
        ({"accounts": [""]}, 422, "invalid-request"),
        ({"accounts": ["a" * 5000]}, 422, "invalid-request"),
        ({"accounts": ["a"] * 10_001}, 422, "invalid-request"),
        ([1], 422, "invalid-request"),
        (None, 422, "invalid-request"),
    ],
)
def test_score_requests_that_are_wrong(client: TestClient, body: object, status: int, kind: str) -> None:
    answer = client.post("/v1/attribution:score", json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:problem:attribution:{kind}")


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"\xff\xfe", b"[" * 100_000, b'{"accounts":["\\ud800"]}', b'{"accounts":[NaN]}', b'{"a":' * 50_000],
)
def test_bodies_that_are_no_document(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/attribution:score", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    Problem.model_validate(answer.json())


def test_scoring_without_the_logs_is_a_conflict() -> None:
    answer = local(create_app(embedded())).post("/v1/attribution:score", json={"accounts": ["a"]})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:attribution:no-facts")


PAYLOADS = [
    *handmade.HOSTILE,
    "%",
    "_",
    "\x00",
    "a\x00b",
    "../../etc/passwd",
    "${7*7}",
    "{{7*7}}",
    "<script>",
    "null",
    "'; DROP TABLE results.rings; --",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_injections_find_nothing_and_break_nothing(client: TestClient, payload: str) -> None:
    for name in ("text", "lab", "run", "cursor", "verdict", "min_size"):
        answer = client.get("/v1/rings", params={name: payload})
        assert answer.status_code in {200, 400, 404, 422}, name
        if answer.status_code == 200:
            wanted = ["ring-1"] if name == "text" and payload in handmade.HOSTILE else []
            if name == "text" and payload not in {"_", "%"}:
                assert [row["ring_id"] for row in answer.json()["items"]] == wanted
    for address in ("/v1/rings/{}", "/v1/rings/{}/members", "/v1/campaigns/{}/attribution"):
        assert client.get(address.format(quote(payload, safe=""))).status_code == 404
    assert client.get("/v1/rings").json()["items"]


def test_every_error_is_a_problem_document(client: TestClient) -> None:
    answers = [
        client.get("/nowhere"),
        client.get("/v1/rings/none"),
        client.get("/v1/rings?limit=x"),
        client.delete("/v1/rings"),
        client.get("/v1/rings?cursor=x"),
        client.post("/v1/attribution:score", content=b"{"),
        client.get("/v1/rings?text=" + "a" * 9000),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 422, 405, 400, 422, 414]
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        Problem.model_validate(document)
        assert document["status"] == answer.status_code
        assert document["type"].startswith("urn:problem:attribution:")


def test_what_was_sent_is_not_repeated(client: TestClient) -> None:
    answer = client.post("/v1/attribution:score", json={"accounts": ["4111111111111111"], "prior": "4242424242424242"})
    assert answer.status_code == 422
    assert "4242" not in answer.text
    assert "4111" not in answer.text


def test_a_store_that_fails_is_503_and_a_bug_500_without_details() -> None:
    store = embedded()
    app = create_app(store)

    def fails(*_: object, **__: object) -> None:
        raise StoreError("bolt://10.0.0.7:7687: the server does not answer")

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    store.runs = fails  # type: ignore[method-assign]
    store.ring = breaks  # type: ignore[method-assign]
    client = local(app)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "10.0.0.7" not in answer.text
    answer = client.get("/v1/rings/ring-1")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:problem:attribution:internal"
    assert "secret" not in answer.text


def test_the_application_closes_its_store() -> None:
    store = embedded()
    with local(create_app(store)) as client:
        assert client.get("/readyz").status_code == 200
    with pytest.raises(duckdb.Error):
        store.rings(RingQuery())


def test_details_of_evidence_are_documents(client: TestClient) -> None:
    line = client.get("/v1/rings/ring-1/evidence").json()["items"][0]
    assert line["detail"] == json.loads(handmade.tables()["evidence"]["detail"][0].as_py())
