// title: What holds a ring together
// question: Which validated links between members weigh most, and on which kinds of value do they rest?
// param ring: ring = none -- a ring's id; the one with the highest probability without it
// limit: 50
// next: what_two_accounts_share, least_certain_members
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[l:LINKED_TO]->(b:Account)-[:MEMBER_OF]->(r)
WHERE l.since <= run.usage_version AND (l.until IS NULL OR l.until > run.usage_version)
RETURN r.ring_id AS ring, a.account_id AS account, b.account_id AS other_account, round(l.weight, 2) AS nats,
       l.p_value AS p_value, l.facets AS nats_by_facet
ORDER BY nats DESC, account, other_account LIMIT $limit
// picture: members of the ring and the validated links between them
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring) WHERE $ring IS NULL OR r.ring_id = $ring
WITH run, r ORDER BY r.verdict = 'coordinated' DESC, r.probability DESC, r.size DESC, r.ring_id LIMIT 1
MATCH (r)<-[:MEMBER_OF]-(a:Account)-[l:LINKED_TO]->(b:Account)-[:MEMBER_OF]->(r)
WHERE l.since <= run.usage_version AND (l.until IS NULL OR l.until > run.usage_version)
RETURN a, l, b ORDER BY l.weight DESC, a.key, b.key LIMIT 120
