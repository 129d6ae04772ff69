// title: Accounts that changed rings
// question: Which accounts are in another ring than in the run before, or came into or left one?
// limit: 100
// next: what_changed, one_account
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (before:Run) WHERE before.sequence IS NOT NULL AND before.sequence < run.sequence
WITH run, before ORDER BY before.sequence DESC LIMIT 1
CALL (run, before) {
  MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account) WHERE r.verdict <> 'innocent'
    AND NOT EXISTS { MATCH (a)-[:MEMBER_OF]->(:Ring {ring_id: r.ring_id})<-[:FOUND]-(before) }
  RETURN a, r AS now
  UNION MATCH (before)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account) WHERE r.verdict <> 'innocent'
    AND NOT EXISTS { MATCH (a)-[:MEMBER_OF]->(:Ring)<-[:FOUND]-(run) }
  RETURN a, null AS now }
OPTIONAL MATCH (a)-[:MEMBER_OF]->(old:Ring)<-[:FOUND]-(before)
RETURN a.account_id AS account, old.ring_id AS ring_before, old.verdict AS verdict_before, now.ring_id AS ring_now,
       now.verdict AS verdict_now, before.run_id AS run_before
ORDER BY ring_now, ring_before, account LIMIT $limit
