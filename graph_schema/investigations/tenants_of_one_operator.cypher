// title: Two tenants of one operator
// question: Which pairs of campaigns run through one ring, what infrastructure do they share, and what tells them apart?
// param ring: ring = none -- a ring's id; all rings without it
// limit: 30
// next: who_benefits, evidence_about_a_campaign, templates_of_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign) WHERE $ring IS NULL OR r.ring_id = $ring
MATCH (r)<-[:PART_OF]-(d:Campaign) WHERE c.campaign_id < d.campaign_id
CALL (c, d) { MATCH (c)<-[:TAKES_PART_IN]-(a:Account)-[:TAKES_PART_IN]->(d)
  RETURN count(DISTINCT a) AS accounts_in_both }
CALL (run, c, d) {
  MATCH (c)<-[:TAKES_PART_IN]-(:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  WITH DISTINCT run, d, v
  MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(:Account)-[:TAKES_PART_IN]->(d)
    WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  RETURN count(DISTINCT v) AS infrastructure_shared }
CALL (run, c, d) {
  MATCH (c)<-[:TAKES_PART_IN]-(:Account)-[u:SENT_TEMPLATE]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  WITH run, d, collect(DISTINCT v) AS one
  MATCH (d)<-[:TAKES_PART_IN]-(:Account)-[w:SENT_TEMPLATE]->(v)
    WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  WITH one, collect(DISTINCT v) AS other
  RETURN size([v IN one WHERE v IN other]) AS wordings_shared,
         size([v IN one WHERE NOT v IN other]) AS wordings_of_one,
         size([v IN other WHERE NOT v IN one]) AS wordings_of_other }
OPTIONAL MATCH (c)-[t:ATTRIBUTED_TO {rank: 1}]->(l:Lab)
OPTIONAL MATCH (d)-[s:ATTRIBUTED_TO {rank: 1}]->(m:Lab)
RETURN r.ring_id AS ring, c.campaign_id AS tenant, d.campaign_id AS other_tenant,
       CASE WHEN t.abstained THEN 'no lab named' ELSE l.lab_id END AS lab,
       CASE WHEN s.abstained THEN 'no lab named' ELSE m.lab_id END AS other_lab,
       c.size AS accounts, d.size AS accounts_of_other, accounts_in_both, infrastructure_shared, wordings_shared,
       wordings_of_one, wordings_of_other, c.targets AS targets, d.targets AS targets_of_other
ORDER BY infrastructure_shared DESC, ring, tenant, other_tenant LIMIT $limit
// picture: campaigns of one ring, their accounts, and the cards and devices that both tenants use
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r, collect(c) AS campaigns WHERE size(campaigns) > 1
WITH run, r, campaigns ORDER BY r.probability DESC, r.ring_id LIMIT 1
UNWIND campaigns AS c
MATCH p = (r)<-[:PART_OF]-(c)<-[:TAKES_PART_IN]-(a:Account)
OPTIONAL MATCH q = (a)-[u:PAID_WITH|USED_DEVICE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN p, q ORDER BY a.key, v.key, c.campaign_id LIMIT 150
