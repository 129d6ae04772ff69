"""Does any single column give the rings away? A stump on every aggregate of every column, tested on other accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.warehouse.database import memory

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

LIMIT = 0.9
"""A world in which a single column reaches this AUC is too easy."""
BINS = 24
_IDS = ("ip", "device_id", "payment_id", "template_id")
_LABELS = ("model", "endpoint", "pathway", "user_agent")
_NUMBERS = ("input_tokens", "output_tokens")
_JOINED = (("ips", "ip", ("asn", "country", "kind")), ("payments", "payment_id", ("bin", "issuer_country", "kind")))


@dataclass(frozen=True, slots=True)
class ColumnAudit:
    """How well one aggregate alone tells ring accounts from innocents: area under the ROC curve."""

    name: str
    auc: float


def audit(world: Path) -> tuple[ColumnAudit, ...]:
    """Return all aggregates of all columns, the most telling one first.

    For each account and column: number of distinct values, how common they are, share of each label, mean and spread
    of numbers, hours and weekdays, nulls, dates. Each aggregate is cut into 24 bins (or its categories); bins are
    scored by their share of ring accounts among every second account and judged on the others, so that any shape
    counts, not
    only more or less.
    """
    with memory() as connection:
        for table in ("events", "accounts", "ips", "payments"):
            parts = (world / f"{table}.parquet", *sorted((world / table).glob("*.parquet")))
            files = [str(path) for path in parts if path.exists()]
            if files:
                connection.read_parquet(files).create_view(table)
        frame = _aggregates(connection)
        labels = connection.read_parquet(str(world / "truth" / "accounts.parquet"))
        truth = labels.project("account_id, ring is not null as guilty").order("account_id").df()
    frame = frame.reindex(truth["account_id"])
    guilty = truth["guilty"].to_numpy(dtype=bool)
    found = [ColumnAudit(name, _stump(frame[name], guilty)) for name in frame.columns]
    return tuple(sorted(found, key=lambda one: (-one.auc, one.name)))


def _aggregates(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    columns = {row[0] for row in connection.sql("describe events").fetchall()}
    tables = {row[0] for row in connection.sql("select view_name from duckdb_views() where not internal").fetchall()}
    queries = [f"select account_id, {', '.join(_event_terms(columns))} from events group by 1"]
    queries += [_SHARED.format(name=name, value=name) for name in _IDS if name in columns]
    if "prompt" in columns:
        queries.append(_SHARED.format(name="openings", value=_OPENING))
    if "accounts" in tables:
        queries.append(_ACCOUNTS)
    parts = [connection.sql(query).df() for query in queries]
    for table, key, labels in _JOINED:
        if table in tables and key in columns:
            joined = f"events join {table} t using ({key})"
            parts += [
                _labels(connection, f"select account_id, t.{one} as value from {joined}", f"{table}.{one}")
                for one in labels
            ]
    parts += [
        _labels(connection, f"select account_id, {one} as value from events", one) for one in _LABELS if one in columns
    ]
    together: pd.DataFrame = pd.concat([part.set_index("account_id") for part in parts], axis=1)
    return together


_OPENING = "array_to_string(list_slice(string_split(lower(prompt), ' '), 1, 5), ' ')"
_SHARED = """
with used as (select account_id, {value} as value, count(*) as n from events where {value} is not null group by all),
popular as (select value, count(*) as p from used group by 1)
select account_id, max(p) as "{name} most shared", sum(p * n) / sum(n) as "{name} mean shared",
    sum(n) filter (where p > 1) / sum(n) as "{name} shared", max(n) / sum(n) as "{name} top share"
from used join popular using (value) group by 1
"""
_ACCOUNTS = """
select account_id, epoch(created_at) as created_at, dayofweek(created_at) as "created weekday",
    hour(created_at) as "created hour", email_domain as "accounts.email_domain", org is null as "org null",
    country as "accounts.country", pathway as "accounts.pathway", verified::int as verified,
    count(*) over (partition by org) * (org is not null)::int as "org shared",
    count(*) over (partition by email_domain) as "email_domain shared",
    count(*) over (order by created_at range between interval 1 hour preceding and interval 1 hour following)
        as "created nearby"
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
    'count(*) / count(distinct ts::date) as "events a day"',
)


def _event_terms(columns: set[str]) -> list[str]:
    terms = list(_EVENT_TERMS)
    for name in (*_IDS, *_LABELS):
        if name in columns:
            terms.append(f'count(distinct {name}) as "{name} distinct"')
            terms.append(f'avg(({name} is null)::int) as "{name} null"')
            terms.append(f'count(distinct {name}) / count(*) as "{name} per event"')
    for name in _NUMBERS:
        if name in columns:
            terms += [f'{how}({name}) as "{name} {how}"' for how in ("avg", "stddev", "max")]
    if "refused" in columns:
        terms.append('avg(refused::int) as "refused"')
    if "prompt" in columns:
        terms += [f'{how}(length(prompt)) as "prompt length {how}"' for how in ("avg", "stddev")]
        terms.append('avg((length(prompt) <> strlen(prompt))::int) as "prompt not ASCII"')
    return terms


def _labels(connection: duckdb.DuckDBPyConnection, query: str, name: str) -> pd.DataFrame:
    """Return the account's most used label, how many, and the share of each of the 12 commonest ones."""
    counted = (
        f"select account_id, value::varchar as value, count(*) as n from ({query}) group by all order by 1, 3 desc, 2"
    )
    counts: pd.DataFrame = connection.sql(counted).df()
    by_account = counts.groupby("account_id")
    total = by_account["n"].sum()
    top = counts.drop_duplicates("account_id").set_index("account_id")["value"]
    result = pd.DataFrame({f"{name} top": top, f"{name} kinds": by_account.size()})
    for value in counts.groupby("value")["n"].sum().sort_values(ascending=False).index[:12]:
        mine = counts[counts["value"] == value].set_index("account_id")["n"]
        result[f"{name} = {value}"] = (mine / total).reindex(total.index).fillna(0.0)
    return result.reset_index(names="account_id")


def _stump(column: pd.Series, guilty: NDArray[np.bool_]) -> float:
    train = np.arange(len(guilty)) % 2 == 0
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        cuts = (
            np.unique(np.nanquantile(values[train], np.linspace(0, 1, BINS + 1)[1:-1]))
            if np.isfinite(values[train]).any()
            else np.array([0.0])
        )
        bins = np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="right"))
    else:
        bins = pd.factorize(column, sort=True)[0] + 1
    size = int(bins.max()) + 1
    seen = np.bincount(bins[train], minlength=size)
    bad = np.bincount(bins[train], weights=guilty[train].astype(float), minlength=size)
    score = (bad + guilty.mean()) / (seen + 1.0)
    return area(score[bins[~train]], guilty[~train])


def area(score: NDArray[np.float64], guilty: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, ties counting one half; one half where a class is empty."""
    positives, negatives = int(guilty.sum()), int((~guilty).sum())
    if not positives or not negatives:
        return 0.5
    ranks = pd.Series(score).rank().to_numpy()
    return float((ranks[guilty].sum() - positives * (positives + 1) / 2) / (positives * negatives))
