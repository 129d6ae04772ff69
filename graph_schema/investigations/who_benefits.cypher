// title: Who benefits, and how sure
// question: Which lab leads in each campaign, with which posterior and confidence, and does the engine abstain?
// param ring: ring = none -- a ring's id; all rings without it
// param ranks: integer = 2, 1 to 100 -- labs of each campaign
// limit: 100
// next: evidence_about_a_campaign, release_pivots, tenants_of_one_operator
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO]->(l:Lab)
WHERE ($ring IS NULL OR r.ring_id = $ring) AND t.rank <= $ranks
OPTIONAL MATCH (e:Evidence)-[:ABOUT]->(c) WHERE e.lab_id = l.lab_id
WITH r, c, t, l, sum(e.weight) AS nats
RETURN c.campaign_id AS campaign, l.lab_id AS lab, t.rank AS rank, t.posterior AS posterior,
  t.likelihood_term AS likelihood,
       t.confidence_level AS confidence, t.abstained AS engine_abstains, round(nats, 2) AS nats, c.size AS accounts,
       r.ring_id AS ring
ORDER BY ring, campaign, rank, lab LIMIT $limit
// picture: campaigns, their rings, and the labs that may benefit
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH p = (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO]->(l:Lab)
WHERE ($ring IS NULL OR r.ring_id = $ring) AND t.rank <= $ranks
RETURN r, c, l, t, [(c)-[part:PART_OF]->(r) | part] AS part ORDER BY t.posterior DESC LIMIT 100
