// title: What two accounts have in common
// question: Which values do these two accounts share directly, since when, how many others use each, and which are too common to count?
// param account: account, needed -- an account's id
// param other: account, needed -- another account's id
// limit: 50
// next: why_linked, who_used_a_value
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (a:Account {key: $account})-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
MATCH (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(b:Account {key: $other})
WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
WITH DISTINCT run, v, u, w
RETURN head(labels(v)) AS kind, v.value AS value,
  COUNT { MATCH (v)<-[x:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-()
         WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } AS accounts_using_it,
       u.count AS exchanges_of_account, w.count AS exchanges_of_other, u.first_seen AS first_seen_of_account,
       w.first_seen AS first_seen_of_other,
       EXISTS { MATCH (s:Suppressed {generation: run.generation}) WHERE s.ordinal IS NOT NULL AND s.value = v.value
         AND s.facet = CASE WHEN v:Ip THEN 'ip' WHEN v:Device THEN 'device' WHEN v:PaymentInstrument THEN 'payment'
           ELSE 'template' END } AS too_common_to_count
ORDER BY accounts_using_it, kind, value LIMIT $limit
// picture: the two accounts and what they share
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH p = (:Account {key: $account})-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
MATCH q = (v)<-[w:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(:Account {key: $other})
WHERE coalesce(w.since, 0) <= run.usage_version AND (w.until IS NULL OR w.until > run.usage_version)
RETURN p, q LIMIT 100
