"""Places: pools of addresses that accounts come from, with their network and kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.simulate.draws import chance, mix, pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("residential", "mobile", "business", "education", "hosting", "vpn", "proxy", "unknown")
COUNTRIES = ("XA", "XB", "XC", "XD", "XE", "XF", "XG", "XH")
OFFSETS = (-8, -5, -3, 0, 1, 3, 8, 9)
"""Hours from UTC, in the order of `COUNTRIES`."""
UNKNOWN_KIND, UNSEEN_VPN, SEEN_PROXY = 0.02, 0.2, 0.015
"""How wrong enrichment is: kinds left open, VPNs taken for hosting, homes taken for proxies."""
COUNTRY_SHARE = (0.24, 0.14, 0.08, 0.14, 0.14, 0.06, 0.12, 0.08)


@dataclass(slots=True)
class Network:
    """All address space, laid out in blocks of one operator each.

    A place is a list of addresses in `book` (`base`, `size`), and the `hours` for which an account keeps one of them
    (0: for a sitting).
    """

    asn: list[int] = field(default_factory=list)
    as_country: list[int] = field(default_factory=list)
    as_kind: list[int] = field(default_factory=list)
    block_start: list[int] = field(default_factory=list)
    block_as: list[int] = field(default_factory=list)
    block_v6: list[bool] = field(default_factory=list)
    block_kind: list[int] = field(default_factory=list)
    next_address: int = 256
    base: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)
    book: list[NDArray[np.int64]] = field(default_factory=list)
    book_length: int = 0

    def operator(self, kind: str, country: int) -> int:
        """Add an autonomous system and return its position; numbers are from the private range."""
        self.asn.append(4_200_000_000 + 17 * len(self.asn) + 1)
        self.as_country.append(country)
        self.as_kind.append(KINDS.index(kind))
        return len(self.asn) - 1

    def block(self, operator: int, addresses: int, *, v6: bool = False, kind: str | None = None) -> NDArray[np.int64]:
        """Take fresh addresses of an operator, whole /24s at a time for the larger ones."""
        start = self.next_address
        if addresses > 64:  # small sites sit side by side in one /24
            start = -(-start // 256) * 256
        self.block_start.append(start)
        self.block_as.append(operator)
        self.block_v6.append(v6)
        self.block_kind.append(self.as_kind[operator] if kind is None else KINDS.index(kind))
        self.next_address = start + addresses
        return np.arange(start, start + addresses, dtype=np.int64)

    def place(self, addresses: NDArray[np.int64], hours: float = 0.0) -> int:
        """Make a place of addresses, which other places may use as well, and return its number."""
        self.base.append(self.book_length)
        self.size.append(len(addresses))
        self.hours.append(hours)
        self.book.append(addresses)
        self.book_length += len(addresses)
        return len(self.base) - 1

    def site(self, operator: int, addresses: int, hours: float = 0.0, kind: str | None = None) -> int:
        """Make a place of fresh addresses."""
        return self.place(self.block(operator, addresses, kind=kind), hours)

    def sites(
        self, operators: NDArray[np.integer], sizes: NDArray[np.integer], hours: float = 0.0
    ) -> NDArray[np.int32]:
        """Make one place for each row, side by side where they have the same operator; return their numbers."""
        made = np.empty(len(operators), dtype=np.int32)
        for operator in np.unique(operators).tolist():
            mine = np.flatnonzero(operators == operator)
            addresses = self.block(operator, int(sizes[mine].sum()))
            cut = np.concatenate([[0], np.cumsum(sizes[mine])])
            for row, (low, high) in zip(
                mine.tolist(), zip(cut[:-1].tolist(), cut[1:].tolist(), strict=True), strict=True
            ):
                made[row] = self.place(addresses[low:high], hours)
        return made

    def frozen(self) -> Addresses:
        """Return the arrays that the traffic reads."""
        return Addresses(
            base=np.array(self.base, dtype=np.int64),
            size=np.array(self.size, dtype=np.int64),
            hours=np.array(self.hours),
            book=np.concatenate(self.book),
        )

    def text(self, addresses: NDArray[np.int64]) -> list[str]:
        """Write addresses out: IPv4 in 10.0.0.0/8, IPv6 in 2001:db8::/32."""
        block = np.searchsorted(np.array(self.block_start), addresses, side="right") - 1
        v6 = np.array(self.block_v6)[block]
        return [
            f"2001:db8:{a >> 16:x}:{a & 65535:x}::{(a * 2654435761) & 65535:x}" if six
            else f"10.{(a >> 16) & 255}.{(a >> 8) & 255}.{a & 255}"
            for a, six in zip(addresses.tolist(), v6.tolist(), strict=True)
        ]  # fmt: skip

    def table(self, addresses: NDArray[np.int64], rng: np.random.Generator) -> pa.Table:
        """Return the contract's `ips` table: three rows in a hundred are missing or unknown, as in real enrichment."""
        block = np.searchsorted(np.array(self.block_start), addresses, side="right") - 1
        system = np.array(self.block_as)[block]
        kind = np.array(self.block_kind)[block]
        u = rng.random(len(addresses))
        kind = np.where(u < UNKNOWN_KIND, KINDS.index("unknown"), kind)
        kind = np.where((kind == KINDS.index("vpn")) & (u > 1.0 - UNSEEN_VPN), KINDS.index("hosting"), kind)
        kind = np.where((kind == KINDS.index("residential")) & (u > 1.0 - SEEN_PROXY), KINDS.index("proxy"), kind)
        keep = ~chance(rng, 0.02, len(addresses))
        names = pa.array(KINDS).take(pa.array(kind))
        return pa.table(
            {
                "ip": pa.array(self.text(addresses), pa.string()),
                "asn": pa.array(np.array(self.asn)[system], pa.int64()),
                "as_org": pa.array([f"AS {number % 100_000} Networks" for number in self.asn]).take(pa.array(system)),
                "country": pa.array(COUNTRIES).take(pa.array(np.array(self.as_country)[system])),
                "kind": names,
            }
        ).filter(pa.array(keep))


