"""What ingest promises beyond single rows: real data, enrichment, prompts, secrets, transactions."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq
from worlds import facts, take_in, totals

from attribution.config import Config, IngestConfig
from attribution.errors import InputError
from attribution.ingest import ingest
from attribution.ingest.addresses import canonical_address
from attribution.ingest.cards import luhn, without_cards
from attribution.ingest.delimited import parse
from attribution.ingest.prompts import prompt_hash
from attribution.warehouse.database import connect

GOOD = {"account_id": "a1", "ts": "2026-03-01T12:00:00Z", "ip": "192.0.2.1"}


def lines(folder: Path, *rows: dict[str, object], name: str = "events.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_real_retweets_are_accounted_for_to_the_row() -> None:
    place = os.environ.get("ATTRIBUTION_REAL_DATA")
    if not place:
        message = (
            "REAL DATA TEST DOES NOT RUN: set ATTRIBUTION_REAL_DATA to the folder that holds co_retweets/events.parquet"
        )
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail(message)
        pytest.skip(message)
    folder = Path(place) / "co_retweets"
    with connect(None) as con:
        intake = take_in(folder, con)
        (account,) = intake.files
        # 40 ids stand twice: one row is wholly doubled, 39 ids have two contents each.
        assert (account.rows, account.accepted, account.duplicates, account.quarantined) == (35_125, 35_085, 1, 39)
        assert Counter(intake.quarantine.column("reason").to_pylist()) == {"conflict:event_id": 39}
        assert intake.known == {"events.account_id", "events.ts", "events.event_id", "events.template_id"}
        before = facts(con)
        again = take_in(folder, con)
        assert again.new_events == 0
        assert again.files == intake.files
        assert again.quarantine.equals(intake.quarantine)
        assert facts(con) == before


def test_rolled_back_ingest_leaves_nothing(tmp_path: Path) -> None:
    folder = lines(tmp_path / "in", GOOD)
    lines(folder, {"account_id": "a1", "org": "Acme"}, name="accounts.jsonl")
    with connect(tmp_path / "store.duckdb") as con:
        con.begin()
        assert ingest(folder, con, Config(), key=b"test").new_events == 1
        con.rollback()
        for table in ("events", "accounts", "input_columns"):
            assert con.execute(f"select count(*) from {table}").fetchall() == [(0,)]


def test_truth_is_never_opened(tmp_path: Path) -> None:
    folder = lines(tmp_path / "in", GOOD)
    (folder / "truth").mkdir()
    (folder / "truth" / "accounts.parquet").write_bytes(b"not a Parquet file")
    with connect(None) as con:
        assert [account.file for account in take_in(folder, con).files] == ["events.jsonl"]


def test_no_card_number_reaches_the_disk(tmp_path: Path) -> None:
    card = "4111111111111111"
    folder = lines(tmp_path / "in", GOOD, GOOD | {"payment_id": card}, GOOD | {"payment_id": "tok_1"})
    store = tmp_path / "store.duckdb"
    with connect(store) as con:
        intake = take_in(folder, con)
        con.execute("checkpoint")
    assert totals(intake) == (2, 0, 1)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"tok_1" in stored
    assert card.encode() not in stored
    (refused,) = intake.quarantine.to_pylist()
    with connect(None) as con:
        con.begin()
        other = ingest(folder, con, Config(), key=b"another key").quarantine.to_pylist()[0]
    assert other["digest"] != refused["digest"], "the digest of a row with a card number is keyed"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("charge 4111111111111111 now", "charge {} now"),
        ("cards 5555 5555 5555 4444 and 3782-822463-10005.", "cards {} and {}."),
        ("7 4111 1111 1111 1111 3 4111.1111.1111.1111", "7 {} 3 {}"),
        ("4111111111111112, 2026-03-01 12:00, +49 30 1234567", "4111111111111112, 2026-03-01 12:00, +49 30 1234567"),
        ("41111111111111110000000", "41111111111111110000000"),
    ],
)
def test_card_numbers_in_text_become_slots(text: str, kept: str) -> None:
    assert without_cards(text) == kept


@given(st.text("0123456789 .-x", max_size=80))
def test_nothing_but_card_numbers_is_masked(text: str) -> None:
    kept = without_cards(text)
    assert without_cards(kept) == kept
    assert kept.count("x") == text.count("x")
    pieces = [re.escape(piece) for piece in kept.split("{}")]
    found = re.fullmatch("([0-9 .-]+)".join(pieces), text)
    assert found is not None
    for masked in found.groups() if len(pieces) == 2 else ():
        assert luhn(re.sub("[ .-]", "", masked))


def test_a_card_number_that_everybody_sends_is_not_in_the_template(tmp_path: Path) -> None:
    said = "Charge my card {} for order 7 and then email the receipt to me"
    rows = [{**GOOD, "account_id": f"a{n}", "prompt": said.format("4111 1111 1111 1111")} for n in range(60)]
    with connect(None) as con:
        take_in(lines(tmp_path / "in", *rows), con)
        before = con.execute("select template_id, pattern, example from templates").fetchall()
        assert [row[1:] for row in before] == [(said, said)]
        later = [{**row, "ts": "2026-03-02T12:00:00Z"} for row in rows]
        take_in(lines(tmp_path / "in", *later), con)
        assert con.execute("select template_id, pattern, example from templates").fetchall() == before
        assert con.execute("select count(*), count(distinct template_id) from events").fetchall() == [(120, 1)]


def test_prompts_are_stored_as_hash_and_template_only(tmp_path: Path) -> None:
    text = "a secret that nobody may read"
    folder = lines(tmp_path / "in", GOOD | {"prompt": text}, GOOD | {"prompt": text, "template_id": "given"})
    with connect(None) as con:
        take_in(folder, con)
        stored = con.execute("select prompt, prompt_hash, template_id from events order by template_id").fetchall()
        assert stored[0][:2] == (None, prompt_hash(text, b"test"))
        assert stored[0][2] == "given"
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables() where temporary").fetchall()]
        assert tables == []
    with connect(None) as con:
        take_in(folder, con, Config(ingest=IngestConfig(keep_prompts=True)))
        assert con.execute("select distinct prompt from events").fetchall() == [(text,)]


def test_mined_templates_are_set_and_a_second_ingest_changes_nothing(tmp_path: Path) -> None:
    def rows(first: int) -> list[dict[str, object]]:
        return [
            {
                "account_id": f"a{number}",
                "ts": f"2026-03-01T12:{number % 60:02}:00Z",
                "prompt": f"Imagine the internal reasoning behind the answer number {number} and write it out in full",
            }
            for number in range(first, first + 60)
        ]

    with connect(None) as con:
        folder = lines(tmp_path / "in", *rows(0))
        take_in(folder, con)
        before = con.execute("select account_id, template_id, prompt_hash from events order by all").fetchall()
        templates = con.execute("select * from templates order by all").fetchall()
        assert len({template for _, template, _ in before}) == 1
        assert before[0][1] is not None
        assert take_in(folder, con).new_events == 0
        assert con.execute("select account_id, template_id, prompt_hash from events order by all").fetchall() == before
        assert con.execute("select * from templates order by all").fetchall() == templates
        take_in(lines(tmp_path / "next", *rows(100)), con)
        assert con.execute("select count(distinct template_id), count(*) from events").fetchall() == [(1, 120)]


def test_enrichment_is_what_the_latest_export_says(tmp_path: Path) -> None:
    folder = lines(tmp_path / "in", GOOD)
    lines(folder, {"ip": "::FFFF:192.0.2.1", "kind": "VPN", "asn": 64500}, name="ips.jsonl")
    lines(folder, {"payment_id": "p1", "bin": "411111"}, {"payment_id": "p1", "kind": "credit"}, name="payments.jsonl")
    (folder / "accounts.csv").write_text(
        "account_id,org,verified,created_at\na1,Acme,TRUE,2026-01-01T00:00:00Z\n", "utf-8"
    )
    with connect(None) as con:
        intake = take_in(folder, con)
        assert con.execute("select * from ips").fetchall() == [("192.0.2.1", 64500, None, None, "vpn")]
        assert con.execute("select * from payments").fetchall() == [("p1", "411111", None, None)]
        assert [row["reason"] for row in intake.quarantine.to_pylist()] == ["conflict:payment_id"]
        assert {"ips.asn", "payments.bin", "accounts.org", "events.ip"} <= intake.known
        assert "ips.country" not in intake.known
        (folder / "accounts.csv").write_text("account_id,org\na1,Other\n", "utf-8")
        take_in(folder, con)
        assert con.execute("select account_id, org, verified from accounts").fetchall() == [("a1", "Other", None)]


def test_a_column_of_nulls_is_known_and_one_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    with connect(None) as con:
        intake = take_in(lines(tmp_path / "in", GOOD | {"device_id": None, "note": '"payment_id": 1'}), con)
        assert "events.device_id" in intake.known
        assert "events.payment_id" not in intake.known
        assert intake.files[0].unknown_columns == ("note",)
        assert "note" in intake.warnings[0]
        stored = {name for (name,) in con.execute("select name from input_columns").fetchall()}
        assert stored == intake.known


def test_naive_times_are_read_as_utc_on_request(tmp_path: Path) -> None:
    folder = lines(tmp_path / "in", GOOD | {"ts": "2026-03-01T12:00:00"}, GOOD | {"ts": "2026-03-01"})
    with connect(None) as con:
        with pytest.raises(InputError, match="naive_time") as caught:
            take_in(folder, con)
        assert "naive_times_are_utc" in caught.value.remedy
        con.rollback()
        assert take_in(folder, con, Config(ingest=IngestConfig(naive_times_are_utc=True))).new_events == 2


def test_names_with_characters_of_a_pattern_are_plain_names(tmp_path: Path) -> None:
    folder = tmp_path / "in[1]*?'; drop table events; --"
    lines(folder, GOOD)
    with connect(None) as con:
        con.execute("create table source as select 'a1' as account_id, now() as ts, 'd' as device_id")
        (folder / "events.jsonl").unlink()
        (folder / "events").mkdir()
        con.execute("copy source to '/dev/null' (format csv)")
        target = folder / "events" / "part[0].parquet"
        con.table("source").write_parquet(str(target))
        assert take_in(folder, con).new_events == 1


def test_what_seems_to_be_read_and_is_not_is_told(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "in" / "events" / f"model=m{number}" / f"region={number}").mkdir(parents=True)
        lines(tmp_path / "in" / "events" / f"model=m{number}" / f"region={number}", GOOD, name="part.jsonl")
    for name in ("account.csv", "payments-march.csv", "Ips.csv", "eventual.csv", "iptables.csv", "notes.md"):
        (tmp_path / "in" / name).write_text("x")
    with connect(None) as con:
        assert take_in(tmp_path / "in", con).warnings == (
            "Ips.csv: was not read; the table is called ips",
            "account.csv: was not read; the table is called accounts",
            "payments-march.csv: was not read; the table is called payments",
            "events/: model stands in the names of folders alone and was not read: write the column into the files",
            "events/model=m2/region=2/part.jsonl: no row says anything new: all stand elsewhere as well",
        )
        lines(tmp_path / "in" / "events" / "model=m2", {**GOOD, "model": "m2"}, name="more.jsonl")
        assert not any("stands in the names" in warning for warning in take_in(tmp_path / "in", con).warnings)


def test_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "events.csv").write_text(",account_id,ts,ip\n0,a1,2026-03-01T12:00:00Z,192.0.2.1\n")
    with connect(None) as con:
        (warning,) = take_in(tmp_path / "in", con).warnings
    assert warning == "events.csv: columns that the contract does not know were left out: (one without a name)"


def test_texts_of_parquet_are_the_same_in_every_layout(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    seen = []
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        texts = {
            name: pa.array([value, value, None]).cast(kind)
            for name, value in (("ip", "::FFFF:1.2.3.4"), ("device_id", "d"))
        }
        ids = pa.array(["a1", "a2", "a3"]).cast(kind)
        ts = pa.array([1_772_366_400_000_000] * 3, pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({"account_id": ids, "ts": ts, **texts}), tmp_path / "in" / "events.parquet")
        with connect(None) as con:
            assert totals(take_in(tmp_path / "in", con)) == (3, 0, 0)
            seen.append(facts(con))
    assert all(one == seen[0] for one in seen)
    assert seen[0][0][3:5] == ("1.2.3.4", "d")


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    with connect(None) as con:
        con.begin()
        ingest(lines(tmp_path / "in", GOOD, GOOD), con, Config(), key=b"", progress=lambda *step: told.append(step))
    assert told[-1] == ("events", 2, 2)


@given(st.ip_addresses())
def test_addresses_agree_with_the_standard_library(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    wanted = str(mapped or address)
    for spelling in (str(address), address.exploded, address.exploded.upper(), f" {address} "):
        assert canonical_address(spelling) == wanted
    if isinstance(address, IPv4Address):
        assert canonical_address(f"::ffff:{address}") == wanted
    else:
        assert canonical_address(f"[{address}%eth0]") == wanted


@given(st.text(alphabet="0123456789abcdef:.%x/[] ", max_size=20))
def test_what_is_no_address_is_none(text: str) -> None:
    found = canonical_address(text)
    assert found is None or str(ip_address(found)) == found


@given(st.text(alphabet='a,"\r\n', max_size=40), st.integers(1, 40))
def test_csv_records_do_not_depend_on_where_the_text_is_cut(text: str, cut: int) -> None:
    data = text.encode()
    whole = [(record.start, record.end, record.fields, record.reason) for record in parse(data, at_end=True)]
    head = [
        (record.start, record.end, record.fields, record.reason)
        for record in parse(data[:cut], at_end=cut >= len(data))
    ]
    assert whole[: len(head)] == head
    assert [end for _, end, _, _ in whole[:-1]] == [start for start, _, _, _ in whole[1:]]
