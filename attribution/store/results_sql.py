"""The SQL of the embedded store. Values are parameters; the table names come from `base.STORED` alone."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.store.base import FACTS, RESULTS, STORED, USAGE
from attribution.store.ledgers import LEDGER_KEYS, LEDGERS

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 3
"""Version of the layout below; a file with another one is refused."""

_TYPES: Mapping[pa.DataType, str] = {pa.string(): "varchar", pa.float64(): "double", pa.int64(): "bigint"}


_RUNS = """create table if not exists results.runs (run_id varchar not null, config_digest varchar not null,
    seed bigint not null, manifest varchar not null, report varchar not null, sequence bigint not null,
    usage_version bigint not null, content varchar not null);"""


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp"  # UTC, like the facts
    return "boolean" if pa.types.is_boolean(kind) else _TYPES[kind]


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {_sql_type(field.type)}{'' if field.nullable else ' not null'}" for field in schema)


def ddl() -> str:
    """Return the statements that lay out the results, which stand in a schema of their own beside the facts."""
    tables = [
        f"create table if not exists results.{name} (run_id varchar not null, {_columns(schema)});"
        for name, schema in RESULTS.items()
    ]
    return "\n".join(
        [
            "create schema if not exists results;",
            "create table if not exists results.format (version integer not null);",
            f"insert into results.format select {FORMAT} where not exists (from results.format);",
            _RUNS,
            *tables,
            *(f"create table if not exists results.{name} ({_columns(schema)});" for name, schema in LEDGERS.items()),
            *(
                f"create table if not exists results.{name} ({_columns(schema)}, since bigint not null, until bigint);"
                for name, schema in FACTS.items()
            ),
        ]
    )


def select(name: str) -> str:
    """Return the query of one whole table of a run."""
    if name in FACTS:
        return f"select {', '.join(FACTS[name].names)} from results.{name} where {LIVE}"
    return f"select {', '.join(STORED[name].names)} from results.{name} where run_id = $run"


def from_facts(name: str) -> str:
    """Return the query that reads a table of `FACTS` from what the logs said."""
    return files("attribution.store").joinpath(f"{name}.sql").read_text("utf-8")


LIVE = "since <= $version and (until is null or until > $version)"
"""A row of facts holds for the versions in [since, until); a run names the version it saw."""


def _same(schema: pa.Schema) -> str:
    """Return the condition that a stored and an incoming row are the same, nulls and all."""
    return " and ".join(
        f"kept.{field.name} {'is not distinct from' if field.nullable else '='} incoming.{field.name}"
        for field in schema
    )


CLOSE: Mapping[str, str] = {
    name: f"""update results.{name} as kept set until = $version where until is null
    and not exists (select 1 from incoming where {_same(schema)})"""
    for name, schema in FACTS.items()
}
"""Statement that ends the rows of each table of facts which no longer hold."""

ADD: Mapping[str, str] = {
    name: f"""insert into results.{name} select {", ".join(schema.names)}, $version, null from incoming
    where not exists (select 1 from results.{name} as kept where until is null and {_same(schema)})"""
    for name, schema in FACTS.items()
}
"""Statement that adds to each table of facts what it does not hold yet."""

LEDGER: Mapping[str, str] = {
    name: f"select {', '.join(schema.names)} from results.{name}" for name, schema in LEDGERS.items()
}
"""Query of each whole ledger."""

APPEND: Mapping[str, str] = {
    name: f"""insert into results.{name} select {", ".join(schema.names)} from incoming
    where ({", ".join(LEDGER_KEYS[name])}) not in (select ({", ".join(LEDGER_KEYS[name])}) from results.{name})"""
    for name, schema in LEDGERS.items()
}
"""Statement that adds to each ledger what it does not hold yet (keys are never null)."""

RINGS = f"""select {", ".join(STORED["rings"].names)} from results.rings r
where run_id = $run
  and ($verdict is null or verdict = $verdict) and probability >= $min_probability and size >= $min_size
  and ($lab is null or exists (
      select 1 from results.campaigns c join results.attributions a using (run_id, campaign_id)
      where c.run_id = $run and c.ring_id = r.ring_id and a.rank = 1 and a.lab_id = $lab))
  and ($text is null or contains(lower(ring_id), lower($text))
      or contains(lower(coalesce(explanation, '')), lower($text))
      or exists (select 1 from results.members m
                 where m.run_id = $run and m.ring_id = r.ring_id and m.account_id = $text))
  and ($after is null or probability < $after or (probability = $after and ring_id > $after_id))
order by probability desc, ring_id limit $limit"""

RING = f"select {', '.join(STORED['rings'].names)} from results.rings where run_id = $run and ring_id = $subject"

MEMBERS = f"""select {", ".join(STORED["members"].names)} from results.members
where run_id = $run and ring_id = $subject
  and ($after is null or confidence < $after or (confidence = $after and account_id > $after_id))
order by confidence desc, account_id limit $limit"""

EVIDENCE = f"""select {", ".join(STORED["evidence"].names)} from results.evidence
where run_id = $run and subject = $subject order by coalesce(lab_id, ''), family, name, weight desc, detail"""

CAMPAIGNS = f"""select {", ".join(STORED["campaigns"].names)} from results.campaigns
where run_id = $run and ring_id = $subject order by size desc, campaign_id"""

CAMPAIGN = f"""select {", ".join(STORED["campaigns"].names)} from results.campaigns
where run_id = $run and campaign_id = $subject"""

ATTRIBUTIONS = f"""select {", ".join(STORED["attributions"].names)} from results.attributions
where run_id = $run and campaign_id = $subject order by rank, lab_id"""

SHARED = f"""with seen as (
    select {", ".join(f"u.{name}" for name in USAGE.names)} from results.usage u
    join results.members m on m.run_id = $run and m.ring_id = $subject and m.account_id = u.account_id
    where {LIVE})
select * from seen qualify count(*) over (partition by facet, value) >= 2 order by facet, value, account_id"""
