"""A graph with two nights of the demo's world, loaded once for everything that only reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import neo4j_server
import pytest
import two_nights

from attribution.store import graph_load, open_store
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def nights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make both nights in one DuckDB file."""
    return two_nights.build(tmp_path_factory.mktemp("nights"))


@pytest.fixture(scope="module")
def nights(nights_file: Path, neo4j: neo4j_server.Server) -> Iterator[Neo4jStore]:
    """Lend the graph with both nights; whoever writes to it uses `graph`, in another module."""
    client = Client(neo4j.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    client.write(neo4j_server.EMPTY)
    with open_store(nights_file) as source, Neo4jStore(client) as target:
        for run in reversed(source.runs()):
            graph_load(source, target, run_id=run.run_id)
        yield target
