"""What groups of honest accounts have in common (places, cards, templates, hours, names), one function a bond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.cards import KINDS as CARD_KINDS
from attribution.simulate.cards import PER_COUNTRY
from attribution.simulate.draws import chance, choose
from attribution.simulate.roster import PROFILES, WORK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.scene import Groups, Scene

BUSINESS = (
    "support",
    "marketing",
    "extraction",
    "review",
    "meeting",
    "data_analysis",
    "multilingual",
    "general",
    "quiz",
)
HOURS = 0.08
"""Days over which one administrator opens a group's accounts, or a class its own in one lesson."""
SKILLS = (
    "chain_of_thought",
    "rubric_grading",
    "agentic_coding",
    "tool_use",
    "computer_vision",
    "safety_rewrite",
    "roleplay",
)


def own_templates(
    scene: Scene,
    groups: Groups,
    rng: np.random.Generator,
    *,
    most: int,
    weight: tuple[float, float],
    skills: float = 0.3,
) -> None:
    """Give each group templates of its own, used for a share of the traffic drawn from a beta distribution."""
    many = rng.integers(1, most + 1, groups.count)
    purposes = [
        SKILLS[int(u * 997) % len(SKILLS)] if u < skills else BUSINESS[int(u * 997) % len(BUSINESS)]
        for u in rng.random(int(many.sum())).tolist()
    ]
    first = scene.concepts.add_many(purposes) + np.cumsum(many) - many
    roster, rows = scene.roster, groups.rows
    roster.concept[rows, 0], roster.concepts[rows, 0] = first[groups.of], many[groups.of]
    roster.weight[rows, 0] = rng.beta(*weight, len(rows))
    roster.weight[rows, 2] *= 0.6


