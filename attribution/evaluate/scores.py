"""All figures of a run, in one frozen document that turns into JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pandas as pd

from attribution.errors import InputError
from attribution.evaluate.attributions import LabScores, score_labs
from attribution.evaluate.metrics import (
    Calibration,
    Retrieval,
    account_scores,
    calibration,
    match_rings,
    pairwise_scores,
    wilson,
)
from attribution.evaluate.reading import Output, Truth, read_output, read_truth

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class RingScore(msgspec.Struct, frozen=True, kw_only=True):
    """One true ring: its best cluster by assignment (None: missed), and how much of the ring was flagged anywhere."""

    ring: str
    size: int
    matched: str | None
    jaccard: float
    found: int


class ClassScore(msgspec.Struct, frozen=True, kw_only=True):
    """One class of innocents: how many of them were flagged, with Wilson's 95 % interval of the rate."""

    kind: str
    accounts: int
    flagged: int
    rate: float
    low: float
    high: float


class RingScores(msgspec.Struct, frozen=True, kw_only=True):
    """How well a partition with a verdict finds the rings and leaves the innocent alone.

    `jaccard` is the mean over true rings (missed: 0), `jaccard_by_size` the same weighted by the rings' accounts.
    """

    accounts: Retrieval
    pairs: Retrieval
    jaccard: float
    jaccard_by_size: float
    rings: tuple[RingScore, ...]
    innocents: tuple[ClassScore, ...]
    false_positives: ClassScore
    clusters: int


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """A run against its world's truth.

    `verdicts` is the calibration of ring probabilities over all clusters, whatever their verdict: the outcome is 1
    where at least half of the cluster's members belong to true rings. `labs` see `score_labs`.
    """

    rings: RingScores
    verdicts: Calibration
    labs: LabScores
    unlisted: int
    """Flagged accounts that the truth does not know; they are left out of all figures."""

    def json(self) -> bytes:
        """Return the scores as JSON; undefined figures are null."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)


def evaluate(world: Path, out: Path) -> Scores:
    """Score an output folder against the truth of a world.

    Raises
    ------
    NotFoundError
        A folder lacks `truth/accounts`, `rings` or `members`.
    InputError
        A table cannot be read, or the run is of another world: the truth knows nobody whom it flagged.
    """
    truth, output = read_truth(world), read_output(out)
    known = output.flagged[output.flagged.index.isin(truth.accounts.index)]
    if len(output.flagged) and not len(known):
        raise InputError(
            f"{out}: none of its {len(output.flagged):,} flagged accounts is in {world / 'truth'}",
            remedy="name the world whose logs the run read",
        )
    return Scores(
        rings=score_rings(truth, known),
        verdicts=_verdicts(truth, output),
        labs=score_labs(truth, output),
        unlisted=len(output.flagged) - len(known),
    )


def score_rings(truth: Truth, flagged: pd.Series) -> RingScores:
    """Score flagged accounts (`account_id` -> cluster name) against the rings; accounts left out are not flagged."""
    frame = truth.accounts
    actual, rings = _labels(frame["ring"])
    predicted, clusters = _labels(flagged.reindex(frame.index))
    matching = match_rings(actual, predicted)
    sizes = np.bincount(actual[actual >= 0], minlength=len(rings))
    found = np.bincount(actual[(actual >= 0) & (predicted >= 0)], minlength=len(rings))
    innocent = actual < 0
    kinds, kind_names = pd.factorize(frame["kind"].astype(str), sort=True)
    return RingScores(
        accounts=account_scores(actual, predicted),
        pairs=pairwise_scores(actual, predicted),
        jaccard=matching.mean,
        jaccard_by_size=float((matching.jaccard * sizes).sum() / sizes.sum()) if sizes.sum() else float("nan"),
        rings=tuple(
            RingScore(
                ring=name,
                size=int(sizes[row]),
                matched=clusters[int(matching.cluster[row])] if matching.cluster[row] >= 0 else None,
                jaccard=float(matching.jaccard[row]),
                found=int(found[row]),
            )
            for row, name in enumerate(rings)
        ),
        innocents=tuple(
            _class(str(name), innocent & (kinds == number), predicted)
            for number, name in enumerate(kind_names)
            if (innocent & (kinds == number)).any()
        ),
        false_positives=_class("all", innocent, predicted),
        clusters=len(clusters),
    )


def _labels(names: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    codes, found = pd.factorize(names, sort=True)
    return np.asarray(codes, dtype=np.int64), [str(name) for name in found]


def _class(kind: str, rows: NDArray[np.bool_], predicted: NDArray[np.int64]) -> ClassScore:
    total, hits = int(rows.sum()), int((rows & (predicted >= 0)).sum())
    low, high = wilson(hits, total)
    return ClassScore(
        kind=kind, accounts=total, flagged=hits, rate=hits / total if total else float("nan"), low=low, high=high
    )


def _verdicts(truth: Truth, output: Output) -> Calibration:
    guilty = truth.accounts["ring"].notna()
    members = output.members[output.members["account_id"].isin(truth.accounts.index)]
    share = members.assign(guilty=members["account_id"].map(guilty).astype(float)).groupby("ring_id")["guilty"].mean()
    rings = output.rings.set_index("ring_id").sort_index()
    rings = rings[rings.index.isin(share.index) & rings["probability"].notna()]
    outcome = (share.reindex(rings.index) >= 0.5).to_numpy().astype(np.float64)  # half of the members
    return calibration(rings["probability"].to_numpy(dtype=np.float64).clip(0.0, 1.0), outcome)
