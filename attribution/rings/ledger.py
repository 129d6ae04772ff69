"""The evidence of a ring, line by line: each weight with all that is needed to recompute it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.domain import Evidence
from attribution.rings.hypotheses import HYPOTHESES, SURPRISE
from attribution.rings.indicators import INDICATORS
from attribution.rings.verdict import FAMILIES, FAMILY_CAP

if TYPE_CHECKING:
    from attribution.rings.verdict import Scores

STRUCTURE = "structure"
"""Family name of lines that are no facts about members: prior, size, caps, the reason of the verdict."""


def ledger(scores: Scores, row: int, ring_id: str, size: int, reason: str) -> tuple[Evidence, ...]:
    """Lines whose weights sum to the score of the cluster."""
    covert, innocent = HYPOTHESES[scores.covert[row]], HYPOTHESES[scores.innocent[row]]
    lines = [
        Evidence(
            ring_id,
            None,
            STRUCTURE,
            "prior_and_size",
            float(scores.prior[row]),
            {
                "size": size,
                "covert": covert.name,
                "innocent": innocent.name,
                "prior": [covert.prior, innocent.prior],
                "median_and_spread": [list(covert.size), list(innocent.size)],
                "question": "How common is each explanation, and how large is such a cluster?",
            },
        )
    ]
    lines += [_indicator(scores, row, ring_id, position) for position in range(len(INDICATORS))]
    for f, family in enumerate(FAMILIES):
        raw = sum(
            float(scores.indicator[row, i]) for i, indicator in enumerate(INDICATORS) if indicator.family is family
        )
        excess = float(scores.family[row, f]) - raw
        if abs(excess) > 1e-12:
            detail = {"sum": raw, "cap": FAMILY_CAP, "question": "Indicators of one family depend on each other."}
            lines.append(Evidence(ring_id, None, family.value, "family_cap", excess, detail))
    lines.append(_conclusion(scores, row, ring_id, reason))
    return tuple(lines)


def _indicator(scores: Scores, row: int, ring_id: str, position: int) -> Evidence:
    indicator = INDICATORS[position]
    covert, innocent = HYPOTHESES[scores.covert[row]], HYPOTHESES[scores.innocent[row]]
    detail: dict[str, object] = {
        "question": indicator.question,
        "holds": int(scores.k[row, position]),
        "known": int(scores.n[row, position]),
        "surprise": SURPRISE,
    }
    for side, hypothesis in (("covert", covert), ("innocent", innocent)):
        expectation = hypothesis.expects.get(indicator.name)
        detail[side] = hypothesis.name
        detail[f"{side}_beta"] = list(expectation.beta) if expectation else None
        detail[f"{side}_expects"] = f"{expectation.word}: {expectation.reason}" if expectation else "no opinion"
    weight = float(scores.indicator[row, position])
    return Evidence(ring_id, None, indicator.family.value, indicator.name, weight, detail)


def _conclusion(scores: Scores, row: int, ring_id: str, reason: str) -> Evidence:
    unknown = [i.name for p, i in enumerate(INDICATORS) if scores.n[row, p] == 0]
    detail = {
        "reason": reason,
        "score": float(scores.total[row]),
        "without_family": {f.value: float(scores.without[row, p]) for p, f in enumerate(FAMILIES)},
        "unknown": unknown,
    }
    return Evidence(ring_id, None, STRUCTURE, "conclusion", 0.0, detail)
