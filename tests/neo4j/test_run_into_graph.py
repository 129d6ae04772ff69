"""A run that keeps its results in a real Neo4j, and honours what analysts type there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import attribution
from attribution.errors import JudgementError, StoreError
from attribution.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.store.neo4j_client import Client

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

REJECT = """
MATCH (r:Ring {ring_id: $ring}) WITH r LIMIT 1
CREATE (:Judgement {kind: 'ring_rejected', subject: r.ring_id, author: 'mara', decided: datetime(),
                    reason: 'a hackathon: the list of teams was seen'})
"""
TYPO = (
    "CREATE (:Judgement {kind: 'ring_rejectd', subject: 'ring-1', author: 'mara', decided: datetime(), reason: 'no'})"
)
NO_TIME = (
    "CREATE (:Judgement {kind: 'benign_value', subject: '198.51.100.7', facet: 'ip', author: 'mara', reason: 'NAT'})"
)
JUDGEMENTS = "MATCH (j:Judgement) RETURN j.judgement_id AS id, j.author AS author, j.reason AS reason ORDER BY id"


def test_what_an_analyst_types_is_honoured_by_the_next_run(
    world: Path, tmp_path: Path, graph: Client, neo4j_environment: str
) -> None:
    first = attribution.run(world, labs=world / "labs.yaml", out=tmp_path / "one", seed=3, store=neo4j_environment)
    with open_store(tmp_path / "one") as own, open_store(neo4j_environment) as kept:
        assert own.digest() == kept.digest()
    rings = first.tables["rings"].to_pylist()
    ring = next(row["ring_id"] for row in rings if row["verdict"] == "coordinated")
    graph.write(REJECT, ring=ring)

    second = attribution.run(world, labs=world / "labs.yaml", out=tmp_path / "two", seed=3, store=neo4j_environment)
    verdicts = {row["ring_id"]: row["verdict"] for row in second.tables["rings"].to_pylist()}
    assert verdicts.pop(ring) == "innocent"
    assert verdicts == {row["ring_id"]: row["verdict"] for row in rings if row["ring_id"] != ring}
    assert second.run_id != first.run_id
    with open_store(neo4j_environment) as kept:
        assert [run.run_id for run in kept.runs()] == [second.run_id, first.run_id]
        told = kept.ledger("judgements").to_pylist()
    assert [(row["kind"], row["subject"], row["author"]) for row in told] == [("ring_rejected", ring, "mara")]
    (node,) = graph.read(JUDGEMENTS)
    assert node == {
        "id": told[0]["judgement_id"],
        "author": "mara",
        "reason": "a hackathon: the list of teams was seen",
    }
    assert json.loads((tmp_path / "two" / "run.json").read_text())["judgements"] == [node["id"]]
    assert "mara" in (tmp_path / "two" / "report.json").read_text()


@pytest.mark.parametrize(("typed", "says"), [(TYPO, "did you mean 'ring_rejected'"), (NO_TIME, "no `decided`")])
def test_a_mistake_in_the_graph_is_named_and_left_alone(
    world: Path, tmp_path: Path, graph: Client, neo4j_environment: str, typed: str, says: str
) -> None:
    graph.write(typed)
    before = graph.read("MATCH (j:Judgement) RETURN properties(j) AS it, elementId(j) AS node")
    with pytest.raises(JudgementError, match=says) as caught:
        attribution.run(world, out=tmp_path / "out", store=neo4j_environment)
    assert before[0]["node"] in str(caught.value)
    assert graph.read("MATCH (j:Judgement) RETURN properties(j) AS it, elementId(j) AS node") == before
    assert not (tmp_path / "out" / "run.json").exists()


def test_the_same_words_twice_are_one_judgement(graph: Client, neo4j_environment: str) -> None:
    for _ in range(2):
        graph.write(
            "CREATE (:Judgement {kind: 'must_link', subject: 'b', object: 'a', author: 'mara',"
            " decided: datetime('2026-03-14T10:00:00.123456789+01:00[Europe/Berlin]'), reason: 'one passport'})"
        )
    from attribution.judgements import gather  # noqa: PLC0415  # beside its use

    with open_store(neo4j_environment) as kept:
        standing = [gather(kept).everything for _ in range(2)]
    assert standing[0] == standing[1]
    ((one,),) = {tuple(found) for found in standing}
    assert (one.subject, one.object, one.decided.isoformat()) == ("a", "b", "2026-03-14T09:00:00.123456+00:00")


def test_a_graph_that_does_not_answer_is_told_before_the_logs_are_read(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTRIBUTION_NEO4J_PASSWORD", "x")
    with pytest.raises(StoreError):
        attribution.run(world, out=tmp_path / "out", store="bolt://127.0.0.1:9")
    assert not (tmp_path / "out").exists()
