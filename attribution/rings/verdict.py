r"""Covert ring or honest sharing: every cluster against every explanation, each family of evidence left out in turn.

The score of a cluster is the log odds of its best covert explanation against its best innocent one,

$$ s = \max_c \min_i \Big[ \pi_c - \pi_i
    + \sum_f \mathrm{clip}\big(\textstyle\sum_{j \in f} \ell_{cj} - \ell_{ij}, \pm C\big) \Big] $$

with $\pi$ prior and size (`likelihood.prior`), $\ell$ the indicators' nats (`likelihood.table`) and $C$ =
`FAMILY_CAP`: the indicators of one family depend on each other, so together they may say no more than one strong
fact. The best innocent explanation is the one that is hardest to beat, not the likeliest class in general.

`coordinated` needs: probability over `config.coordinated`; at least two families that speak for it (or one, while all
others together say `STRONG` nats), one of which an attacker cannot set freely and which speaks with `STRONG` nats; and
a score above 0 with each family left out. A family speaks when what it shows is `SPEAKS` nats likelier under the
covert explanation than among innocents in general,

$$ g_f = \sum_{j \in f} \ell_{cj} - \ln \sum_i e^{\pi_i + \sum_{j \in f} \ell_{ij}} + \ln \sum_i e^{\pi_i} $$

with $\pi_i$ prior and size: innocents of that size, for no household has nine hundred members.

A family that is hard to set speaks for coordination only where it ties half of the members: they share an instrument or
a device, or meet at exits beside that. That nobody shares a card fits an operator who buys one for each account better
than a household, and is no evidence of one; and at the exits of a service meet all who use it.

Not: than under the one innocent explanation that is hardest to beat. That one is hardest just because it explains some
family as well as coordination does; whether it explains the others is what the score and the leaving out decide.

`innocent` needs a probability under `config.innocent`, and that places, instruments or devices were there to look at:
an honest tie can only be seen in them. Where these speak for coordination with `STRONG` nats, 10 to 1, clearing needs
odds of 40 to 1 (`CLEARED`). Everything else is `undetermined`, with what would decide (`undecided`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from attribution.domain import Family, Verdict
from attribution.rings import likelihood
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.rings.view import View

FAMILY_CAP = 6.0
"""Nats that one family may add to or take from the score: e^6 is about 400 to 1."""
SPEAKS = float(np.log(3.0))
"""Nats from which a family speaks for coordination: 3 to 1."""
STRONG = float(np.log(10.0))
"""Nats that a family which cannot be set freely must bring: 10 to 1, "strong" in Jeffreys' scale."""
CLEARED = 1.0 / 41.0
"""Probability under which a cluster is cleared although costly families speak `STRONG`: 40 to 1 the other way, four
times what speaks, since a probability is that of one kind of world."""
TIES: Mapping[Family, str] = MappingProxyType(
    {Family.PAYMENT: "shared_card", Family.DEVICE: "shared_device", Family.PLACE: "met"}
)
"""What ties accounts by each of these families. That nobody shares a card says nothing for an operator."""
HARD_TO_SET = frozenset(TIES)
"""Families that cost an attacker something: money, machines, exits. Prompts, clocks and sign-up facts are free."""
TIED = 0.5
"""Share of the members of whom it is known that a tie must hold for, or its family speaks for nobody."""
TIMES = (0.1, 10.0)
"""Factors on the priors of the covert explanations under which every verdict is looked at again."""
FAMILIES: tuple[Family, ...] = tuple(Family)

_COVERT = np.flatnonzero([h.covert for h in HYPOTHESES])
_INNOCENT = np.flatnonzero([not h.covert for h in HYPOTHESES])
_FAMILY = np.array([FAMILIES.index(i.family) for i in INDICATORS])


