"""Every Cypher text of the store. Values are parameters, always; names are those of `model`.

A text with `<USED>`, `<Value>` or `<Label>` stands for one text a facet or label, filled from the closed sets of
`model` alone. `every()` lists the finished texts; a test lints and EXPLAINs each on a real server.

Rows travel in columns: `$a[k]` of parallel lists is a third faster than a list of maps. Times travel as microseconds
since 1970, so that no date object is built a row.
"""

from __future__ import annotations

from graph_schema.model import PER_RUN, USAGE_EDGES


def for_facet(text: str, facet: str) -> str:
    """Return the text with the relationship type and label of one facet (a key of `USAGE_EDGES`)."""
    used, value = USAGE_EDGES[facet]
    return text.replace("<USED>", used).replace("<Value>", value)


def for_label(text: str, label: str) -> str:
    """Return the text with one label of `PER_RUN`."""
    if label not in PER_RUN:
        raise KeyError(label)
    return text.replace("<Label>", label)


PING = "RETURN 1 AS one"

# ---------------------------------------------------------------- schema
MIGRATIONS = (
    "MATCH (m:Migration) RETURN m.version AS version, m.name AS name, m.checksum AS checksum ORDER BY m.version"
)
RECORD_MIGRATION = """
MERGE (m:Migration {version: $version}) ON CREATE SET m.name = $name, m.checksum = $checksum
WITH m MATCH (last:Migration {version: $previous}) MERGE (m)-[:FOLLOWS]->(last)
"""

# ---------------------------------------------------------------- who may write
TAKE_LEASE = """
MERGE (w:Writer {name: 'publish'}) SET w.touched = timestamp()
WITH w WHERE w.holder IS NULL OR w.holder = $holder OR w.expires < timestamp()
SET w.holder = $holder, w.expires = timestamp() + $milliseconds
RETURN w.pending AS pending
"""
HOLD_LEASE = """
MATCH (w:Writer {name: 'publish', holder: $holder})
SET w.expires = timestamp() + $milliseconds RETURN w.name AS name
"""
CLEAR_PENDING = "MATCH (w:Writer {name: 'publish', holder: $holder}) REMOVE w.pending"
MARK_PENDING = "MATCH (w:Writer {name: 'publish', holder: $holder}) SET w.pending = $version"
DROP_LEASE = "MATCH (w:Writer {name: 'publish', holder: $holder}) REMOVE w.holder, w.expires, w.pending"

# ---------------------------------------------------------------- runs
RUNS = """
MATCH (r:Run) WHERE r.sequence IS NOT NULL
RETURN r.run_id AS run_id, r.config_digest AS config_digest, r.seed AS seed, r.manifest AS manifest
ORDER BY r.sequence DESC
"""
RESOLVE = """
MATCH (r:Run) WHERE r.sequence IS NOT NULL AND ($run IS NULL OR r.run_id = $run)
RETURN r.run_id AS run_id, r.generation AS generation, r.usage_version AS version
ORDER BY r.sequence DESC LIMIT 1
"""
REPORT = "MATCH (r:Run {generation: $generation}) RETURN r.report AS report"
COMMITTED = """
MATCH (r:Run) WHERE r.sequence IS NOT NULL
RETURN collect(r.generation) AS generations, coalesce(max(r.usage_version), 0) AS version,
       coalesce(max(r.sequence), 0) AS sequence
"""
SHOW_RUN = """
MERGE (r:Run {run_id: $run_id})
SET r.generation = $generation, r.sequence = $sequence, r.usage_version = $version,
    r.config_digest = $config_digest, r.seed = $seed, r.manifest = $manifest, r.report = $report
"""
LINK_RINGS = """
MATCH (run:Run {run_id: $run_id}) MATCH (r:Ring {generation: $generation}) WHERE r.ring_id IS NOT NULL
MERGE (run)-[:FOUND]->(r)
"""
UNLINK_RINGS = """
MATCH (:Run {run_id: $run_id})-[f:FOUND]->(r:Ring) WHERE r.generation <> $generation DELETE f
"""
MOVE_RUN = "MATCH (r:Run {run_id: $run_id}) SET r.sequence = $sequence"

