"""Tiny clusters made by hand: who used what how often, what is known of each account, and columns that never were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from attribution.domain import ACTIVITY_COLUMNS, Facet, Incidence, Population
from attribution.rings.view import View

ACCOUNTS = 600
"""Accounts of the population; a cluster of six meets one of them with probability 5/599."""
START = pd.Timestamp("2026-05-01", tz="UTC")
UNKNOWN = float("nan")
Uses = dict[int, dict[str, int]]
"""By account and value, how many events."""
About = Mapping[str, Sequence[object] | Mapping[int, object]]
"""By column of `activity`, what is known of the first accounts, or of some by number."""

USED = {
    Facet.IP: "ips",
    Facet.NETWORK: "networks",
    Facet.DEVICE: "devices",
    Facet.PAYMENT: "payments",
    Facet.TEMPLATE: "templates",
}
ABSENT: Mapping[str, tuple[tuple[Facet, ...], Mapping[str, object], frozenset[str]]] = {
    "ip": (
        (Facet.IP, Facet.NETWORK),
        {"ips": 0, "networks": 0, "located": 0, "datacentre": np.nan, "business": np.nan},
        frozenset({"events.ip"}),
    ),
    "ips": ((), {"datacentre": np.nan, "business": np.nan}, frozenset()),
    "device": ((Facet.DEVICE,), {"devices": 0}, frozenset()),
    "payment": ((Facet.PAYMENT, Facet.BATCH), {"payments": 0, "payment_kind": None}, frozenset()),
    "payments": ((Facet.BATCH,), {"payment_kind": None}, frozenset()),
    "template": ((Facet.TEMPLATE,), {"templates": 0}, frozenset()),
    "burst": ((Facet.BURST,), {}, frozenset()),
    "days": ((), {"active_days": np.nan}, frozenset()),
    "tokens": ((), {"output_tokens": np.nan}, frozenset()),
    "org": ((), {"org": None}, frozenset({"accounts.org"})),
    "accounts": (
        (Facet.SIGNUP,),
        {"created_at": pd.NaT, "org": None, "email_domain": None},
        frozenset({"accounts.org"}),
    ),
}
"""What of a population is gone with an input column or table: facets, columns of `activity`, names in `known`."""


@dataclass(frozen=True)
class Cluster:
    """The first `size` of `ACCOUNTS` accounts.

    Attributes
    ----------
    uses : by facet, who used what. Nobody else used anything.
    about : what is known of the accounts, where it is not what all have. hours : by account, events by hour of day.
    """

    size: int
    uses: Mapping[Facet, Uses] = field(default_factory=dict)
    about: About = field(default_factory=dict)
    hours: Mapping[int, Sequence[int]] = field(default_factory=dict)
    known: frozenset[str] = frozenset({"events.ip", "accounts.org"})
    absent: tuple[str, ...] = ()

    def without(self, column: str) -> Cluster:
        """Return the same people in logs that never had a column."""
        return replace(self, absent=(*self.absent, column))

    def view(self) -> View:
        """Lay the cluster out as the indicators see it."""
        uses = dict(self.uses)
        activity = _activity(self)
        for column in self.absent:
            facets, emptied, _ = ABSENT[column]
            uses = {facet: rows for facet, rows in uses.items() if facet not in facets}
            for name, value in emptied.items():
                activity[name] = [value] * ACCOUNTS
        population = Population(
            accounts=pa.array([f"a{i:04d}" for i in range(ACCOUNTS)], pa.string()),
            incidence={facet: _incidence(facet, rows) for facet, rows in uses.items()},
            enrichment={},
            activity=_typed(activity),
            hours=np.array([self.hours.get(a, [0] * 24) for a in range(ACCOUNTS)], np.int32),
            known=self.known.difference(*(ABSENT[column][2] for column in self.absent)),
        )
        return View.of(population, (np.arange(self.size, dtype=np.int32),))


def everyone(value: str, accounts: Sequence[int]) -> Uses:
    """Return one event of each account with one value."""
    return {account: {value: 1} for account in accounts}


def together(*parts: Uses) -> Uses:
    """Return all uses of all parts."""
    whole: Uses = {}
    for part in parts:
        for account, values in part.items():
            whole.setdefault(account, {}).update(values)
    return whole


def _activity(cluster: Cluster) -> pd.DataFrame:
    empty: dict[str, object] = dict.fromkeys(ACTIVITY_COLUMNS, np.nan)
    empty |= {"events": 10, "org": None, "email_domain": None, "payment_kind": None}
    empty |= {"first_seen": START, "last_seen": START, "created_at": START - pd.Timedelta(days=100)}
    columns = {name: pd.Series([value] * ACCOUNTS) for name, value in empty.items()}
    for facet, column in USED.items():
        uses = cluster.uses.get(facet, {})
        columns[column] = pd.Series([len(uses.get(account, {})) for account in range(ACCOUNTS)])
    for name, values in cluster.about.items():
        said = values if isinstance(values, dict) else dict(enumerate(values))
        columns[name] = pd.Series([said.get(account, columns[name][account]) for account in range(ACCOUNTS)])
    columns["located"] = columns["located" if "located" in cluster.about else "events"]
    return pd.DataFrame(columns)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.astype(dict.fromkeys(("org", "email_domain", "payment_kind"), object))
    for name in ("first_seen", "last_seen", "created_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _incidence(facet: Facet, uses: Uses) -> Incidence:
    values = sorted({value for row in uses.values() for value in row})
    number = {value: i for i, value in enumerate(values)}
    rows = [sorted((number[value], count) for value, count in uses.get(a, {}).items()) for a in range(ACCOUNTS)]
    flat = [entry for row in rows for entry in row]
    return Incidence(
        facet=facet,
        indptr=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        indices=np.array([value for value, _ in flat], np.int32),
        count=np.array([count for _, count in flat], np.int32),
        values=pa.array(values, pa.string()),
    )
