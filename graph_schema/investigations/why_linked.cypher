// title: Why two accounts are linked
// question: By which shared values are these two accounts connected, the shortest way, and how common is each of them?
// param account: account, needed -- an account's id
// param other: account, needed -- another account's id
// param hops: integer = 4, 1 to 4 -- shared values on the way at most
// param widest: integer = 200, 2 to 100000 -- values with more accounts than this prove nothing and are passed over
// limit: 10
// next: what_two_accounts_share, one_account, accounts_around_a_device
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
OPTIONAL MATCH (a:Account {key: $account}) OPTIONAL MATCH (b:Account {key: $other})
MATCH p = shortestPath((a)-[:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE*..8]-(b))
WHERE all(u IN relationships(p) WHERE coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version))
  AND all(v IN nodes(p) WHERE v:Account OR COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest)
WITH run, a, b, p WHERE length(p) <= 2 * $hops
UNWIND range(0, length(p) / 2 - 1) AS step
WITH run, step + 1 AS step, nodes(p)[2 * step] AS left, nodes(p)[2 * step + 1] AS v, nodes(p)[2 * step + 2] AS right,
     relationships(p)[2 * step] AS one, relationships(p)[2 * step + 1] AS two
OPTIONAL MATCH (left)-[l:LINKED_TO]-(right) WHERE l.since <= run.usage_version
  AND (l.until IS NULL OR l.until > run.usage_version)
RETURN step, left.account_id AS account, head(labels(v)) AS shares, v.value AS value,
  right.account_id AS with_account,
       COUNT { MATCH (v)<-[x:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-()
         WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } AS accounts_using_it,
         one.count AS exchanges_of_one, two.count AS exchanges_of_other,
       one.first_seen AS first_seen_of_one, two.first_seen AS first_seen_of_other,
       round(max(l.weight), 2) AS link_nats, min(l.p_value) AS link_p_value
ORDER BY step LIMIT $limit
// picture: every shortest way between the two accounts
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
OPTIONAL MATCH (a:Account {key: $account}) OPTIONAL MATCH (b:Account {key: $other})
MATCH p = allShortestPaths((a)-[:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE*..8]-(b))
WHERE all(u IN relationships(p) WHERE coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version))
  AND all(v IN nodes(p) WHERE v:Account OR COUNT { MATCH (v)<-[x]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } <= $widest)
WITH run, a, b, p WHERE length(p) <= 2 * $hops
RETURN p LIMIT 25
