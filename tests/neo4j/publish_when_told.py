"""Run by `test_graph_faults.py`: wait for a line, then publish a step of its history.

Usage: publish_when_told.py URL STEP
"""

from __future__ import annotations

import sys

import handmade
import neo4j_server

from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client

url, step = sys.argv[1], int(sys.argv[2])
store = Neo4jStore(Client(url, password=neo4j_server.ADMIN_PASSWORD), lease_seconds=0.3)
store.ping()
print("ready", flush=True)  # noqa: T201
sys.stdin.readline()
store.publish(handmade.step_run(step), handmade.tables(shift=step))
print("published", flush=True)  # noqa: T201
