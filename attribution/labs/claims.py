"""How many accounts show a dossier's fact: in a campaign, and among accounts outside rings of the same countries.

A country is never evidence. An autonomous system that carries half a country is therefore not compared with the world
but, for each account, with accounts that are seen in that country as well: what is left is more than the country.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.labs.networks import NetworkTree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from attribution.domain import Traffic
    from attribution.labs.dossiers import Dossier, Dossiers
    from attribution.labs.presence import Use


@dataclass(frozen=True, slots=True)
class Count:
    """`hits` of `trials` in the campaign, beside the same outside rings, everywhere and in the fact's country."""

    hits: float
    trials: float
    base_hits: float
    base_trials: float
    country_hits: float = 0.0
    country_trials: float = 0.0
    country_share: float = 0.0
    """Part of the trials that are seen in the fact's country at all."""
    ring_hits: float = 0.0
    ring_trials: float = 0.0
    """The same of the other clients of the ring: what they show as well is their operator's."""
    shown: tuple[str, ...] = ()
    """Some of the values that matched, for the reader."""
    unit: str = "accounts"
    use: Use | None = None
    """Of a place: how the campaign uses it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One fact of one dossier over the watched accounts: who shows it, who could, who is seen in its country."""

    shows: NDArray[np.bool_]
    could: NDArray[np.bool_]
    there: NDArray[np.bool_]
    shown: tuple[str, ...]


