// title: The history of a ring
// question: What was this ring in earlier runs: since when is it known, how did it grow, what did it come out of?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 30
// next: what_changed, accounts_that_changed_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH p = (r)-[:SUPERSEDES*0..12]->(old:Ring)<-[:FOUND]-(then:Run) WHERE then.sequence IS NOT NULL
OPTIONAL MATCH (n:Lineage {generation: then.generation}) WHERE n.kind = 'ring' AND n.id = old.ring_id
WITH r, old, then, n, min(length(p)) AS runs_ago
RETURN r.ring_id AS ring, runs_ago, then.run_id AS in_run, old.ring_id AS was, old.verdict AS verdict,
       old.probability AS probability, old.size AS accounts, n.event AS event, n.joined AS joined,
         n.departed AS departed,
       n.reason AS reason
ORDER BY runs_ago, was LIMIT $limit
// picture: the ring and what it was in earlier runs
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH p = (r)-[:SUPERSEDES*0..12]->(:Ring)<-[:FOUND]-(:Run)
RETURN p LIMIT 50
