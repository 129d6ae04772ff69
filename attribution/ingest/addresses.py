"""Canonical text of IP addresses, worked out once for each distinct spelling."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.ingest.checks import PLAIN_IPV4

if TYPE_CHECKING:
    import duckdb

_MAPPED = b"\x00" * 10 + b"\xff\xff"
_LONGEST = 80
"""No address with a zone is longer in any spelling that is in use."""


def canonical_address(raw: str) -> str | None:
    """Return the canonical text of an address, None if it is none.

    IPv4 mapped into IPv6 becomes IPv4, zone ids are dropped, IPv6 is written as RFC 5952 asks (lower case, longest run
    of zeros shortened). Blanks around and brackets as in URLs are taken off; ports, prefixes and octal octets are
    refused.

    Examples
    --------
    >>> canonical_address("::FFFF:192.0.2.1"), canonical_address("FE80::1%eth0"), canonical_address("192.0.2.1:443")
    ('192.0.2.1', 'fe80::1', None)
    """
    text = raw.strip()
    if len(text) > _LONGEST or not text.isascii() or "\0" in text:
        return None
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    try:
        if ":" not in text:
            return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
        return _canonical_ipv6(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]))
    except OSError:
        return None


def _canonical_ipv6(packed: bytes) -> str:
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    if packed.startswith(b"\x00" * 8):
        # The system's routine writes ::192.0.2.1 where RFC 5952 leaves a choice; the library's is the same everywhere.
        return str(IPv6Address(packed))
    return socket.inet_ntop(socket.AF_INET6, packed)


def network_of(ip: str) -> str | None:
    """Return the /24 or /48 that an address lies in; None for what is no address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    prefix = 24 if address.version == 4 else 48  # IP versions
    return str(ip_network((address, prefix), strict=False))


def parsed_network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network that is meant, also by an address and a prefix (192.0.2.7/24); None for what is none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def learn_addresses(con: duckdb.DuckDBPyConnection, source: str, column: str) -> None:
    """Add to `ingest_addresses` (raw, canonical) each spelling in `source` that is not plain IPv4 and not yet known."""
    spellings = con.sql(
        f"select distinct {column} as raw from {source} where {column} <> '' "
        f"and not regexp_full_match({column}, '{PLAIN_IPV4}') and strlen({column}) <= {_LONGEST} "
        f"and {column} not in (select raw from ingest_addresses)"
    ).to_arrow_table()
    if not spellings.num_rows:
        return
    canonical = [canonical_address(text) for text in spellings.column("raw").to_pylist()]
    con.register(
        "ingest_spellings", pa.table({"raw": spellings.column("raw"), "canonical": pa.array(canonical, pa.string())})
    )
    con.execute("insert into ingest_addresses select raw, canonical from ingest_spellings")
    con.unregister("ingest_spellings")
