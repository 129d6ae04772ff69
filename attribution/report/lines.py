"""Evidence as the report shows it: ledger lines, the scores of the explanations, and why a verdict is what it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.plaintext import clean
from attribution.report.document import Explanation, Hypothesis, LedgerLine, LeftOut, OtherPrior
from attribution.report.wording import unrounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from attribution.domain import Evidence, Ring

HYPOTHESIS_FAMILY = "hypothesis"
"""Evidence of this family is no ledger line but the score of one explanation; `detail["covert"]` says of which kind."""
STRUCTURE_FAMILY, CONCLUSION = "structure", "conclusion"
"""The line that says why the verdict is what it is: reason, score, score without each family, what is unknown."""
DETAIL_ITEMS = 40
DETAIL_TEXT = 300
_NUMBERS, _LISTS = (bool, int, float), (list, tuple)


def ledger(evidence: Iterable[Evidence], explanations: Mapping[str, str]) -> tuple[LedgerLine, ...]:
    """Return the lines, strongest first whichever way they point; ties by name."""
    ordered = sorted(
        evidence, key=lambda line: (line.lab_id or "", -abs(round(line.weight, 4)), line.family, line.name)
    )
    return tuple(_line(line, explanations) for line in ordered)


def _line(line: Evidence, explanations: Mapping[str, str]) -> LedgerLine:
    told = dict(sorted(line.detail.items()))
    question = told.pop("question", explanations.get(line.name, ""))
    return LedgerLine(
        family=clean(line.family, 40),
        name=clean(line.name, 80),
        says=clean(str(question), 400),
        weight=round(line.weight, 4) + 0.0,
        lab_id=None if line.lab_id is None else clean(line.lab_id),
        detail={clean(str(key), 60): plain(value) for key, value in told.items()},
    )


def plain(value: object) -> object:
    """Return a detail's value with its strings cleaned and its long lists cut; `evidence.parquet` holds all."""
    if value is None or isinstance(value, _NUMBERS):
        return value
    if isinstance(value, str):
        return clean(value, DETAIL_TEXT)
    if isinstance(value, dict):
        return {clean(str(key), 60): plain(inner) for key, inner in sorted(value.items())[:DETAIL_ITEMS]}
    if isinstance(value, _LISTS):
        items = [plain(item) for item in value[:DETAIL_ITEMS]]
        return [*items, f"… {len(value) - DETAIL_ITEMS} more"] if len(value) > DETAIL_ITEMS else items
    return clean(json.dumps(value, default=str), DETAIL_TEXT)


def hypotheses(ring: Ring) -> tuple[Hypothesis, ...]:
    """Return the scores of all explanations, the best first."""
    lines = [(line.name, dict(line.detail.items())) for line in ring.evidence if line.family == HYPOTHESIS_FAMILY]
    scored = [(float(str(told["score"])), name, bool(told.get("covert", False))) for name, told in lines]
    best = max((score for score, _, _ in scored), default=0.0)
    ordered = sorted(scored, key=lambda one: (-round(one[0], 4), one[1]))
    return tuple(
        Hypothesis(name=clean(name, 60), covert=covert, score=round(score, 4), relative=round(score - best, 4))
        for score, name, covert in ordered
    )


def explanations(rings: Iterable[Ring]) -> tuple[Explanation, ...]:
    """Return every explanation that was tried on any cluster, once; the covert ones first, then by name."""
    tried: dict[str, Explanation] = {}
    for ring in rings:
        for line in ring.evidence:
            if line.family == HYPOTHESIS_FAMILY and line.name not in tried:
                covert, description = bool(line.detail.get("covert")), str(line.detail.get("description", ""))
                tried[line.name] = Explanation(name=clean(line.name, 60), covert=covert, description=clean(description))
    return tuple(sorted(tried.values(), key=lambda one: (not one.covert, one.name)))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Why a verdict is what it is."""

    reason: str = ""
    score: float | None = None
    without: tuple[LeftOut, ...] = ()
    priors: tuple[OtherPrior, ...] = ()
    unknown: tuple[str, ...] = ()


def is_context(line: Evidence) -> bool:
    """Say whether a line of a ring explains the others and is no evidence itself."""
    return line.family == HYPOTHESIS_FAMILY or (line.family == STRUCTURE_FAMILY and line.name == CONCLUSION)


def conclusion(ring: Ring) -> Conclusion:
    """Return what the conclusion's line of a ring says."""
    for line in ring.evidence:
        if line.family == STRUCTURE_FAMILY and line.name == CONCLUSION:
            score, without, unknown = (line.detail.get(key) for key in ("score", "without_family", "unknown"))
            left = sorted(without.items()) if isinstance(without, dict) else []
            return Conclusion(
                reason=clean(str(line.detail.get("reason", "")), 300),
                score=round(score, 4) if isinstance(score, float) else None,
                without=tuple(LeftOut(family=clean(name, 40), score=round(value, 4)) for name, value in left),
                priors=_other_priors(line.detail.get("if_covert_were")),
                unknown=tuple(clean(str(name), 60) for name in unknown) if isinstance(unknown, list) else (),
            )
    return Conclusion()


def _other_priors(views: object) -> tuple[OtherPrior, ...]:
    return tuple(
        OtherPrior(
            times=float(view["times"]),
            verdict=str(view["verdict"]),
            probability=unrounded(float(view["probability"])),
        )
        for view in (views if isinstance(views, list) else [])
    )
