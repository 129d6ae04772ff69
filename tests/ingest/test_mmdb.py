from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from attribution.errors import ConfigError
from attribution.ingest.mmdb import enrich
from attribution.warehouse import connect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="test-facts")
    writer.insert_network(
        IPSet(["198.51.100.0/24"]),
        {
            "autonomous_system_number": 64510,
            "autonomous_system_organization": "Exit Hosting",
            "country": {"iso_code": "XA"},
            "traits": {"is_hosting_provider": True},
        },
    )
    writer.insert_network(IPSet(["2001:db8::/32"]), {"asn": "AS64511", "user_type": "cellular"})
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"nothing": "useful"})
    path = tmp_path / "facts.mmdb"
    writer.to_db_file(str(path))
    return path


def test_addresses_without_facts_are_looked_up(database: Path) -> None:
    with connect(None) as con:
        con.execute("insert into ips values ('198.51.100.9', 1, 'of the logs', 'XB', 'business')")
        for ip in ("198.51.100.7", "198.51.100.9", "2001:db8::1", "192.0.2.1", "203.0.113.1", None):
            con.execute("insert into events (account_id, ts, ip) values ('a', '2026-01-01', $1)", [ip])
        found = enrich(con, str(database))
        rows = con.execute("select * from ips order by ip").fetchall()
        columns = {name for (name,) in con.execute("select name from input_columns").fetchall()}
    assert rows == [
        ("198.51.100.7", 64510, "Exit Hosting", "XA", "hosting"),
        ("198.51.100.9", 1, "of the logs", "XB", "business"),
        ("2001:db8::1", 64511, None, None, "mobile"),
    ]
    assert columns == {"ips.asn", "ips.as_org", "ips.country", "ips.kind"}
    assert found is not None
    assert (found.name, found.addresses, found.known, len(found.sha256)) == ("test-facts", 4, 2, 64)


def test_no_file_is_no_lookup() -> None:
    with connect(None) as con:
        assert enrich(con, "") is None


@pytest.mark.parametrize("content", [None, b"not a database"])
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "facts.mmdb"
    if content is not None:
        path.write_bytes(content)
    with connect(None) as con, pytest.raises(ConfigError, match=r"ingest\.mmdb"):
        enrich(con, str(path))
