"""Rows of the graph as SQL over the tables of a run: what `neo4j_import` writes.

Columns have the names of `graph_schema.model`; `import_id`, `import_start` and `import_end` are keys within a label.
Everything here is constant: nothing is formatted into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.store.base import USAGE_FACETS
from graph_schema.model import USAGE_EDGES

if TYPE_CHECKING:
    from collections.abc import Mapping

MACROS = """
create macro graph_key(name) as
    case when strlen(name) <= 1024 and not starts_with(name, 'sha256:') then name else 'sha256:' || sha256(name) end;
create macro asn_key(asn) as coalesce(cast(asn as varchar), 'unknown');
"""

VIEWS = """
create view the_run as select * from given_run;
create view evidence as
    select (row_number() over (order by subject, lab_id, family, name, weight, detail)) - 1 as ordinal, *
    from given_evidence;
create view suppressed as
    select (row_number() over (order by facet, value, accounts, reason)) - 1 as ordinal, * from given_suppressed;
create view refused as
    select (row_number() over (order by file, line, reason, digest)) - 1 as ordinal, * from given_quarantine;
create view lineage as select (row_number() over (order by kind, id)) - 1 as ordinal, * from given_lineage;
create view stamp as select usage_version as since, run_id as run from given_run;
create view generation as select generation from given_run;
"""
"""Of the tables `given_NAME`, and `given_run`, `given_ips` (ip, network)."""

_VALUE = "select distinct graph_key(value) as key, value from given_usage where facet = "
_USAGE = """select graph_key(account_id) as import_start, graph_key(value) as import_end, since, run, events as count,
    first_seen, last_seen from given_usage, stamp where facet = """

NODE_ROWS: Mapping[str, str] = {
    "Account": """
select graph_key(account_id) as key, account_id from (
    select account_id from given_usage union select account_id from given_members
    union select account_id from given_campaign_members
    union select account_id from given_links union select other_id from given_links)""",
    "Ip": "select graph_key(ip) as key, ip as value from given_ips",
    "Network": "select distinct network as key, network as value from given_ips where network is not null",
    "Asn": """
select asn_key(asn) as key, asn, case when asn is not null then max_by(as_org, ip) end as name
from given_addresses group by asn""",
    **{USAGE_EDGES[facet][1]: f"{_VALUE}'{facet}'" for facet in USAGE_FACETS if facet != "ip"},
    "Run": "select run_id as import_id, * from the_run",
    "Ring": "select ring_id as import_id, * from given_rings, generation",
    "Campaign": "select campaign_id as import_id, * from given_campaigns, generation",
    "Lab": "select distinct lab_id as import_id, lab_id from given_attributions",
    "Evidence": "select cast(ordinal as varchar) as import_id, * from evidence, generation",
    "Suppressed": "select cast(ordinal as varchar) as import_id, * from suppressed, generation",
    "Refused": "select cast(ordinal as varchar) as import_id, * from refused, generation",
    "Lineage": "select cast(ordinal as varchar) as import_id, * from lineage, generation",
    "Judgement": "select judgement_id as import_id, * from given_judgements",
    "Identity": "select to_json([kind, id, event, other, run_id]) as import_id, * from given_identities",
    "Claim": "select to_json([lab_id, version, claim, source]) as import_id, * from given_claims",
}
"""Label to its rows."""

EDGE_ROWS: Mapping[str, Mapping[tuple[str, str], str]] = {
    **{USAGE_EDGES[facet][0]: {("Account", USAGE_EDGES[facet][1]): f"{_USAGE}'{facet}'"} for facet in USAGE_FACETS},
    "IN_NETWORK": {
        ("Ip", "Network"): """
select graph_key(ip) as import_start, network as import_end from given_ips where network is not null"""
    },
    "IN_ASN": {
        ("Ip", "Asn"): """
select graph_key(ip) as import_start, asn_key(asn) as import_end, since, run, as_org, country, kind
from given_addresses, stamp"""
    },
    "LINKED_TO": {
        ("Account", "Account"): """
select graph_key(account_id) as import_start, graph_key(other_id) as import_end, since, run, weight, p_value, facets
from given_links, stamp"""
    },
    "FOUND": {("Run", "Ring"): "select run_id as import_start, ring_id as import_end from given_rings, the_run"},
    "MEMBER_OF": {
        ("Account", "Ring"): """
select graph_key(account_id) as import_start, ring_id as import_end, confidence from given_members"""
    },
    "PART_OF": {("Campaign", "Ring"): "select campaign_id as import_start, ring_id as import_end from given_campaigns"},
    "TAKES_PART_IN": {
        ("Account", "Campaign"): """
select graph_key(account_id) as import_start, campaign_id as import_end, share from given_campaign_members"""
    },
    "ATTRIBUTED_TO": {
        ("Campaign", "Lab"): "select campaign_id as import_start, lab_id as import_end, * from given_attributions"
    },
    "ABOUT": {
        ("Evidence", "Ring"): """
select cast(ordinal as varchar) as import_start, subject as import_end from evidence
semi join given_rings on subject = ring_id""",
        ("Evidence", "Campaign"): """
select cast(ordinal as varchar) as import_start, subject as import_end from evidence
semi join given_campaigns on subject = campaign_id""",
    },
}
"""Relationship type and ends to its rows."""
