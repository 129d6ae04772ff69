"""From validated links to rings: partition, verdict, members.

>>> from attribution.rings import find_rings
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.domain import Ring, Verdict
from attribution.rings import members, verdict
from attribution.rings.blocks import fall_apart
from attribution.rings.cells import join_cells
from attribution.rings.gather import gather
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.ledger import ledger
from attribution.rings.parting import part
from attribution.rings.partition import partition
from attribution.rings.undecided import would_decide
from attribution.rings.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attribution.beside import Beside
    from attribution.config import Config, RingConfig
    from attribution.domain import Links, Partition, Population

    Keep = Callable[[NDArray[np.int32], NDArray[np.bool_]], NDArray[np.bool_]]

__all__ = ["cluster", "fall_apart", "find_rings", "gather", "join_cells", "judge", "part", "partition"]


def find_rings(links: Links, population: Population, config: Config, seed: int) -> tuple[Ring, ...]:
    """Cluster the links and judge every cluster.

    Returns
    -------
    tuple of Ring
        By descending probability, then by id. Innocent and undetermined clusters are in it: what was looked at and
        cleared is a result as well.
    """
    return judge(cluster(links, population, config, seed), population, config.rings)


def cluster(links: Links, population: Population, config: Config, seed: int, aside: Beside | None = None) -> Partition:
    """Cut the links into clusters, join what only shows as a whole, take in who belongs, part who only hides there.

    Those who share nothing but words are parted before that, since they tell less about who is open, and after it,
    since an account that met one of the others by chance can be in between.
    """
    found = partition(links, population.size, config.rings, seed, aside)
    found = gather(join_cells(found, population, config, seed), links, population, config.rings, seed)
    least = config.rings.min_size
    return fall_apart(part(fall_apart(found, population, least), population, least), population, least)


def judge(
    found: Partition, population: Population, config: RingConfig, keep_with: Keep | None = None
) -> tuple[Ring, ...]:
    """Give every cluster its verdict, its ledger, and its members their confidence.

    Parameters
    ----------
    keep_with : says who stays in a coordinated ring, from the accounts of a cluster and which of them are certain
        members; the certain ones alone without it. It changes no verdict and no confidence.
    """
    if not found.clusters:
        return ()
    view = View.of(population, found.clusters)
    answer = verdict.answers(view)
    scores = verdict.score(*verdict.counts(view, answer), view.size)
    verdicts = verdict.decide(scores, config)
    ifs = verdict.sensitivity(scores, config)
    missing = would_decide(scores, view.size, [what for what, _ in verdicts], config)
    confidence = members.confidence(view, answer)
    activity = population.activity
    first, last = (activity[name].dt.tz_convert(None).to_numpy() for name in ("first_seen", "last_seen"))
    sent = activity["events"].to_numpy()
    rings = []
    start = 0
    for row, cluster in enumerate(found.clusters):
        own = confidence[start : start + len(cluster)]
        start += len(cluster)
        what, reason = verdicts[row]
        if missing[row]:
            reason += f"; missing, and would decide: {', '.join(missing[row])}"
        keep = own >= config.member if what is Verdict.COORDINATED else np.ones(len(cluster), bool)
        if np.count_nonzero(keep) < config.min_size:
            what, reason, keep = Verdict.UNDETERMINED, "too few certain members", np.ones(len(cluster), bool)
        if keep_with is not None:
            keep = keep_with(cluster, keep)
        ring_id = identify(population, cluster[keep])
        own_members = cluster[keep]
        rings.append(
            Ring(
                ring_id=ring_id,
                verdict=what,
                probability=float(scores.probability[row]),
                explanation=HYPOTHESES[scores.innocent[row]].name,
                members=own_members,
                confidence=own[keep].astype(np.float64),
                together=found.frequency[row][keep],
                first_seen=pd.Timestamp(first[own_members].min(), tz="UTC"),
                last_seen=pd.Timestamp(last[own_members].max(), tz="UTC"),
                events=int(sent[own_members].sum()),
                stability=float(np.mean(found.frequency[row])),
                evidence=ledger(scores, row, ring_id, len(cluster), reason, ifs[row]),
            )
        )
    return tuple(sorted(rings, key=lambda ring: (-ring.probability, ring.ring_id)))


def identify(population: Population, accounts: NDArray[np.int32]) -> str:
    """Name a ring by its members: the first 12 hexadecimal digits of the SHA-256 of their sorted ids."""
    names = sorted(population.accounts.take(accounts).to_pylist())
    digest = hashlib.sha256("".join(f"{name}\0" for name in names).encode()).hexdigest()
    return f"ring-{digest[:12]}"
