"""Honest accounts that share things: each class in a few lines that say what its members have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.bonds import (
    BUSINESS,
    by_api,
    company,
    jobs,
    joined,
    offices,
    own_templates,
    shared_card,
    shared_device,
    site,
)
from attribution.simulate.cards import KINDS as CARD_KINDS
from attribution.simulate.cards import PER_COUNTRY
from attribution.simulate.draws import chance
from attribution.simulate.roster import HOME, ODD, PROFILES, SECOND, WORK
from attribution.simulate.scene import HUB_DEVICES, Groups, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


SHARES: Mapping[str, tuple[float, int, int]] = {
    # share of the innocent accounts, smallest and largest group
    "household": (0.15, 2, 5),
    "student": (0.09, 30, 400),
    "team": (0.13, 5, 80),
    "agency": (0.07, 10, 120),
    "cafe": (0.03, 15, 120),
    "cgnat": (0.05, 60, 600),
    "vpn": (0.04, 60, 600),
    "cloud": (0.05, 20, 200),
    "ci": (0.02, 3, 40),
    "evalsuite": (0.015, 2, 25),
    "agent": (0.08, 100, 900),
    "hackathon": (0.015, 25, 160),
    "multi": (0.03, 2, 8),
    "remote": (0.07, 8, 300),
    "reseller": (0.035, 150, 3000),
    "popular": (0.03, 100, 5000),
}


def populate(scene: Scene, innocents: int) -> None:
    """Turn the first `innocents` rows of the roster into all classes; who is left over stays a person."""
    start = 0
    for kind, (share, low, high) in SHARES.items():
        count = round(innocents * share)
        groups = scene.claim(kind, np.arange(start, start + count), low, max(low, min(high, count)))
        start += count
        if groups.count:
            _CLASSES[kind](scene, groups, scene.rng(kind))
    roster = scene.roster
    roster.first = np.maximum(roster.first, np.minimum(roster.created + 0.001, scene.options.days - 1.0))
    roster.last = np.maximum(roster.last, np.minimum(roster.first + 0.5, scene.options.days))


def wallets(scene: Scene) -> None:
    """Give two thirds of all accounts a card of their own, some of them a new one on the way."""
    rng = scene.rng("wallets")
    roster = scene.roster
    roster.card[:, 0] = scene.cards.personal(rng, roster.country)
    roster.card[:, 1] = scene.cards.personal(rng, roster.country)
    renewed = chance(rng, 0.12, roster.size)
    roster.card_switch[renewed] = rng.random(int(renewed.sum())) * scene.options.days
    roster.card[chance(rng, 0.3, roster.size), :2] = -1
    hub = chance(rng, 0.35, roster.size)
    roster.device[hub, 1], roster.devices[hub, 1] = rng.integers(0, HUB_DEVICES, int(hub.sum())), 1
    roster.device_shared[hub] = np.where(chance(rng, 0.3, int(hub.sum())), 1.0, rng.random(int(hub.sum())) ** 2 * 0.8)


def own_prompts(scene: Scene) -> None:
    """Give half of all accounts prompts of their own that they use again and again, one or a small library."""
    rng = scene.rng("own prompts")
    rows = np.flatnonzero(chance(rng, 0.5, scene.roster.size))
    many = np.where(chance(rng, 0.4, len(rows)), rng.integers(1, 3, len(rows)), rng.integers(3, 9, len(rows)))
    first = scene.concepts.add_many([BUSINESS[i] for i in rng.integers(0, len(BUSINESS), int(many.sum()))])
    scene.roster.concept[rows, 2] = first + np.cumsum(many) - many
    scene.roster.concepts[rows, 2] = many
    scene.roster.weight[rows, 2] = rng.beta(1.5, 1.2, len(rows))


def _household(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    lead = scene.lead(groups)[groups.of]
    for column in ("country", "offset", "language", "sync_offset"):
        getattr(roster, column)[rows] = getattr(roster, column)[lead]
    roster.place[rows, HOME], roster.place_key[rows, HOME] = roster.place[lead, HOME], lead
    paying_together = chance(rng, 0.6, groups.count)[groups.of]
    roster.card[rows[paying_together]] = roster.card[lead[paying_together]]
    shared_device(scene, groups, rng, per=6.0, weight=0.25, share=0.3)


def _student(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    company(scene, groups, rng, 0.05, 0.6)
    site(
        scene,
        groups,
        rng,
        scene.around.campus[scene.roster.country[scene.lead(groups)]],
        sizes=(1, 12),
        weight=(1.6, 0.5),
        hours=9.0,
    )
    many = rng.integers(1, 4, groups.count)
    first = scene.concepts.add_many(["homework"] * int(many.sum())) + np.cumsum(many) - many
    roster, rows = scene.roster, groups.rows
    roster.concept[rows, 0], roster.concepts[rows, 0] = first[groups.of], many[groups.of]
    roster.weight[rows, 0] = rng.beta(2.0, 3.0, len(rows))
    roster.peak_day[rows] = (rng.random(groups.count) * scene.options.days)[groups.of]
    roster.peak[rows] = 8.0 * rng.random(len(rows))
    roster.card[rows[chance(rng, 0.5, len(rows))]] = -1
    joined(scene, groups, rng, 0.6, 6.0)


def _team(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    company(scene, groups, rng, 0.4, 0.7)
    site(scene, groups, rng, offices(scene, groups, rng), sizes=(1, 4), weight=(2.5, 0.3), hours=30.0)
    shared_card(scene, groups, rng, kind="corporate", per=14.0, share=0.85)
    own_templates(scene, groups, rng, most=6, weight=(2.5, 2.0))
    joined(scene, groups, rng, 0.5, 4.0)
    jobs(scene, groups, rng, 0.2, "office")
    by_api(scene, groups.rows, rng, 0.6)
    shared_device(scene, groups, rng, per=20.0, weight=0.4, share=0.5)
    scene.roster.profile[groups.rows] = PROFILES.index("office")


def _agency(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    company(scene, groups, rng, 0.45, 0.4)
    site(scene, groups, rng, offices(scene, groups, rng), sizes=(1, 6), weight=(4.0, 2.0), hours=30.0)
    shared_card(scene, groups, rng, kind="corporate", per=10.0, share=0.9)
    own_templates(scene, groups, rng, most=10, weight=(4.0, 2.0), skills=0.15)
    shared_device(scene, groups, rng, per=15.0, weight=0.7, share=0.9)
    jobs(scene, groups, rng, 0.3, "office")
    joined(scene, groups, rng, 0.4, 5.0)
    scene.roster.profile[groups.rows] = PROFILES.index("office")


def _cafe(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    scene.roster.country[groups.rows] = scene.roster.country[scene.lead(groups)[groups.of]]
    site(scene, groups, rng, offices(scene, groups, rng), sizes=(1, 2), weight=(0.8, 0.8), slot=ODD)


def _cgnat(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    country = scene.roster.country[scene.lead(groups)]
    operators = scene.around.home_operators[country, rng.integers(0, 2, groups.count)]
    site(scene, groups, rng, operators, sizes=(2, 10), weight=(3.0, 3.0), slot=HOME, hours=18.0)


def _vpn(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    roster.place[rows, SECOND] = scene.around.vpn[rng.integers(0, len(scene.around.vpn), len(rows))]
    roster.at_work[rows, SECOND] = roster.off_work[rows, SECOND] = 2.0 * rng.random(len(rows)) + 0.5


def _cloud(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    roster.place[rows, WORK] = scene.around.cloud[roster.country[rows], rng.integers(0, 2, len(rows))]
    roster.at_work[rows, WORK] = roster.off_work[rows, WORK] = 4.0 * rng.random(len(rows)) + 0.5
    solo = Groups(
        "cloud", rows, np.arange(len(rows)), np.ones(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    )
    own_templates(scene, solo, rng, most=4, weight=(3.0, 1.5), skills=0.4)
    jobs(scene, solo, rng, 0.5, "flat")
    by_api(scene, rows, rng)
    roster.rate[rows] *= 1.0 + 1.5 * rng.random(len(rows))


def _ci(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    company(scene, groups, rng, 0.6, 0.8)
    shared_card(scene, groups, rng, kind="corporate", per=100.0, share=0.97)
    own_templates(scene, groups, rng, most=5, weight=(20.0, 1.0), skills=0.5)
    jobs(scene, groups, rng, 0.85, "flat")
    by_api(scene, rows, rng)
    roster.place[rows, WORK] = scene.around.runner[rng.integers(0, 3, groups.count)][groups.of]
    roster.at_work[rows] = roster.off_work[rows] = 0.0
    roster.at_work[rows, WORK] = roster.off_work[rows, WORK] = 1.0
    roster.rate[rows], roster.duty[rows] = roster.rate[rows] * 2.5, 0.85
    shared_device(scene, groups, rng, per=40.0, weight=0.95)
    joined(scene, groups, rng, 0.6, 10.0)


def _evalsuite(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    company(scene, groups, rng, 0.6, 0.8)
    shared_card(scene, groups, rng, kind="corporate", per=60.0, share=0.95)
    own_templates(scene, groups, rng, most=6, weight=(12.0, 1.0), skills=0.7)
    suites = scene.concepts.add_many(["quiz"] * 24)
    roster.concept[rows, 1] = (suites + 8 * rng.integers(0, 3, groups.count))[groups.of]
    roster.concepts[rows, 1], roster.weight[rows, 1] = 8, 0.5
    jobs(scene, groups, rng, 0.7, "flat")
    by_api(scene, rows, rng)
    country = roster.country[scene.lead(groups)]
    own = scene.around.hosting[country, rng.integers(0, 2, groups.count)]
    site(scene, groups, rng, own, sizes=(1, 8), weight=(5.0, 5.0))
    span = (rng.random(groups.count) * 0.6 * scene.options.days)[groups.of]
    roster.first[rows], roster.last[rows] = span, span + 0.3 * scene.options.days
    roster.rate[rows], roster.duty[rows] = roster.rate[rows] * 4.0, 0.8
    roster.device_none[rows] = np.maximum(roster.device_none[rows], 0.3)


def _agent(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    first = scene.concepts.add_many(["agent"] * (5 * groups.count)) + 5 * np.arange(groups.count)
    roster.concept[rows, 0], roster.concepts[rows, 0] = first[groups.of], 5
    roster.weight[rows, 0] = rng.beta(5.0, 1.5, len(rows))
    roster.rate[rows] *= 1.5
    roster.output[rows] += 0.4
    by_api(scene, rows, rng, 0.9)


def _hackathon(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    site(scene, groups, rng, offices(scene, groups, rng), sizes=(1, 3), weight=(5.0, 5.0), slot=ODD)
    own_templates(scene, groups, rng, most=2, weight=(2.0, 2.5), skills=0.8)
    day = np.floor(rng.random(groups.count) * (scene.options.days / 7 - 0.5)) * 7 + 5
    start = day[groups.of]
    roster.first[rows] = start
    roster.last[rows] = start + 2.0 + chance(rng, 0.3, len(rows)) * rng.exponential(5.0, len(rows))
    roster.created[rows] = start - rng.exponential(2.0, len(rows))
    roster.rate[rows], roster.duty[rows] = roster.rate[rows] * 3.0, 0.9
    gift = chance(rng, 0.6, groups.count)[groups.of]
    bins = (roster.country[scene.lead(groups)] * PER_COUNTRY + rng.integers(0, PER_COUNTRY, groups.count))[groups.of]
    cards = scene.cards.issue(bins[gift], np.full(int(gift.sum()), CARD_KINDS.index("prepaid")))
    roster.card[rows[gift], 0] = roster.card[rows[gift], 1] = cards


def _multi(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    lead = scene.lead(groups)[groups.of]
    for column in ("country", "offset", "language", "profile", "shift", "device", "devices", "mail", "place"):
        getattr(roster, column)[rows] = getattr(roster, column)[lead]
    roster.place_key[rows] = lead[:, None]
    same = chance(rng, 0.6, groups.count)[groups.of]
    roster.card[rows[same]] = roster.card[lead[same]]
    own_templates(scene, groups, rng, most=3, weight=(1.5, 2.0))


def _remote(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    company(scene, groups, rng, 0.5, 0.8)
    country = scene.roster.country[scene.lead(groups)]
    operators = scene.around.hosting[country, rng.integers(0, 2, groups.count)]
    site(scene, groups, rng, operators, sizes=(1, 4), weight=(2.5, 0.6))
    scene.roster.offset[groups.rows] += rng.integers(-4, 5, len(groups.rows)).astype(np.int8)
    shared_card(scene, groups, rng, kind="corporate", per=60.0, share=0.9)
    own_templates(scene, groups, rng, most=5, weight=(1.5, 3.0))
    joined(scene, groups, rng, 0.3, 8.0)


def _reseller(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    roster, rows = scene.roster, groups.rows
    company(scene, groups, rng, 1.0, 0.9)
    country = roster.country[scene.lead(groups)]
    site(
        scene,
        groups,
        rng,
        scene.around.hosting[country, rng.integers(0, 2, groups.count)],
        sizes=(4, 16),
        weight=(8.0, 8.0),
    )
    shared_card(scene, groups, rng, kind="corporate", per=1000.0, share=0.95)
    shared_device(scene, groups, rng, per=100.0, weight=0.6, share=0.7)
    solo = Groups(
        "reseller", rows, np.arange(len(rows)), np.ones(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    )
    own_templates(scene, solo, rng, most=3, weight=(1.5, 2.0))
    by_api(scene, rows, rng)


def _popular(scene: Scene, groups: Groups, rng: np.random.Generator) -> None:
    scene.roster.popular[groups.rows] = rng.beta(3.0, 1.5, len(groups.rows))


_CLASSES: Mapping[str, Callable[[Scene, Groups, np.random.Generator], None]] = {
    "household": _household, "student": _student, "team": _team, "agency": _agency, "cafe": _cafe, "cgnat": _cgnat,
    "vpn": _vpn, "cloud": _cloud, "ci": _ci, "evalsuite": _evalsuite, "agent": _agent, "hackathon": _hackathon,
    "multi": _multi, "remote": _remote, "reseller": _reseller, "popular": _popular,
}  # fmt: skip
