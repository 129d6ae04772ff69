"""What each column says about an account alone, in the obvious ways: one row an account, one column an aggregate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import duckdb

_IDS = ("ip", "device_id", "payment_id", "template_id")
_LABELS = ("model", "endpoint", "pathway", "user_agent")
_NUMBERS = ("input_tokens", "output_tokens")
_JOINED = (
    ("ips", "ip", ("asn", "as_org", "country", "kind")),
    ("payments", "payment_id", ("bin", "issuer_country", "kind")),
)
_POPULAR = ("asn", "bin")
"""Labels of many values: how common they are counts as well as which they are."""
_PARTS = (
    ("ip", "network", "regexp_extract(ip, '^(\\d+\\.\\d+\\.\\d+|[0-9a-f]+:[0-9a-f]*:[0-9a-f]*)')"),
    ("prompt", "prompts", "prompt"),
    ("prompt", "openings", "array_to_string(list_slice(string_split(lower(prompt), ' '), 1, 5), ' ')"),
    ("prompt", "endings", "array_to_string(list_slice(string_split(lower(prompt), ' '), -4, -1), ' ')"),
)
"""Column, name and SQL of values that stand in a column without being all of it."""
COMMONEST = 12
"""Labels whose share is an aggregate of its own."""


def aggregates(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return all aggregates of the views `events`, `accounts`, `ips` and `payments`, as far as these are there."""
    columns = {row[0] for row in connection.sql("describe events").fetchall()}
    tables = {row[0] for row in connection.sql("select view_name from duckdb_views() where not internal").fetchall()}
    queries = [f"select account_id, {', '.join(_event_terms(columns))} from events group by 1", _GAPS, _ORDER]
    queries += [_shared(name, name) for name in _IDS if name in columns]
    queries += [_shared(name, value) for column, name, value in _PARTS if column in columns]
    labels = [(one, one, "events") for one in _LABELS if one in columns]
    if "accounts" in tables:
        queries.append(_ACCOUNTS)
    for table, key, names in _JOINED:
        if table in tables and key in columns:
            joined = f"events join (select *, row_number() over () as place from {table}) t using ({key})"
            nulls = ", ".join(f'avg((t.{one} is null)::int) as "{table}.{one} null"' for one in names)
            queries.append(f"select account_id, {nulls} from {joined.replace('join', 'left join')} group by 1")
            queries.append(f'select account_id, avg(t.place) as "{table} row" from {joined} group by 1')
            queries += [_shared(f"{table}.{one}", f"t.{one}", joined) for one in names if one in _POPULAR]
            labels += [(f"{table}.{one}", f"t.{one}", joined) for one in names]
    parts = [connection.sql(query).df() for query in queries]
    parts += [
        _shares(connection, f"select account_id, {value} as value from {source}", name)
        for name, value, source in labels
    ]
    together: pd.DataFrame = pd.concat([part.set_index("account_id") for part in parts], axis=1)
    return together


def _shared(name: str, value: str, source: str = "events") -> str:
    """Return the query of how common the values of each account are, and how much it keeps to one of them."""
    return f"""
with used as (select account_id, {value} as value, count(*) as n from {source} where {value} is not null group by all),
popular as (select value, count(*) as p from used group by 1)
select account_id, max(p) as "{name} most shared", sum(p * n) / sum(n) as "{name} mean shared",
    sum(n) filter (where p > 1) / sum(n) as "{name} shared", max(n) / sum(n) as "{name} top share"
from used join popular using (value) group by 1
"""