# ---------------------------------------------------------------- clearing what no visible run sees
STALE_NODES = """
MATCH (n:<Label>) WHERE NOT n.generation IN $generations
WITH n LIMIT $batch DETACH DELETE n RETURN count(*) AS removed
"""
STALE_USAGE = """
MATCH (:Account)-[r:<USED>]->() WHERE r.since > $version
WITH r LIMIT $batch DELETE r RETURN count(*) AS removed
"""
REOPEN_USAGE = """
MATCH (:Account)-[r:<USED>]->() WHERE r.until > $version
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
UNWIND range(0, size($account) - 1) AS k
MATCH (a:Account {key: $account[k]}) MATCH (v:<Value> {key: $value[k]})
MERGE (a)-[r:<USED> {since: $version}]->(v)
SET r.events = $events[k],
    r.first_seen = datetime({epochSeconds: $first_seen[k] / 1000000, nanosecond: ($first_seen[k] % 1000000) * 1000}),
    r.last_seen = datetime({epochSeconds: $last_seen[k] / 1000000, nanosecond: ($last_seen[k] % 1000000) * 1000})
"""
CLOSE_USAGE = """
UNWIND range(0, size($account) - 1) AS k
MATCH (a:Account {key: $account[k]})-[r:<USED>]->(v:<Value> {key: $value[k]})
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
LEDGERS = {
    "judgements": """
MATCH (j:Judgement)
RETURN j.judgement_id AS judgement_id, j.kind AS kind, j.subject AS subject, j.object AS object, j.facet AS facet,
       j.author AS author, j.reason AS reason, j.decided.epochSeconds * 1000000 + j.decided.microsecond AS decided
""",
    "identities": """
MATCH (i:Identity)
RETURN i.kind AS kind, i.id AS id, i.event AS event, i.other AS other, i.run_id AS run_id
""",
    "claims": """
MATCH (c:Claim)
RETURN c.lab_id AS lab_id, c.version AS version, c.claim AS claim, c.content AS content, c.source AS source,
       c.reliability AS reliability, c.credibility AS credibility, c.ref AS ref, c.author AS author, c.date AS date
""",
}
"""Whole ledgers by name."""

# ---------------------------------------------------------------- reading
_RING = """
RETURN r.ring_id AS ring_id, r.verdict AS verdict, r.probability AS probability, r.size AS size,
       r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond AS first_seen,
       r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond AS last_seen,
       r.events AS events, r.explanation AS explanation
"""
_CAMPAIGN = """
RETURN c.campaign_id AS campaign_id, c.ring_id AS ring_id, c.size AS size, c.targets AS targets,
       c.first_seen.epochSeconds * 1000000 + c.first_seen.microsecond AS first_seen,
       c.last_seen.epochSeconds * 1000000 + c.last_seen.microsecond AS last_seen
"""
_ATTRIBUTION = """
RETURN c.campaign_id AS campaign_id, c.ring_id AS ring_id, l.lab_id AS lab_id, t.posterior AS posterior,
       t.rank AS rank, t.likelihood_term AS likelihood_term, t.confidence_level AS confidence_level,
       t.abstained AS abstained
"""
_EVIDENCE = """
RETURN e.subject AS subject, e.lab_id AS lab_id, e.family AS family, e.name AS name, e.weight AS weight,
       e.detail AS detail
"""

RINGS = (
    """
MATCH (r:Ring {generation: $generation}) WHERE r.ring_id IS NOT NULL
  AND ($verdict IS NULL OR r.verdict = $verdict) AND r.probability >= $min_probability AND r.size >= $min_size
  AND ($lab IS NULL OR EXISTS {
      MATCH (r)<-[:PART_OF]-(:Campaign)-[t:ATTRIBUTED_TO]->(l:Lab) WHERE t.rank = 1 AND l.lab_id = $lab })
  AND ($text IS NULL OR toLower(r.ring_id) CONTAINS toLower($text)
      OR toLower(coalesce(r.explanation, '')) CONTAINS toLower($text)
      OR EXISTS { MATCH (a:Account {key: $account})-[:MEMBER_OF]->(r) })
  AND ($after IS NULL OR r.probability < $after OR (r.probability = $after AND r.ring_id > $after_id))
