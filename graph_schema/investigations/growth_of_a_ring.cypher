// title: How a ring grew
// question: On which days did members first use what the ring shares: one purchase, or slow growth?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 200
// next: history_of_a_ring, template_spread
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->()
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  AND u.first_seen IS :: ZONED DATETIME NOT NULL
WITH r, a, date(min(u.first_seen)) AS day
WITH r, day, count(a) AS new_members ORDER BY day
WITH r, collect([day, new_members]) AS days
UNWIND range(0, size(days) - 1) AS k
RETURN r.ring_id AS ring, days[k][0] AS day, days[k][1] AS new_members,
       reduce(total = 0, one IN days[..k + 1] | total + one[1]) AS members_so_far
ORDER BY day LIMIT $limit
