// title: What people decided
// question: Which rings, accounts and values have people judged, and what does the run say of them now?
// limit: 100
// next: ring_overview, one_account
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (j:Judgement)
OPTIONAL MATCH (r:Ring {generation: run.generation, ring_id: j.subject})
OPTIONAL MATCH (a:Account {key: j.subject})-[:MEMBER_OF]->(s:Ring {generation: run.generation})
WITH j, coalesce(r, s) AS ring ORDER BY ring.ring_id
WITH j, head(collect(ring)) AS ring
RETURN j.decided AS decided, j.author AS author, j.kind AS decision, j.subject AS about, j.object AS and_about,
  j.facet AS kind_of_value,
       j.reason AS reason, ring.ring_id AS ring_now, ring.verdict AS verdict_now, ring.probability AS probability_now
ORDER BY decided DESC, about LIMIT $limit
