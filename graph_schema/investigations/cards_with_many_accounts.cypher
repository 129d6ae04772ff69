// title: Cards behind many accounts
// question: Which payment instruments pay for the most accounts, and how many of these are in coordinated rings?
// param least: integer = 3, 2 to 1000 -- accounts at least
// limit: 50
// next: cards_that_bridge_rings, blast_radius
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (a:Account)-[u:PAID_WITH]->(v:PaymentInstrument)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, v, count(DISTINCT a) AS accounts, sum(toIntegerOrNull(u.count)) AS exchanges, min(u.first_seen) AS first_seen
  WHERE accounts >= $least
ORDER BY accounts DESC, v.key LIMIT $limit
CALL (run, v) {
  OPTIONAL MATCH (v)<-[u:PAID_WITH]-(a:Account)-[:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
      AND r.verdict <> 'innocent'
  WITH a, r ORDER BY r.ring_id
  RETURN count(DISTINCT a) AS in_rings, collect(DISTINCT r.ring_id)[..5] AS rings }
RETURN v.value AS card, accounts, in_rings, accounts - in_rings AS others, rings, exchanges, first_seen
ORDER BY accounts DESC, card LIMIT $limit
