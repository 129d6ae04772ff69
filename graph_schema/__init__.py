"""The graph, declared once: what stands in Neo4j, which questions are asked of it, and how its schema came to be."""
