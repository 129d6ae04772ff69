// title: One account
// question: What does the graph know of this account: its values, who else uses each, and its rings?
// param account: account, needed -- an account's id
// limit: 100
// next: who_used_a_value, why_linked, verdicts_and_judgements
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (a:Account {key: $account})
CALL (run, a) {
  MATCH (a)-[m:MEMBER_OF]->(r:Ring)<-[:FOUND]-(run)
  RETURN 'ring' AS what, r.ring_id AS which, r.verdict AS note, m.confidence AS number, r.first_seen AS first_seen,
    r.last_seen AS last_seen
  UNION MATCH (a)-[t:TAKES_PART_IN]->(c:Campaign {generation: run.generation})
  RETURN 'campaign' AS what, c.campaign_id AS which, 'share of its traffic' AS note, t.share AS number,
         c.first_seen AS first_seen, c.last_seen AS last_seen
  UNION MATCH (a)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
    WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  RETURN head(labels(v)) AS what, v.value AS which, 'accounts using it' AS note,
    COUNT { MATCH (v)<-[x:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]-()
         WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } AS number,
         u.first_seen AS first_seen, u.last_seen AS last_seen
  UNION MATCH (j:Judgement {subject: a.account_id})
  RETURN 'judgement' AS what, j.kind AS which, j.author AS note, null AS number, j.decided AS first_seen,
    null AS last_seen }
RETURN what, which, note, number, first_seen, last_seen
ORDER BY what = 'ring' DESC, what = 'campaign' DESC, what, number DESC, which LIMIT $limit
// picture: the account with its values, its rings and its campaigns
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (a:Account {key: $account})
OPTIONAL MATCH p = (a)-[u:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
OPTIONAL MATCH q = (a)-[:MEMBER_OF]->(:Ring {generation: run.generation})
RETURN a, p, q ORDER BY v.key LIMIT 100
