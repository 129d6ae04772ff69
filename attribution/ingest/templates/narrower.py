"""Templates of their own among prompts that fit one which is known already.

What one batch shows, another had no reason to: people ask for "a cover letter for {}", and months later a client
sends "a cover letter for {}, as a table with the columns {}". Every one of its prompts fits the known wording, which
would take them all. So the prompts of each known template are divided like any other group, and a part that has words
in a row where the known one has a slot is a template of its own. Two slots whose values go together are none here: with
a few prompts of each of hundreds of templates, some do by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.ingest.templates.discover import discover
from attribution.ingest.templates.grow import root
from attribution.ingest.templates.refine import has_sentence

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
    enough = [
        (pattern, rows)
        for pattern, rows in zip(matcher.patterns, np.split(order, starts)[1:], strict=False)
        if int(grower.weight[rows].sum()) >= grower.floor
    ]
    if not enough:
        return []
    nodes = grower.grow([root(rows, grower.weight) for _, rows in enough])
    found: list[Found] = []
    for top, (pattern, _) in enumerate(enough):
        parts = discover(grower, nodes, last=False, top=top)
        found += [part for part in parts if has_sentence(pattern.tokens, part.pattern(), grower.strength)]
    return found
