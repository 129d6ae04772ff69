"""Where runs are kept: one port (`base.Store`), a DuckDB file or a Neo4j graph behind it."""

from attribution.store.base import Published, RingQuery, RunRecord, Store
from attribution.store.embedded import EmbeddedStore
from attribution.store.opening import graph_load, named_graph, open_store

__all__ = ["EmbeddedStore", "Published", "RingQuery", "RunRecord", "Store", "graph_load", "named_graph", "open_store"]
