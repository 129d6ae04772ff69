"""Every Cypher text of the store.

Those that change rows stand in `writes`, those of the keeper in `checks`, those that read a graph of others in
`foreign`. Values are parameters, always; names are those of `model`.

A text with `<USED>`, `<Value>`, `<VERSIONED>` or `<Label>` stands for one text a facet, type or label, filled from the
closed sets of `model` alone. `every()` lists the finished texts; a test lints and EXPLAINs each on a real server.

Rows travel in columns: `$a[k]` of parallel lists is a third faster than a list of maps. Times travel as microseconds
since 1970, so that no date object is built a row.
"""

from __future__ import annotations

from graph_schema import checks, foreign, writes
from graph_schema.model import PER_RUN, USAGE_EDGES, VERSIONED, labels


def for_facet(text: str, facet: str) -> str:
    """Return the text with the relationship type and label of one facet (a key of `USAGE_EDGES`)."""
    used, value = USAGE_EDGES[facet]
    return text.replace("<USED>", used).replace("<Value>", value)


def for_label(text: str, label: str) -> str:
    """Return the text with one label of `PER_RUN`."""
    if label not in PER_RUN:
        raise KeyError(label)
    return text.replace("<Label>", label)


def for_node(text: str, label: str) -> str:
    """Return the text with one label of the model."""
    if label not in labels():
        raise KeyError(label)
    return text.replace("<Node>", label)


def for_type(text: str, used: str) -> str:
    """Return the text with one relationship type of `VERSIONED`."""
    if used not in VERSIONED:
        raise KeyError(used)
    return text.replace("<VERSIONED>", used)


PING = "RETURN 1 AS one"
SERVER = "CALL dbms.components() YIELD name, versions, edition RETURN name, versions[0] AS version, edition LIMIT 1"
WRITING = """
MATCH (w:Writer {name: 'publish'})
RETURN w.holder IS NOT NULL AND w.expires > timestamp() AS busy, w.pending IS NOT NULL AS unfinished
"""

# ---------------------------------------------------------------- schema
MIGRATIONS = (
    "MATCH (m:Migration) RETURN m.version AS version, m.name AS name, m.checksum AS checksum ORDER BY m.version"
)
RECORD_MIGRATION = """
MERGE (m:Migration {version: $version}) ON CREATE SET m.name = $name, m.checksum = $checksum
WITH m MATCH (last:Migration {version: $previous}) MERGE (m)-[:FOLLOWS]->(last)
"""

# ---------------------------------------------------------------- who may write
ONE_WRITER = "CREATE CONSTRAINT writer_key IF NOT EXISTS FOR (n:Writer) REQUIRE (n.name) IS UNIQUE"
TAKE_LEASE = """
UNWIND $names AS name
MERGE (w:Writer {name: name}) SET w.touched = timestamp()
WITH collect(w) AS writers
WHERE all(w IN writers WHERE w.holder IS NULL OR w.holder = $holder OR w.expires < timestamp())
UNWIND writers AS w
SET w.holder = $holder, w.expires = timestamp() + $milliseconds, w.batch = 0
WITH w WHERE w.name = 'publish'
RETURN w.pending AS pending
"""
HOLD_LEASE = """
MATCH (w:Writer {name: 'publish'}) SET w.touched = timestamp()
WITH w WHERE w.holder = $holder
SET w.expires = timestamp() + $milliseconds RETURN true AS fresh
"""
ONCE = """
MATCH (w:Writer {name: $lane}) SET w.touched = timestamp()
WITH w, w.batch < $batch AS fresh WHERE w.holder = $holder
SET w.expires = timestamp() + $milliseconds, w.batch = CASE WHEN fresh THEN $batch ELSE w.batch END
RETURN fresh
"""
CLEAR_PENDING = "MATCH (w:Writer {name: 'publish', holder: $holder}) REMOVE w.pending"
MARK_PENDING = "MATCH (w:Writer {name: 'publish', holder: $holder}) SET w.pending = $version"
DROP_LEASE = """
MATCH (w:Writer) SET w.touched = timestamp()
WITH w WHERE w.holder = $holder REMOVE w.holder, w.expires, w.batch
"""

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

