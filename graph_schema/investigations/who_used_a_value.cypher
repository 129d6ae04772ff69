// title: Who used a value, and when
// question: Which accounts used this value, from when to when, and which ring are they in?
// param value: value, needed -- an address, network (/24 or /48), device, payment instrument or template
// limit: 200
// next: blast_radius, one_account
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (named:Ip|Network|Device|PaymentInstrument|PromptTemplate) WHERE named.key = $value
OPTIONAL MATCH (named)<-[:IN_NETWORK]-(i:Ip)
WITH run, coalesce(i, named) AS v
MATCH (v)<-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
OPTIONAL MATCH (a)-[:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
RETURN a.account_id AS account, head(labels(v)) AS kind, v.value AS value, u.first_seen AS first_seen,
  u.last_seen AS last_seen,
       u.count AS exchanges, r.ring_id AS ring, r.verdict AS verdict
ORDER BY first_seen, account, value LIMIT $limit
