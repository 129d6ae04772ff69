// title: Accounts to review that hang on one facet
// question: Which members are tied to their ring by one family of values alone, so that one mistake would undo it?
// param verdict: verdict = coordinated -- verdict of the rings that are looked at
// param ring: ring = none -- a ring's id; all rings of that verdict without it
// limit: 100
// next: why_linked, one_account, least_certain_members
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[m:MEMBER_OF]-(a:Account)
WHERE r.verdict = $verdict AND ($ring IS NULL OR r.ring_id = $ring)
OPTIONAL MATCH (a)-[l:LINKED_TO]-(b:Account)
WHERE l.since <= run.usage_version AND (l.until IS NULL OR l.until > run.usage_version)
WITH r, m, a, count(b) AS links, max(l.weight) AS strongest, collect(l.facets) AS facets
UNWIND [['place', ['ip', 'network']], ['device', ['device']], ['payment', ['payment', 'batch']],
        ['content', ['template', 'template_family']], ['timing', ['burst']], ['lifecycle', ['signup']]] AS family
WITH r, m, a, links, strongest,
     CASE WHEN any(one IN facets WHERE any(facet IN family[1]
       WHERE one CONTAINS '"' + facet + '"')) THEN family[0] END AS tie
WITH r, m, a, links, strongest, count(tie) AS ties, min(tie) AS tie WHERE ties <= 1
RETURN r.ring_id AS ring, a.account_id AS account, coalesce(tie, 'no validated link') AS only_tie,
  links AS validated_links,
       round(strongest, 2) AS nats_of_the_strongest, m.confidence AS confidence
ORDER BY ring, confidence, account LIMIT $limit