@dataclass(frozen=True, slots=True)
class Scores:
    """What the verdict of every cluster rests on.

    Attributes
    ----------
    k, n : float64 (clusters, indicators), for how many of how many known members each indicator holds.
    covert, innocent : int64 (clusters,), positions in `HYPOTHESES` of the pair that decides.
    prior : float64 (clusters,), nats of prior and size for that pair.
    indicator : float64 (clusters, indicators), nats of each indicator for that pair, before the cap.
    family : float64 (clusters, families), nats of each family after the cap.
    total : float64 (clusters,), the score.
    without : float64 (clusters, families), the score with that family left out (pair chosen anew).
    speaks : float64 (clusters, families), nats of each family against innocent clusters in general.
    probability : float64 (clusters,), calibrated.
    nats : float64 (clusters, hypotheses, indicators), every explanation's own nats.
    priors : float64 (clusters, hypotheses), every explanation's prior and size.
    """

    k: NDArray[np.float64]
    n: NDArray[np.float64]
    covert: NDArray[np.int64]
    innocent: NDArray[np.int64]
    prior: NDArray[np.float64]
    indicator: NDArray[np.float64]
    family: NDArray[np.float64]
    total: NDArray[np.float64]
    without: NDArray[np.float64]
    speaks: NDArray[np.float64]
    probability: NDArray[np.float64]
    nats: NDArray[np.float64]
    priors: NDArray[np.float64]


def answers(view: View) -> NDArray[np.float64]:
    """Ask every indicator: float64 (members, indicators) of 1, 0 and NaN for unknown."""
    return np.column_stack([indicator.answer(view) for indicator in INDICATORS])


