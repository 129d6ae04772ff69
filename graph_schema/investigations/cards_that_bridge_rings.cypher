// title: Cards that bridge rings
// question: Which payment instruments were used by members of two rings or more?
// param least: integer = 1, 1 to 1000 -- members of each ring that used the card
// limit: 50
// next: rings_that_share_values, blast_radius, who_used_a_value
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account)-[u:PAID_WITH]->(v:PaymentInstrument)
WHERE r.verdict <> 'innocent' AND coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH v, r, count(DISTINCT a) AS members, min(u.first_seen) AS first_seen, max(u.last_seen) AS last_seen
WHERE members >= $least
WITH v, r, members, first_seen, last_seen ORDER BY members DESC, r.ring_id
WITH v, collect(r.ring_id) AS rings, collect(members) AS members_of_each, sum(members) AS accounts,
     min(first_seen) AS first_seen, max(last_seen) AS last_seen
WHERE size(rings) >= 2
RETURN v.value AS card, rings, members_of_each, accounts, first_seen, last_seen
ORDER BY size(rings) DESC, accounts DESC, card LIMIT $limit
// picture: the cards, the members that used them, and their rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account)-[u:PAID_WITH]->(v:PaymentInstrument)
WHERE r.verdict <> 'innocent' AND coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, v, count(DISTINCT r) AS rings WHERE rings >= 2
WITH run, v ORDER BY rings DESC, v.key LIMIT 10
MATCH (run)-[:FOUND]->(r:Ring)<-[m:MEMBER_OF]-(a:Account)-[u:PAID_WITH]->(v)
WHERE r.verdict <> 'innocent' AND coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
RETURN r, m, a, u, v ORDER BY a.key, v.key, r.ring_id LIMIT 150
