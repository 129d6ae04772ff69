"""Simulated worlds for the attribution benchmarks: true rings, true clients, dossiers in every state of decay."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from attribution.domain import Population, Ring, Traffic, Verdict
from attribution.labs import dossiers
from attribution.simulate.dossiers import write_dossiers
from attribution.simulate.draws import generator
from attribution.simulate.language import made_up
from attribution.simulate.options import DossierState, FalseFlags, WorldOptions, dials_at
from attribution.simulate.tables import names
from attribution.simulate.templates import Writer
from attribution.simulate.world import BRANDS, account_names, build, simulate
from attribution.warehouse.database import connect
from attribution.warehouse.population import population
from attribution.warehouse.traffic import traffic

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from attribution.labs.dossiers import Dossiers
    from attribution.simulate.scene import Scene

STATES = {
    "full": DossierState(),
    "60 % removed": DossierState(missing=0.6),
    "a fifth false": DossierState(wrong=0.2),
    "no infrastructure": DossierState(infrastructure=False),
}
FLAGS = {
    "": FalseFlags(),
    "network borrowed": FalseFlags(network=0.2),
    "templates copied": FalseFlags(templates=True),
    "hours imitated": FalseFlags(hours=True),
}


@dataclass(frozen=True)
class Case:
    """One world with its truth: rings as they are, and for each ring's account the share of each lab."""

    population: Population
    traffic: Traffic
    rings: tuple[Ring, ...]
    templates: pa.Table
    truth: pd.DataFrame
    documented: frozenset[str]
    scene: Scene
    brands: list[str]
    accounts: pa.StringArray

    def dossiers(self, state: DossierState) -> Dossiers:
        """Return what investigators know in this state of the dossiers."""
        self.scene.options = dataclasses.replace(self.scene.options, dossiers=state)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "labs.yaml"
            write_dossiers(self.scene, path, self.brands)
            return dossiers.load(path)


def options_of(
    seed: int, evasion: float, flag: str = "", *, accounts: int = 3_000, rings: int = 10, labs: int = 8
) -> WorldOptions:
    """Return a small world with many rings: a fifth of its accounts are in rings."""
    return WorldOptions(
        accounts=accounts,
        rings=rings,
        labs=labs,
        seed=seed,
        dials=dials_at(evasion),
        ring_share=0.25,
        drop=("prompt",),
        flags=FLAGS[flag],
    )


def case(options: WorldOptions) -> Case:
    """Simulate a world and gather what attribution is given, with the true rings in place of found ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder, options)
        scene, _ = build(options)
        brands = [brand.title() for brand in made_up(generator(options.seed, "brands"), BRANDS, (2, 4))]
        truth = ds.dataset(folder / "truth" / "campaigns.parquet").to_table().to_pandas()
        roles = ds.dataset(folder / "truth" / "accounts.parquet").to_table().to_pandas()
        with connect(None) as con:
            con.execute("set threads = 1")
            _load(con, folder)
            people = population(con)
            rings = _rings(people, roles)
            members = [(people.accounts[int(m)].as_py(), ring.ring_id) for ring in rings for m in ring.members]
            sent = traffic(con, [m[0] for m in members], [m[1] for m in members])
    return Case(
        people,
        sent,
        rings,
        _templates(scene, brands),
        truth,
        frozenset(lab.lab_id for lab in scene.labs if lab.documented),
        scene,
        brands,
        account_names(options, scene.roster.size),
    )


def _load(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Put a simulated world into the fact tables; it needs no checks."""
    for table in ("events", "accounts", "ips", "payments"):
        found = sorted(folder.glob(f"{table}*.parquet")) + sorted(folder.glob(f"{table}/*.parquet"))
        for path in found:
            columns = [c for c, *_ in con.execute(f"describe select * from '{path}'").fetchall()]
            mine = [c for c, *_ in con.execute(f"describe {table}").fetchall()]
            both = ", ".join(c for c in columns if c in mine)
            con.execute(f"insert into {table} ({both}) select {both} from '{path}'")
            for column in columns:
                con.execute("insert or ignore into input_columns values (?)", [f"{table}.{column}"])


def _rings(people: Population, roles: pd.DataFrame) -> tuple[Ring, ...]:
    place = {name: row for row, name in enumerate(people.accounts.to_pylist())}
    rings = []
    for name, rows in roles[roles["ring"].notna()].groupby("ring", sort=True):
        members = np.array(sorted(place[a] for a in rows["account_id"] if a in place), dtype=np.int32)
        seen = people.activity.iloc[members]
        rings.append(
            Ring(
                str(name),
                Verdict.COORDINATED,
                0.99,
                None,
                members,
                np.ones(len(members)),
                seen["first_seen"].min(),
                seen["last_seen"].max(),
                int(seen["events"].sum()),
                1.0,
                (),
            )
        )
    return tuple(rings)


def _templates(scene: Scene, brands: list[str]) -> pa.Table:
    """Return the templates' text, which the miner would find in the prompts."""
    roster, seed = scene.roster, scene.options.seed
    blocks = np.unique(
        np.stack([roster.concept.ravel(), roster.concepts.ravel(), roster.variant.ravel()], axis=1), axis=0
    )
    pairs = {(int(c) + i, int(v)) for c, n, v in blocks for i in range(int(n))}
    pairs |= {(concept, 0) for concept in range(80)}
    kept = sorted(pair for pair in pairs if pair[0] < len(scene.concepts.purpose))
    surface = np.array([c * (1 << 32) + v for c, v in kept], dtype=np.int64)
    writer = Writer(seed, scene.concepts, brands)
    texts = [writer.write(c, v) for c, v in kept]
    return pa.table(
        {"template_id": names(seed, "t", surface), "pattern": texts, "example": texts, "prompts": [1] * len(texts)}
    )
