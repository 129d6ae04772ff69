"""The Cypher texts that read a graph which others loaded, as input of a run. They trust no type of any property.

`<Value>` stands for one text a label of a facet's values (`queries.for_facet`).
"""

from __future__ import annotations

LOADED = """
MATCH (a:Account) CALL (a) {
  MATCH (a)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
  WHERE (coalesce(r.since, 0) <= $version AND (r.until IS NULL OR r.until > $version))
     OR NOT r.since IS :: INTEGER OR NOT r.until IS :: INTEGER
  RETURN collect(toInteger(split(elementId(r), ':')[2])) AS place, collect(type(r)) AS type,
         collect(coalesce(v.value, '')) AS value,
         collect(CASE WHEN NOT r.since IS :: INTEGER THEN -2 WHEN NOT r.until IS :: INTEGER THEN -3
                      WHEN r.count IS NULL OR NOT r.count IS :: INTEGER THEN -1
                      WHEN r.count < 0 THEN 0 ELSE r.count END) AS events,
         collect(CASE WHEN r.first_seen IS :: ZONED DATETIME NOT NULL
                      THEN r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond ELSE -1 END) AS first_seen,
         collect(CASE WHEN r.last_seen IS :: ZONED DATETIME NOT NULL
                      THEN r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond ELSE -1 END) AS last_seen }
WITH a, place, type, value, events, first_seen, last_seen WHERE size(value) > 0
RETURN coalesce(a.account_id, '') AS account, place, type, value, events, first_seen, last_seen
"""
"""Usage edges that hold, those of others (without `since`) among them. What has another type comes as -1 or '';
`since` and `until` of another type, which no reader could place, as a count of -2 or -3."""
LOADED_ORIGINS = """
MATCH (n:Asn) CALL (n) {
  MATCH (i:Ip)-[r:IN_ASN]->(n) WHERE r.since IS NULL
  RETURN collect(toInteger(split(elementId(r), ':')[2])) AS place, collect(coalesce(i.value, '')) AS ip,
         collect([c IN [r.as_org, r.country, r.kind] | CASE WHEN c IS :: STRING THEN c ELSE '\u0000' END]) AS facts }
WITH n, place, ip, facts WHERE size(ip) > 0
RETURN CASE WHEN n.asn IS :: INTEGER THEN n.asn ELSE -1 END AS asn, n.name AS name, place, ip, facts
"""
"""Where addresses come from, as others loaded it. What has another type comes as -1 or a control character."""
UNNAMED_ACCOUNTS = """
MATCH (n:Account)
WITH n.key AS key, n.account_id AS name
WHERE name IS NOT :: STRING NOT NULL OR key IS NOT :: STRING NOT NULL
   OR (key <> name AND NOT key STARTS WITH 'sha256:')
RETURN count(*) AS nodes
"""
UNNAMED_VALUES = """
MATCH (n:<Value>)
WITH n.key AS key, n.value AS name
WHERE name IS NOT :: STRING NOT NULL OR key IS NOT :: STRING NOT NULL
   OR (key <> name AND NOT key STARTS WITH 'sha256:')
RETURN count(*) AS nodes
"""
"""Nodes that cannot be found again by their key: what a run writes about them would go to other nodes. The columns
are named first: asked of the nodes themselves, 5.26 looks into the index of keys, where those without one are not."""
