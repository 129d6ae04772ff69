"""A whole run goes into a real Neo4j, twice, and is answered for from there as from the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from api import create_app
from attribution.store import graph_load, open_store

if TYPE_CHECKING:
    from attribution.pipeline import Result
    from attribution.store.neo4j_client import Client

pytestmark = pytest.mark.neo4j


def test_loaded_twice_it_is_the_same_and_answers_the_same(
    result: Result, graph: Client, neo4j_environment: str
) -> None:
    digests = []
    for _ in range(2):
        with open_store(result.out) as file, open_store(neo4j_environment, write=True) as server:
            graph_load(file, server)
            digests += [file.digest(), server.digest()]
    assert len(set(digests)) == 1
    rings = result.tables["rings"].to_pylist()
    covert = [ring["ring_id"] for ring in rings if ring["verdict"] == "coordinated"]
    assert covert
    campaigns = result.tables["campaigns"]["campaign_id"].to_pylist()
    questions = ["/v1/rings?limit=200", "/v1/rings?verdict=coordinated", "/v1/runs"]
    for ring in [*covert, rings[-1]["ring_id"]]:
        questions += [f"/v1/rings/{ring}{part}" for part in ("", "/members?limit=500", "/evidence", "/campaigns")]
    questions += [f"/v1/campaigns/{campaign}/attribution" for campaign in campaigns]
    with open_store(result.out) as file, open_store(neo4j_environment) as server:
        from_file = TestClient(create_app(file), base_url="http://localhost", client=("127.0.0.1", 1))
        from_graph = TestClient(create_app(server), base_url="http://localhost", client=("127.0.0.1", 1))
        for question in questions:
            one, other = from_file.get(question), from_graph.get(question)
            assert one.status_code == other.status_code == 200, question
            assert one.json() == other.json(), question
    assert graph is not None


def test_the_command_line_loads_it(result: Result, graph: Client, neo4j_environment: str) -> None:
    program = str(Path(sys.executable).with_name("attribution"))
    said = subprocess.run(
        [program, "graph", "load", str(result.out), "--store", neo4j_environment],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    with open_store(result.out) as file, open_store(neo4j_environment) as server:
        assert file.digest() == server.digest()
    assert graph is not None
