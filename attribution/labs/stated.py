"""Evidence stated by hand, without logs: what was counted, written down in a file, weighed against the dossiers.

For a partner's report, for a what-if, and for the ranking cases of the tests. The file is YAML or JSON:

    campaign: case-17
    members: 40
    seen: {lab-amber: {networks: 12, bins: 5}}     # of the members; or {hits: 3, trials: 12}
    base: {networks: [2, 20000], bins: [31, 9000]} # accounts outside rings: with the fact, of how many
    hours: [0, 3, 9, ...]                          # 24 counts, UTC
    targets: {chain_of_thought: 0.7}
    likeness: {lab-amber: 0.91}                    # nearest template example
    subjects: {lab-amber: [0.02, 1.0]}             # for each example the chance that anybody has its rare word too;
                                                   # 1: the campaign has none of its words
    pivots: [{model: m-5, day: 2026-03-14, effect: 0.4, p_value: 0.001}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import yaml

from attribution.errors import InputError
from attribution.labs.claims import Count
from attribution.labs.facts import COUNTED, PLACE_FACTS, Facts
from attribution.labs.naming import Prior, conclude
from attribution.labs.pivots import Pivot
from attribution.labs.presence import Use
from attribution.labs.reader import structure
from attribution.labs.subjects import Subject
from attribution.plaintext import clean

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from attribution.config import LabConfig
    from attribution.domain import Attribution
    from attribution.labs.dossiers import Dossiers

MAX_BYTES = 1024 * 1024
FACTS = (*COUNTED, "template_examples")


class Trials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many showed a fact, of how many that could; of a place, the part of the campaign's traffic from there."""

    hits: float
    trials: float
    traffic: float | None = None


class StatedPivot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A jump to a new model, as somebody measured it."""

    model: str
    day: str
    effect: float
    p_value: float


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One campaign's facts, written down. What is left out is unknown."""

    members: int
    campaign: str = "stated"
    seen: dict[str, dict[str, float | Trials]] = {}
    base: dict[str, tuple[float, float]] = {}
    country: dict[str, tuple[float, float, float]] = {}
    """Fact to accounts outside rings with it in its country, of how many, and the part of the members seen there."""
    hours: tuple[int, ...] = ()
    account_days: int = 200
    outside_hours: tuple[int, ...] = (1,) * 24
    targets: dict[str, float] = {}
    templates: int = 6
    likeness: dict[str, float] = {}
    subjects: dict[str, tuple[float, ...]] = {}
    pivots: tuple[StatedPivot, ...] = ()
    moved: dict[str, tuple[int, int]] = {}
    """Release day to (campaigns of other rings that moved then, campaigns of other rings)."""


def load(path: Path) -> Stated:
    """Read stated evidence from YAML or JSON.

    Raises
    ------
    InputError
        The file cannot be read, or something in it is not as described; the message names it.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES} bytes", remedy="state one campaign a file")
        text = path.read_text("utf-8")
        problem = structure(text)
        if problem is not None:
            raise InputError(f"{path}: {problem}", remedy=problem.remedy)
        # Days are plain text here, as in JSON.
        return msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), Stated, strict=False)  # noqa: S506  # text only
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", remedy="name a file of evidence") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}", remedy="save it as UTF-8 text") from error
    except yaml.YAMLError as error:
        first = clean(str(error).splitlines()[0])
        raise InputError(f"{path}: not YAML: {first}", remedy="see docs/attribution.md for an example") from error
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {clean(str(error))}", remedy="see docs/attribution.md for every key") from error


def facts_of(stated: Stated, dossiers: Dossiers) -> Facts:
    """Return stated evidence as the evidence functions see it.

    A fact of a dossier that is not in `seen` but has a base rate was looked for and not found.

    Raises
    ------
    InputError
        A lab without a dossier, an unknown fact, or hours that are not 24.
    """
    for lab, facts in sorted(stated.seen.items()):
        if lab not in dossiers.ids:
            raise InputError(
                f"{stated.campaign}: {lab!r} has no dossier", remedy=f"the labs are {', '.join(dossiers.ids)}"
            )
        for fact in sorted(facts):
            if fact not in FACTS:
                raise InputError(
                    f"{stated.campaign}: unknown fact {fact!r}", remedy=f"the facts are {', '.join(FACTS)}"
                )
    if len(stated.hours) not in {0, 24}:
        raise InputError(f"{stated.campaign}: {len(stated.hours)} hours", remedy="give 24 counts, from 0 to 23 UTC")
    counts: dict[tuple[int, str], Count] = {}
    for number, lab_id in enumerate(dossiers.ids):
        given = stated.seen.get(lab_id, {})
        for fact in FACTS:
            if (
                fact not in given
                and fact not in stated.base
                and not (fact == "template_examples" and lab_id in stated.likeness)
            ):
                continue
            seen = given.get(fact, 0.0)
            given_trials = seen if isinstance(seen, Trials) else Trials(seen, float(stated.members))
            hits, trials = given_trials.hits, given_trials.trials
            place = fact in PLACE_FACTS and trials > 0
            use = Use(hits, trials, given_trials.traffic) if place else None
            base, near = stated.base.get(fact, (0.0, 0.0)), stated.country.get(fact, (0.0, 0.0, 0.0))
            counts[number, fact] = Count(hits, trials, base[0], base[1], near[0], near[1], near[2], use=use)
    return Facts(
        campaign_id=stated.campaign,
        ring_id=stated.campaign,
        counts=counts,
        hours=np.array(stated.hours or (0,) * 24, dtype=np.int64),
        account_days=stated.account_days,
        outside_hours=np.array(stated.outside_hours, dtype=np.int64),
        targets=stated.targets,
        templates=stated.templates,
        likeness={number: stated.likeness[lab] for number, lab in enumerate(dossiers.ids) if lab in stated.likeness},
        subjects={
            number: tuple(Subject("(stated)" if chance < 1.0 else None, chance) for chance in stated.subjects[lab])
            for number, lab in enumerate(dossiers.ids)
            if stated.subjects.get(lab)
        },
        pivots=tuple(_pivot(pivot, stated.members) for pivot in stated.pivots),
        pivot_base=stated.moved,
    )


def _pivot(given: StatedPivot, members: int) -> Pivot:
    share = max(0.0, given.effect)
    return Pivot(
        given.model, given.day, members, members, share, 0.0, given.effect, given.effect, given.effect, given.p_value
    )


def score_stated(
    stated: Stated,
    dossiers: Dossiers,
    config: LabConfig,
    *,
    without: Collection[str] = (),
    prior: Prior | None = None,
) -> Attribution:
    """Weigh the dossiers against evidence stated by hand."""
    return conclude(facts_of(stated, dossiers), dossiers, config, without=without, prior=prior)
