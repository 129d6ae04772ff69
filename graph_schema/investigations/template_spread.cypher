// title: How a template spread
// question: On which days did accounts begin to send this template, how many of them in rings, and how far has it come?
// param template: template = none -- a template's id; the one of coordinated rings that most members send without it
// limit: 200
// next: who_used_a_value, templates_of_rings, blast_radius
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
OPTIONAL MATCH (named:PromptTemplate {key: $template})
CALL (run, named) {
  WITH run, named WHERE named IS NULL
  MATCH (run)-[:FOUND]->(:Ring {verdict: 'coordinated'})<-[:MEMBER_OF]-(a:Account)-[u:SENT_TEMPLATE]->(t:PromptTemplate)
  WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  WITH run, t, count(DISTINCT a) AS members
  WITH t, members, COUNT { MATCH (t)<-[x:SENT_TEMPLATE]-()
    WHERE coalesce(x.since, 0) <= run.usage_version AND (x.until IS NULL OR x.until > run.usage_version) } AS accounts
  ORDER BY 2 * members >= accounts DESC, members DESC, t.key LIMIT 1 RETURN t
  UNION WITH run, named WHERE named IS NOT NULL RETURN named AS t }
MATCH (t)<-[u:SENT_TEMPLATE]-(a:Account)
WHERE coalesce(u.since, 0) <= run.usage_version AND (u.until IS NULL OR u.until > run.usage_version)
  AND u.first_seen IS :: ZONED DATETIME NOT NULL
WITH run, t, a, u, EXISTS { MATCH (a)-[:MEMBER_OF]->(:Ring {verdict: 'coordinated'})<-[:FOUND]-(run) } AS covert
WITH t, date(u.first_seen) AS day, count(a) AS new_accounts, sum(CASE WHEN covert THEN 1 ELSE 0 END) AS new_in_rings,
     sum(toIntegerOrNull(u.count)) AS exchanges_of_these ORDER BY day
WITH t, collect([day, new_accounts, new_in_rings, exchanges_of_these]) AS days
UNWIND range(0, size(days) - 1) AS k
RETURN t.value AS template, days[k][0] AS day, days[k][1] AS new_accounts, days[k][2] AS new_in_coordinated_rings,
       reduce(total = 0, one IN days[..k + 1] | total + one[1]) AS accounts_so_far, days[k][3] AS exchanges_of_these
ORDER BY day LIMIT $limit
