// title: The strongest evidence against
// question: Which facts speak for an innocent explanation of the coordinated rings? Read before anybody acts.
// param ring: ring = none -- a ring's id; all coordinated rings without it
// limit: 50
// next: evidence_of_a_ring, outsiders_near_a_ring
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:ABOUT]-(e:Evidence)
WHERE e.weight < 0 AND e.name <> 'family_cap' AND ($ring IS NULL OR r.ring_id = $ring)
RETURN r.ring_id AS ring, r.probability AS probability, r.explanation AS best_innocent_explanation,
       e.family AS family, e.name AS looked_at, round(e.weight, 3) AS nats,
       split(split(e.detail, '"question":"')[1], '"')[0] AS in_words, e.detail AS detail
ORDER BY nats, ring, family, looked_at LIMIT $limit
