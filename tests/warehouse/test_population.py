"""Events to population: figures by hand, independence of row order, unknown against empty, hostile names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain import ACTIVITY_COLUMNS, Facet, Population
from attribution.warehouse import population
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
Event = tuple[str, datetime, str | None, str | None, str | None, str | None]
EVERYTHING = ("ip", "device_id", "payment_id", "template_id", "input_tokens", "refused")


def build(
    events: Sequence[Event],
    *,
    known: Sequence[str] = EVERYTHING,
    accounts: Sequence[tuple[str, datetime, str]] = (),
    payments: Sequence[tuple[str, str, str]] = (),
    ips: Sequence[tuple[str, str]] = (),
    families: dict[str, str] | None = None,
) -> Population:
    with connect(None) as con:
        con.executemany(
            "insert into events (account_id, ts, ip, device_id, payment_id, template_id) values (?, ?, ?, ?, ?, ?)",
            [(a, ts.replace(tzinfo=None), *rest) for a, ts, *rest in events],
        )
        if accounts:
            con.executemany("insert into accounts (account_id, created_at, email_domain) values (?, ?, ?)", accounts)
        if payments:
            con.executemany("insert into payments (payment_id, bin, kind) values (?, ?, ?)", payments)
        if ips:
            con.executemany("insert into ips (ip, kind) values (?, ?)", ips)
        names = [f"events.{name}" for name in known]
        names += ["accounts.created_at"] * bool(accounts) + ["payments.bin", "payments.kind"] * bool(payments)
        names += ["ips.kind"] * bool(ips)
        con.executemany("insert into input_columns values (?)", [(name,) for name in names])
        return population(con, families)


def event(account: str, minute: int, *values: str | None) -> Event:
    filled = (*values, None, None, None, None)[:4]
    return (account, MONDAY + timedelta(minutes=minute), filled[0], filled[1], filled[2], filled[3])


WORLD = [
    event("b", 0, "203.0.113.9", "d1", "p1", "t1"),
    event("b", 3, "203.0.113.9", "d1", "p1", "t1"),
    event("a", 5, "203.0.113.77", "d1", "p2", "t1"),
    event("a", 1500, "203.0.113.9", "d2", "p2", "t2"),
    event("c", 9, "2001:db8::1", "d3", "p1", None),
    event("é", 10, "2001:db8::5:1", None, None, "t2"),
]


def shared(people: Population, facet: Facet) -> dict[str, dict[str, int]]:
    matrix = people.incidence[facet]
    told: dict[str, dict[str, int]] = {name: {} for name in matrix.values.to_pylist()}  # noqa: PD011  # Arrow
    for number, account in enumerate(people.accounts.to_pylist()):
        for place in range(matrix.indptr[number], matrix.indptr[number + 1]):
            told[matrix.values[int(matrix.indices[place])].as_py()][account] = int(matrix.count[place])  # noqa: PD011
    return told


def test_shared_values_are_those_of_two_accounts_or_more() -> None:
    people = build(WORLD)
    assert people.accounts.to_pylist() == ["a", "b", "c", "é"]
    assert shared(people, Facet.IP) == {"203.0.113.9": {"a": 1, "b": 2}}
    assert shared(people, Facet.NETWORK) == {"2001:db8::/48": {"c": 1, "é": 1}, "203.0.113.0/24": {"a": 2, "b": 2}}
    assert shared(people, Facet.DEVICE) == {"d1": {"a": 1, "b": 2}}
    assert shared(people, Facet.PAYMENT) == {"p1": {"b": 2, "c": 1}}
    assert shared(people, Facet.TEMPLATE) == {"t1": {"a": 1, "b": 2}, "t2": {"a": 1, "é": 1}}
    assert shared(people, Facet.BURST) == {"2026-01-05 00:00:00 t1": {"a": 1, "b": 2}}
    assert people.incidence[Facet.IP].degree is not None
    assert people.incidence[Facet.IP].degree.tolist() == [2, 1, 1, 1], "values used alone count in the degree"


def test_activity_counts_everything() -> None:
    people = build(WORLD, ips=[("203.0.113.9", "residential"), ("203.0.113.77", "vpn"), ("2001:db8::1", "unknown")])
    assert tuple(people.activity.columns) == ACTIVITY_COLUMNS
    first = people.activity.iloc[0]
    assert (first["events"], first["active_days"], first["ips"], first["networks"], first["devices"]) == (2, 2, 2, 1, 2)
    assert (first["residential"], first["mobile"], first["datacentre"]) == (0.5, 0.0, 0.5)
    assert first["first_seen"] == pd.Timestamp(MONDAY + timedelta(minutes=5))
    assert people.activity["residential"].isna().tolist() == [False, False, True, True]
    assert people.activity["input_tokens"].isna().all()
    assert people.hours.sum(axis=1).tolist() == [2, 2, 1, 1]
    assert people.hours[0, 0] == 1
    assert people.hours[0, 1] == 1


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    events = [
        event(f"a{rng.integers(40)}", int(rng.integers(9000)), *(f"{kind}{rng.integers(30)}" for kind in "idpt"))
        for _ in range(800)
    ]
    one, other = build(events), build([events[i] for i in rng.permutation(len(events))])
    assert one.accounts.equals(other.accounts)
    pd.testing.assert_frame_equal(one.activity, other.activity)
    assert one.hours.tobytes() == other.hours.tobytes()
    assert one.incidence.keys() == other.incidence.keys()
    for facet, matrix in one.incidence.items():
        assert matrix.values.equals(other.incidence[facet].values)  # noqa: PD011
        assert matrix.values.to_pylist() == sorted(matrix.values.to_pylist(), key=lambda v: v.encode())  # noqa: PD011
        for column in ("indptr", "indices", "count", "degree"):
            assert getattr(matrix, column).tobytes() == getattr(other.incidence[facet], column).tobytes()


def test_a_column_that_never_was_is_unknown() -> None:
    people = build([event("a", 0, "192.0.2.1"), event("b", 0, "192.0.2.1")], known=("ip",))
    assert set(people.incidence) == {Facet.IP, Facet.NETWORK, Facet.BURST}
    assert shared(people, Facet.BURST) == {"2026-01-05 00:00:00": {"a": 1, "b": 1}}
    assert people.enrichment == {}
    assert people.activity["payment_kind"].isna().all()


def test_a_nightly_job_is_no_burst_and_a_single_one_is() -> None:
    nightly = [event("cron", 180 + 1440 * day + i, None, None, None, "t") for day in range(28) for i in range(10)]
    once = [event("once", 180 + 1440 * 9 + i, None, None, None, "t") for i in range(10)]
    spread = [event("once", 700 + 1440 * day, None, None, None, "u") for day in range(28)]
    other = [event("other", 180 + 1440 * 9, None, None, None, "t")]
    bursts = shared(build(nightly + once + spread + other), Facet.BURST)
    assert bursts == {"2026-01-14 03:00:00 t": {"once": 10, "other": 1}}


def test_batches_sign_ups_and_families() -> None:
    events = [event(name, 1500 * i, None, None, f"p{i}", f"t{i}") for i, name in enumerate("abcd")]
    created = datetime(2026, 1, 1, 9, 5)  # noqa: DTZ001  # the fact tables hold naive UTC
    people = build(
        events,
        accounts=[(name, created + timedelta(minutes=20 * i), "mail.example") for i, name in enumerate("abcd")],
        payments=[
            ("p0", "411111", "virtual"),
            ("p1", "411111", "virtual"),
            ("p2", "411111", "debit"),
            ("p3", "5", "debit"),
        ],
        families={"t0": "f", "t3": "f"},
    )
    assert shared(people, Facet.BATCH) == {"411111 virtual first used 2026-01-03": {"a": 1, "b": 1}}
    assert shared(people, Facet.SIGNUP) == {"2026-01-01 09:00:00 mail.example unknown": {"a": 1, "b": 1, "c": 1}}
    assert shared(people, Facet.TEMPLATE_FAMILY) == {"f": {"a": 1, "d": 1}}
    assert people.activity["payment_kind"].tolist() == ["virtual", "virtual", "debit", "debit"]


def test_what_hardly_anybody_has_to_himself_is_a_print() -> None:
    """A quarter of a hundred accounts with a machine of their own is enough, and of fewer accounts nothing is said."""

    def prints(accounts: int, own: int) -> frozenset[Facet]:
        logs = [event(f"a{a:03d}", a, None, f"sdk {a % 7}") for a in range(accounts)]
        return build([*logs, *(event(f"a{a:03d}", 200, None, f"machine {a}") for a in range(own))]).prints

    assert prints(100, 24) == {Facet.DEVICE}
    assert prints(100, 25) == frozenset()
    assert prints(99, 0) == frozenset()
    cards = [event(f"a{a:03d}", a, None, f"machine {a}", f"card {a % 7}") for a in range(100)]
    assert build(cards).prints == frozenset(), "a card is an instrument by contract, however many pay with it"


def test_hostile_names_stay_names() -> None:
    nasty = ["'; drop table events; --", "\x1b[31m", "{0}", "a\nb", "=1+1"]
    people = build([event(name, i, None, value) for i, name in enumerate("ab") for value in nasty])
    assert sorted(shared(people, Facet.DEVICE)) == sorted(nasty)


@settings(max_examples=4, derandomize=True)
@given(st.lists(st.ip_addresses(), min_size=10, max_size=40, unique=True))
def test_networks_are_those_of_the_standard_library(addresses: list[object]) -> None:
    texts = [str(ip_address(str(address))) for address in addresses]
    plain = [text for text in texts if "." not in text or ":" not in text]
    people = build([event(account, 0, text) for text in plain for account in "ab"], known=("ip",))
    assert set(shared(people, Facet.NETWORK)) == {
        str(ip_network(f"{text}/{48 if ':' in text else 24}", strict=False)) for text in plain
    }


def test_forged_collisions_of_the_first_hash_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("attribution.warehouse.population", fromlist=["KEYS"])
    whole = build(WORLD)
    monkeypatch.setattr(module, "KEYS", ("length", "md5_number_lower"))
    assert shared(build(WORLD), Facet.DEVICE) == shared(whole, Facet.DEVICE)
