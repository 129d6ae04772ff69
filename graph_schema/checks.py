"""The Cypher texts that a graph's keeper asks with: what is there, and what should not be. All of them read.

`<Node>` stands for one text a label of `model` (`queries.for_node`).
"""

from __future__ import annotations

COUNT_NODES = "MATCH (n:<Node>) RETURN count(n) AS nodes"
SHOWN_CONSTRAINTS = (
    "SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties RETURN name, type, labelsOrTypes, properties"
)
SHOWN_INDEXES = """
SHOW INDEXES YIELD name, state, type, labelsOrTypes, properties, owningConstraint
RETURN name, state, type, labelsOrTypes, properties, owningConstraint
"""
CHAIN = """
MATCH (m:Migration)
OPTIONAL MATCH (m)-[:FOLLOWS]->(last:Migration)
RETURN m.version AS version, collect(last.version) AS follows ORDER BY version
"""
NODE_PROPERTIES = """
CALL db.schema.nodeTypeProperties() YIELD nodeLabels, propertyName
UNWIND nodeLabels AS label RETURN DISTINCT label, propertyName AS name ORDER BY label, name
"""
EDGE_PROPERTIES = """
CALL db.schema.relTypeProperties() YIELD relType, propertyName
RETURN DISTINCT relType AS type, propertyName AS name ORDER BY type, name
"""
ORPHANS = "MATCH (n:<Node>) WHERE NOT EXISTS { (n)--() } RETURN count(n) AS nodes"
UNSEEN_NODES = """
MATCH (run:Run) WHERE run.sequence IS NOT NULL
WITH collect(run.generation) AS generations
MATCH (n:<Node>) WHERE NOT n.generation IN generations
RETURN count(n) AS nodes
"""
UNSEEN_EDGES = """
OPTIONAL MATCH (run:Run) WHERE run.sequence IS NOT NULL
WITH coalesce(max(run.usage_version), 0) AS version
MATCH ()-[r:<VERSIONED>]->() WHERE r.since > version OR r.until > version
RETURN count(r) AS edges
"""
UNFINISHED_RUNS = "MATCH (r:Run) WHERE r.sequence IS NULL RETURN r.run_id AS run_id ORDER BY run_id"
LOADED_EDGES = "MATCH (:Account)-[r:<USED>]->(:<Value>) WHERE r.since IS NULL RETURN count(r) AS edges"
WAITING_MARKS = "MATCH (j:Judgement) WHERE j.judgement_id IS NULL RETURN count(j) AS nodes"
