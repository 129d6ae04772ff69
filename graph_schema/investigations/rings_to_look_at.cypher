// title: Rings to look at first
// question: Which rings did the run find, the strongest first, and which lab leads in their campaigns?
// param verdict: verdict = coordinated -- the verdict that is looked for
// limit: 50
// next: ring_overview, evidence_against, what_changed
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE r.verdict = $verdict
OPTIONAL MATCH (r)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO {rank: 1}]->(l:Lab)
WITH r, c, CASE WHEN t.abstained THEN 'no lab named' ELSE l.lab_id END AS lab ORDER BY lab
RETURN r.ring_id AS ring, r.probability AS probability, r.size AS accounts, r.events AS exchanges,
       r.first_seen AS first_seen, r.last_seen AS last_seen, r.explanation AS best_innocent_explanation,
       count(c) AS campaigns, collect(DISTINCT lab) AS leading_labs
ORDER BY probability DESC, accounts DESC, ring LIMIT $limit
// picture: the rings with their campaigns and the labs that lead in them
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE r.verdict = $verdict
WITH r ORDER BY r.probability DESC, r.size DESC, r.ring_id LIMIT 30
OPTIONAL MATCH p = (r)<-[:PART_OF]-(:Campaign)-[:ATTRIBUTED_TO {rank: 1}]->(:Lab)
RETURN r, p LIMIT 100
