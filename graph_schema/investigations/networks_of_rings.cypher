// title: Networks that rings come from
// question: Which address ranges do many members of coordinated rings come from, whichever ring they belong to?
// limit: 50
// next: proxy_networks, origins_of_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(i:Ip)
      -[:IN_NETWORK]->(n:Network)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH n, a, i, u, r ORDER BY r.ring_id
RETURN n.value AS network, count(DISTINCT a) AS accounts, count(DISTINCT i) AS addresses, sum(toIntegerOrNull(u.count)) AS exchanges,
       collect(DISTINCT r.ring_id)[..10] AS rings
ORDER BY accounts DESC, network LIMIT $limit
// picture: coordinated rings, the networks, and the members between them
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(:Ip)
      -[:IN_NETWORK]->(n:Network)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, n, count(DISTINCT a) AS members, collect(DISTINCT r) AS rings ORDER BY members DESC, n.key LIMIT 8
UNWIND rings AS r
MATCH p = (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(i:Ip)-[:IN_NETWORK]->(n)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p ORDER BY a.key, i.key LIMIT 120
