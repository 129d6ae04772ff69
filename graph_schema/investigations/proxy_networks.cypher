// title: Proxy networks and who else is on them
// question: Which networks carry rings, and what share of their accounts is innocent, so would be hurt by a block?
// param least: integer = 3, 1 to 1000000 -- members of coordinated rings at least
// limit: 50
// next: blast_radius, networks_of_rings, origins_of_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(:Account)-[u:USED_IP]->(:Ip)
      -[:IN_NETWORK]->(n:Network)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH DISTINCT run, n
MATCH (n)<-[:IN_NETWORK]-(i:Ip)<-[u:USED_IP]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, n, a, count(DISTINCT i) AS addresses, sum(toIntegerOrNull(u.count)) AS exchanges
WITH n, a, addresses, exchanges,
  EXISTS { MATCH (a)-[:MEMBER_OF]->(:Ring {verdict: 'coordinated'})<-[:FOUND]-(run) } AS covert
WITH n, count(a) AS accounts, sum(CASE WHEN covert THEN 1 ELSE 0 END) AS in_rings, sum(exchanges) AS exchanges,
     sum(CASE WHEN covert THEN exchanges ELSE 0 END) AS exchanges_of_rings
WHERE in_rings >= $least
RETURN n.value AS network, accounts, in_rings AS in_coordinated_rings, accounts - in_rings AS others,
       round(100.0 * (accounts - in_rings) / accounts, 1) AS percent_others, exchanges, exchanges_of_rings
ORDER BY percent_others, in_coordinated_rings DESC, network LIMIT $limit
// picture: the networks with the least innocent users, their addresses, and who uses them
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(:Ip)
      -[:IN_NETWORK]->(n:Network)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, n, count(DISTINCT a) AS members WHERE members >= $least
WITH run, n ORDER BY members DESC, n.key LIMIT 4
MATCH p = (n)<-[:IN_NETWORK]-(i:Ip)<-[u:USED_IP]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p ORDER BY a.key, i.key LIMIT 150
