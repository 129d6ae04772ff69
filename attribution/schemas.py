"""The tables that leave the engine: those of the data contract, and the links that are kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

UTC_TIME = pa.timestamp("us", tz="UTC")

OUTPUT_TABLES: Mapping[str, pa.Schema] = {
    "rings": pa.schema(
        [
            pa.field("ring_id", pa.string(), nullable=False),
            pa.field("verdict", pa.string(), nullable=False),
            pa.field("probability", pa.float64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("first_seen", UTC_TIME, nullable=False),
            pa.field("last_seen", UTC_TIME, nullable=False),
            pa.field("events", pa.int64(), nullable=False),
            pa.field("explanation", pa.string()),
        ]
    ),
    "members": pa.schema(
        [
            pa.field("ring_id", pa.string(), nullable=False),
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("confidence", pa.float64(), nullable=False),
        ]
    ),
    "campaigns": pa.schema(
        [
            pa.field("campaign_id", pa.string(), nullable=False),
            pa.field("ring_id", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("targets", pa.string(), nullable=False),
            pa.field("first_seen", UTC_TIME, nullable=False),
            pa.field("last_seen", UTC_TIME, nullable=False),
        ]
    ),
    "campaign_members": pa.schema(
        [
            pa.field("campaign_id", pa.string(), nullable=False),
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("share", pa.float64(), nullable=False),
        ]
    ),
    "attributions": pa.schema(
        [
            pa.field("campaign_id", pa.string(), nullable=False),
            pa.field("ring_id", pa.string(), nullable=False),
            pa.field("lab_id", pa.string(), nullable=False),
            pa.field("posterior", pa.float64(), nullable=False),
            pa.field("rank", pa.int64(), nullable=False),
            pa.field("likelihood_term", pa.string(), nullable=False),
            pa.field("confidence_level", pa.string(), nullable=False),
            pa.field("abstained", pa.bool_(), nullable=False),
        ]
    ),
    "evidence": pa.schema(
        [
            pa.field("subject", pa.string(), nullable=False),
            pa.field("lab_id", pa.string()),
            pa.field("family", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("weight", pa.float64(), nullable=False),
            pa.field("detail", pa.string(), nullable=False),
        ]
    ),
    "suppressed": pa.schema(
        [
            pa.field("facet", pa.string(), nullable=False),
            pa.field("value", pa.string(), nullable=False),
            pa.field("accounts", pa.int64(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
    "quarantine": pa.schema(
        [
            pa.field("file", pa.string(), nullable=False),
            pa.field("line", pa.int64(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("digest", pa.string(), nullable=False),
        ]
    ),
}
"""The contract's output tables: name to schema. `tests/road/test_contract.py` holds every run to them."""

LINKS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("other_id", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("p_value", pa.float64(), nullable=False),
        pa.field("facets", pa.string(), nullable=False),
    ]
)
"""Validated links between two members of one ring, `account_id` < `other_id`; `facets` is JSON, facet to nats."""
