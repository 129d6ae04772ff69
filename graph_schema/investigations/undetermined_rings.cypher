// title: Rings that are undecided
// question: Which rings are undetermined, on what does each rest, and what would decide it?
// limit: 50
// next: evidence_of_a_ring, values_of_a_ring, hanging_on_one_facet
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'undetermined'})
OPTIONAL MATCH (r)<-[:ABOUT]-(c:Evidence {name: 'conclusion'})
CALL (r) { OPTIONAL MATCH (r)<-[:ABOUT]-(e:Evidence)
  WITH e.family AS family, sum(e.weight) AS nats WHERE family IS NOT NULL ORDER BY nats DESC, family
  RETURN collect(CASE WHEN nats > 0 THEN family + ': ' + toString(round(nats, 2)) END) AS speaks_for,
         collect(CASE WHEN nats < 0 THEN family + ': ' + toString(round(nats, 2)) END) AS speaks_against }
RETURN r.ring_id AS ring, r.probability AS probability, r.size AS accounts,
  r.explanation AS best_innocent_explanation,
       split(split(c.detail, '"reason":"')[1], '"')[0] AS why_undecided, speaks_for, speaks_against
ORDER BY probability DESC, accounts DESC, ring LIMIT $limit
