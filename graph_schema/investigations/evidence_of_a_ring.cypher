// title: The ledger of a ring
// question: What speaks for covert coordination of this ring, and what against?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 60
// next: evidence_against, hanging_on_one_facet, verdicts_and_judgements
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:ABOUT]-(e:Evidence)
RETURN r.ring_id AS ring, e.family AS family, e.name AS looked_at, round(e.weight, 3) AS nats,
       split(split(e.detail, '"question":"')[1], '"')[0] AS in_words, e.detail AS detail
ORDER BY abs(nats) DESC, family, looked_at, detail LIMIT $limit
// picture: the ring and its lines of evidence
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH p = (r)<-[:ABOUT]-(e:Evidence) WHERE e.weight <> 0
RETURN p ORDER BY abs(e.weight) DESC LIMIT 40