"""
    + _RING
    + "ORDER BY r.probability DESC, r.ring_id LIMIT $limit"
)
RING = "MATCH (r:Ring {generation: $generation, ring_id: $subject})" + _RING
MEMBERS = """
MATCH (a:Account)-[m:MEMBER_OF]->(r:Ring {generation: $generation, ring_id: $subject})
WHERE $after IS NULL OR m.confidence < $after OR (m.confidence = $after AND a.account_id > $after_id)
RETURN r.ring_id AS ring_id, a.account_id AS account_id, m.confidence AS confidence
ORDER BY m.confidence DESC, a.account_id LIMIT $limit
"""
EVIDENCE = (
    "MATCH (e:Evidence {generation: $generation, subject: $subject})"
    + _EVIDENCE
    + "ORDER BY coalesce(e.lab_id, ''), e.family, e.name, e.weight DESC, e.detail"
)
CAMPAIGNS = (
    "MATCH (c:Campaign)-[:PART_OF]->(:Ring {generation: $generation, ring_id: $subject})"
    + _CAMPAIGN
    + "ORDER BY c.size DESC, c.campaign_id"
)
CAMPAIGN = "MATCH (c:Campaign {generation: $generation, campaign_id: $subject})" + _CAMPAIGN
ATTRIBUTIONS = (
    "MATCH (c:Campaign {generation: $generation, campaign_id: $subject})-[t:ATTRIBUTED_TO]->(l:Lab)"
    + _ATTRIBUTION
    + "ORDER BY t.rank, l.lab_id"
)
SHARED = """
MATCH (:Ring {generation: $generation, ring_id: $subject})<-[:MEMBER_OF]-(a:Account)-[r:<USED>]->(v:<Value>)
WHERE r.since <= $version AND (r.until IS NULL OR r.until > $version)
WITH v, collect(a.account_id) AS accounts, collect(r) AS edges WHERE size(accounts) >= 2
UNWIND range(0, size(accounts) - 1) AS k
WITH v.value AS value, accounts[k] AS account, edges[k] AS r
RETURN value, account, r.events AS events,
       r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond AS first_seen,
       r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond AS last_seen
ORDER BY value, account
"""
USAGE = """
MATCH (a:Account) CALL (a) {
  MATCH (a)-[r:USED_IP|USED_DEVICE|USED_PAYMENT|USED_TEMPLATE]->(v)
  WHERE r.since <= $version AND (r.until IS NULL OR r.until > $version)
  RETURN collect(type(r)) AS type, collect(v.value) AS value, collect(r.events) AS events,
         collect(r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond) AS first_seen,
         collect(r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond) AS last_seen }
WITH a, type, value, events, first_seen, last_seen WHERE size(value) > 0
RETURN a.account_id AS account, type, value, events, first_seen, last_seen
"""

TABLES = {
    "rings": "MATCH (r:Ring {generation: $generation}) WHERE r.ring_id IS NOT NULL" + _RING,
    "members": """
MATCH (a:Account)-[m:MEMBER_OF]->(r:Ring {generation: $generation}) WHERE r.ring_id IS NOT NULL
RETURN r.ring_id AS ring_id, a.account_id AS account_id, m.confidence AS confidence
""",
    "campaigns": "MATCH (c:Campaign {generation: $generation}) WHERE c.campaign_id IS NOT NULL" + _CAMPAIGN,
    "campaign_members": """
MATCH (a:Account)-[t:TAKES_PART_IN]->(c:Campaign {generation: $generation}) WHERE c.campaign_id IS NOT NULL
RETURN c.campaign_id AS campaign_id, a.account_id AS account_id, t.share AS share
""",
    "attributions": (
        "MATCH (c:Campaign {generation: $generation})-[t:ATTRIBUTED_TO]->(l:Lab) WHERE c.campaign_id IS NOT NULL"
        + _ATTRIBUTION
    ),
    "evidence": "MATCH (e:Evidence {generation: $generation}) WHERE e.ordinal IS NOT NULL" + _EVIDENCE,
    "suppressed": """
MATCH (s:Suppressed {generation: $generation}) WHERE s.ordinal IS NOT NULL
RETURN s.facet AS facet, s.value AS value, s.accounts AS accounts, s.reason AS reason
""",
    "lineage": """
MATCH (n:Lineage {generation: $generation}) WHERE n.ordinal IS NOT NULL
RETURN n.kind AS kind, n.id AS id, n.event AS event, n.other AS other, n.previous_run AS previous_run,
       n.previous_size AS previous_size, n.size AS size, n.joined AS joined, n.departed AS departed,
       n.overlap AS overlap, n.reason AS reason, n.marks AS marks
""",
    "quarantine": """
MATCH (q:Refused {generation: $generation}) WHERE q.ordinal IS NOT NULL
RETURN q.file AS file, q.line AS line, q.reason AS reason, q.digest AS digest
""",
}
"""Whole tables by name; `usage` is read with `USAGE`, one row an account."""


def every() -> dict[str, str]:
    """Return every finished text by name, one for each facet or label where a text stands for several."""
    texts = {name: text for name, text in globals().items() if name.isupper() and isinstance(text, str)}
    texts.update({f"TABLES.{name}": text for name, text in TABLES.items()})
    texts.update({f"LEDGERS.{name}": text for name, text in LEDGERS.items()})
    finished: dict[str, str] = {}
    for name, text in texts.items():
        if name.startswith("_"):
            continue
        if "<Label>" in text:
            finished.update({f"{name}.{label}": for_label(text, label) for label in PER_RUN})
        elif "<USED>" in text or "<Value>" in text:
            finished.update({f"{name}.{facet}": for_facet(text, facet) for facet in USAGE_EDGES})
        else:
            finished[name] = text
    return finished
