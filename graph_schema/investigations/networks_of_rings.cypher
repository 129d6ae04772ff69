// title: Networks that rings come from
// why: Address ranges with many members of coordinated rings, whichever ring they belong to.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(:Ip)-[:IN_NETWORK]->(n:Network)
WHERE u.since <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN n.value AS network, count(DISTINCT a) AS accounts, collect(DISTINCT r.ring_id)[..10] AS rings
ORDER BY accounts DESC, network LIMIT 50
