// title: Accounts around a device
// question: Which accounts are within so many shared values of this device, and are they in a ring?
// param device: device, needed -- a device's id
// param hops: integer = 2, 1 to 3 -- shared values on the way at most
// param widest: integer = 50, 2 to 1000 -- values with more accounts than this lead nowhere
// limit: 100
// next: why_linked, one_account, who_used_a_value
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (d:Device {key: $device})
CALL (run, d) {
  MATCH (d)<-[u:USED_DEVICE]-(a:Account)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  WITH DISTINCT a ORDER BY a.key LIMIT 200
  RETURN collect(a) AS first }
CALL (run, first) {
  WITH run, first WHERE $hops >= 2
  UNWIND first AS f
  MATCH (f)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version) AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
  MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(a:Account)
    WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version) AND NOT a IN first
  WITH DISTINCT a, v ORDER BY a.key, v.value LIMIT 5000
  RETURN collect(DISTINCT a)[..200] AS second, collect(DISTINCT [a.key, v.value])[..1000] AS by_second }
CALL (run, first, second) {
  WITH run, first, second WHERE $hops >= 3
  UNWIND second AS f
  MATCH (f)-[u:USED_IP|USED_DEVICE|PAID_WITH]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version) AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest
  MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH]-(a:Account)
    WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
      AND NOT a IN first AND NOT a IN second
  WITH DISTINCT a, v ORDER BY a.key, v.value LIMIT 5000
  RETURN collect(DISTINCT a)[..200] AS third, collect(DISTINCT [a.key, v.value])[..1000] AS by_third }
UNWIND [[1, first, []], [2, second, by_second], [3, third, by_third]] AS ring_of_hops
UNWIND ring_of_hops[1] AS a
OPTIONAL MATCH (a)-[m:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
RETURN a.account_id AS account, ring_of_hops[0] AS hops,
       [pair IN ring_of_hops[2] WHERE pair[0] = a.key | pair[1]][..3] AS reached_by,
       r.ring_id AS ring, r.verdict AS verdict, m.confidence AS confidence
ORDER BY hops, ring, account LIMIT $limit
// picture: the device, the accounts on it, and the cards and addresses that these share with others
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (d:Device {key: $device})<-[u:USED_DEVICE]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
WITH run, d, a ORDER BY a.key LIMIT 15
MATCH p = (d)<-[u:USED_DEVICE]-(a)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
OPTIONAL MATCH q = (a)-[w:PAID_WITH|USED_IP]->(v)<-[y:PAID_WITH|USED_IP]-(b:Account)
WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
  AND coalesce(y.since, 0) <= run.usage_version AND (y.until IS NULL OR y.until > run.usage_version)
  AND COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest AND $hops >= 2
RETURN p, q ORDER BY a.key, v.key, b.key LIMIT 150
