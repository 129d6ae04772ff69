"""Templates of their own among prompts that fit one which is known already.

What one batch shows, another had no reason to: people ask for "a cover letter for {}", and months later a client
sends "a cover letter for {}, as a table with the columns {}". Every one of its prompts fits the known wording, which
would take them all. So the prompts of each known template are divided like any other group, and a part that is a
template of its own (`refine.is_own`: fixed words in a row where the known one has a slot, or two slots whose values go
together) is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates.containment import gaps_of
from attribution.ingest.templates.discover import discover
from attribution.ingest.templates.grow import root
from attribution.ingest.templates.refine import Group, is_own

if TYPE_CHECKING:
    from attribution.ingest.templates.grow import Found, Grower
    from attribution.ingest.templates.match import Matcher


def narrower(grower: Grower, matcher: Matcher) -> list[Found]:
    """Return the templates of their own among prompts that follow known ones.

    Parameters
    ----------
    grower : of the prompts, which are in an order that depends on content alone.
    matcher : of the known templates.

    Notes
    -----
    Linear in the prompts' tokens, as the search among prompts that follow no template is. A part needs the weight that
    a template needs anywhere, among the prompts that are looked at.
    """
    number = matcher(grower.tokens)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(len(matcher.patterns) + 1))
    found: list[Found] = []
    for at, pattern in enumerate(matcher.patterns):
        rows = order[starts[at] : starts[at + 1]]
        if int(grower.weight[rows].sum()) < grower.floor:
            continue
        whole = Group(rows, pattern.tokens)
        for part in discover(grower, grower.grow([root(rows, grower.weight)]), last=False):
            shape = part.pattern()
            fits = gaps_of(pattern.tokens, shape) is not None
            if fits and is_own(grower.tokens, whole, Group(rows, shape), grower.strength):
                found.append(part)
    return found