@dataclass(frozen=True, slots=True)
class Addresses:
    """Frozen places, see `Network`."""

    base: NDArray[np.int64]
    size: NDArray[np.int64]
    hours: NDArray[np.float64]
    book: NDArray[np.int64]

    def draw(
        self,
        salt: int,
        place: NDArray[np.integer],
        key: NDArray[np.integer],
        hour: NDArray[np.floating],
        session: NDArray[np.unsignedinteger],
    ) -> NDArray[np.int64]:
        """Return the address of each row: the same place, key and lease give the same address."""
        lease = self.hours[place]
        shift = mix(salt, place, key) % np.uint64(1000)
        with np.errstate(divide="ignore", invalid="ignore"):
            epoch = np.where(lease > 0, (hour + shift.astype(np.float64)) // np.maximum(lease, 1e-9), 0.0)
        within = np.where(lease > 0, mix(salt + 1, place, key, epoch.astype(np.int64)), mix(salt + 2, session, key))
        return np.asarray(self.book[self.base[place] + pick(within, self.size[place])])


@dataclass(frozen=True, slots=True)
class Carriers:
    """The shared infrastructure of every country: providers, carriers, clouds, VPNs (places and operators)."""

    homes: NDArray[np.int32]  # (countries, isps): place of residential leases
    mobile: NDArray[np.int32]  # (countries, carriers): place of carrier NAT addresses
    business: NDArray[np.int32]  # (countries, 2): operators of office lines
    campus: NDArray[np.int32]  # (countries,): operator of the research network
    hosting: NDArray[np.int32]  # (countries, 2): operators of clouds
    cloud: NDArray[np.int32]  # (countries, 2): shared egress place (NAT) of each cloud
    machines: NDArray[np.int32]  # (countries, 2): place of rented machines, an address each
    vpn: NDArray[np.int32]  # (4,): exit places of commercial VPNs
    runner: NDArray[np.int32]  # (3,): shared CI runners
    home_operators: NDArray[np.int32]  # (countries, isps)


def carriers(network: Network, accounts: int) -> Carriers:
    """Lay out everybody's networks, in proportion to the number of accounts."""
    homes, mobile, business, campus, hosting, cloud, machines, isps = [], [], [], [], [], [], [], []
    for country, share in enumerate(COUNTRY_SHARE):
        lines = max(600, int(accounts * share * 1.5))
        mine = [network.operator("residential", country) for _ in range(3)]
        isps.append(mine)
        homes.append(
            [
                network.place(network.block(operator, int(lines * part), v6=v6), hours)
                for operator, part, v6, hours in zip(
                    mine, (1.2, 0.7, 0.5), (False, False, True), (320.0, 90.0, 500.0), strict=True
                )
            ]
        )
        cell = [network.operator("mobile", country) for _ in range(2)]
        mobile.append(
            [
                network.site(one, max(8, int(accounts * share * part)), 7.0)
                for one, part in zip(cell, (0.02, 0.08), strict=True)
            ]
        )
        business.append([network.operator("business", country) for _ in range(2)])
        campus.append(network.operator("education", country))
        clouds = [network.operator("hosting", country) for _ in range(2)]
        hosting.append(clouds)
        cloud.append([network.site(one, max(12, int(accounts * share * 0.04)), 3.0) for one in clouds])
        machines.append([network.site(one, max(80, int(accounts * share * 0.4)), 260.0) for one in clouds])
    exits = [network.operator("vpn", country) for country in (0, 3, 4, 6)]
    racks = [
        [network.block(one, max(8, int(accounts * part))) for one in exits] for part in (0.0012, 0.0009, 0.0009, 0.0006)
    ]
    # A provider has exits in four countries; whoever keeps to one country draws from that part alone.
    vpn = [network.place(np.concatenate(of_provider), 2.0) for of_provider in racks]
    builder = network.operator("hosting", 0)
    runner = [network.site(builder, max(8, int(accounts * 0.002))) for _ in range(3)]
    as_int = [
        np.array(column, dtype=np.int32)
        for column in (homes, mobile, business, campus, hosting, cloud, machines, vpn, runner, isps)
    ]
    return Carriers(*as_int)
