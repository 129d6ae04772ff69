"""Populations in which everybody keeps to themselves, but for what a test says who shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from attribution.domain import ACTIVITY_COLUMNS, Facet, Incidence, Partition, Population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ACCOUNTS = 600
NAMES = {Facet.IP: "10.{0}.{1}.{2}", Facet.NETWORK: "10.{0}.{1}", Facet.TEMPLATE: "t{0}-{1}-{2}"}


def incidence(facet: Facet, rows: Sequence[Sequence[int]]) -> Incidence:
    """Account i uses the values `rows[i]`; every use is one event."""
    used = sorted({v for row in rows for v in row})
    number = {v: i for i, v in enumerate(used)}
    name = NAMES.get(facet, "v{0}-{1}-{2}")
    return Incidence(
        facet=facet,
        indptr=np.concatenate([[0], np.cumsum([len(set(row)) for row in rows])]).astype(np.int64),
        indices=np.array([i for row in rows for i in sorted({number[v] for v in row})], np.int32),
        count=np.ones(sum(len(set(row)) for row in rows), np.int32),
        values=pa.array([name.format(v // 200, v % 200, 1) for v in used], pa.string()),
    )


def world(rows: Mapping[Facet, Mapping[int, Sequence[int]]], domain: Mapping[int, str] | None = None) -> Population:
    """Everybody has an address, a card, a device and a wording that nobody else has, beside what `rows` says."""
    matrices = {
        facet: incidence(facet, [[20_000 + a, *rows.get(facet, {}).get(a, [])] for a in range(ACCOUNTS)])
        for facet in (Facet.IP, Facet.NETWORK, Facet.PAYMENT, Facet.DEVICE, Facet.TEMPLATE)
    }
    activity = pd.DataFrame({name: np.ones(ACCOUNTS) for name in ACTIVITY_COLUMNS})
    activity["events"] = activity["located"] = 2
    activity["datacentre"] = activity["mobile"] = 0.0
    activity["org"] = pd.Series([None] * ACCOUNTS, dtype=object)
    activity["email_domain"] = pd.Series([(domain or {}).get(a) for a in range(ACCOUNTS)], dtype=object)
    for name in ("first_seen", "last_seen", "created_at"):
        activity[name] = pd.Timestamp("2026-05-01", tz="UTC")
    activity["payment_kind"] = "credit"
    return Population(
        accounts=pa.array([f"a{i:04d}" for i in range(ACCOUNTS)], pa.string()),
        incidence=matrices,
        enrichment={},
        activity=activity,
        hours=np.ones((ACCOUNTS, 24), np.int32),
        known=frozenset({"events.ip", "accounts.org"}),
    )


def parts_of(
    step: Callable[[Partition, Population, int], Partition],
    people: Population,
    *clusters: Iterable[int],
    least: int = 5,
) -> list[list[int]]:
    """Return what a step that cuts clusters makes of some, and see that everybody keeps their own frequency."""
    groups = tuple(np.array(sorted(cluster), np.int32) for cluster in clusters)
    found = Partition(groups, tuple((g / 100).astype(np.float32) for g in groups), 1.0)
    out = step(found, people, least)
    for accounts, frequency in zip(out.clusters, out.frequency, strict=True):
        np.testing.assert_allclose(frequency, accounts / 100, rtol=1e-6)
    return [cluster.tolist() for cluster in out.clusters]
