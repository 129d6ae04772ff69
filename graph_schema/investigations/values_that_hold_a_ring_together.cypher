// title: Values that hold a ring together
// why: The cards, devices, addresses and templates that most members of a ring share, and who else used them.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:PAID_WITH|USED_DEVICE|USED_IP|SENT_TEMPLATE]->(v)
WHERE u.since <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH r, v, count(DISTINCT a) AS members WHERE members >= 2
RETURN r.ring_id AS ring, head(labels(v)) AS kind, v.value AS value, members, members * 1.0 / r.size AS share
ORDER BY share DESC, members DESC, ring, value LIMIT 100
