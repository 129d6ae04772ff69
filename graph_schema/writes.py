"""The Cypher texts that change rows of the graph; `queries` says what the placeholders stand for.

Rows travel in columns, so that a batch is a handful of lists. All values are absolute: a batch that is sent twice
changes nothing. The three texts with `$groups` create relationships that hold for versions: they run once
(`queries.ONCE`), and get one group a node, `[key, keys of the others, column, ...]`, so that it is looked up once.
"""

from __future__ import annotations

# ---------------------------------------------------------------- clearing what no visible run sees
STALE_NODES = """
MATCH (n:<Label>) WHERE NOT n.generation IN $generations
WITH n LIMIT $batch DETACH DELETE n RETURN count(*) AS removed
"""
STALE_EDGES = """
MATCH ()-[r:<VERSIONED>]->() WHERE r.since > $version
WITH r LIMIT $batch DELETE r RETURN count(*) AS removed
"""
REOPEN_EDGES = """
MATCH ()-[r:<VERSIONED>]->() WHERE r.until > $version
WITH r LIMIT $batch REMOVE r.until RETURN count(*) AS removed
"""

# ---------------------------------------------------------------- writing nodes
WRITE_ACCOUNTS = """
UNWIND range(0, size($key) - 1) AS k
MERGE (a:Account {key: $key[k]}) ON CREATE SET a.account_id = $account_id[k]
"""
WRITE_VALUES = """
UNWIND range(0, size($key) - 1) AS k
MERGE (v:<Value> {key: $key[k]}) ON CREATE SET v.value = $value[k]
"""
WRITE_NETWORKS = """
UNWIND range(0, size($key) - 1) AS k
MERGE (n:Network {key: $network[k]}) ON CREATE SET n.value = $network[k]
WITH n, k MATCH (i:Ip {key: $key[k]}) MERGE (i)-[:IN_NETWORK]->(n)
"""
WRITE_USAGE = """
UNWIND $groups AS g
MATCH (a:Account {key: g[0]})
UNWIND range(0, size(g[1]) - 1) AS k
MATCH (v:<Value> {key: g[1][k]})
WITH a, v, g[2][k] AS events,
     datetime({epochSeconds: g[3][k] / 1000000, nanosecond: (g[3][k] % 1000000) * 1000}) AS first,
     datetime({epochSeconds: g[4][k] / 1000000, nanosecond: (g[4][k] % 1000000) * 1000}) AS last
CREATE (a)-[:<USED> {since: $version, run: $run, count: events, first_seen: first, last_seen: last}]->(v)
"""
CLOSE_USAGE = """
UNWIND range(0, size($account_id) - 1) AS k
MATCH (a:Account {key: $account_id[k]})-[r:<USED>]->(v:<Value> {key: $value[k]})
WHERE r.since < $version AND r.until IS NULL
SET r.until = $version
"""
WRITE_ASNS = """
UNWIND range(0, size($key) - 1) AS k
MERGE (n:Asn {key: $key[k]}) ON CREATE SET n.asn = $asn[k], n.name = $as_org[k]
"""
WRITE_ADDRESSES = """
UNWIND $groups AS g
MATCH (n:Asn {key: g[0]})
UNWIND range(0, size(g[1]) - 1) AS k
MATCH (i:Ip {key: g[1][k]})
CREATE (i)-[:IN_ASN {since: $version, run: $run, as_org: g[2][k], country: g[3][k], kind: g[4][k]}]->(n)
"""
CLOSE_ADDRESSES = """
UNWIND range(0, size($ip) - 1) AS k
MATCH (i:Ip {key: $ip[k]})-[r:IN_ASN]->(:Asn)
WHERE r.since < $version AND r.until IS NULL
SET r.until = $version
"""
WRITE_LINKS = """
UNWIND $groups AS g
MATCH (a:Account {key: g[0]})
UNWIND range(0, size(g[1]) - 1) AS k
MATCH (b:Account {key: g[1][k]})
CREATE (a)-[:LINKED_TO {since: $version, run: $run, weight: g[2][k], p_value: g[3][k], facets: g[4][k]}]->(b)
"""
CLOSE_LINKS = """
UNWIND range(0, size($account_id) - 1) AS k
MATCH (a:Account {key: $account_id[k]})-[r:LINKED_TO]->(b:Account {key: $other_id[k]})
WHERE r.since < $version AND r.until IS NULL
SET r.until = $version
"""
WRITE_RINGS = """
UNWIND range(0, size($ring_id) - 1) AS k
MERGE (r:Ring {generation: $generation, ring_id: $ring_id[k]})
SET r.verdict = $verdict[k], r.probability = $probability[k], r.size = $size[k], r.events = $events[k],
    r.explanation = $explanation[k],
    r.first_seen = datetime({epochSeconds: $first_seen[k] / 1000000, nanosecond: ($first_seen[k] % 1000000) * 1000}),
    r.last_seen = datetime({epochSeconds: $last_seen[k] / 1000000, nanosecond: ($last_seen[k] % 1000000) * 1000})
"""
WRITE_MEMBERS = """
UNWIND range(0, size($ring_id) - 1) AS k
MATCH (r:Ring {generation: $generation, ring_id: $ring_id[k]}) MATCH (a:Account {key: $account[k]})
MERGE (a)-[m:MEMBER_OF]->(r) SET m.confidence = $confidence[k]
"""
WRITE_CAMPAIGNS = """
UNWIND range(0, size($campaign_id) - 1) AS k
MATCH (ring:Ring {generation: $generation, ring_id: $ring_id[k]})
MERGE (c:Campaign {generation: $generation, campaign_id: $campaign_id[k]})
SET c.ring_id = $ring_id[k], c.size = $size[k], c.targets = $targets[k],
    c.first_seen = datetime({epochSeconds: $first_seen[k] / 1000000, nanosecond: ($first_seen[k] % 1000000) * 1000}),
    c.last_seen = datetime({epochSeconds: $last_seen[k] / 1000000, nanosecond: ($last_seen[k] % 1000000) * 1000})
MERGE (c)-[:PART_OF]->(ring)
"""
WRITE_CAMPAIGN_MEMBERS = """
UNWIND range(0, size($campaign_id) - 1) AS k
MATCH (c:Campaign {generation: $generation, campaign_id: $campaign_id[k]}) MATCH (a:Account {key: $account[k]})
MERGE (a)-[t:TAKES_PART_IN]->(c) SET t.share = $share[k]
"""
WRITE_ATTRIBUTIONS = """
UNWIND range(0, size($campaign_id) - 1) AS k
MATCH (c:Campaign {generation: $generation, campaign_id: $campaign_id[k]})
MERGE (l:Lab {lab_id: $lab_id[k]})
MERGE (c)-[t:ATTRIBUTED_TO]->(l)
SET t.posterior = $posterior[k], t.rank = $rank[k], t.likelihood_term = $likelihood_term[k],
    t.confidence_level = $confidence_level[k], t.abstained = $abstained[k]
"""
WRITE_EVIDENCE = """
UNWIND range(0, size($ordinal) - 1) AS k
MERGE (e:Evidence {generation: $generation, ordinal: $ordinal[k]})
SET e.subject = $subject[k], e.lab_id = $lab_id[k], e.family = $family[k], e.name = $name[k],
    e.weight = $weight[k], e.detail = $detail[k]
WITH e
OPTIONAL MATCH (r:Ring {generation: $generation, ring_id: e.subject})
OPTIONAL MATCH (c:Campaign {generation: $generation, campaign_id: e.subject})
FOREACH (target IN CASE WHEN r IS NULL THEN [] ELSE [r] END | MERGE (e)-[:ABOUT]->(target))
FOREACH (target IN CASE WHEN c IS NULL THEN [] ELSE [c] END | MERGE (e)-[:ABOUT]->(target))
"""
WRITE_SUPPRESSED = """
UNWIND range(0, size($ordinal) - 1) AS k
MERGE (s:Suppressed {generation: $generation, ordinal: $ordinal[k]})
SET s.facet = $facet[k], s.value = $value[k], s.accounts = $accounts[k], s.reason = $reason[k]
"""
WRITE_QUARANTINE = """
UNWIND range(0, size($ordinal) - 1) AS k
MERGE (q:Refused {generation: $generation, ordinal: $ordinal[k]})
SET q.file = $file[k], q.line = $line[k], q.reason = $reason[k], q.digest = $digest[k]
"""
WRITE_LINEAGE = """
UNWIND range(0, size($ordinal) - 1) AS k
MERGE (n:Lineage {generation: $generation, ordinal: $ordinal[k]})
SET n.kind = $kind[k], n.id = $id[k], n.event = $event[k], n.other = $other[k],
    n.previous_run = $previous_run[k], n.previous_size = $previous_size[k], n.size = $size[k],
    n.joined = $joined[k], n.departed = $departed[k], n.overlap = $overlap[k], n.reason = $reason[k],
    n.marks = $marks[k]
"""
SUPERSEDE_RINGS = """
UNWIND range(0, size($old) - 1) AS k
MATCH (run:Run {run_id: $previous_run[k]})
MATCH (old:Ring {generation: run.generation, ring_id: $old[k]})
MATCH (new:Ring {generation: $generation, ring_id: $new[k]})
MERGE (new)-[s:SUPERSEDES]->(old) SET s.event = $event[k], s.overlap = $overlap[k]
"""
SUPERSEDE_CAMPAIGNS = """
UNWIND range(0, size($old) - 1) AS k
MATCH (run:Run {run_id: $previous_run[k]})
MATCH (old:Campaign {generation: run.generation, campaign_id: $old[k]})
MATCH (new:Campaign {generation: $generation, campaign_id: $new[k]})
MERGE (new)-[s:SUPERSEDES]->(old) SET s.event = $event[k], s.overlap = $overlap[k]
"""

