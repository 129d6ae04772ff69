"""What could explain a cluster: covert rings, careless and careful, and every innocent explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.rings.companies import COMPANIES
from attribution.rings.covert import COVERT
from attribution.rings.people import PEOPLE

if TYPE_CHECKING:
    from attribution.rings.expectations import Hypothesis

HYPOTHESES: tuple[Hypothesis, ...] = (*COVERT, *COMPANIES, *PEOPLE)
"""Every explanation. Adding one needs a case in tests/cases/verdict/ that it wins and one that it must not."""
