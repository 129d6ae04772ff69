"""Benign values: what a person says means nothing leaves the population before anything is weighed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.domain import Facet, Incidence
from attribution.ingest.addresses import canonical_address, network_of, parsed_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from attribution.domain import Population
    from attribution.judgements.model import Judgement

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Removed:
    """A value that was left out: how many accounts used it, and on whose word."""

    facet: Facet
    value: str
    accounts: int
    judgement: Judgement


def without(population: Population, benign: Sequence[Judgement]) -> tuple[Population, tuple[Removed, ...]]:
    """Return the population without the values that are benign, and what was left out.

    A benign network takes its addresses along; a benign address takes its network along for accounts that share no
    other address of it. Linear in the entries of the facets concerned.
    """
    if not benign:
        return population, ()
    gone = {facet: _positions(incidence, benign) for facet, incidence in population.incidence.items()}
    removed = [
        Removed(facet, names[at], users, judgement)
        for facet in sorted(gone)
        for names in (_names(population.incidence[facet]),)
        for at, (judgement, users) in sorted(gone[facet].items())
    ]
    drop = {
        facet: np.isin(population.incidence[facet].indices, np.array(sorted(found), np.int32))
        for facet, found in gone.items()
        if found
    }
    if Facet.IP in drop and Facet.NETWORK in population.incidence:
        implied = _implied(population, drop[Facet.IP])
        drop[Facet.NETWORK] = implied | drop.get(Facet.NETWORK, np.zeros(len(implied), bool))
    incidence, enrichment = dict(population.incidence), dict(population.enrichment)
    for facet, mask in sorted(drop.items()):
        incidence[facet], kept = _cut(incidence[facet], mask)
        if facet in enrichment:
            enrichment[facet] = _rows(enrichment[facet], kept)
    return replace(population, incidence=incidence, enrichment=enrichment), tuple(removed)


def suppressed(table: pa.Table, removed: Sequence[Removed]) -> pa.Table:
    """Return the list of suppressed values with those that people judged benign."""
    if not removed:
        return table
    rows = [
        (r.facet.value, r.value, r.accounts, f"judged benign by {r.judgement.by}: {r.judgement.reason}")
        for r in removed
    ]
    ours = pa.Table.from_pylist([dict(zip(table.schema.names, row, strict=True)) for row in rows], schema=table.schema)
    return pa.concat_tables([table, ours])


def _names(incidence: Incidence) -> list[str]:
    """Return the names of a facet's values, by position."""
    return [str(name) for name in incidence.values.to_pylist()]  # noqa: PD011  # an Arrow array, not pandas


def _positions(incidence: Incidence, benign: Sequence[Judgement]) -> dict[int, tuple[Judgement, int]]:
    """Return the values of a facet that are benign, by position, with the first who said so and their users."""
    mine = {one.subject: one for one in reversed(benign) if one.facet == incidence.facet.value}
    wide = _networks(benign) if incidence.facet in {Facet.IP, Facet.NETWORK} else []
    exact = mine | {canonical_address(name) or name: one for name, one in mine.items()}
    if not exact and not wide:
        return {}
    found: dict[int, Judgement] = {}
    for at, name in enumerate(_names(incidence)):
        judgement = exact.get(name) or (_within(name, wide) if wide else None)
        if judgement is not None:
            found[at] = judgement
    users = incidence.popularity()
    return {at: (judgement, int(users[at])) for at, judgement in found.items()}


def _networks(benign: Sequence[Judgement]) -> list[tuple[Network, Judgement]]:
    named = ((parsed_network(one.subject), one) for one in benign if one.facet == Facet.NETWORK)
    return [(network, one) for network, one in named if network is not None]


def _within(name: str, wide: Sequence[tuple[Network, Judgement]]) -> Judgement | None:
    mine = parsed_network(name)
    if mine is None:
        return None
    for network, judgement in wide:
        if mine.version == network.version and mine.subnet_of(network):  # type: ignore[arg-type]  # same version
            return judgement
    return None


def _owner(incidence: Incidence) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(incidence.indptr) - 1), np.diff(incidence.indptr))


def _implied(population: Population, dropped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which entries of the networks rest, among shared addresses, on dropped ones alone."""
    ips, networks = population.incidence[Facet.IP], population.incidence[Facet.NETWORK]
    place = {name: at for at, name in enumerate(_names(networks))}
    names = _names(ips)
    touched = np.unique(ips.indices[dropped])
    home = np.full(len(ips.values), -1, np.int64)
    around = {network_of(names[int(at)]) for at in touched}
    for at, name in enumerate(names):
        network = network_of(name)
        if network in around and network in place:
            home[at] = place[network]
    account, width = _owner(ips), len(networks.values) + 1
    key = account * width + home[ips.indices]
    known = home[ips.indices] >= 0
    explained = np.setdiff1d(key[dropped & known], key[~dropped & known])
    return np.isin(_owner(networks) * width + networks.indices, explained)


def _cut(incidence: Incidence, drop: NDArray[np.bool_]) -> tuple[Incidence, NDArray[np.int64]]:
    """Return a facet without some entries, and the positions of the values that stay: those that two still share."""
    account = _owner(incidence)
    accounts = len(incidence.indptr) - 1
    degree = incidence.degrees() - np.bincount(account[drop], minlength=accounts)
    users = np.bincount(incidence.indices[~drop], minlength=len(incidence.values))
    kept = np.flatnonzero(users > 1)
    place = np.full(len(incidence.values), -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    stays = ~drop & (place[incidence.indices] >= 0)
    lengths = np.bincount(account[stays], minlength=accounts)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]).astype(np.int64)
    cut = Incidence(
        facet=incidence.facet,
        indptr=indptr,
        indices=place[incidence.indices[stays]],
        count=incidence.count[stays],
        values=incidence.values.take(pa.array(kept, pa.int64())),  # noqa: PD011  # an Arrow array
        degree=degree.astype(np.int32),
    )
    return cut, kept


def _rows(frame: pd.DataFrame, kept: NDArray[np.int64]) -> pd.DataFrame:
    return frame.iloc[kept].reset_index(drop=True)
