"""Which lab an address belongs to: one longest-prefix tree over all dossiers, however many networks they list."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytricia

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attribution.labs.dossiers import Dossiers


class NetworkTree:
    """All networks of all dossiers; a look-up costs the length of the address, not the number of networks."""

    def __init__(self, dossiers: Dossiers) -> None:
        self._trees = {4: pytricia.PyTricia(32), 6: pytricia.PyTricia(128)}
        owners: dict[str, list[int]] = {}
        for place, lab in enumerate(dossiers.labs):
            for network in lab.networks:
                owners.setdefault(network, []).append(place)
        for network in sorted(owners):
            self._trees[6 if ":" in network else 4][network] = tuple(owners[network])
        self.size = len(owners)

    def labs(self, address: str) -> tuple[int, ...]:
        """Return the numbers of the labs that list the most specific network around `address`; none for no address."""
        tree = self._trees[6 if ":" in address else 4]
        try:
            found: tuple[int, ...] = tree.get(address, ())
        except (ValueError, TypeError):
            return ()
        return found


def naive(networks: Sequence[Sequence[str]], address: str) -> tuple[int, ...]:
    """Do what `NetworkTree.labs` does by looking at every network: the slow oracle of its test."""
    host = ipaddress.ip_address(address)
    best, found = -1, list[int]()
    for place, listed in enumerate(networks):
        for text in listed:
            network = ipaddress.ip_network(text)
            if host.version != network.version or host not in network or network.prefixlen < best:
                continue
            if network.prefixlen > best:
                best, found = network.prefixlen, []
            found.append(place)
    return tuple(found)
