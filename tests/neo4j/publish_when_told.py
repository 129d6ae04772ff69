"""The engine that `test_graph_faults.py` kills: a process of its own that publishes a step of its history when told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import handmade
import neo4j_server

from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY, GO, PUBLISHED = "ready", "go", "published"


def publish_when_told(url: str, step: int, told: Connection) -> None:
    """Connect, say so, wait for a word, publish, say so."""
    store = Neo4jStore(Client(url, password=neo4j_server.ADMIN_PASSWORD), lease_seconds=0.3)
    store.ping()
    told.send(READY)
    told.recv()
    store.publish(handmade.step_run(step), handmade.tables(shift=step))
    told.send(PUBLISHED)