class Claims:
    """Every dossier's facts over the members and the sample outside rings, each value looked up once."""

    def __init__(self, traffic: Traffic, dossiers: Dossiers) -> None:
        people = traffic.people
        self._names = pa.array(people["account_id"], pa.large_string())
        self.position: Mapping[str, int] = {name: row for row, name in enumerate(self._names.to_pylist())}
        self.outside = ~people["member"].to_numpy(dtype=bool)
        self._dossiers = dossiers
        self.labs_of_address: dict[str, dict[str, set[int]]] = {"networks": {}, "asns": {}, "known.ips": {}}
        self._claims: dict[tuple[int, str], Claim] = {}
        self._addresses_of: dict[tuple[int, str], pa.LargeStringArray] = {}
        self._addresses(traffic.addresses)
        self._values(traffic.cards, "bin", "bins", "issuer_country", lambda lab: lab.bins, prefix=True)
        self._values(traffic.cards, "issuer_country", "issuer_countries", None, lambda lab: lab.issuer_countries)
        self._values(traffic.cards, "payment_id", "known.payment_ids", None, lambda lab: lab.known.payment_ids)
        self._values(traffic.devices, "device_id", "known.device_ids", None, lambda lab: lab.known.device_ids)
        mail = people.assign(email_domain=people["email_domain"].str.lower())
        self._values(mail, "email_domain", "email_domains", "country", lambda lab: lab.email_domains)
        org = people.assign(org=people["org"].str.casefold())
        self._values(org, "org", "name", None, lambda lab: (lab.name.casefold(),), everybody=True)
        self._values(people, "account_id", "known.account_ids", None, lambda lab: lab.known.account_ids)

    def rows(self, accounts: list[str]) -> NDArray[np.int64]:
        """Return the positions of accounts among the watched ones."""
        return np.array([self.position[name] for name in accounts if name in self.position], dtype=np.int64)

    def count(self, lab: int, fact: str, members: NDArray[np.int64]) -> Count | None:
        """Count one fact in a campaign; None where the logs or the dossier do not have it."""
        claim = self._claims.get((lab, fact))
        if claim is None:
            return None
        trials = int(claim.could[members].sum())
        if not trials:
            return None
        hits = int((claim.shows & claim.could)[members].sum())
        return self._beside(claim, hits, trials, int((claim.there & claim.could)[members].sum()) / trials, "accounts")

    def count_exchanges(self, lab: int, fact: str, places: pd.DataFrame) -> Count | None:
        """Count one fact of place over exchanges (columns ip, events): for accounts that serve several clients."""
        claim = self._claims.get((lab, fact))
        trials = int(places["events"].sum())
        if claim is None or not trials:
            return None
        own = pc.is_in(pa.array(places["ip"], pa.large_string()), value_set=self._addresses_of[lab, fact])
        hits = int(places["events"].to_numpy()[np.asarray(own)].sum())
        return self._beside(claim, hits, trials, hits / trials, "exchanges of its templates")

    def _beside(self, claim: Claim, hits: int, trials: int, country_share: float, unit: str) -> Count:
        outside = self.outside & claim.could
        near = outside & claim.there
        return Count(
            hits=hits,
            trials=trials,
            base_hits=int((claim.shows & outside).sum()),
            base_trials=int(outside.sum()),
            country_hits=int((claim.shows & near).sum()),
            country_trials=int(near.sum()),
            country_share=country_share,
            shown=claim.shown,
            unit=unit,
        )

    # ── one look at each value ──────────────────────────────────────────────────────────────────────────────────────

    def _addresses(self, rows: pd.DataFrame) -> None:  # noqa: C901  # three facts of one look-up
        if not len(rows) or not self._dossiers.labs:
            return
        account = self._accounts(rows)
        names = rows["ip"].drop_duplicates().sort_values().tolist()
        tree = NetworkTree(self._dossiers)
        for name in names if tree.size else ():
            found = tree.labs(name)
            if found:
                self.labs_of_address["networks"][name] = set(found)
        wanted: dict[str, set[int]] = {}
        for number, lab in enumerate(self._dossiers.labs):
            for ip in lab.known.ips:
                wanted.setdefault(ip, set()).add(number)
        self.labs_of_address["known.ips"] = {name: wanted[name] for name in names if name in wanted}
        asn = rows["asn"].fillna(-1).to_numpy(dtype=np.int64)
        for number, lab in enumerate(self._dossiers.labs):
            for name in sorted(set(rows.loc[np.isin(asn, lab.asns), "ip"])) if lab.asns else ():
                self.labs_of_address["asns"].setdefault(name, set()).add(number)
        addresses = pa.array(rows["ip"], pa.large_string())
        some = self._marked(account, np.ones(len(rows), dtype=bool))
        known = self._marked(account, asn >= 0)
        listed = {
            "networks": lambda lab: lab.networks,
            "known.ips": lambda lab: lab.known.ips,
            "asns": lambda lab: lab.asns,
        }
        for fact, could in (("networks", some), ("known.ips", some), ("asns", known)):
            if not could.any():
                continue
            for number, lab in enumerate(self._dossiers.labs):
                if not listed[fact](lab):
                    continue
                mine = {name for name, labs in self.labs_of_address[fact].items() if number in labs}
                self._addresses_of[number, fact] = pa.array(sorted(mine), pa.large_string())
                hit = np.asarray(pc.is_in(addresses, value_set=self._addresses_of[number, fact]), dtype=bool)
                self._put(number, fact, account, hit, could, rows["country"], sorted(mine))

    def _values(
        self,
        rows: pd.DataFrame,
        column: str,
        fact: str,
        country: str | None,
        listed: Callable[[Dossier], tuple[str, ...]],
        *,
        prefix: bool = False,
        everybody: bool = False,
    ) -> None:
        """Mark who shows any of the listed values of one column; `prefix`: or a longer or shorter writing of it."""
        given = rows[column].notna().to_numpy(dtype=bool)
        if not given.any():
            return
        account = self._accounts(rows)
        could = self._marked(account, np.ones(len(rows), dtype=bool) if everybody else given)
        distinct = sorted(rows.loc[given, column].unique()) if prefix else []
        for number, lab in enumerate(self._dossiers.labs):
            values = listed(lab)
            if not values:
                continue
            same = (
                [v for v in distinct if any(v.startswith(x) or x.startswith(v) for x in values)]
                if prefix
                else list(values)
            )
            hit = rows[column].isin(same).to_numpy(dtype=bool)
            places = rows[country] if country is not None else None
            self._put(number, fact, account, hit, could, places, sorted(set(rows.loc[hit, column])))

    def _put(
        self,
        lab: int,
        fact: str,
        account: NDArray[np.int64],
        hit: NDArray[np.bool_],
        could: NDArray[np.bool_],
        country: pd.Series | None,
        shown: list[str],
    ) -> None:
        there = np.zeros(len(could), dtype=bool)
        if country is not None:
            home = set(country[hit].dropna())
            there = self._marked(account, country.isin(home).to_numpy(dtype=bool))
        self._claims[lab, fact] = Claim(self._marked(account, hit), could, there, tuple(shown[:5]))

    def _accounts(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """Return the position of each row's account among the watched ones."""
        found = pc.index_in(pa.array(rows["account_id"], pa.large_string()), value_set=self._names)
        return np.asarray(found, dtype=np.int64)

    def _marked(self, account: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        marked = np.zeros(len(self._names), dtype=bool)
        marked[account[rows]] = True
        return marked
