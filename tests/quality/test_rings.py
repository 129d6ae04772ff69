"""A worse verdict fails: small fixed worlds through the engine's stages, floors a bit under what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from attribution.config import Config
from attribution.domain import Verdict
from attribution.evaluate.reading import read_truth
from attribution.evaluate.scores import RingScores, score_rings
from attribution.ingest import ingest
from attribution.projection import project
from attribution.rings import find_rings
from attribution.simulate import preset, simulate
from attribution.warehouse import connect, population

if TYPE_CHECKING:
    from pathlib import Path


def measured(folder: Path, name: str, drop: tuple[str, ...] = ()) -> RingScores:
    world = folder / "world"
    simulate(world, preset(name, accounts=4_000, rings=4, seed=61, drop=("prompt", *drop)))
    config = Config()
    with connect(None) as con:
        ingest(world, con, config, key=b"the key of the quality test")
        people = population(con)
    rings = find_rings(project(people, config.projection).links, people, config, 0)
    names = people.accounts.to_pylist()
    covert = [ring for ring in rings if ring.verdict is Verdict.COORDINATED]
    flagged = pd.Series({names[a]: r.ring_id for r in covert for a in r.members.tolist()}, dtype=object)
    return score_rings(read_truth(world), flagged)


@pytest.mark.parametrize(
    ("name", "drop", "precision", "recall", "jaccard"),
    [
        ("moderate", (), 0.99, 0.85, 0.75),
        ("private", (), 0.99, 0.85, 0.75),
        ("paraphrased", (), 0.99, 0.8, 0.55),
        ("moderate", ("accounts",), 0.99, 0.85, 0.75),
        ("moderate", ("template_id",), 0.99, 0.8, 0.6),
        ("moderate", ("payment", "payments"), 0.99, 0.8, 0.45),
        ("moderate", ("device",), 0.99, 0.85, 0.75),
        ("framing", (), 0.96, 0.75, 0.6),
    ],
)
def test_rings_are_found_and_innocents_left_alone(
    tmp_path: Path, name: str, drop: tuple[str, ...], precision: float, recall: float, jaccard: float
) -> None:
    scores = measured(tmp_path, name, drop)
    assert scores.accounts.precision >= precision
    assert scores.accounts.recall >= recall
    assert scores.jaccard >= jaccard


@pytest.mark.parametrize("drop", [(), ("ip", "ips"), ("accounts",)])
def test_nobody_is_flagged_where_there_is_no_ring(tmp_path: Path, drop: tuple[str, ...]) -> None:
    assert measured(tmp_path, "innocent", drop).accounts.predicted == 0
