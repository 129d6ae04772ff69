// title: What a new ring shares with older ones
// question: Which values of rings that this run found for the first time were used by rings that were known before?
// param ring: ring = none -- a new ring's id; all new rings without it
// param widest: integer = 200, 2 to 100000 -- values with more accounts than this prove nothing and are passed over
// limit: 50
// next: history_of_a_ring, rings_that_share_values, what_changed
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (n:Lineage {generation: run.generation}) WHERE n.kind = 'ring' AND n.event IN ['born', 'split', 'returned']
  AND ($ring IS NULL OR n.id = $ring)
MATCH (r:Ring {generation: run.generation, ring_id: n.id}) WHERE r.verdict <> 'innocent'
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
WITH run, n, r, v, count(DISTINCT a) AS members
MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(b:Account)-[:MEMBER_OF]->(s:Ring)<-[:FOUND]-(run)
WHERE s <> r AND s.verdict <> 'innocent' AND coalesce(w.since, 0) <= run.usage_version
  AND (w.until IS NULL OR w.until > run.usage_version)
  AND EXISTS { MATCH (o:Lineage {generation: run.generation}) WHERE o.kind = 'ring' AND o.id = s.ring_id
    AND o.event <> 'born' }
WITH n, r, s, v, members, count(DISTINCT b) AS members_of_older, min(w.first_seen) AS older_since
RETURN r.ring_id AS new_ring, n.event AS event, r.verdict AS verdict, s.ring_id AS older_ring,
  s.verdict AS verdict_of_older,
       head(labels(v)) AS kind, v.value AS value, members, members_of_older, older_since
ORDER BY members + members_of_older DESC, new_ring, older_ring, value LIMIT $limit
