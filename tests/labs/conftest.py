"""A population and traffic written by hand: one ring of forty accounts beside two hundred people of two countries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from attribution.domain import Ring, Verdict
from attribution.warehouse.database import connect
from attribution.warehouse.population import population
from attribution.warehouse.traffic import traffic

if TYPE_CHECKING:
    from attribution.domain import Population, Traffic

START = dt.datetime(2026, 3, 1)  # noqa: DTZ001  # parquet columns without a zone
PEOPLE, MEMBERS, DAYS = 200, 40, 14
COT = "Imagine the internal reasoning behind the expert's answer and write out every step in order: {}"
RUBRIC = "You are a strict grader of medical answers. Give points for accuracy and return only JSON: {}"
CODE = "You are an autonomous coding agent in a repository. Emit a unified diff and run the test suite: {}"
POPULAR = "Write a poem about my cat in the style of Shakespeare: {}"


@dataclass
class Client:
    """One client of the hand-made ring: what it sends, when, and through whose accounts."""

    templates: tuple[str, ...] = (COT, RUBRIC)
    hours: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    accounts: tuple[int, int] = (0, MEMBERS)
    model: str = "m-1"


@dataclass
class Ask:
    """What the world shall be like; every field has an innocuous default."""

    clients: tuple[Client, ...] = (Client(),)
    own_ip: str = "198.51.100.{}"
    own_share: float = 0.2
    asn: int = 64510
    bins: tuple[str, ...] = ("411111",)
    mail: str = "amber-mail.example"
    mail_share: float = 0.3
    columns: frozenset[str] = field(
        default_factory=lambda: frozenset({"ip", "device_id", "payment_id", "template_id", "model"})
    )
    jump: bool = False


@dataclass(frozen=True)
class Small:
    """The world as the labs stage gets it."""

    population: Population
    traffic: Traffic
    ring: Ring
    templates: pa.Table


def world(ask: Ask | None = None) -> Small:
    """Write the facts, aggregate them, and take the ring as found."""
    ask = ask or Ask()
    events = _members(ask) + _people(ask)
    frame = pd.DataFrame(events)
    for column in {"ip", "device_id", "payment_id", "template_id", "model"} - ask.columns:
        frame[column] = None
    accounts, ips, cards = _tables(ask, frame)  # noqa: RUF059  # read by name in SQL
    with connect(None) as con:
        con.execute("insert into events by name select * from frame")
        con.execute("insert into accounts by name select * from accounts")
        con.execute("insert into ips by name select * from ips where ip is not null")
        con.execute("insert into payments by name select * from cards where payment_id is not null")
        for column in sorted(ask.columns):
            con.execute("insert into input_columns values (?)", [f"events.{column}"])
        for column in (
            "accounts.email_domain",
            "accounts.country",
            "accounts.org",
            "ips.asn",
            "ips.country",
            "payments.bin",
        ):
            con.execute("insert into input_columns values (?)", [column])
        people = population(con)
        names = people.accounts.to_pylist()
        members = np.array([row for row, name in enumerate(names) if name.startswith("ring")], dtype=np.int32)
        sent = traffic(con, [names[m] for m in members], ["r1"] * len(members))
    ring = Ring(
        "r1",
        Verdict.COORDINATED,
        0.99,
        None,
        members,
        np.ones(len(members)),
        np.ones(len(members), np.float32),
        pd.Timestamp(START, tz="UTC"),
        pd.Timestamp(START + dt.timedelta(DAYS), tz="UTC"),
        int((frame["account_id"].str[:4] == "ring").sum()),
        1.0,
        (),
    )
    return Small(people, sent, ring, _templates(ask))


def _members(ask: Ask) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, client in enumerate(ask.clients):
        rng = np.random.default_rng(7 + number)
        for member in range(*client.accounts):
            for day in range(DAYS):
                for template in rng.choice(len(client.templates), 2):
                    own = rng.random() < ask.own_share
                    moved = ask.jump and day >= 7
                    at = START + dt.timedelta(
                        days=day, hours=int(rng.choice(client.hours)), minutes=int(rng.integers(60))
                    )
                    rows.append(
                        _event(
                            f"ring-{member:03d}",
                            at,
                            ask.own_ip.format(member % 16) if own else f"203.0.113.{rng.integers(250)}",
                            f"d-{member // 4}",
                            f"card-{member // 8}",
                            f"t-{client.templates[template][:24]}",
                            "m-2" if moved else client.model,
                        )
                    )
    return rows


def _people(ask: Ask) -> list[dict[str, object]]:
    rng = np.random.default_rng(5)
    rows = []
    for person in range(PEOPLE):
        for day in range(DAYS):
            for _ in range(2):
                at = START + dt.timedelta(days=day, hours=int(rng.integers(24)), minutes=int(rng.integers(60)))
                late = ask.jump and day >= 7 and rng.random() < 0.05
                template = f"t-{POPULAR[:24]}" if rng.random() < 0.2 else None
                rows.append(
                    _event(
                        f"person-{person:03d}",
                        at,
                        f"192.0.2.{person}",
                        f"pd-{person}",
                        f"pcard-{person}",
                        template,
                        "m-2" if late else "m-1",
                    )
                )
    if ask.jump:
        rows.append(_event("person-000", START + dt.timedelta(days=7), "192.0.2.0", "pd-0", "pcard-0", None, "m-2"))
    return rows


def _event(
    account: str, at: dt.datetime, ip: str, device: str, card: str, template: str | None, model: str
) -> dict[str, object]:
    return {
        "account_id": account,
        "ts": at,
        "ip": ip,
        "device_id": device,
        "payment_id": card,
        "template_id": template,
        "model": model,
    }


def _tables(ask: Ask, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    names = sorted(frame["account_id"].unique())
    rng = np.random.default_rng(3)
    mail = [ask.mail if n[:4] == "ring" and rng.random() < ask.mail_share else "mail.example" for n in names]
    country = ["XA" if n[:4] == "ring" or int(n[-3:]) % 2 else "XB" for n in names]
    accounts = pd.DataFrame(
        {"account_id": names, "email_domain": mail, "country": country, "org": None, "verified": False}
    )
    own = ask.own_ip.split("{", maxsplit=1)[0]
    ips = pd.DataFrame({"ip": sorted(frame["ip"].dropna().unique())}, dtype="str")
    ips["asn"] = [ask.asn if ip.startswith(own) else 64999 if ip.startswith("203.") else 64600 for ip in ips["ip"]]
    ips["country"] = "XA"
    ips["kind"] = [
        "hosting" if ip.startswith("203.") else "business" if ip.startswith(own) else "residential" for ip in ips["ip"]
    ]
    cards = pd.DataFrame({"payment_id": sorted(frame["payment_id"].dropna().unique())}, dtype="str")
    cards["bin"] = [
        ask.bins[hash_of(c) % len(ask.bins)] if c.startswith("card") else f"5{hash_of(c) % 40:05d}"
        for c in cards["payment_id"]
    ]
    cards["issuer_country"] = "XA"
    cards["kind"] = "credit"
    return accounts, ips, cards


def hash_of(text: str) -> int:
    """Return a number that depends on the text alone."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(text))


def _templates(ask: Ask) -> pa.Table:
    texts = sorted({t for client in ask.clients for t in client.templates} | {POPULAR})
    return pa.table(
        {
            "template_id": [f"t-{t[:24]}" for t in texts],
            "pattern": texts,
            "example": texts,
            "prompts": [50] * len(texts),
        }
    )


@pytest.fixture(scope="session")
def small() -> Small:
    return world()
