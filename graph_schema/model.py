"""The one declaration of the graph: labels, keys, relationships, properties.

Constraints, the tables of `docs/graph.md` and the lint of every query come from here. A query that names anything
else fails `tests/neo4j/test_graph_queries.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph_schema.elements import Edge, Node, Property

if TYPE_CHECKING:
    from collections.abc import Mapping

_GENERATION = Property("generation", "string", "content digest of the run's version that this belongs to")
_SPAN = (
    Property("first_seen", "datetime", "first event, UTC"),
    Property("last_seen", "datetime", "last event, UTC"),
)


def _entity(label: str, doc: str) -> Node:
    key = Property("key", "string", "the value, or sha256:… of it where it is longer than 1,024 bytes")
    return Node(label, doc, ("key",), (key, Property("value", "string", "the value as the logs have it")))


def _line(label: str, doc: str, of: str, *properties: Property, indexed: tuple[tuple[str, ...], ...] = ()) -> Node:
    """Return a label whose nodes are the lines of a sorted list of a run's version."""
    ordinal = Property("ordinal", "integer", f"position in the sorted {of} of the run")
    return Node(label, doc, ("generation", "ordinal"), (_GENERATION, ordinal, *properties), indexed)


NODES: tuple[Node, ...] = (
    Node(
        "Account",
        "An account that shares a value with another one, or stands in a ring.",
        ("key",),
        (
            Property("key", "string", "the account id, or sha256:… of it where it is longer than 1,024 bytes"),
            Property("account_id", "string", "the provider's account key"),
        ),
    ),
    _entity("Ip", "A client address that two or more accounts used."),
    _entity("Network", "The /24 (IPv4) or /48 (IPv6) that an address lies in."),
    Node(
        "Asn",
        "An autonomous system that addresses belong to; `unknown` stands for every one that the logs do not tell.",
        ("key",),
        (
            Property("key", "string", "the number in digits, or `unknown`"),
            Property("asn", "integer", "its number; none for `unknown`", optional=True),
            Property("name", "string", "who runs it, as the run said that brought it", optional=True),
        ),
    ),
    _entity("Device", "A device or client fingerprint that two or more accounts used."),
    _entity("PaymentInstrument", "A payment instrument that two or more accounts used."),
    _entity("PromptTemplate", "A prompt template that two or more accounts sent."),
    Node(
        "Run",
        "One execution of the engine. Only a run with a `sequence` is visible; the highest one is the latest.",
        ("run_id",),
        (
            Property("run_id", "string", "follows from inputs, configuration and seed"),
            _GENERATION,
            Property("sequence", "integer", "order of publication"),
            Property("usage_version", "integer", "version of usage, origins and links that this run saw"),
            Property("config_digest", "string", "SHA-256 of the configuration"),
            Property("seed", "integer", "seed of every random choice"),
            Property("manifest", "string", "run.json"),
            Property("report", "string", "the report document, JSON"),
        ),
    ),
    Node(
        "Ring",
        "Accounts that look as if one operator ran them, or were tested for it.",
        ("generation", "ring_id"),
        (
            _GENERATION,
            Property("ring_id", "string", "the ring's id"),
            Property("verdict", "string", "coordinated, innocent or undetermined"),
            Property("probability", "float", "of covert coordination"),
            Property("size", "integer", "accounts"),
            *_SPAN,
            Property("events", "integer", "exchanges of all members"),
            Property("explanation", "string", "best innocent explanation", optional=True),
        ),
    ),
    Node(
        "Campaign",
        "One client's extraction inside a ring.",
        ("generation", "campaign_id"),
        (
            _GENERATION,
            Property("campaign_id", "string", "the campaign's id"),
            Property("ring_id", "string", "the ring it runs through"),
            Property("size", "integer", "accounts"),
            Property("targets", "string", "capabilities extracted with their shares, JSON"),
            *_SPAN,
        ),
    ),
    Node(
        "Lab",
        "A suspected beneficiary; `unknown` stands for every lab without a dossier.",
        ("lab_id",),
        (Property("lab_id", "string", "the dossier's id"),),
    ),
    _line(
        "Evidence",
        "One line of a ledger.",
        "ledger",
        Property("subject", "string", "ring or campaign id"),
        Property("lab_id", "string", "the lab it speaks for or against; none for a ring's evidence", optional=True),
        Property("family", "string", "family of evidence"),
        Property("name", "string", "what was looked at"),
        Property("weight", "float", "nats, signed"),
        Property("detail", "string", "everything needed to recompute the weight, JSON"),
        indexed=(("generation", "subject"),),
    ),
    _line(
        "Suppressed",
        "A value too common to count as evidence.",
        "list",
        Property("facet", "string", "kind of value"),
        Property("value", "string", "the value"),
        Property("accounts", "integer", "how many accounts used it"),
        Property("reason", "string", "why it does not count"),
    ),
    _line(
        "Refused",
        "A row of the input that was refused.",
        "list",
        Property("file", "string", "input file"),
        Property("line", "integer", "line or row in it"),
        Property("reason", "string", "what is wrong with it"),
        Property("digest", "string", "digest of its content"),
    ),
    _line(
        "Lineage",
        "What became of a ring or campaign since the run before.",
        "lineage",
        Property("kind", "string", "ring or campaign"),
        Property("id", "string", "its lasting id"),
        Property("event", "string", "born, kept, grew, shrank, split, returned, merged or ended"),
        Property("other", "string", "what it split off from, or merged into", optional=True),
        Property("previous_run", "string", "the run before, none for the first", optional=True),
        Property("previous_size", "integer", "accounts in the run before"),
        Property("size", "integer", "accounts"),
        Property("joined", "integer", "accounts that came"),
        Property("departed", "integer", "accounts that left"),
        Property("overlap", "float", "part of it that is the same, 0 to 1"),
        Property("reason", "string", "why this is said"),
        Property("marks", "string", "values that tell it from others with their weights, JSON"),
    ),
    Node(
        "Judgement",
        "What a person decided; never overwritten by a run.",
        ("judgement_id",),
        (
            Property("judgement_id", "string", "follows from the content"),
            Property("kind", "string", "what was decided, such as ring_confirmed or benign_value"),
            Property("subject", "string", "ring, campaign, account, value or judgement that it is about"),
            Property("object", "string", "the account, second account or lab that goes with it", optional=True),
            Property("facet", "string", "kind of the value", optional=True),
            Property("author", "string", "who decided"),
            Property("decided", "datetime", "when, UTC"),
            Property("reason", "string", "why"),
        ),
    ),
    Node(
        "Identity",
        "An id that was given to a ring or campaign, or that merged or split: no id is given twice.",
        ("kind", "id", "event", "other", "run_id"),
        (
            Property("kind", "string", "ring or campaign"),
            Property("id", "string", "the id"),
            Property("event", "string", "born, split or merged"),
            Property("other", "string", "what it split off from, or merged into; empty for a birth"),
            Property("run_id", "string", "the run that said so"),
        ),
    ),
    Node(
        "Claim",
        "One claim of one version of a lab's dossier.",
        ("lab_id", "version", "claim", "source"),
        (
            Property("lab_id", "string", "the dossier's id"),
            Property("version", "string", "SHA-256 of the dossier's content"),
            Property("claim", "string", "the dossier's key, such as asns"),
            Property("content", "string", "what is claimed, JSON"),
            Property("source", "string", "number of the source within the dossier; empty where none is given"),
            Property("reliability", "string", "Admiralty letter of the source", optional=True),
            Property("credibility", "string", "Admiralty figure of the information", optional=True),
            Property("ref", "string", "the source's reference", optional=True),
            Property("author", "string", "who wrote it down", optional=True),
            Property("date", "string", "when, ISO date", optional=True),
        ),
    ),
    Node(
        "Migration",
        "A migration that this graph has had; the chain is never edited.",
        ("version",),
        (
            Property("version", "integer", "number in the file's name"),
            Property("name", "string", "rest of the file's name"),
            Property("checksum", "string", "SHA-256 of the file"),
        ),
    ),
    Node(
        "Writer",
        "The one process that may write now, and the lanes it writes in.",
        ("name",),
        (
            Property("name", "string", "`publish`, or the name of a lane"),
            Property("holder", "string", "token of the process", optional=True),
            Property("expires", "integer", "milliseconds since 1970 on the server's clock", optional=True),
            Property("pending", "integer", "usage version being written, if any", optional=True),
            Property("batch", "integer", "number of the last batch written in this lane", optional=True),
            Property("touched", "integer", "set to take the lock"),
        ),
    ),
)

