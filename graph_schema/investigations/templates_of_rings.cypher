// title: Wordings of rings
// question: Which prompt templates do rings send that hardly anybody else sends?
// param ring: ring = none -- a ring's id; all rings that are not innocent without it
// limit: 50
// next: template_spread, who_benefits, values_of_a_ring
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account)-[u:SENT_TEMPLATE]->(t:PromptTemplate)
WHERE r.verdict <> 'innocent' AND ($ring IS NULL OR r.ring_id = $ring) AND coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, t, r, a, u ORDER BY r.ring_id
WITH run, t, collect(DISTINCT r.ring_id) AS rings, count(DISTINCT a) AS members, sum(toIntegerOrNull(u.count)) AS exchanges
WITH run, t, rings, members, exchanges, COUNT { MATCH (t)<-[x:SENT_TEMPLATE]-()
     WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } AS accounts
RETURN t.value AS template, rings, members, accounts - members AS outsiders,
       round(100.0 * members / accounts, 1) AS percent_in_rings, exchanges
ORDER BY percent_in_rings DESC, members DESC, template LIMIT $limit
// picture: rings, their members and the wordings that they send
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account)-[u:SENT_TEMPLATE]->(t:PromptTemplate)
WHERE r.verdict = 'coordinated' AND ($ring IS NULL OR r.ring_id = $ring) AND coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version)
RETURN r, a, u, t, [(a)-[m:MEMBER_OF]->(r) | m] AS membership ORDER BY u.count DESC LIMIT 150
