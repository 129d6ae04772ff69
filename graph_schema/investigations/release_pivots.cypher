// title: Pivots within 24 hours of a release
// question: Which campaigns turned to a new model within a day of its release, more than comparable accounts did?
// param ring: ring = none -- a ring's id; all rings without it
// limit: 50
// next: who_benefits, evidence_about_a_campaign, claims_about_a_lab
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign)<-[:ABOUT]-(e:Evidence)
WHERE e.name = 'release_pivot' AND ($ring IS NULL OR r.ring_id = $ring)
WITH r, c, e.lab_id AS lab, e.weight AS nats, e.detail AS detail
WITH r, c, lab, nats, detail, split(split(detail, '"new_model":"')[1], '"')[0] AS model
RETURN c.campaign_id AS campaign, r.ring_id AS ring, model AS new_model, split(split(detail, '"day":"')[1],
  '"')[0] AS released,
       toFloat(split(split(detail, '"share":')[1], ',')[0]) AS share_within_24_hours,
       toFloat(split(split(detail, '"control_share":')[1], ',')[0]) AS share_of_comparable_accounts,
       toFloat(split(split(detail, '"p_value":')[1], ',')[0]) AS p_value, lab AS speaks_for_lab, round(nats,
         3) AS nats
ORDER BY p_value, share_within_24_hours DESC, campaign, speaks_for_lab LIMIT $limit
