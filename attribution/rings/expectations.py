r"""What could explain a cluster, and what each explanation expects of each indicator: the one table of the verdict.

An expectation is a word from `SCALE`, a beta distribution over the share of members for whom the indicator holds. The
words are elicited, not fitted: they say what people who share things honestly do, with the reason beside each. An
indicator about which an explanation has no opinion is left out and counts the same under every share.

How much one indicator can say is bounded on purpose: a share that an explanation does not expect costs it at most
$\ln 20$ against knowing nothing (`SURPRISE`), so no explanation dies of one odd fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SURPRISE = 0.05
"""Probability that an indicator behaves in no way that the explanation foresees (uniform share)."""

SCALE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "nearly all": (20.0, 1.0),
        "most": (6.0, 1.5),
        "many": (3.0, 1.5),
        "half": (4.0, 4.0),
        "some": (1.5, 3.0),
        "few": (1.0, 8.0),
        "hardly any": (1.0, 40.0),
        "all or none, rather all": (0.6, 0.2),
        "all or none": (0.3, 0.3),
        "all or none, rather none": (0.2, 0.6),
    }
)
"""Words for shares: the beta distribution's (a, b). `all or none` is for what a group has in common by construction:
if one payer pays for all, then all cards are of one kind."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One cell of the table: how many members an explanation expects the indicator to hold for, and why."""

    word: str
    reason: str

    @property
    def beta(self) -> tuple[float, float]:
        """The (a, b) of the word."""
        return SCALE[self.word]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation of a cluster.

    Attributes
    ----------
    covert : whether it is covert coordination.
    prior : relative frequency among clusters that share something, before looking (elicited).
    size : median and spread (standard deviation of the logarithm) of the number of accounts.
    expects : indicator name to expectation.
    """

    name: str
    covert: bool
    prior: float
    size: tuple[float, float]
    description: str
    expects: Mapping[str, Expectation]


def expects(*common: Mapping[str, Expectation], **cells: tuple[str, str]) -> Mapping[str, Expectation]:
    """Write a column of the table: indicator to word and reason, beside what it has in common with other columns.

    Of an indicator that is named more than once the last word counts.
    """
    column: dict[str, Expectation] = {}
    for shared in common:
        column.update(shared)
    column.update((name, Expectation(*cell)) for name, cell in cells.items())
    return MappingProxyType(column)


OWN_USE = expects(
    busy=("half", "each has his own use for it: some try it, some live in it"),
    long_answers=("half", "each asks for what he needs"),
    even_load=("half", "what people send is spread over orders of magnitude"),
)
"""What is expected of people each of whom uses it for himself, whatever brings them together."""
USED_APART = expects(
    busy=("half", "each has his own use for it: some try it, some live in it"),
    even_load=("half", "what people send is spread over orders of magnitude"),
)
"""The same where prompts in common decide how long the answers are."""
