"""Simulated worlds for the benchmarks of the verdict, taken through the engine's own stages and scored.

Worlds are written by `attribution.simulate` and read back from their files as any logs are; the truth is opened only
to score.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from attribution.config import Config, ProjectionConfig
from attribution.domain import Verdict
from attribution.evaluate import baselines
from attribution.evaluate.reading import read_truth
from attribution.evaluate.scores import score_rings
from attribution.ingest import ingest
from attribution.projection import family_of, project
from attribution.rings import find_rings
from attribution.rings.indicators import INDICATORS
from attribution.simulate import preset, simulate
from attribution.warehouse import connect, population, template_table

if TYPE_CHECKING:
    from attribution.domain import Ring
    from attribution.evaluate.reading import Truth
    from attribution.evaluate.scores import RingScores
    from attribution.simulate import WorldOptions

KEY = b"quality benchmark of the verdict"
EVERYTHING = frozenset({"ip", "device", "payment", "template_id", "accounts", "ips", "payments"})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: a world, and what the issue of this benchmark wants of precision, recall and Jaccard."""

    name: str
    preset: str
    drop: tuple[str, ...] = ()
    wanted: tuple[float, float, float] | None = None
    prompts: bool = False
    meaning: bool = True


def _only(*kept: str) -> tuple[str, ...]:
    return tuple(sorted(EVERYTHING - set(kept)))


_ONE = (0.98, 0.90, 0.80)
ROWS = (
    Row(name="careless", preset="careless", wanted=(0.99, 0.99, 0.97)),
    Row(name="moderate", preset="moderate", wanted=(0.99, 0.97, 0.95)),
    Row(name="private", preset="private", wanted=(0.99, 0.93, 0.93)),
    Row(name="paraphrased", preset="paraphrased", wanted=(0.98, 0.70, 0.60)),
    Row(name="hardest", preset="hardest", wanted=(0.95, 0.30, 0.25)),
    Row(name="no rings", preset="innocent"),
    Row(name="without prompts", preset="moderate", drop=("template_id",), wanted=_ONE),
    Row(name="without payments", preset="moderate", drop=("payment", "payments"), wanted=_ONE),
    Row(name="without devices", preset="moderate", drop=("device",), wanted=_ONE),
    Row(name="without addresses", preset="moderate", drop=("ip", "ips"), wanted=_ONE),
    Row(name="without accounts", preset="moderate", drop=("accounts",), wanted=_ONE),
    Row(name="without enrichment", preset="moderate", drop=("accounts", "ips", "payments"), wanted=_ONE),
    Row(name="payments only", preset="moderate", drop=_only("payment", "payments")),
    Row(name="prompts only", preset="moderate", drop=_only("template_id")),
    Row(name="addresses only", preset="moderate", drop=_only("ip", "ips")),
    Row(name="framing", preset="framing"),
    Row(name="camouflage", preset="camouflage"),
    Row(name="dilution", preset="dilution"),
    Row(name="cells", preset="cells"),
    Row(name="slow", preset="slow"),
    Row(name="poisoning", preset="poisoning"),
    Row(name="careless, prompts mined", preset="careless", prompts=True),
    Row(name="moderate, prompts mined", preset="moderate", prompts=True),
    Row(name="paraphrased, prompts mined", preset="paraphrased", prompts=True),
    Row(name="paraphrased, prompts mined, wording only", preset="paraphrased", prompts=True, meaning=False),
)  # fmt: skip
"""Prompts are the provider's `template_id`, or `mined` from text; `wording only` does without the semantic extra."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Precision, recall, mean Jaccard (missed rings 0), share of innocents in rings; NaN or None: undefined."""

    precision: float | None
    recall: float | None
    jaccard: float | None
    innocents: float

    @classmethod
    def of(cls, scores: RingScores) -> Figures:
        """Take the four figures out of the scores."""
        return cls(
            precision=scores.accounts.precision,
            recall=scores.accounts.recall,
            jaccard=scores.jaccard,
            innocents=scores.false_positives.rate,
        )


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster: score in nats, as it is and at its least with a family left out, and what became of it.

    Attributes
    ----------
    guilty : share of the members in true rings.
    shares : each indicator's share of the known members, or None.
    """

    score: float
    weakest: float
    probability: float
    verdict: str
    size: int
    guilty: float
    shares: tuple[float | None, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one world showed; `others` by method; `undetermined` is the part of ring accounts in such clusters."""

    row: str
    seed: int
    engine: Figures
    undetermined: float
    others: dict[str, Figures]
    clusters: tuple[Cluster, ...]


