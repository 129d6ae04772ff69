// title: One ring at a glance
// question: What is this ring: how large, since when, on which kinds of evidence, and with how many campaigns?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 1
// next: values_of_a_ring, evidence_of_a_ring, least_certain_members, who_benefits
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
CALL (r) { OPTIONAL MATCH (r)<-[:ABOUT]-(e:Evidence)
  WITH e.family AS family, sum(e.weight) AS nats WHERE family IS NOT NULL ORDER BY nats DESC, family
  RETURN collect(family + ': ' + toString(round(nats, 2))) AS nats_by_family, sum(nats) AS nats }
CALL (r) { OPTIONAL MATCH (r)<-[:PART_OF]-(c:Campaign) RETURN count(c) AS campaigns }
CALL (run, r) { OPTIONAL MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
  WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  WITH head(labels(v)) AS kind, v, count(DISTINCT a) AS members WHERE members >= 2
  WITH kind, count(v) AS shared ORDER BY shared DESC, kind
  RETURN collect(kind + ': ' + toString(shared)) AS shared_values }
RETURN r.ring_id AS ring, r.verdict AS verdict, r.probability AS probability, r.size AS accounts,
       r.events AS exchanges, r.first_seen AS first_seen, r.last_seen AS last_seen,
       r.explanation AS best_innocent_explanation, round(nats, 2) AS nats, nats_by_family, shared_values, campaigns
LIMIT $limit
// picture: members of the ring and the cards, devices and addresses that two or more of them used
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, r, v, count(DISTINCT a) AS members WHERE members >= 2
WITH run, r, v ORDER BY members DESC, v.key LIMIT 12
MATCH p = (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p ORDER BY a.key, v.key LIMIT 150
