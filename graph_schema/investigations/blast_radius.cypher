// title: Blast radius of blocking a value
// question: If this card, device, address, network or template were blocked, whom would it hit, inside rings and outside?
// param value: value, needed -- an address, network (/24 or /48), device, payment instrument or template
// limit: 10
// next: who_used_a_value, evidence_against, outsiders_near_a_ring
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (named:Ip|Network|Device|PaymentInstrument|PromptTemplate) WHERE named.key = $value
OPTIONAL MATCH (named)<-[:IN_NETWORK]-(i:Ip)
WITH run, coalesce(i, named) AS v
MATCH (v)<-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
OPTIONAL MATCH (a)-[:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
WITH coalesce(r.verdict, 'in no ring') AS standing, a, r, u ORDER BY r.ring_id, a.account_id
WITH standing, count(DISTINCT a) AS accounts, sum(toIntegerOrNull(u.count)) AS exchanges, collect(DISTINCT r.ring_id)[..10] AS rings,
     max(u.last_seen) AS last_seen, collect(DISTINCT a.account_id)[..5] AS examples
RETURN standing, accounts, exchanges, rings, last_seen, examples
ORDER BY accounts DESC, standing LIMIT $limit
// picture: the value, the accounts that use it, and their rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (named:Ip|Network|Device|PaymentInstrument|PromptTemplate) WHERE named.key = $value
OPTIONAL MATCH (named)<-[:IN_NETWORK]-(i:Ip)
WITH run, coalesce(i, named) AS v
MATCH p = (v)<-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
OPTIONAL MATCH q = (a)-[:MEMBER_OF]->(:Ring {generation: run.generation})
RETURN p, q ORDER BY a.key, v.key LIMIT 150
