"""The world that the notebooks share: two nights of one small log in one store, made once and kept.

It stands in `out/notebooks`, or in the folder that ATTRIBUTION_NOTEBOOKS names, and is made anew when the engine or this
file has changed since: what another version wrote may not be readable.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import duckdb

import attribution
from attribution import report
from attribution.judgements import Judgement, Kind, record
from attribution.simulate import WorldOptions, simulate
from attribution.store import open_store

OPTIONS = WorldOptions(accounts=1500, rings=4, evasion=0.25, seed=10)
FIRST_NIGHT = "2026-03-14"
"""The first night's log ends here; the second one's holds everything."""
VERDICTS = alt.Scale(domain=["coordinated", "undetermined", "innocent"], range=["#a33b0f", "#8a8f98", "#2f6f73"])
SIDES = alt.Scale(domain=["covert", "innocent"], range=["#a33b0f", "#2f6f73"])


@dataclass(frozen=True)
class Nights:
    """Where everything is: the logs of both nights, what each run wrote, and the store that both share."""

    folder: Path

    @property
    def before(self) -> Path:
        """The logs as they were on the first night."""
        return self.folder / "before"

    @property
    def world(self) -> Path:
        """The logs of the second night, with dossiers and the truth."""
        return self.folder / "world"

    @property
    def labs(self) -> Path:
        """Dossiers of the labs."""
        return self.world / "labs.yaml"

    @property
    def first(self) -> Path:
        """What the first night's run wrote."""
        return self.folder / "first"

    @property
    def second(self) -> Path:
        """What the second night's run wrote."""
        return self.folder / "second"

    @property
    def store(self) -> Path:
        """The DuckDB file with facts, results and judgements of both nights."""
        return self.folder / "engine.duckdb"


def nights() -> Nights:
    """Return the two nights, made now if they are not there yet or are older than the engine (about ten seconds)."""
    folder = Path(os.environ.get("ATTRIBUTION_NOTEBOOKS") or Path(__file__).parents[1] / "out" / "notebooks")
    made = Nights(folder / "two-nights")
    if not made.folder.exists() or made.folder.stat().st_mtime < _changed():
        unfinished = Nights(folder / f"unfinished-{os.getpid()}")
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        _make(unfinished)
        shutil.rmtree(made.folder, ignore_errors=True)
        unfinished.folder.rename(made.folder)
    return made


def _changed() -> float:
    """When the engine's code or this file was last written."""
    engine = Path(str(attribution.__file__)).parent
    return max(path.stat().st_mtime for path in [Path(__file__), *engine.rglob("*.py"), *engine.rglob("*.json")])


def _make(at: Nights) -> None:
    simulate(at.world, OPTIONS)
    shutil.copytree(at.world, at.before, ignore=shutil.ignore_patterns("truth"))
    events, earlier = at.world / "events.parquet", at.before / "events.parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM '{events}' WHERE ts < TIMESTAMPTZ '{FIRST_NIGHT}') TO '{earlier}'")
    attribution.run(at.before, labs=at.labs, out=at.first, store=at.store)
    ring = report.read(at.first).rings[0]
    morning = dt.datetime(2026, 3, 14, 9, tzinfo=dt.UTC)
    with open_store(at.store, write=True) as store:
        record(
            store, Judgement(Kind.RING_CONFIRMED, ring.ring_id, "mara", morning, "two shell companies, one landlord")
        )
    attribution.run(at.world, labs=at.labs, out=at.second, store=at.store)