_GAPS = """
with gaps as (select account_id,
    epoch(ts) - epoch(lag(ts) over (partition by account_id order by ts)) as gap from events)
select account_id, median(gap) as "gap median", min(gap) as "gap min", max(gap) as "gap max",
    stddev(gap) / avg(gap) as "gap spread", avg((gap < 60)::int) as "gaps under a minute"
from gaps where gap is not null group by 1
"""
_ORDER = """
with ordered as (select account_id, row_number() over () as place from events)
select account_id, min(place) as "events first row", avg(place) as "events mean row",
    row_number() over (order by account_id) as "account_id order", length(account_id) as "account_id length"
from ordered group by 1
"""
_ACCOUNTS = """
select account_id, epoch(created_at) as created_at, dayofweek(created_at) as "created weekday",
    hour(created_at) as "created hour", minute(created_at) as "created minute",
    email_domain as "accounts.email_domain", length(email_domain) as "email_domain length",
    org is null as "org null", length(org) as "org length",
    country as "accounts.country", pathway as "accounts.pathway", verified::int as verified,
    count(*) over (partition by org) * (org is not null)::int as "org shared",
    count(*) over (partition by email_domain) as "email_domain shared",
    count(*) over (order by created_at range between interval 1 hour preceding and interval 1 hour following)
        as "created nearby",
    row_number() over () as "accounts row"
from accounts
"""
_EVENT_TERMS = (
    'count(*) as "events"',
    'count(distinct ts::date) as "active days"',
    'min(epoch(ts)) as "first seen"',
    'max(epoch(ts)) as "last seen"',
    'avg((dayofweek(ts) in (0, 6))::int) as "weekend"',
    'avg((hour(ts) between 0 and 5)::int) as "night UTC"',
    'count(distinct hour(ts)) / count(*) as "hours per event"',
    'count(distinct hour(ts)) as "hours"',
    'avg(hour(ts)) as "mean hour"',
    'stddev(hour(ts)) as "spread of hours"',
    'avg(minute(ts)) as "mean minute"',
    'stddev(minute(ts)) as "spread of minutes"',
    'avg((second(ts) = 0)::int) as "on the minute"',
    'count(*) / count(distinct ts::date) as "events a day"',
)
_PROMPT_TERMS = (
    *(f'{how}(length(prompt)) as "prompt length {how}"' for how in ("avg", "stddev", "min", "max")),
    'count(distinct prompt) / count(*) as "prompt per event"',
    'avg((prompt is null)::int) as "prompt null"',
    "avg(length(regexp_replace(prompt, '[^0-9]+', '', 'g'))) as \"prompt digits\"",
    "avg(length(regexp_replace(prompt, '[^[:punct:]]+', '', 'g'))) as \"prompt marks\"",
    "avg(length(regexp_replace(prompt, '[^A-Z]+', '', 'g'))) as \"prompt capitals\"",
    "avg(length(regexp_replace(prompt, '[^\\n]+', '', 'g'))) as \"prompt lines\"",
    'avg((length(prompt) <> strlen(prompt))::int) as "prompt not ASCII"',
)


def _event_terms(columns: set[str]) -> list[str]:
    terms = list(_EVENT_TERMS)
    for name in (*_IDS, *_LABELS):
        if name in columns:
            terms.append(f'count(distinct {name}) as "{name} distinct"')
            terms.append(f'avg(({name} is null)::int) as "{name} null"')
            terms.append(f'count(distinct {name}) / count(*) as "{name} per event"')
            terms.append(f'avg(length({name})) as "{name} length"')
    for name in _NUMBERS:
        if name in columns:
            terms += [f'{how}({name}) as "{name} {how}"' for how in ("avg", "stddev", "min", "median", "max", "sum")]
            terms.append(f'avg(({name} is null)::int) as "{name} null"')
    if "refused" in columns:
        terms += ['avg(refused::int) as "refused"', 'sum(refused::int) as "refusals"']
        terms.append('avg((refused is null)::int) as "refused null"')
    if "event_id" in columns:
        number = "try_cast(regexp_extract(event_id, '[0-9]+') as double)"
        terms += [f'avg({number}) as "event_id number"', 'avg(length(event_id)) as "event_id length"']
    return terms + list(_PROMPT_TERMS if "prompt" in columns else ())


def _shares(connection: duckdb.DuckDBPyConnection, query: str, name: str) -> pd.DataFrame:
    """Return the account's most used label, how many, and the share of each of the 12 commonest ones."""
    counted = (
        f"select account_id, value::varchar as value, count(*) as n from ({query}) group by all order by 1, 3 desc, 2"
    )
    counts: pd.DataFrame = connection.sql(counted).df()
    by_account = counts.groupby("account_id")
    total = by_account["n"].sum()
    top = counts.drop_duplicates("account_id").set_index("account_id")["value"]
    result = pd.DataFrame({f"{name} top": top, f"{name} kinds": by_account.size()})
    for value in counts.groupby("value")["n"].sum().sort_values(ascending=False).index[:COMMONEST]:
        mine = counts[counts["value"] == value].set_index("account_id")["n"]
        result[f"{name} = {value}"] = (mine / total).reindex(total.index).fillna(0.0)
    return result.reset_index(names="account_id")
