// title: The least certain members
// question: Which members does the engine itself doubt most, and what ties them to the ring?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 50
// next: hanging_on_one_facet, one_account, why_linked
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[m:MEMBER_OF]-(a:Account)
WITH run, r, m, a ORDER BY m.confidence, a.account_id LIMIT $limit
CALL (run, r, a) {
  OPTIONAL MATCH (a)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
        <-[w:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(b:Account)-[:MEMBER_OF]->(r)
  WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
    AND coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  WITH v, b ORDER BY head(labels(v))
  RETURN collect(DISTINCT head(labels(v))) AS shares, count(DISTINCT b) AS members_reached }
CALL (run, r, a) {
  OPTIONAL MATCH (a)-[l:LINKED_TO]-(b:Account)-[:MEMBER_OF]->(r)
    WHERE l.since <= run.usage_version AND (l.until IS NULL OR l.until > run.usage_version)
  RETURN count(DISTINCT b) AS links, max(l.weight) AS strongest }
RETURN r.ring_id AS ring, a.account_id AS account, m.confidence AS confidence, shares, members_reached,
       links AS validated_links, round(strongest, 2) AS nats_of_the_strongest
ORDER BY confidence, account LIMIT $limit
// picture: the least certain members and their validated links into the ring
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[m:MEMBER_OF]-(a:Account)
WITH run, r, a ORDER BY m.confidence, a.account_id LIMIT 10
MATCH p = (r)<-[:MEMBER_OF]-(a)
OPTIONAL MATCH q = (a)-[l:LINKED_TO]-(b:Account)-[:MEMBER_OF]->(r)
WHERE l.since <= run.usage_version AND (l.until IS NULL OR l.until > run.usage_version)
RETURN p, q ORDER BY a.key, b.key LIMIT 100