# ---------------------------------------------------------------- ledgers
LEDGERS = {
    "judgements": """
MATCH (j:Judgement)
WHERE j.judgement_id IS NOT NULL
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

MARKS = """
MATCH (j:Judgement)
WHERE j.judgement_id IS NULL
RETURN elementId(j) AS place, j.kind AS kind, j.subject AS subject, j.object AS object, j.facet AS facet,
       j.author AS author, j.reason AS reason, toStringOrNull(j.decided) AS decided
ORDER BY place
"""
"""Judgements that people typed: they have no id yet."""

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
_USABLE = """(r.since IS NOT NULL OR r.count IS :: INTEGER NOT NULL AND r.count > 0
  AND r.first_seen IS :: ZONED DATETIME NOT NULL AND r.last_seen IS :: ZONED DATETIME NOT NULL
  AND r.first_seen <= r.last_seen)"""
"""What others loaded with other types went to the quarantine of the run that read it: no run holds it."""
SHARED = (
    """
MATCH (:Ring {generation: $generation, ring_id: $subject})<-[:MEMBER_OF]-(a:Account)-[r:<USED>]->(v:<Value>)
WHERE coalesce(r.since, 0) <= $version AND (r.until IS NULL OR r.until > $version) AND """
    + _USABLE
    + """
WITH v, collect(a.account_id) AS accounts, collect(r) AS edges WHERE size(accounts) >= 2
UNWIND range(0, size(accounts) - 1) AS k
WITH v.value AS value, accounts[k] AS account, edges[k] AS r
RETURN value, account, r.count AS events,
       r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond AS first_seen,
       r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond AS last_seen
ORDER BY value, account
"""
)
USAGE = (
    """
MATCH (a:Account) CALL (a) {
  MATCH (a)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->(v)
  WHERE coalesce(r.since, 0) <= $version AND (r.until IS NULL OR r.until > $version) AND """
    + _USABLE
    + """
  RETURN collect(type(r)) AS type, collect(v.value) AS value, collect(r.since IS NULL) AS loaded,
         collect(r.count) AS events,
         collect(r.first_seen.epochSeconds * 1000000 + r.first_seen.microsecond) AS first_seen,
         collect(r.last_seen.epochSeconds * 1000000 + r.last_seen.microsecond) AS last_seen }
WITH a, type, value, loaded, events, first_seen, last_seen WHERE size(value) > 0
RETURN a.account_id AS account, type, value, loaded, events, first_seen, last_seen
"""
)
ADDRESSES = """
MATCH (n:Asn) CALL (n) {
  MATCH (i:Ip)-[r:IN_ASN]->(n) WHERE r.since <= $version AND (r.until IS NULL OR r.until > $version)
  RETURN collect(i.value) AS ip, collect([r.as_org, r.country, r.kind]) AS facts }
WITH n, ip, facts WHERE size(ip) > 0
RETURN n.asn AS asn, ip, facts
"""
LINKS = """
MATCH (a:Account) CALL (a) {
  MATCH (a)-[r:LINKED_TO]->(b:Account) WHERE r.since <= $version AND (r.until IS NULL OR r.until > $version)
  RETURN collect(b.account_id) AS other_id, collect(r.weight) AS weight, collect(r.p_value) AS p_value,
         collect(r.facets) AS facets }
WITH a, other_id, weight, p_value, facets WHERE size(other_id) > 0
RETURN a.account_id AS account_id, other_id, weight, p_value, facets
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
"""Whole tables by name; those that hold for versions are read with `USAGE`, `ADDRESSES` and `LINKS`, in columns."""


def every() -> dict[str, str]:
    """Return every finished text by name, one for each facet or label where a text stands for several."""
    texts = {
        name: text
        for name, text in {**vars(writes), **vars(checks), **vars(foreign), **globals()}.items()
        if name.isupper() and isinstance(text, str)
    }
    texts.update({f"TABLES.{name}": text for name, text in TABLES.items()})
    texts.update({f"LEDGERS.{name}": text for name, text in LEDGERS.items()})
    finished: dict[str, str] = {}
    for name, text in texts.items():
        if name.startswith("_"):
            continue
        if "<Label>" in text:
            finished.update({f"{name}.{label}": for_label(text, label) for label in PER_RUN})
        elif "<Node>" in text:
            finished.update({f"{name}.{label}": for_node(text, label) for label in sorted(labels())})
        elif "<VERSIONED>" in text:
            finished.update({f"{name}.{used}": for_type(text, used) for used in VERSIONED})
        elif "<USED>" in text or "<Value>" in text:
            finished.update({f"{name}.{facet}": for_facet(text, facet) for facet in USAGE_EDGES})
        else:
            finished[name] = text
    return finished