def counts(view: View, answer: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For how many (k) of how many known members (n) each indicator holds, both (clusters, indicators)."""
    start = np.cumsum(view.size) - view.size
    known = ~np.isnan(answer)
    k = np.add.reduceat(np.where(known, answer, 0.0), start, axis=0)
    n = np.add.reduceat(known.astype(np.float64), start, axis=0)
    return k, n


def score(k: NDArray[np.float64], n: NDArray[np.float64], size: NDArray[np.int64]) -> Scores:
    """Weigh every cluster: O(clusters x hypotheses x indicators)."""
    nats = likelihood.table(k, n)
    by_family = np.zeros((*nats.shape[:2], len(FAMILIES)))
    for position, family in enumerate(_FAMILY.tolist()):
        by_family[:, :, family] += nats[:, :, position]
    prior = likelihood.prior(size.astype(np.float64))
    pair = np.clip(by_family[:, _COVERT, None, :] - by_family[:, None, _INNOCENT, :], -FAMILY_CAP, FAMILY_CAP)
    base = prior[:, _COVERT, None] - prior[:, None, _INNOCENT]
    total = base + pair.sum(axis=3)
    c, i = _decide(total)
    rows = np.arange(len(k))
    covert, innocent = _COVERT[c], _INNOCENT[i]
    without = np.column_stack([_value(total - pair[..., f]) for f in range(len(FAMILIES))])
    decided = total[rows, c, i]
    return Scores(
        k=k,
        n=n,
        covert=covert,
        innocent=innocent,
        prior=base[rows, c, i],
        indicator=nats[rows, covert] - nats[rows, innocent],
        family=pair[rows, c, i],
        total=decided,
        without=without,
        speaks=_tied(by_family[rows, covert] - _in_general(by_family[:, _INNOCENT], prior[:, _INNOCENT]), k, n),
        probability=calibrated(decided, without),
        nats=nats,
        priors=prior,
    )


def _decide(total: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the covert explanation whose worst comparison is best, and the innocent one that it is worst against."""
    worst = total.min(axis=2)
    c = worst.argmax(axis=1)
    return c, total[np.arange(len(total)), c].argmin(axis=1)


def _in_general(by_family: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nats of each family among innocent clusters of that size: the mean likelihood over explanations, by prior."""
    weight = prior - logsumexp(prior, axis=1, keepdims=True)
    return np.asarray(logsumexp(by_family + weight[:, :, None], axis=1), dtype=np.float64)


def _tied(speaks: NDArray[np.float64], k: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let a family that is hard to set speak for coordination only where it ties `TIED` of the members.

    Places only where instruments or devices tie them as well: strangers meet at the exits of a service that they use.
    """
    names = [indicator.name for indicator in INDICATORS]
    holds = {
        family: k[:, names.index(tie)] >= TIED * np.maximum(n[:, names.index(tie)], 1.0) for family, tie in TIES.items()
    }
    holds[Family.PLACE] &= holds[Family.PAYMENT] | holds[Family.DEVICE]
    for family, ties in holds.items():
        f = FAMILIES.index(family)
        speaks[~ties, f] = np.minimum(speaks[~ties, f], 0.0)
    return speaks


def _value(total: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(total.min(axis=2).max(axis=1), dtype=np.float64)


def calibrated(total: NDArray[np.float64], without: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Turn scores into probabilities with the reviewed coefficients in `calibration.json`.

    $$ \mathrm{logit}\,P = c + a\,s + b \min_f s_{-f} $$

    with $s$ the score and $s_{-f}$ the score without family $f$: of two clusters with one score the one that hangs on a
    single family is less sure. Monotone in both, since $a, b \ge 0$.

    Parameters
    ----------
    total : (clusters,), the score.
    without : (clusters, families), the score with each family left out.
    """
    fitted = json.loads(files("attribution.rings").joinpath("calibration.json").read_text("utf-8"))
    logit = fitted["intercept"] + fitted["score"] * total + fitted["weakest"] * without.min(axis=1)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30))), dtype=np.float64)


def decide(scores: Scores, config: RingConfig) -> list[tuple[Verdict, str]]:
    """Apply the rule of this module to every cluster: the verdict, and in words why."""
    return [_rule(scores, row, config) for row in range(len(scores.total))]


@dataclass(frozen=True, slots=True)
class IfPrior:
    """What a cluster would be called if covert rings were another number of times as common as elicited."""

    times: float
    verdict: Verdict
    probability: float


def sensitivity(scores: Scores, config: RingConfig) -> list[tuple[IfPrior, ...]]:
    """Judge every cluster again under other priors of the covert explanations, `TIMES` the elicited ones.

    A factor on all covert priors adds its logarithm to every score, with each family left out as well, and leaves the
    pair that decides and what speaks as they are.
    """
    found: list[list[IfPrior]] = [[] for _ in scores.total]
    for times in TIMES:
        shift = float(np.log(times))
        total, without = scores.total + shift, scores.without + shift
        moved = replace(scores, total=total, without=without, probability=calibrated(total, without))
        for row, (what, _) in enumerate(decide(moved, config)):
            found[row].append(IfPrior(times, what, float(moved.probability[row])))
    return [tuple(row) for row in found]


def _rule(scores: Scores, row: int, config: RingConfig) -> tuple[Verdict, str]:
    probability = scores.probability[row]
    if probability <= config.innocent:
        honest = f"best explained as {HYPOTHESES[scores.innocent[row]].name}"
        if not any(scores.n[row, p] for p, i in enumerate(INDICATORS) if i.family in HARD_TO_SET):
            return Verdict.UNDETERMINED, "no places, instruments or devices are known that could show an honest tie"
        if _costly(scores, row) >= STRONG and probability > CLEARED:
            return Verdict.UNDETERMINED, f"{honest}, but places, instruments or devices speak strongly against it"
        return Verdict.INNOCENT, honest
    speaking = [family for f, family in enumerate(FAMILIES) if scores.speaks[row, f] >= SPEAKS]
    if doubt := _doubt(scores, row, speaking, config):
        return Verdict.UNDETERMINED, doubt
    return Verdict.COORDINATED, f"{len(speaking)} independent families speak for {HYPOTHESES[scores.covert[row]].name}"


def _doubt(scores: Scores, row: int, speaking: list[Family], config: RingConfig) -> str:
    """Return what keeps a cluster from being called coordinated; empty where nothing does."""
    weakest = int(scores.without[row].argmin())
    if scores.probability[row] < config.coordinated:
        return "the evidence does not decide"
    if len(speaking) < 2 and not _together(scores, row, speaking):
        return "fewer than two independent families of evidence speak for coordination"
    if not HARD_TO_SET.intersection(speaking):
        return (
            "neither instruments nor devices tie them together, and anybody can set, or rent, what else speaks for"
            " coordination"
        )
    if _costly(scores, row) < STRONG:
        return "places, instruments and devices speak for coordination, but not strongly"
    if scores.without[row, weakest] <= 0:
        return f"rests on the {FAMILIES[weakest].value} family alone"
    return ""


def _together(scores: Scores, row: int, speaking: list[Family]) -> bool:
    """Tell whether one family speaks and all others say `STRONG` nats together, what speaks against counted as well."""
    others = [float(scores.speaks[row, f]) for f, family in enumerate(FAMILIES) if family not in speaking]
    return bool(speaking) and sum(others) >= STRONG


def _costly(scores: Scores, row: int) -> float:
    """Return the nats with which the families that are hard to set speak, the strongest alone or all together."""
    nats = [float(scores.speaks[row, f]) for f, family in enumerate(FAMILIES) if family in HARD_TO_SET]
    return max(*nats, sum(nats))
