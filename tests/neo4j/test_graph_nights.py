"""What the second night writes, counted by the server: the facts that changed, and what the run itself says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import handmade
import pytest

from attribution.store import Published
from attribution.store import neo4j_client as client_module
from attribution.store.base import STORED
from attribution.store.digests import content_digest
from attribution.store.neo4j import Neo4jStore

if TYPE_CHECKING:
    import pyarrow as pa

    from attribution.store.neo4j_client import Client

pytestmark = pytest.mark.neo4j

EDGES = 3_000
KINDS = ("nodes_created", "nodes_deleted", "relationships_created", "relationships_deleted")


def usage(changed: int = 0, new: int = 0) -> pa.Table:
    """Return usage edges of which some have more events than before, and some are of accounts that are new."""
    rows: list[tuple[Any, ...]] = [
        (
            "ip",
            f"203.0.113.{at % 200}",
            f"acct-{at % 500:04d}-{at // 500}",
            5 + (at < changed),
            handmade.START,
            handmade.END,
        )
        for at in range(EDGES)
    ]
    rows += [("device", "new-device", f"new-{at}", 1, handmade.START, handmade.END) for at in range(new)]
    return handmade.table("usage", rows)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Add up what the server says it did."""
    total: Counter[str] = Counter()

    def run(tx: Any, text: str, values: dict[str, Any]) -> Any:
        result = tx.run(text, values)
        rows = result.data()
        counters = result.consume().counters
        total.update({kind: getattr(counters, kind) for kind in (*KINDS, "properties_set")})
        return rows

    monkeypatch.setattr(client_module, "_run", run)
    return total


def test_one_in_a_hundred_is_new(graph: Client, counted: Counter[str]) -> None:
    store = Neo4jStore(graph)
    results = {name: rows for name, rows in handmade.tables().items() if name != "usage"}
    store.publish(handmade.run(1), {**results, "usage": usage()})
    first = Counter(counted)
    assert first["relationships_created"] > EDGES
    counted.clear()
    changed, new = EDGES // 200, EDGES // 200
    second = {**results, "usage": usage(changed, new)}
    store.publish(handmade.run(2), second)
    of_the_run = own_nodes(results), own_relationships(results)
    assert counted["nodes_created"] == of_the_run[0] + new + 1  # new accounts, their device
    assert counted["relationships_created"] == of_the_run[1] + changed + new
    assert counted["nodes_deleted"] == counted["relationships_deleted"] == 0
    assert counted["properties_set"] < first["properties_set"] / 8
    assert store.digest("run-2") == content_digest(handmade.run(2), "{}", second)
    counted.clear()
    assert store.publish(handmade.run(2), second) is Published.UNCHANGED
    assert {counted[kind] for kind in KINDS} == {0}


def own_nodes(results: dict[str, pa.Table]) -> int:
    """Return how many nodes belong to one run: its results are written for each run, and stay as they were."""
    tables = ("rings", "campaigns", "evidence", "suppressed", "quarantine", "lineage")
    return 1 + sum(len(results[name]) for name in tables)


def own_relationships(results: dict[str, pa.Table]) -> int:
    """Return how many relationships do: FOUND, MEMBER_OF, PART_OF, TAKES_PART_IN, ATTRIBUTED_TO, ABOUT."""
    tables = ("rings", "members", "campaigns", "campaign_members", "attributions", "evidence")
    return sum(len(results[name]) for name in tables)


def test_nothing_new_is_next_to_nothing_written(graph: Client, counted: Counter[str]) -> None:
    store = Neo4jStore(graph)
    empty = {name: schema.empty_table() for name, schema in STORED.items()}
    store.publish(handmade.run(1), {**empty, "usage": usage()})
    counted.clear()
    store.publish(handmade.run(2), {**empty, "usage": usage()})
    assert {kind: counted[kind] for kind in KINDS} == {**dict.fromkeys(KINDS, 0), "nodes_created": 1}  # the run
