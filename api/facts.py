"""Scoring from the facts in a DuckDB file; the file is held only while a question is answered.

Values that people judged benign are left out, as in a run: the judgements are those of the store that serves results.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.casework import heard
from attribution.domain import Ring, Verdict
from attribution.errors import NotFoundError
from attribution.labs import score_accounts
from attribution.labs.scoring import SUBJECT
from attribution.output import memberships
from attribution.store import RingQuery
from attribution.warehouse import population as read_population
from attribution.warehouse import template_table, traffic
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from attribution.config import LabConfig
    from attribution.domain import Attribution, Population, Traffic
    from attribution.labs.dossiers import Dossiers
    from attribution.store import Store

MOST_RINGS = 100_000
Signature = tuple[int, int, int, tuple[str, ...]]
Watched = tuple[list[str], list[str]]
"""Accounts, and the ring of each."""


class FactScorer:
    """Weighs dossiers against accounts; the population is kept in memory until the file or a judgement changes.

    So is the traffic of the last question, for what-ifs about the same accounts.
    """

    def __init__(self, path: Path, store: Store, dossiers: Dossiers, config: LabConfig) -> None:
        self._path, self._store, self._dossiers, self._config = path, store, dossiers, config
        self._lock = threading.Lock()
        self._people: tuple[Signature, Population] | None = None
        self._sent: tuple[Signature, Watched, Traffic, pa.Table] | None = None

    def __call__(
        self,
        accounts: Sequence[str],
        *,
        without: Sequence[str],
        prior: float | Mapping[str, float] | None,
        split: bool,
    ) -> Sequence[Attribution]:
        """Score the accounts; see `attribution.labs.score_accounts`."""
        wanted = list(dict.fromkeys(accounts))
        with self._lock, connect(self._path, read_only=True) as con:
            people = self.population(con)
            rings = self._rings(people)
            sent, texts = self._traffic(con, _watched(wanted, rings, people))
        return score_accounts(
            wanted,
            people,
            sent,
            self._dossiers,
            self._config,
            rings=rings,
            templates=texts,
            without=without,
            prior=prior,
            split=split,
        )

    def population(self, con: duckdb.DuckDBPyConnection) -> Population:
        """Return everybody in the file, without what people judged benign."""
        stat = self._path.stat()
        judged = tuple(self._store.ledger("judgements")["judgement_id"].to_pylist())
        signature = (stat.st_ino, stat.st_size, stat.st_mtime_ns, judged)
        if self._people is None or self._people[0] != signature:
            self._people = (signature, heard(self._store, judged).population(read_population(con)))
        return self._people[1]

    def _traffic(self, con: duckdb.DuckDBPyConnection, watched: Watched) -> tuple[Traffic, pa.Table]:
        """Return what the watched accounts sent, and the templates, of the file as `population` last found it."""
        signature = self._people[0] if self._people is not None else (0, 0, 0, ())
        if self._sent is None or self._sent[:2] != (signature, watched):
            self._sent = (signature, watched, traffic(con, *watched), template_table(con))
        return self._sent[2:]

    def _rings(self, people: Population) -> list[Ring]:
        """Return the coordinated rings of the latest run: their members are left out of base rates."""
        try:
            rows = self._store.rings(RingQuery(verdict=Verdict.COORDINATED, limit=MOST_RINGS)).to_pylist()
            members = self._store.table("members").to_pandas()
        except NotFoundError:
            return []
        place = pd.Series(np.arange(people.size, dtype=np.int32), index=people.accounts.to_pylist())
        members["number"] = place.reindex(members["account_id"]).to_numpy()
        members = members.dropna(subset=["number"]).sort_values(["ring_id", "number"])
        groups = dict(iter(members.groupby("ring_id")))
        return [_ring(row, groups[row["ring_id"]]) for row in rows if row["ring_id"] in groups]


def _watched(wanted: Sequence[str], rings: Sequence[Ring], people: Population) -> Watched:
    """Return the accounts that are no part of base rates and whose each is: the wanted ones, and members of rings."""
    accounts, names = memberships(rings, people)
    own = set(wanted)
    others = [(account, ring) for account, ring in zip(accounts, names, strict=True) if account not in own]
    return [*wanted, *(account for account, _ in others)], [SUBJECT] * len(wanted) + [ring for _, ring in others]


def _ring(row: Mapping[str, object], members: pd.DataFrame) -> Ring:
    return Ring(
        ring_id=str(row["ring_id"]),
        verdict=Verdict(str(row["verdict"])),
        probability=float(str(row["probability"])),
        explanation=None if row["explanation"] is None else str(row["explanation"]),
        members=members["number"].to_numpy(dtype=np.int32),
        confidence=members["confidence"].to_numpy(dtype=np.float64),
        together=np.ones(len(members), np.float32),
        first_seen=pd.Timestamp(str(row["first_seen"])),
        last_seen=pd.Timestamp(str(row["last_seen"])),
        events=int(str(row["events"])),
        stability=1.0,
        evidence=(),
    )