_UNTIL = Property("until", "integer", "usage version that ended it; none while it holds", optional=True)
_HOLDS = (
    Property("since", "integer", "usage version that brought this edge"),
    _UNTIL,
    Property("run", "string", "id of the run that brought it"),
)
_MAY_HOLD = (
    Property("since", "integer", "usage version that brought this edge; none if others loaded it", optional=True),
    _UNTIL,
    Property("run", "string", "id of the run that brought it; none if others loaded it", optional=True),
)
_USAGE = (Property("count", "integer", "exchanges of the account with the value"), *_SPAN, *_MAY_HOLD)

EDGES: tuple[Edge, ...] = (
    Edge("USED_IP", "The account came from this address.", ("Account",), ("Ip",), _USAGE),
    Edge("USED_DEVICE", "The account was used on this device.", ("Account",), ("Device",), _USAGE),
    Edge("PAID_WITH", "The account was paid with this instrument.", ("Account",), ("PaymentInstrument",), _USAGE),
    Edge("SENT_TEMPLATE", "The account sent this template.", ("Account",), ("PromptTemplate",), _USAGE),
    Edge("IN_NETWORK", "The address lies in this network.", ("Ip",), ("Network",)),
    Edge(
        "IN_ASN",
        "The address belongs to this autonomous system, and what else is known of where it comes from.",
        ("Ip",),
        ("Asn",),
        (
            Property("as_org", "string", "who runs the system", optional=True),
            Property("country", "string", "country of the address", optional=True),
            Property("kind", "string", "residential, mobile, business, hosting, vpn, proxy, …", optional=True),
            *_MAY_HOLD,
        ),
    ),
    Edge(
        "LINKED_TO",
        "The two accounts share more than chance explains, and stand in one ring; from the smaller account id. Of each"
        " account the strongest ten links within its ring are kept, and what holds the ring together.",
        ("Account",),
        ("Account",),
        (
            Property("weight", "float", "nats of all families"),
            Property("p_value", "float", "probability of at least this weight by chance"),
            Property("facets", "string", "nats by facet, JSON"),
            *_HOLDS,
        ),
    ),
    Edge("FOUND", "The run found this ring.", ("Run",), ("Ring",)),
    Edge(
        "MEMBER_OF",
        "The account belongs to the ring.",
        ("Account",),
        ("Ring",),
        (Property("confidence", "float", "probability of membership"),),
    ),
    Edge("PART_OF", "The campaign runs through this ring.", ("Campaign",), ("Ring",)),
    Edge(
        "TAKES_PART_IN",
        "Some of the account's traffic belongs to the campaign.",
        ("Account",),
        ("Campaign",),
        (Property("share", "float", "of the account's traffic"),),
    ),
    Edge(
        "ATTRIBUTED_TO",
        "How likely the lab is the campaign's client.",
        ("Campaign",),
        ("Lab",),
        (
            Property("posterior", "float", "probability"),
            Property("rank", "integer", "1 is the likeliest"),
            Property("likelihood_term", "string", "ICD 203 term"),
            Property("confidence_level", "string", "analytic confidence: low, moderate, high"),
            Property("abstained", "boolean", "the engine names no lab"),
        ),
    ),
    Edge("ABOUT", "The line of evidence speaks about this ring or campaign.", ("Evidence",), ("Ring", "Campaign")),
    Edge(
        "SUPERSEDES",
        "The ring or campaign is, or came out of, this one of the run before.",
        ("Ring", "Campaign"),
        ("Ring", "Campaign"),
        (
            Property("event", "string", "kept, grew, shrank, split or merged"),
            Property("overlap", "float", "part of it that is the same, 0 to 1"),
        ),
    ),
    Edge("FOLLOWS", "The migration came after this one.", ("Migration",), ("Migration",)),
)