def together(scene: Scene, groups: Groups, column: str, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Let members of a group have one value of a column, in a `share` of the groups; return the rows that do."""
    values = getattr(scene.roster, column)
    rows = groups.rows[chance(rng, share, groups.count)[groups.of]]
    lead = scene.lead(groups)[groups.of][np.isin(groups.rows, rows)]
    values[rows] = values[lead]
    return rows


def shared_card(scene: Scene, groups: Groups, rng: np.random.Generator, *, kind: str, per: float, share: float) -> None:
    """Let groups pay with shared cards of a kind, one for some `per` accounts (log-normal), in a `share` of them."""
    paying = chance(rng, share, groups.count)
    seats = np.maximum(2.0, per * np.exp(rng.normal(0.0, 1.1, groups.count)))
    many = np.maximum(1, np.ceil(groups.sizes / seats)).astype(np.int64)
    country = np.repeat(scene.roster.country[scene.lead(groups)], many)
    bank = (rng.random(len(country)) ** 1.7 * PER_COUNTRY).astype(np.int64)
    kinds = np.where(chance(rng, 0.8, len(country)), CARD_KINDS.index(kind), rng.integers(0, 5, len(country)))
    issued = scene.cards.issue(country * PER_COUNTRY + bank, kinds)
    first = (np.cumsum(many) - many)[groups.of]
    mine = issued[first + groups.within % many[groups.of]]
    rows, mine = groups.rows[paying[groups.of]], mine[paying[groups.of]]
    scene.roster.card[rows, 0] = mine
    scene.roster.card[rows, 1] = mine
    scene.roster.card_switch[rows] = np.inf


def site(
    scene: Scene,
    groups: Groups,
    rng: np.random.Generator,
    operators: NDArray[np.integer],
    *,
    sizes: tuple[int, int],
    weight: tuple[float, float],
    slot: int = WORK,
    hours: float = 0.0,
) -> None:
    """Give each group a place of its own (an office, a venue): weights at work and off work."""
    made = scene.network.sites(operators, rng.integers(sizes[0], sizes[1] + 1, groups.count), hours)
    roster, rows = scene.roster, groups.rows
    roster.place[rows, slot] = made[groups.of]
    roster.at_work[rows, slot], roster.off_work[rows, slot] = weight


def offices(scene: Scene, groups: Groups, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return an operator of office lines for each group, in its first member's country."""
    country = scene.roster.country[scene.lead(groups)]
    return scene.around.business[country, rng.integers(0, 2, groups.count)]


def company(scene: Scene, groups: Groups, rng: np.random.Generator, verified: float, domain: float) -> None:
    """Give groups a country and hours, some a verified organisation and a mail domain of their own."""
    roster, rows = scene.roster, groups.rows
    lead = scene.lead(groups)[groups.of]
    for column in ("country", "offset", "sync_offset", "language"):
        getattr(roster, column)[rows] = getattr(roster, column)[lead]
    known = chance(rng, verified, groups.count)
    own = chance(rng, domain, groups.count)
    roster.org[rows] = np.where(known, scene.next_org + np.arange(groups.count), -1)[groups.of]
    roster.verified[rows] |= known[groups.of]
    mail = np.where(own, scene.next_domain + np.arange(groups.count), -1)[groups.of]
    mail = np.where(chance(rng, 0.9, len(rows)), mail, -1)
    roster.mail[rows] = np.where(mail >= 0, mail, roster.mail[rows])
    scene.next_org += groups.count
    scene.next_domain += groups.count


def joined(scene: Scene, groups: Groups, rng: np.random.Generator, share: float, spread: float) -> None:
    """Let a `share` of the groups sign up within days of each other, most of them within hours."""
    rows = together(scene, groups, "created", share, rng)
    at_once = chance(rng, 0.7, groups.count)[groups.of][np.isin(groups.rows, rows)]
    pace = np.where(at_once, HOURS, spread)
    scene.roster.created[rows] = scene.roster.created[rows] - pace * rng.exponential(1.0, len(rows))
    scene.roster.first[rows] = np.maximum(scene.roster.first[rows], 0.0)


def jobs(scene: Scene, groups: Groups, rng: np.random.Generator, weight: float, profile: str) -> None:
    """Let a group's scripts run at the group's job times for about `weight` of the sessions."""
    roster, rows = scene.roster, groups.rows
    roster.sync_group[rows] = scene.next_sync + groups.of
    scene.next_sync += groups.count
    roster.sync[rows] = np.clip(rng.beta(4 * weight + 0.2, 4 * (1 - weight) + 0.2, groups.count)[groups.of], 0, 0.98)
    roster.sync_profile[rows] = PROFILES.index(profile)


def by_api(scene: Scene, rows: NDArray[np.int64], rng: np.random.Generator, share: float = 1.0) -> None:
    """Let a `share` of accounts come through the API with an SDK."""
    chosen = rows[chance(rng, share, len(rows))]
    scene.roster.pathway[chosen] = choose(rng, np.array([0.85, 0.0, 0.0, 0.15]), len(chosen))
    scene.roster.agent[chosen] = rng.integers(4, 8, len(chosen))


def shared_device(
    scene: Scene, groups: Groups, rng: np.random.Generator, *, per: float, weight: float, share: float = 1.0
) -> None:
    """Give a `share` of the groups common devices: one for about `per` accounts, used for `weight` of the time."""
    many = np.maximum(1, np.round(groups.sizes / per)).astype(np.int64)
    devices = scene.fingerprints(int(many.sum()))
    first = (np.cumsum(many) - many)[groups.of]
    mine = devices[first + rng.integers(0, 1 << 30, len(groups.rows)) % many[groups.of]]
    has = chance(rng, share, groups.count)[groups.of]
    rows = groups.rows[has]
    scene.roster.device[rows, 1], scene.roster.devices[rows, 1] = mine[has], 1
    scene.roster.device_shared[rows] = np.clip(weight + rng.normal(0, 0.1, len(rows)), 0.02, 1.0)
