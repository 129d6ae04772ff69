// title: What a ring shares
// question: Which cards, devices, addresses and templates do most members share, and who else uses them?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// param least: integer = 2, 1 to 1000000 -- members at least that share the value
// limit: 50
// next: who_used_a_value, blast_radius, outsiders_near_a_ring
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, r, v, count(DISTINCT a) AS members, sum(toIntegerOrNull(u.count)) AS exchanges, min(u.first_seen) AS first_seen,
     max(u.last_seen) AS last_seen WHERE members >= $least
ORDER BY members DESC, v.key LIMIT $limit
CALL (run, r, v) { MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(o:Account)
  WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
    AND NOT EXISTS { MATCH (o)-[:MEMBER_OF]->(r) }
  RETURN count(DISTINCT o) AS outsiders }
RETURN head(labels(v)) AS kind, v.value AS value, members, round(100.0 * members / r.size, 1) AS percent_of_ring,
       outsiders, exchanges, first_seen, last_seen, r.ring_id AS ring
ORDER BY members DESC, outsiders, kind, value LIMIT $limit
// picture: the values and the members that use them
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, r, v, count(DISTINCT a) AS members WHERE members >= $least
WITH run, r, v ORDER BY members DESC, v.key LIMIT 20
MATCH p = (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p ORDER BY a.key, v.key LIMIT 200
