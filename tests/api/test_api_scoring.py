"""Scoring over real facts: a small database of events, asked through the whole API."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import handmade
import pytest
from starlette.testclient import TestClient

from api import Keys
from api.serve import application
from attribution.store import EmbeddedStore
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABS = """labs:
  - id: lab-amber
    name: Amber Research
    networks: ["198.51.100.0/24"]
    bins: ["411111"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "labs.yaml").write_text(LABS)
    start = dt.datetime(2026, 3, 1)  # noqa: DTZ001  # the facts are naive UTC
    with connect(tmp_path / "a.duckdb") as con:
        rows = [
            (account, start + dt.timedelta(hours=hour), f"198.51.100.{hour % 3}", "card-1", f"t{hour % 2}")
            for account in [name for _, name, _ in handmade.members(1, 12)] + ["bystander"]
            for hour in range(24)
        ]
        con.executemany("insert into events (account_id, ts, ip, payment_id, template_id) values (?, ?, ?, ?, ?)", rows)
        con.execute("insert into payments values ('card-1', '411111', 'XA', 'prepaid')")
        con.execute("insert into templates values ('t0', 'say {}', 'say …', 150), ('t1', 'think {}', 'think …', 150)")
        con.executemany(
            "insert into input_columns values (?)",
            [(f"events.{name}",) for name in ("account_id", "ts", "ip", "payment_id", "template_id")]
            + [(f"payments.{name}",) for name in ("payment_id", "bin", "issuer_country", "kind")],
        )
        store = EmbeddedStore(con)
        store.publish(handmade.run(1), handmade.tables())
    return tmp_path


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    app = application(str(path / "a.duckdb"), keys=Keys(), labs=path / "labs.yaml")
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as one:
        yield one


def test_a_set_of_accounts_is_weighed_against_the_dossiers(client: TestClient) -> None:
    accounts = [name for _, name, _ in handmade.members(1, 12)]
    answer = client.post("/v1/attribution:score", json={"accounts": [*accounts, accounts[0]]})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    posterior = {row["lab_id"]: row["posterior"] for row in result["posteriors"]}
    assert posterior.keys() == {"lab-amber", "unknown"}
    assert sum(posterior.values()) == pytest.approx(1.0)
    assert client.post("/v1/attribution:score", json={"accounts": accounts}).json() == answer.json()
    strong = client.post("/v1/attribution:score", json={"accounts": accounts, "prior": 0.01}).json()["results"][0]
    assert {row["lab_id"]: row["posterior"] for row in strong["posteriors"]}["lab-amber"] > posterior["lab-amber"]


def test_the_file_is_free_between_questions_and_its_changes_are_seen(client: TestClient, path: Path) -> None:
    body = {"accounts": ["newcomer"]}
    assert client.post("/v1/attribution:score", json=body).json()["type"] == "urn:problem:attribution:unknown-account"
    with connect(path / "a.duckdb") as con:
        assert client.post("/v1/attribution:score", json=body).status_code in {503, 422}
        con.execute("insert into events (account_id, ts, ip) values ('newcomer', '2026-03-02', '198.51.100.1')")
    assert client.post("/v1/attribution:score", json=body).status_code == 200


def test_questions_that_make_no_sense(client: TestClient) -> None:
    for body in ({"accounts": ["bystander"], "without": ["astrology"]}, {"accounts": ["bystander"], "prior": 1.0}):
        answer = client.post("/v1/attribution:score", json=body)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:attribution:impossible")
