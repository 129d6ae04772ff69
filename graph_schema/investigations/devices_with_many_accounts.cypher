// title: Device farms
// question: Which devices run many accounts from many addresses and with many cards?
// param least: integer = 3, 2 to 1000 -- accounts at least
// limit: 50
// next: accounts_around_a_device, blast_radius
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (a:Account)-[u:USED_DEVICE]->(d:Device)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, d, count(DISTINCT a) AS accounts, sum(toIntegerOrNull(u.count)) AS exchanges WHERE accounts >= $least
ORDER BY accounts DESC, d.key LIMIT $limit
CALL (run, d) {
  MATCH (d)<-[w:USED_DEVICE]-(a:Account)
  WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  OPTIONAL MATCH (a)-[u:USED_IP|PAID_WITH]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  RETURN count(DISTINCT CASE WHEN v:Ip THEN v END) AS addresses,
    count(DISTINCT CASE WHEN v:PaymentInstrument THEN v END) AS cards }
CALL (run, d) {
  OPTIONAL MATCH (d)<-[w:USED_DEVICE]-(a:Account)-[:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
  WHERE r.verdict <> 'innocent' AND coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  WITH a, r ORDER BY r.ring_id
  RETURN count(DISTINCT a) AS in_rings, collect(DISTINCT r.ring_id)[..5] AS rings }
RETURN d.value AS device, accounts, in_rings, addresses AS shared_addresses, cards AS shared_cards, exchanges, rings
ORDER BY accounts DESC, device LIMIT $limit
