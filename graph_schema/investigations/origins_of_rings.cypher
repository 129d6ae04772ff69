// title: Autonomous systems and kinds of exit
// question: From which autonomous systems and kinds of address (residential, hosting, VPN) do rings come?
// param ring: ring = none -- a ring's id; all rings that are not innocent without it
// limit: 50
// next: proxy_networks, networks_of_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:MEMBER_OF]-(a:Account)-[u:USED_IP]->(i:Ip)
WHERE r.verdict <> 'innocent' AND ($ring IS NULL OR r.ring_id = $ring) AND coalesce(u.since, 0) <= run.usage_version
  AND (u.until IS NULL OR u.until > run.usage_version)
MATCH (i)-[o:IN_ASN]->(n:Asn)
WHERE o.since <= run.usage_version AND (o.until IS NULL OR o.until > run.usage_version)
WITH n, o, a, i, u, r ORDER BY r.ring_id
RETURN n.key AS asn, coalesce(o.as_org, n.name) AS run_by, o.kind AS kind, o.country AS country,
       count(DISTINCT a) AS accounts, count(DISTINCT i) AS addresses, sum(toIntegerOrNull(u.count)) AS exchanges,
       collect(DISTINCT r.ring_id)[..10] AS rings
ORDER BY accounts DESC, asn, kind, country LIMIT $limit