def options_of(row: Row, seed: int, accounts: int) -> WorldOptions:
    """Return the world of a row."""
    return preset(row.preset, accounts=accounts, seed=seed, drop=row.drop if row.prompts else ("prompt", *row.drop))


def rings_of(world: Path, config: Config) -> tuple[tuple[Ring, ...], list[str]]:
    """Take a world through the engine up to the verdict: its rings, and the account ids by number."""
    with connect(None) as con:
        ingest(world, con, config, key=KEY)
        people = population(con, family_of(template_table(con), config.projection).of)
    links = project(people, config.projection).links
    return find_rings(links, people, config, 0), people.accounts.to_pylist()


def flagged_by(rings: tuple[Ring, ...], names: list[str]) -> pd.Series:
    """Return the coordinated ring of each flagged account, by account id."""
    found = {
        names[account]: ring.ring_id
        for ring in rings
        if ring.verdict is Verdict.COORDINATED
        for account in ring.members.tolist()
    }
    return pd.Series(found, dtype=object)


def measure(row: Row, seed: int, accounts: int, *, others: bool = True) -> Measured:
    """Simulate the world of a row and score the engine (and the other methods) on it."""
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        simulate(world, options_of(row, seed, accounts))
        rings, names = rings_of(world, Config(projection=ProjectionConfig(semantic=row.meaning)))
        truth = read_truth(world)
        guilty = truth.accounts["ring"].notna().reindex(names).to_numpy()
        rest = [r.members for r in rings if r.verdict is Verdict.UNDETERMINED]
        return Measured(
            row=row.name,
            seed=seed,
            engine=Figures.of(score_rings(truth, flagged_by(rings, names))),
            undetermined=float(guilty[np.concatenate(rest)].sum() / max(1, guilty.sum())) if rest else 0.0,
            others=_others(world, truth) if others else {},
            clusters=tuple(_cluster(ring, guilty) for ring in rings),
        )


def _cluster(ring: Ring, guilty: np.ndarray) -> Cluster:
    lines = {line.name: line.detail for line in ring.evidence if line.family != "hypothesis"}
    known = [(lines[i.name]["holds"], lines[i.name]["known"]) for i in INDICATORS]
    return Cluster(
        score=float(lines["conclusion"]["score"]),  # type: ignore[arg-type]  # a number, see the ledger
        weakest=min(lines["conclusion"]["without_family"].values()),  # type: ignore[attr-defined]  # numbers by family
        probability=ring.probability,
        verdict=ring.verdict.value,
        size=len(ring.members),
        guilty=float(guilty[ring.members].mean()),
        shares=tuple(holds / n if n else None for holds, n in known),  # type: ignore[operator]  # counts
    )


def _others(world: Path, truth: Truth) -> dict[str, Figures]:
    found = {name: Figures.of(scores) for name, scores in baselines.run(world).items()}
    return {**found, "union": Figures.of(score_rings(truth, _union(world, truth)))}


def _union(world: Path, truth: Truth) -> pd.Series:
    """Return the clusters of ten or more accounts that any shared value whatever holds together."""
    used = baselines.usage(world)
    accounts = truth.accounts.index
    account = accounts.get_indexer(pd.Index(used["account_id"]))
    value = used.groupby(["facet", "value"], sort=False).ngroup().to_numpy() + len(accounts)
    size = int(value.max()) + 1
    graph = csr_array((np.ones(len(used), np.int8), (account, value)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: len(accounts)]
    large = np.bincount(label)[label] >= baselines.SMALLEST
    names: pd.Series = pd.Series(label, index=accounts)[large].map("cluster-{:06d}".format)
    return names


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return the mean and its 95 % t interval over seeds, NaN left out, the interval cut to [0, 1]."""
    from scipy.stats import t  # noqa: PLC0415  # slow to load; figures alone need it

    sample = np.array([v for v in values if not math.isnan(v)])
    if not len(sample):
        return math.nan, math.nan, math.nan
    mean = float(sample.mean())
    if len(sample) == 1:
        return mean, math.nan, math.nan
    half = float(t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / math.sqrt(len(sample)))
    return mean, max(0.0, mean - half), min(1.0, mean + half)
