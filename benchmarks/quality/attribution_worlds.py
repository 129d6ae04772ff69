"""Simulated worlds for the attribution benchmarks: true rings, true clients, dossiers in every state of decay.

Worlds are written by `attribution.simulate`, taken in as any logs are, and read back from their files: prompts are
mined, facts aggregated, and only the rings are the true ones.
"""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.dataset as ds

from attribution.config import Config
from attribution.domain import Population, Ring, Traffic, Verdict
from attribution.ingest import ingest
from attribution.labs import loading
from attribution.simulate import DossierState, FalseFlags, WorldOptions, dials_at, simulate
from attribution.warehouse import connect, population, template_table, traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from attribution.labs.dossiers import Dossiers

STATES = {
    "full": DossierState(),
    "60 % of facts removed": DossierState(thinned=0.6),
    "60 % of claims removed": DossierState(missing=0.6),
    "a fifth false": DossierState(wrong=0.2),
    "no infrastructure": DossierState(infrastructure=False),
}
FLAGS = {
    "": FalseFlags(),
    "network borrowed": FalseFlags(network=0.2),
    "templates copied": FalseFlags(templates=True),
    "hours imitated": FalseFlags(hours=True),
}
KEY = b"quality benchmark"


@dataclass(frozen=True)
class Case:
    """One world: rings as they are, the share of each lab in each ring's accounts, dossiers by state."""

    population: Population
    traffic: Traffic
    rings: tuple[Ring, ...]
    templates: pa.Table
    truth: pd.DataFrame
    dossiers: dict[str, Dossiers]

    @property
    def documented(self) -> frozenset[str]:
        """The labs that have a dossier."""
        return frozenset(lab for known in self.dossiers.values() for lab in known.ids)


def options_of(
    seed: int, evasion: float, flag: str = "", *, accounts: int = 3_000, rings: int = 10, labs: int = 8
) -> WorldOptions:
    """Return a small world with many rings: a quarter of its accounts are in rings."""
    return WorldOptions(
        accounts=accounts,
        rings=rings,
        labs=labs,
        seed=seed,
        dials=dials_at(evasion),
        ring_share=0.25,
        flags=FLAGS[flag],
    )


def case(options: WorldOptions, states: Sequence[str] = tuple(STATES)) -> Case:
    """Simulate a world and gather what attribution is given, with the true rings in place of found ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "world", options)
        truth = ds.dataset(folder / "world" / "truth" / "campaigns.parquet").to_table().to_pandas()
        roles = ds.dataset(folder / "world" / "truth" / "accounts.parquet").to_table().to_pandas()
        with connect(None) as con:
            ingest(folder / "world", con, Config(), key=KEY)
            people = population(con)
            rings = _rings(people, roles)
            members = [(people.accounts[int(m)].as_py(), ring.ring_id) for ring in rings for m in ring.members]
            sent = traffic(con, [m[0] for m in members], [m[1] for m in members])
            texts = template_table(con)
        known = {state: _known(options, STATES[state], folder / str(n)) for n, state in enumerate(states)}
    return Case(people, sent, rings, texts, truth, known)


def _known(options: WorldOptions, state: DossierState, folder: Path) -> Dossiers:
    """Write the same world once more, with the dossiers in another state, and read these."""
    simulate(folder, dataclasses.replace(options, dossiers=state, drop=("prompt",)))
    return loading.load(folder / "labs.yaml")


def _rings(people: Population, roles: pd.DataFrame) -> tuple[Ring, ...]:
    place = {name: row for row, name in enumerate(people.accounts.to_pylist())}
    rings = []
    for name, rows in roles[roles["ring"].notna()].groupby("ring", sort=True):
        members = np.array(sorted(place[a] for a in rows["account_id"] if a in place), dtype=np.int32)
        seen = people.activity.iloc[members]
        rings.append(
            Ring(
                ring_id=str(name),
                verdict=Verdict.COORDINATED,
                probability=0.99,
                explanation=None,
                members=members,
                confidence=np.ones(len(members)),
                together=np.ones(len(members), dtype=np.float32),
                first_seen=seen["first_seen"].min(),
                last_seen=seen["last_seen"].max(),
                events=int(seen["events"].sum()),
                stability=1.0,
                evidence=(),
            )
        )
    return tuple(rings)
