// title: Outsiders near a ring
// question: Which accounts share a card, device or address with members and were left out: innocent neighbours, or missed members?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// param widest: integer = 50, 2 to 1000 -- values with more accounts than this are passed over
// limit: 50
// next: why_linked, one_account, evidence_against
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(m:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(o:Account)
WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  AND NOT EXISTS { MATCH (o)-[:MEMBER_OF]->(r) }
WITH run, r, o, m, v ORDER BY head(labels(v)), v.value
WITH run, r, o, count(DISTINCT m) AS members, collect(DISTINCT head(labels(v))) AS kinds,
  collect(DISTINCT v.value)[..5] AS shared
OPTIONAL MATCH (o)-[:MEMBER_OF]->(s:Ring)<-[:FOUND]-(run)
RETURN r.ring_id AS ring, o.account_id AS outsider, members AS members_reached, kinds, shared, s.ring_id AS in_ring,
       s.verdict AS verdict_of_that_ring
ORDER BY size(kinds) DESC, members_reached DESC, outsider LIMIT $limit
// picture: members, the shared values, and the accounts outside
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(m:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
WITH DISTINCT run, r, v, m ORDER BY v.key, m.key
WITH run, r, v, collect(m)[..3] AS members
MATCH q = (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(o:Account)
WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  AND NOT EXISTS { MATCH (o)-[:MEMBER_OF]->(r) }
WITH run, r, v, members, o, q ORDER BY v.key, o.key LIMIT 60
UNWIND members AS m
MATCH p = (r)<-[:MEMBER_OF]-(m)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p, q ORDER BY v.key, o.key, m.key LIMIT 150
