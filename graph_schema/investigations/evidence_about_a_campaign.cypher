// title: Why this lab
// question: What speaks for and against each lab in this campaign?
// param campaign: campaign = none -- a campaign's id; the largest without it
// param lab: lab = none -- only this lab
// limit: 60
// next: claims_about_a_lab, who_benefits, release_pivots
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(:Ring)<-[:PART_OF]-(c:Campaign) WHERE $campaign IS NULL OR c.campaign_id = $campaign
WITH run, c ORDER BY c.size DESC, c.campaign_id LIMIT 1
MATCH (c)<-[:ABOUT]-(e:Evidence) WHERE e.lab_id IS NOT NULL AND ($lab IS NULL OR e.lab_id = $lab)
RETURN c.campaign_id AS campaign, e.lab_id AS lab, e.family AS family, e.name AS looked_at, round(e.weight,
  3) AS nats,
       split(split(e.detail, '"source":"')[1], '"')[0] AS source, e.detail AS detail
ORDER BY abs(nats) DESC, lab, family, looked_at LIMIT $limit
// picture: the campaign, its lines of evidence, and the labs
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(:Ring)<-[:PART_OF]-(c:Campaign) WHERE $campaign IS NULL OR c.campaign_id = $campaign
WITH run, c ORDER BY c.size DESC, c.campaign_id LIMIT 1
MATCH p = (c)<-[:ABOUT]-(e:Evidence) WHERE e.weight <> 0 AND ($lab IS NULL OR e.lab_id = $lab)
OPTIONAL MATCH q = (c)-[:ATTRIBUTED_TO]->(o:Lab)
RETURN p, q ORDER BY abs(e.weight) DESC, e.ordinal, o.lab_id LIMIT 80