# ---------------------------------------------------------------- ledgers: what is there stays as it is
APPEND_JUDGEMENTS = """
UNWIND range(0, size($judgement_id) - 1) AS k
MERGE (j:Judgement {judgement_id: $judgement_id[k]})
ON CREATE SET j.kind = $kind[k], j.subject = $subject[k], j.object = $object[k], j.facet = $facet[k],
    j.author = $author[k], j.reason = $reason[k],
    j.decided = datetime({epochSeconds: $decided[k] / 1000000, nanosecond: ($decided[k] % 1000000) * 1000})
"""
ADOPT_JUDGEMENT = """
MATCH (j:Judgement)
WHERE elementId(j) = $place AND j.judgement_id IS NULL
  AND NOT EXISTS { MATCH (:Judgement {judgement_id: $judgement_id}) }
SET j.judgement_id = $judgement_id, j.subject = $subject, j.object = $object, j.facet = $facet, j.author = $author,
    j.reason = $reason,
    j.decided = datetime({epochSeconds: $decided / 1000000, nanosecond: ($decided % 1000000) * 1000})
"""
APPEND_IDENTITIES = """
UNWIND range(0, size($id) - 1) AS k
MERGE (:Identity {kind: $kind[k], id: $id[k], event: $event[k], other: $other[k], run_id: $run_id[k]})
"""
APPEND_CLAIMS = """
UNWIND range(0, size($claim) - 1) AS k
MERGE (c:Claim {lab_id: $lab_id[k], version: $version[k], claim: $claim[k], source: $source[k]})
ON CREATE SET c.content = $content[k], c.reliability = $reliability[k], c.credibility = $credibility[k],
    c.ref = $ref[k], c.author = $author[k], c.date = $date[k]
"""
