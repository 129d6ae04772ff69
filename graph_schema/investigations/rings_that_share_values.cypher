// title: Rings that share infrastructure
// question: Which pairs of rings have cards, devices or networks in common, and so perhaps one operator?
// param widest: integer = 200, 2 to 100000 -- values with more accounts than this prove nothing and are passed over
// limit: 50
// next: cards_that_bridge_rings, new_ring_and_older_ones, networks_of_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
WHERE r.verdict <> 'innocent' AND coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version) AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
WITH DISTINCT run, r, v
MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(:Account)-[:MEMBER_OF]->(s:Ring)<-[:FOUND]-(run)
WHERE s.verdict <> 'innocent' AND r.ring_id < s.ring_id AND coalesce(w.since, 0) <= run.usage_version
  AND (w.until IS NULL OR w.until > run.usage_version)
WITH DISTINCT r, s, v ORDER BY v.value
WITH r, s, head(labels(v)) AS kind, count(v) AS shared, collect(v.value)[..3] AS examples
ORDER BY shared DESC, kind
RETURN r.ring_id AS ring, s.ring_id AS other_ring, r.size AS accounts, s.size AS accounts_of_other,
       sum(shared) AS shared_values, collect(kind + ': ' + toString(shared)) AS by_kind,
         head(collect(examples)) AS examples
ORDER BY shared_values DESC, ring, other_ring LIMIT $limit
