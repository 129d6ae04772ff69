"""What would decide an undetermined cluster: the inputs that the logs lack, answered once as each side expects.

Every input answers some questions (`INPUTS`). Where nothing is known of the first of them, those that are open are
answered as the cluster's best covert explanation expects, and then as the innocent one does that is hardest to beat:
for the mean share of its word, for all or for nobody where it says all or none and leans to one of them. An input whose
answers would make another verdict of it would decide; what an explanation has no opinion of stays unknown. Together
with others an input may decide what it cannot alone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from attribution.domain import Verdict
from attribution.rings import verdict
from attribution.rings.hypotheses import HYPOTHESES
from attribution.rings.indicators import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.rings.expectations import Hypothesis
    from attribution.rings.verdict import Scores

INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "events.ip": ("common_place", "one_place", "met", "scattered_exits", "concealed_card", "concealed_device"),
        "ips.kind": ("anonymous_egress", "office_egress"),
        "accounts.org and accounts.email_domain": ("affiliated", "verified_organisation", "unrelated_names"),
        "accounts.created_at": ("fresh_account", "signup_burst"),
        "events.payment_id": ("shared_card", "one_payer", "concealed_card", "replaced"),
        "payments.kind": ("throwaway_card", "corporate_card"),
        "events.device_id": ("shared_device", "one_device", "concealed_device", "own_device"),
        "events.prompt or events.template_id": ("private_template", "dominant_template"),
        "events.output_tokens": ("long_answers",),
    }
)
"""By input as the data contract names it, the questions that it answers; the first one needs nothing else."""
AT_ONCE = 64
"""Clusters that are scored again at a time."""


def would_decide(
    scores: Scores, size: NDArray[np.int64], verdicts: Sequence[Verdict], config: RingConfig
) -> list[tuple[str, ...]]:
    """Return for every cluster the inputs that are missing and would decide it; nothing where it is decided.

    O(undetermined clusters x inputs x explanations x questions).
    """
    found: list[tuple[str, ...]] = [() for _ in verdicts]
    open_ = [row for row, what in enumerate(verdicts) if what is Verdict.UNDETERMINED]
    for start in range(0, len(open_), AT_ONCE):
        asked = [question for row in open_[start : start + AT_ONCE] for question in _questions(scores, row)]
        if not asked:
            continue
        rows = np.array([row for row, _, _ in asked])
        k, n = scores.k[rows].copy(), scores.n[rows].copy()
        for at, (row, name, side) in enumerate(asked):
            _answer(k[at], n[at], INPUTS[name], side, float(size[row]))
        again = verdict.decide(verdict.score(k, n, size[rows]), config)
        for (row, name, _), (what, _) in zip(asked, again, strict=True):
            if what is not Verdict.UNDETERMINED and name not in found[row]:
                found[row] = (*found[row], name)
    return found


def _questions(scores: Scores, row: int) -> list[tuple[int, str, Hypothesis]]:
    unknown = {indicator.name for at, indicator in enumerate(INDICATORS) if not scores.n[row, at]}
    sides = HYPOTHESES[scores.covert[row]], HYPOTHESES[scores.innocent[row]]
    return [(row, name, side) for name, asks in INPUTS.items() if asks[0] in unknown for side in sides]


def _answer(
    k: NDArray[np.float64], n: NDArray[np.float64], asks: tuple[str, ...], side: Hypothesis, size: float
) -> None:
    """Answer the open questions among those asked, for all members, as an explanation expects."""
    for at, indicator in enumerate(INDICATORS):
        expectation = side.expects.get(indicator.name)
        if n[at] or indicator.name not in asks or expectation is None:
            continue
        a, b = expectation.beta
        if max(a, b) >= 1:
            k[at], n[at] = round(size * a / (a + b)), size
        elif a != b:  # all or none, rather the one
            k[at], n[at] = size * (a > b), size
