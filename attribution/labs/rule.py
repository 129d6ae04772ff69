"""The rule of abstention: when the best lab is named, and what is said where it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.domain import UNKNOWN_LAB
from attribution.labs.ledger import BEHAVIOUR, INFRASTRUCTURE, LabFamily

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from attribution.config import LabConfig
    from attribution.domain import Evidence

SPEAKS = 0.25
"""Nats from which a family speaks for a lab."""
SEVERAL, PLAINLY, STRONGLY = 2, 1.0, 3.0
"""Families of infrastructure, and nats of each, or nats of a single one, beside which hours alone are behaviour enough:
not all are its country's. Three nats are strong evidence (Kass and Raftery 1995, section 3.2), and counts are compared
with accounts of the same country already. So are three nats of behaviour beside places alone."""
FITS = 0.75
"""Nats of content, hours and release together from which behaviour confirms what infrastructure says: a borrowed
network comes with somebody else's content and hours. Where more of the infrastructure speaks than a country explains it
must but speak for the lab (`SPEAKS`)."""
VERY_STRONGLY = 5.0
"""Nats from which another lab that would be named without the best one may be a second client: very strong evidence (in
the same place, ln 150), which one client hardly leaves of somebody else."""
DISPUTED = 0.8
"""Nats for and nats against within one family from which its facts contradict one another: one of them is outdated."""
SURE = 0.93
"""The posterior that is asked for where facts of one family contradict one another, and where places are all of the
infrastructure that speaks: on published indicators a shared network was right in one case of three. Where content,
hours and release speak strongly together (`STRONGLY`) the name does not hang on the place."""


def disputes(ledger: Sequence[Evidence], ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each lab the families whose facts contradict one another."""
    nats: dict[tuple[str, str, bool], float] = {}
    for row in ledger:
        if row.lab_id is not None:
            key = (row.lab_id, row.family, row.weight > 0)
            nats[key] = nats.get(key, 0.0) + abs(row.weight)
    both = {(lab, family) for lab, family, speaks in nats if speaks and nats[lab, family, True] >= DISPUTED}
    return {
        lab: tuple(
            family.value
            for family in sorted(LabFamily)
            if (lab, family.value) in both and nats.get((lab, family.value, False), 0.0) >= DISPUTED
        )
        for lab in ids
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """How the best lab stands: its name, probabilities, what speaks for it and how."""

    lab: str
    name: str
    chance: float
    margin: float
    speaking: tuple[str, ...]
    sums: Mapping[str, float]
    disputed: tuple[str, ...]
    partly: bool
    """Its listed capabilities cover some of the accounts and not others."""

    @property
    def said(self) -> str:
        """Return "place and content speak", "only payment speaks" without its only."""
        listed = " and ".join(filter(None, (", ".join(self.speaking[:-1]), *self.speaking[-1:])))
        return f"{listed} {'speaks' if len(self.speaking) == 1 else 'speak'}"

    @property
    def nats(self) -> float:
        """Return the nats of all families together."""
        return math.fsum(self.sums[family] for family in sorted(self.sums))

    @property
    def behaviour(self) -> float:
        """Return the nats of content, hours and release together."""
        return math.fsum(self.sums.get(family.value, 0.0) for family in sorted(BEHAVIOUR))

    @property
    def infrastructure(self) -> float:
        """Return the nats of place, payment, identity and device together."""
        return math.fsum(self.sums.get(family.value, 0.0) for family in sorted(INFRASTRUCTURE))

    @property
    def bought(self) -> float:
        """Return the nats of the family of infrastructure that speaks most for it, places apart."""
        return max(self.sums.get(family.value, 0.0) for family in sorted(INFRASTRUCTURE - {LabFamily.PLACE}))

    @property
    def acquired(self) -> bool:
        """Say whether more of its infrastructure speaks than its country explains: two families, or one strongly."""
        nats = [self.sums.get(family.value, 0.0) for family in sorted(INFRASTRUCTURE)]
        return sum(one >= PLAINLY for one in nats) >= SEVERAL or max(nats) >= STRONGLY


def standing(
    sums: Mapping[str, Mapping[str, float]],
    chance: Mapping[str, float],
    disputed: Mapping[str, tuple[str, ...]],
    partly: Collection[str],
    names: Mapping[str, str],
) -> Standing:
    """Return how the most probable lab stands; there must be one."""
    best = min((lab for lab in chance if lab != UNKNOWN_LAB), key=lambda lab: (-chance[lab], lab))
    return Standing(
        lab=best,
        name=names.get(best, best),
        chance=chance[best],
        margin=chance[best] - max(value for lab, value in chance.items() if lab != best),
        speaking=tuple(family for family in sorted(sums[best]) if sums[best][family] >= SPEAKS),
        sums=sums[best],
        disputed=disputed.get(best, ()),
        partly=best in partly,
    )


def obstacle(one: Standing, config: LabConfig) -> str | None:
    """Apply the rule of abstention: return why the best lab is not named, None where it is."""
    families = {LabFamily(family) for family in one.speaking}
    looked_at = {LabFamily(family) for family in one.sums} & (BEHAVIOUR - {LabFamily.RELEASE})
    alone = families & INFRASTRUCTURE == {LabFamily.PLACE} and one.behaviour < STRONGLY
    needed = max(config.name_posterior, SURE) if one.disputed or alone else config.name_posterior
    because = ", since no card, device or mail domain speaks beside places, and content not strongly" if alone else ""
    if one.disputed:
        because = f", since facts of {' and '.join(one.disputed)} contradict one another"
    obstacles = (
        (not one.speaking, "nothing speaks for any lab"),
        (
            not families & INFRASTRUCTURE,
            f"only {one.said} for {one.name}; many labs share it: address, card, device or mail domain is missing",
        ),
        (
            one.infrastructure < SPEAKS and one.bought < PLAINLY,
            f"{one.said} for {one.name}, but addresses, cards, devices and mail domains as a whole do not",
        ),
        (
            not looked_at,
            f"only {one.said} for {one.name}, and that may be the operator's: what is extracted, or when, is missing",
        ),
        (
            one.behaviour <= -SPEAKS,
            f"what is extracted, when, and at which release speaks against {one.name} as a whole",
        ),
        (
            one.behaviour < (SPEAKS if one.acquired else FITS),
            f"{one.said} for {one.name}, but content, hours and release hardly do, and the rest may be the operator's",
        ),
        (
            families & BEHAVIOUR == {LabFamily.HOURS} and not one.acquired,
            f"only {one.said} for {one.name}, and both may be its country's: what is extracted is missing",
        ),
        (
            len(families) < config.name_families,
            f"only {one.said} for {one.name}, {config.name_families} independent families are needed",
        ),
        (
            one.partly,
            f"what {one.name} is after is asked for by some accounts and not by others: there may be two clients",
        ),
        (one.chance < needed, f"{one.name} has posterior {one.chance:.2f}, {needed:.2f} is needed{because}"),
        (
            one.margin < config.name_margin,
            f"{one.name} leads by {one.margin:.2f} only, {config.name_margin:.2f} is needed",
        ),
    )
    return next((text for applies, text in obstacles if applies), None)


def second_client(best: Standing, rival: Standing, config: LabConfig) -> str | None:
    """Return why two labs may share the campaign, None where one explains it.

    Each is seen without the other's dossier. A posterior takes for granted that one client stands behind the campaign,
    and then a few nats decide between two labs however much speaks for both.
    """
    if rival.nats < VERY_STRONGLY or any(obstacle(one, config) is not None for one in (best, rival)):
        return None
    return f"{best.name} and {rival.name} would each be named without the other: there may be two clients"
