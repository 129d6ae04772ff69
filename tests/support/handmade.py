"""A small world written by hand in the schemas of the contract: three rings, three campaigns, two labs, 40 accounts."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attribution.schemas import OUTPUT_TABLES
from attribution.store.base import STORED, RunRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

START = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
END = dt.datetime(2026, 3, 28, 23, 59, 59, 999999, tzinfo=dt.UTC)
REPORT = json.dumps({"title": "hand-made", "rings": 3})

HOSTILE = (
    "' OR 1=1 --",
    "}) DETACH DELETE n //",
    "a\u202eb\U0001f600",
    'x","y',
    "=cmd|' /C calc'!A0",
    "line\nbreak",
    "ÿ€𐍈",
)
"""Account ids as an attacker would choose them."""


def table(name: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    schema = STORED[name]
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def table_of(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def account(ring: int, number: int) -> str:
    return f"acct-{ring}-{number:03d}"


def members(ring: int, count: int) -> list[tuple[str, str, float]]:
    names = [account(ring, i) for i in range(count)] + (list(HOSTILE) if ring == 1 else [])
    return [(f"ring-{ring}", name, round(1 - i / 50, 4)) for i, name in enumerate(names)]


def usage_rows(shift: int = 0) -> list[tuple[Any, ...]]:
    """Ring 1 shares a card and two addresses, ring 2 a template; a bystander shares one address with ring 1."""
    one, two = [m[1] for m in members(1, 12)], [m[1] for m in members(2, 8)]
    rows = [("payment", "card-1", name, 3 + i + shift, START, END) for i, name in enumerate(one)]
    rows += [("ip", f"198.51.100.{i % 2}", name, 5, START, END) for i, name in enumerate(one)]
    rows += [("ip", "198.51.100.0", "bystander", 1, START, START), ("ip", "2001:db8::1", two[0], 1, START, END)]
    rows += [("ip", "2001:db8::1", "bystander", 2, START, END)]
    return rows + [("template", "tpl-{}'\"", name, 9, START, END) for name in two]


def tables(shift: int = 0) -> dict[str, pa.Table]:
    """Return every table of a run; another `shift` gives another run's content."""
    detail = json.dumps({"shared": 12, "popularity": 13}, sort_keys=True)
    rings: list[tuple[Any, ...]] = [
        ("ring-1", "coordinated", 0.97, 19, START, END, 1200 + shift, None),
        ("ring-2", "coordinated", 0.97, 8, START, END, 400, "Campus cohort"),
        ("ring-3", "innocent", 0.02, 5, START, END, 90, "team: one office, one card"),
    ]
    built = {
        "rings": table("rings", rings),
        "members": table("members", members(1, 12) + members(2, 8) + members(3, 5)),
        "campaigns": table(
            "campaigns",
            [
                ("camp-1", "ring-1", 10, json.dumps({"chain_of_thought": 0.7}), START, END),
                ("camp-2", "ring-1", 6, json.dumps({"rubric_grading": 1.0}), START, END),
                ("camp-3", "ring-2", 8, json.dumps({}), START, END),
            ],
        ),
        "campaign_members": table(
            "campaign_members",
            [("camp-1", account(1, i), 0.8) for i in range(10)]
            + [("camp-2", account(1, i), 0.2) for i in range(6)]
            + [("camp-3", account(2, i), 1.0) for i in range(8)],
        ),
        "attributions": table(
            "attributions",
            [
                ("camp-1", "ring-1", "lab-amber", 0.91, 1, "very likely", "moderate", False),
                ("camp-1", "ring-1", "unknown", 0.09, 2, "very unlikely", "moderate", False),
                ("camp-2", "ring-1", "unknown", 0.8, 1, "likely", "low", True),
                ("camp-2", "ring-1", "lab-blue", 0.2, 2, "unlikely", "low", True),
                ("camp-3", "ring-2", "lab-blue", 0.6, 1, "likely", "low", False),
                ("camp-3", "ring-2", "unknown", 0.4, 2, "unlikely", "low", False),
            ],
        ),
        "evidence": table(
            "evidence",
            [
                ("ring-1", None, "payment", "shared_card", 6.25, detail),
                ("ring-1", None, "payment", "shared_card", 6.25, detail),
                ("ring-1", None, "place", "one_office", -1.5, detail),
                ("ring-3", None, "place", "one_office", -4.0, detail),
                ("camp-1", "lab-amber", "infrastructure", "asn", 2.0, detail),
                ("camp-1", "lab-blue", "infrastructure", "asn", -0.5, detail),
            ],
        ),
        "suppressed": table(
            "suppressed", [("ip", "203.0.113.9", 9000, "carrier NAT"), ("template", "hi", 4000, "popular")]
        ),
        "quarantine": table("quarantine", [("events.jsonl", 7, "naive time stamp", "ab" * 32)]),
        "lineage": table(
            "lineage",
            [
                ("ring", "ring-1", "grew", None, "run-0", 17, 19, 3, 1, 0.91, "16 of 17 accounts are in it", "[]"),
                ("ring", "ring-2", "split", "ring-1", "run-0", 17, 8, 2, 0, 0.4, "6 of its 8 accounts", "[]"),
                ("ring", "ring-3", "born", None, None, 0, 5, 5, 0, 0.0, "new", '[["ip", "198.51.100.0", 1.0]]'),
                ("campaign", "camp-1", "kept", None, "run-0", 10, 10, 0, 0, 1.0, "the same", "[]"),
            ],
        ),
        "links": table(
            "links",
            [
                (*sorted([account(1, 0), account(1, 1)], key=str.encode), 9.5, 1e-9, '{"ip":3.25,"payment":6.25}'),
                (*sorted([account(1, 0), HOSTILE[0]], key=str.encode), 6.25, 2.5e-7, '{"payment":6.25}'),
                (*sorted([account(2, 0), account(2, 1)], key=str.encode), 5.0 + shift, 1e-6, '{"template":5.0}'),
            ],
        ),
        "usage": table("usage", usage_rows(shift)),
        "addresses": table(
            "addresses",
            [
                ("198.51.100.0", 64500, "Example Hosting", "NL", "hosting"),
                ("198.51.100.1", 64500, "Example Hosting" + " BV" * shift, "DE", None),
                ("2001:db8::1", None, None, None, "vpn"),
            ],
        ),
    }
    assert set(built) == set(STORED)
    return built


def run(number: int = 1) -> RunRecord:
    return RunRecord(f"run-{number}", "c" * 64, 7, json.dumps({"stage_seconds": number}))


def step_run(step: int) -> RunRecord:
    """Return the run of a step of a history: every third one is new, the others replace it."""
    return run(step // 3)


def shuffled(whole: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with their rows the other way round."""
    return {name: one.take(pa.array(range(len(one) - 1, -1, -1))) for name, one in whole.items()}


assert set(OUTPUT_TABLES) < set(STORED)
