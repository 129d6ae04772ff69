"""What the report takes from dossiers and evidence functions: names, releases, priors, and the texts that explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.domain import UNKNOWN_LAB
from attribution.labs.evidence import TABLE
from attribution.plaintext import clean
from attribution.report.document import LabFacts
from attribution.rings.indicators import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.config import LabConfig
    from attribution.labs.dossiers import Dossiers


def explanations() -> Mapping[str, str]:
    """Return what each piece of evidence looks at, by its name: the docstrings of the functions that weigh it."""
    texts = {indicator.name: indicator.question for indicator in INDICATORS}
    return texts | {rule.name: rule.text for rule in TABLE}


def lab_facts(known: Dossiers, config: LabConfig) -> tuple[LabFacts, ...]:
    """Return the candidates as the report shows them; what is not `unknown` a priori is shared equally by all labs."""
    share = (1.0 - config.prior_unknown) / len(known.labs) if known.labs else 0.0
    labs = [
        LabFacts(
            lab_id=lab.id,
            name=clean(lab.name, 80),
            releases=tuple(sorted(date.isoformat() for date in lab.releases)),
            prior=round(share, 6),
        )
        for lab in known.labs
    ]
    unknown = LabFacts(lab_id=UNKNOWN_LAB, name=UNKNOWN_LAB, prior=config.prior_unknown if known.labs else 1.0)
    return (*labs, unknown)
