// title: Outsiders near a ring
// why: Accounts that share a value with members and were left out: either innocent neighbours, or members that were missed.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(m:Account)-[u:PAID_WITH|USED_DEVICE|USED_IP]->(v)<-[w:PAID_WITH|USED_DEVICE|USED_IP]-(o:Account)
WHERE u.until IS NULL AND w.until IS NULL AND NOT EXISTS { MATCH (o)-[:MEMBER_OF]->(r) }
WITH r, o, collect(DISTINCT v.value)[..5] AS shared, count(DISTINCT m) AS members
RETURN r.ring_id AS ring, o.account_id AS outsider, members, shared
ORDER BY members DESC, ring, outsider LIMIT 100
