"""The evidence of a ring, line by line: each weight with all that is needed to recompute it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Evidence
from attribution.rings.expectations import SURPRISE, Hypothesis
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS
from attribution.rings.likelihood import SIZE_SPREAD, SIZE_SURPRISE, WITNESSES
from attribution.rings.verdict import FAMILIES, FAMILY_CAP

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Iterator

    from numpy.typing import NDArray

    from attribution.rings.verdict import IfPrior, Scores

STRUCTURE = "structure"
"""Family of lines that are no facts about members: prior and size, the reason of the verdict."""
HYPOTHESIS = "hypothesis"
"""Family of lines that hold one explanation's own score in their detail: context, weight 0."""
_NAMES = tuple(indicator.name for indicator in INDICATORS)


def ledger(
    scores: Scores, row: int, ring_id: str, size: int, reason: str, ifs: tuple[IfPrior, ...]
) -> tuple[Evidence, ...]:
    """Return lines whose weights sum to the score of the cluster; `ifs` is what other priors would make of it."""
    lines = [_prior(scores, row, ring_id, size)]
    cluster = _Cluster.of(scores, row)
    weights = scores.indicator[row].tolist()
    lines += [
        Evidence(ring_id, None, indicator.family.value, indicator.name, weight, Told(_indicated, cluster, position))
        for position, (indicator, weight) in enumerate(zip(INDICATORS, weights, strict=True))
    ]
    lines += [line for f in range(len(FAMILIES)) if (line := _cap(scores, row, ring_id, f))]
    lines.append(_conclusion(scores, row, ring_id, reason, ifs))
    lines += [
        Evidence(ring_id, None, HYPOTHESIS, hypothesis.name, 0.0, Told(_explained, cluster, position))
        for position, hypothesis in enumerate(HYPOTHESES)
    ]
    return tuple(lines)


def _pair(scores: Scores, row: int) -> tuple[Hypothesis, Hypothesis]:
    return HYPOTHESES[scores.covert[row]], HYPOTHESES[scores.innocent[row]]


def _prior(scores: Scores, row: int, ring_id: str, size: int) -> Evidence:
    covert, innocent = _pair(scores, row)
    detail: dict[str, object] = {
        "question": "How common is each explanation, and how large is such a cluster?",
        "size": size,
        "covert": covert.name,
        "innocent": innocent.name,
        "prior": [covert.prior, innocent.prior],
        "median_and_spread": [list(covert.size), list(innocent.size)],
        "unforeseen": {"probability": SIZE_SURPRISE, "sizes": list(SIZE_SPREAD)},
    }
    return Evidence(ring_id, None, STRUCTURE, "prior_and_size", float(scores.prior[row]), detail)


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What the lines of one cluster are made of.

    Attributes
    ----------
    holds, known : for how many of how many known members each indicator holds.
    covert, innocent : positions in `HYPOTHESES` of the pair that decides.
    names : the indicators that are known of some member.
    nats : float64 (hypotheses, names). priors : of every explanation, with the size.
    """

    holds: list[int]
    known: list[int]
    covert: int
    innocent: int
    names: tuple[str, ...]
    nats: NDArray[np.float64]
    priors: list[float]

    @classmethod
    def of(cls, scores: Scores, row: int) -> _Cluster:
        known = scores.n[row].astype(np.int64)
        return cls(
            holds=scores.k[row].astype(np.int64).tolist(),
            known=known.tolist(),
            covert=int(scores.covert[row]),
            innocent=int(scores.innocent[row]),
            names=tuple(_NAMES[position] for position in np.flatnonzero(known).tolist()),
            nats=scores.nats[row][:, known > 0],
            priors=scores.priors[row].tolist(),
        )


class Told(Mapping[str, object]):
    """The detail of a line, made when it is asked for: written out, those of 11,000 clusters are half a gigabyte."""

    __slots__ = ("_cluster", "_make", "_position")

    def __init__(self, make: Callable[[_Cluster, int], dict[str, object]], cluster: _Cluster, position: int) -> None:
        self._make, self._cluster, self._position = make, cluster, position

    def _made(self) -> dict[str, object]:
        return self._make(self._cluster, self._position)

    def items(self) -> ItemsView[str, object]:
        """Return all facts; whoever wants several asks here, since each look makes them anew."""
        return self._made().items()

    def __getitem__(self, key: str) -> object:
        """Return one fact."""
        return self._made()[key]

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the facts."""
        return iter(self._made())

    def __len__(self) -> int:
        """Return how many facts there are."""
        return len(self._made())


def _indicated(cluster: _Cluster, position: int) -> dict[str, object]:
    indicator = INDICATORS[position]
    return {
        "question": indicator.question,
        "holds": cluster.holds[position],
        "known": cluster.known[position],
        "surprise": SURPRISE,
        "witnesses": WITNESSES,
        **_opinion("covert", cluster.covert, indicator.name),
        **_opinion("innocent", cluster.innocent, indicator.name),
    }


@cache  # the same few opinions stand in the ledger of every cluster
def _opinion(side: str, position: int, indicator: str) -> dict[str, object]:
    hypothesis = HYPOTHESES[position]
    expectation = hypothesis.expects.get(indicator)
    return {
        side: hypothesis.name,
        f"{side}_beta": list(expectation.beta) if expectation else None,
        f"{side}_expects": f"{expectation.word}: {expectation.reason}" if expectation else "no opinion",
    }


def _cap(scores: Scores, row: int, ring_id: str, family: int) -> Evidence | None:
    """Return what the cap took from a family whose indicators together said more than one strong fact may."""
    name = FAMILIES[family]
    raw = float(sum(scores.indicator[row, i] for i, indicator in enumerate(INDICATORS) if indicator.family is name))
    capped = float(scores.family[row, family])
    if abs(capped - raw) < 1e-12:
        return None
    detail = {"sum": raw, "cap": FAMILY_CAP, "question": "Facts of one family depend on each other."}
    return Evidence(ring_id, None, name.value, "family_cap", capped - raw, detail)


def _conclusion(scores: Scores, row: int, ring_id: str, reason: str, ifs: tuple[IfPrior, ...]) -> Evidence:
    detail: dict[str, object] = {
        "reason": reason,
        "score": float(scores.total[row]),
        "without_family": {f.value: float(scores.without[row, p]) for p, f in enumerate(FAMILIES)},
        "speaks": {f.value: float(scores.speaks[row, p]) for p, f in enumerate(FAMILIES)},
        "if_covert_were": [
            {"times": one.times, "verdict": one.verdict.value, "probability": one.probability} for one in ifs
        ],
        "unknown": [i.name for p, i in enumerate(INDICATORS) if scores.n[row, p] == 0],
    }
    return Evidence(ring_id, None, STRUCTURE, "conclusion", 0.0, detail)


def _explained(cluster: _Cluster, position: int) -> dict[str, object]:
    hypothesis, prior = HYPOTHESES[position], cluster.priors[position]
    nats = cluster.nats[position].tolist()
    return {
        "covert": hypothesis.covert,
        "description": hypothesis.description,
        "prior_and_size": prior,
        "indicators": dict(zip(cluster.names, nats, strict=True)),
        "score": prior + sum(nats),
    }
