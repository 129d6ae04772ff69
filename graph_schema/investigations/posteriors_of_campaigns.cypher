// title: Who benefits, and how sure
// why: Every campaign with its posterior over labs, abstentions included, and the weight of evidence for each lab.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(:Ring)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO]->(l:Lab)
OPTIONAL MATCH (e:Evidence)-[:ABOUT]->(c) WHERE e.lab_id = l.lab_id
RETURN c.campaign_id AS campaign, l.lab_id AS lab, t.posterior AS posterior, t.likelihood_term AS likelihood,
       t.confidence_level AS confidence, t.abstained AS abstained, sum(e.weight) AS nats
ORDER BY campaign, posterior DESC, lab LIMIT 200