USAGE_EDGES: Mapping[str, tuple[str, str]] = {
    "ip": ("USED_IP", "Ip"),
    "device": ("USED_DEVICE", "Device"),
    "payment": ("PAID_WITH", "PaymentInstrument"),
    "template": ("SENT_TEMPLATE", "PromptTemplate"),
}
"""Facet to (relationship type, label of the value)."""

PER_RUN: tuple[str, ...] = ("Ring", "Campaign", "Evidence", "Suppressed", "Refused", "Lineage")
"""Labels whose nodes belong to one version of one run."""


VERSIONED: tuple[str, ...] = (*(used for used, _ in USAGE_EDGES.values()), "IN_ASN", "LINKED_TO")
"""Relationship types that hold for usage versions, from `since` up to `until`."""


FORMER: frozenset[str] = frozenset({"Payment", "Template", "USED_PAYMENT", "USED_TEMPLATE", "events"})
"""Names that the graph had in earlier versions; only migrations may use them."""


def labels() -> frozenset[str]:
    """Return every declared label."""
    return frozenset(node.label for node in NODES)


def types() -> frozenset[str]:
    """Return every declared relationship type."""
    return frozenset(edge.type for edge in EDGES)


def properties() -> frozenset[str]:
    """Return every declared property name."""
    holders: tuple[Node | Edge, ...] = (*NODES, *EDGES)
    return frozenset(prop.name for holder in holders for prop in holder.properties)


def constraints() -> tuple[str, ...]:
    """Return the statements that make keys unique and look-ups fast; Community Edition knows no other constraints."""
    return tuple(statement for node in NODES for statement in node.constraints())
