// title: What was too common to count
// question: Which values did the engine leave out as evidence, and how many members of rings hide behind each?
// param facet: facet = none -- only this kind of value
// limit: 50
// next: who_used_a_value, proxy_networks
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (s:Suppressed {generation: run.generation}) WHERE s.ordinal IS NOT NULL AND ($facet IS NULL OR s.facet = $facet)
CALL (run, s) {
  OPTIONAL MATCH (n:Network {key: s.value}) WHERE s.facet = 'network'
  OPTIONAL MATCH (n)<-[:IN_NETWORK]-(:Ip)<-[u:USED_IP]-(a:Account)
    -[:MEMBER_OF]->(:Ring {verdict: 'coordinated'})<-[:FOUND]-(run)
  WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  RETURN count(DISTINCT a) AS by_network }
CALL (run, s) {
  OPTIONAL MATCH (i:Ip {key: s.value}) WHERE s.facet = 'ip'
  OPTIONAL MATCH (t:PromptTemplate {key: s.value}) WHERE s.facet = 'template'
  OPTIONAL MATCH (d:Device {key: s.value}) WHERE s.facet = 'device'
  OPTIONAL MATCH (c:PaymentInstrument {key: s.value}) WHERE s.facet = 'payment'
  WITH run, coalesce(i, t, d, c) AS v
  OPTIONAL MATCH (v)<-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-(a:Account)
    -[:MEMBER_OF]->(:Ring {verdict: 'coordinated'})<-[:FOUND]-(run)
  WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  RETURN count(DISTINCT a) AS by_value }
RETURN s.facet AS kind, s.value AS value, s.accounts AS accounts, by_network + by_value AS in_coordinated_rings,
       s.reason AS why_it_does_not_count
ORDER BY accounts DESC, kind, value LIMIT $limit
