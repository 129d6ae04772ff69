"""Who there is: one row an account, in columns; every class of people or ring fills in what makes it different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.draws import chance, choose, generator
from attribution.simulate.network import COUNTRY_SHARE, OFFSETS, Carriers

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = (
    "person", "household", "student", "team", "agency", "cafe", "cgnat", "vpn", "cloud", "ci", "evalsuite", "agent",
    "hackathon", "multi", "remote", "reseller", "popular", "proxycustomer", "ring", "throwaway",
)  # fmt: skip
PLACES = 6
HOME, WORK, MOBILE, SECOND, ODD, EXTRA = range(PLACES)
"""Places of an account. A ring account has residential exits, datacentre exits, the client's own network, a VPN, the
operator's own network, and one that an attack needs, in this order."""
PROFILES = ("day", "evening", "office", "night", "flat", "mixed")
MAIL = (
    "mail.example",
    "inbox.example",
    "post.example",
    "qmail.example",
    "fastbox.example",
    "temp-mail.example",
    "hush.example",
)
MAIL_SHARE = (0.46, 0.2, 0.1, 0.08, 0.06, 0.06, 0.04)
REGIONAL_MAIL = 50
"""From this number on: the mail provider of each country."""
PATHWAYS = ("api", "web", "mobile", "cloud-partner")
AGENTS = (
    "browser/desktop",
    "browser/mobile",
    "app/ios",
    "app/android",
    "sdk-python/1.40",
    "sdk-js/4.2",
    "curl/8.5",
    "http-client/2.1",
)


@dataclass(slots=True)
class Roster:
    """All accounts in columns; `-1` is none. Weights of places, templates and devices are relative."""

    kind: NDArray[np.int8]
    group: NDArray[np.int32]
    ring: NDArray[np.int32]
    country: NDArray[np.int8]
    offset: NDArray[np.int8]
    language: NDArray[np.int8]
    created: NDArray[np.float64]  # days from the world's start, negative: before
    mail: NDArray[np.int32]  # below len(MAIL): free mail; else a domain of its own
    org: NDArray[np.int32]
    verified: NDArray[np.bool_]
    pathway: NDArray[np.int8]
    agent: NDArray[np.int8]
    rate: NDArray[np.float64]  # requests a day of use
    duty: NDArray[np.float64]
    sitting: NDArray[np.int8]  # requests of one sitting, at most
    sparing: NDArray[np.bool_]  # never more than one request a day
    weekend: NDArray[np.float64]
    first: NDArray[np.float64]  # day of first use
    last: NDArray[np.float64]
    peak_day: NDArray[np.float64]
    peak: NDArray[np.float64]
    profile: NDArray[np.int8]
    shift: NDArray[np.float64]  # hours by which a person is late
    sync_group: NDArray[np.int32]
    sync: NDArray[np.float64]
    sync_profile: NDArray[np.int8]
    sync_offset: NDArray[np.float64]
    place: NDArray[np.int32]
    place_key: NDArray[np.int32]
    at_work: NDArray[np.float32]
    off_work: NDArray[np.float32]
    device: NDArray[np.int64]  # (accounts, 2): own devices, shared devices
    devices: NDArray[np.int32]  # (accounts, 2): how many
    device_shared: NDArray[np.float32]
    device_none: NDArray[np.float32]
    card: NDArray[np.int64]  # (accounts, 3): first, second, by mistake
    card_switch: NDArray[np.float64]  # day from which the second is used
    card_slip: NDArray[np.float32]
    concept: NDArray[np.int32]  # (accounts, 3): first concept of a repertoire
    concepts: NDArray[np.int32]  # (accounts, 3): how many
    variant: NDArray[np.int32]  # (accounts, 3)
    weight: NDArray[np.float32]  # (accounts, 3)
    popular: NDArray[np.float32]
    tenant: NDArray[np.int16]  # (accounts, 3)
    model: NDArray[np.int8]
    adopt_lag: NDArray[np.float64]
    output: NDArray[np.float32]  # mean of the log of output tokens
    refusal: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Number of accounts."""
        return len(self.kind)

    def rows(self, kind: str) -> NDArray[np.int64]:
        """Return the rows of one kind."""
        return np.flatnonzero(self.kind == KINDS.index(kind))


def people(seed: int, count: int, days: int, events: float, around: Carriers) -> Roster:
    """Return `count` people with nothing in common but their country's networks: everybody starts as one of them."""
    rng = generator(seed, "people")
    country = choose(rng, np.array(COUNTRY_SHARE), count).astype(np.int8)
    pathway = choose(rng, np.array([0.34, 0.4, 0.18, 0.08]), count).astype(np.int8)
    native = np.array([0, 0, 1, 2, 0, 5, 3, 4], dtype=np.int8)[country]
    language = np.where(chance(rng, 0.45, count), 0, native).astype(np.int8)
    rate = np.minimum(np.exp(rng.normal(0.0, 1.05, count)), 60.0)
    duty = rng.beta(1.6, 3.2, count)
    late = chance(rng, 0.45, count)
    first = np.where(late, rng.random(count) * days * 0.9, 0.0)
    last = np.where(chance(rng, 0.25, count), first + rng.random(count) * (days - first), float(days))
    age = np.where(chance(rng, 0.5, count), rng.exponential(14.0, count), rng.exponential(170.0, count))
    # New accounts start at once, old ones whenever they come back.
    created = np.where(late & (chance(rng, 0.6, count)), first - rng.exponential(1.5, count), first - age)
    scale = events * (days / 28.0) / max(float((rate * duty * (last - first)).mean()), 1e-9)
    place = np.full((count, PLACES), -1, dtype=np.int32)
    isp = choose(rng, np.array([0.5, 0.3, 0.2]), count)
    place[:, HOME] = around.homes[country, isp]
    place[:, MOBILE] = around.mobile[country, choose(rng, np.array([0.35, 0.65]), count)]
    keys = np.repeat(np.arange(count, dtype=np.int32)[:, None], PLACES, axis=1)
    at_work = np.zeros((count, PLACES), dtype=np.float32)
    at_work[:, HOME] = rng.beta(2.0, 1.0, count)
    at_work[:, MOBILE] = np.where(chance(rng, 0.55, count), rng.beta(1.0, 3.0, count), 0.0)
    off_work = at_work.copy()
    traveller = chance(rng, 0.3, count)
    place[traveller, SECOND] = around.vpn[rng.integers(0, len(around.vpn), int(traveller.sum()))]
    at_work[traveller, SECOND] = off_work[traveller, SECOND] = 0.1 + 0.5 * rng.random(int(traveller.sum()))
    habits = generator(seed, "habits")
    roamer = chance(habits, 0.55, count)  # lines on a journey or of a friend, an employer's network
    abroad = np.where(chance(habits, 0.6, count), choose(habits, np.array(COUNTRY_SHARE), count), country)
    place[roamer, ODD] = around.homes[abroad, choose(habits, np.array([0.4, 0.35, 0.25]), count)][roamer]
    place[roamer, EXTRA] = around.business[country, habits.integers(0, 2, count)][roamer]
    for slot in (ODD, EXTRA):
        at_work[roamer, slot] = off_work[roamer, slot] = habits.beta(1.5, 1.5, int(roamer.sum()))
    coder = np.isin(pathway, [0, 3]) & (chance(rng, 0.65, count))
    region = np.where(chance(habits, 0.6, count), choose(habits, np.array(COUNTRY_SHARE), count), country)
    place[coder, WORK] = around.machines[region, rng.integers(0, 2, count)][coder]
    at_work[coder, WORK] = off_work[coder, WORK] = rng.beta(1.0, 1.0, int(coder.sum())) * 5.0
    owned = 1 + rng.binomial(3, 0.3, count)
    by_api = np.isin(pathway, [0, 3])
    return Roster(
        kind=np.zeros(count, dtype=np.int8),
        group=np.full(count, -1, dtype=np.int32),
        ring=np.full(count, -1, dtype=np.int32),
        country=country,
        offset=np.array(OFFSETS, dtype=np.int8)[country],
        language=language,
        created=created,
        mail=np.where(
            chance(rng, 0.14, count), REGIONAL_MAIL + country.astype(np.int64), choose(rng, np.array(MAIL_SHARE), count)
        ).astype(np.int32),
        org=np.full(count, -1, dtype=np.int32),
        verified=chance(rng, 0.3, count),
        pathway=pathway,
        agent=np.where(
            by_api,
            rng.integers(4, 8, count),
            np.where(pathway == 1, rng.integers(0, 2, count), rng.integers(1, 4, count)),
        ).astype(np.int8),
        rate=rate * scale,
        duty=duty,
        sitting=choose(habits, np.array([0.4, 0.2, 0.1, 0.3]), count).astype(np.int8) + np.int8(1),
        sparing=chance(habits, 0.26, count),
        weekend=rng.choice(np.array([0.2, 0.6, 1.0, 1.4]), count),
        first=first,
        last=last,
        peak_day=np.zeros(count),
        peak=np.zeros(count),
        profile=choose(rng, np.array([0.35, 0.3, 0.15, 0.06, 0.04, 0.1]), count).astype(np.int8),
        shift=rng.normal(0.0, 1.4, count),
        sync_group=np.arange(count, dtype=np.int32),
        sync=np.where(chance(rng, 0.08, count), rng.random(count) * 0.6, 0.0),
        sync_profile=np.full(count, PROFILES.index("flat"), dtype=np.int8),
        sync_offset=np.array(OFFSETS, dtype=np.float64)[country],
        place=place,
        place_key=keys,
        at_work=at_work,
        off_work=off_work,
        device=np.stack([np.arange(count, dtype=np.int64) * 8 + 1000, np.full(count, -1, dtype=np.int64)], axis=1),
        devices=np.stack([owned, np.zeros(count, dtype=np.int64)], axis=1).astype(np.int32),
        device_shared=np.zeros(count, dtype=np.float32),
        device_none=np.where(by_api, rng.choice(np.array([0.0, 0.3, 1.0]), count, p=[0.5, 0.3, 0.2]), 0.03).astype(
            np.float32
        ),
        card=np.full((count, 3), -1, dtype=np.int64),
        card_switch=np.full(count, np.inf),
        card_slip=np.zeros(count, dtype=np.float32),
        concept=np.zeros((count, 3), dtype=np.int32),
        concepts=np.zeros((count, 3), dtype=np.int32),
        variant=np.zeros((count, 3), dtype=np.int32),
        weight=np.zeros((count, 3), dtype=np.float32),
        popular=np.where(
            chance(habits, 0.25, count),  # who lives on what others share
            habits.beta(3.5, 1.5, count),
            np.where(chance(rng, 0.6, count), rng.beta(1.0, 4.0, count), 0.0),
        ).astype(np.float32),
        tenant=np.full((count, 3), -1, dtype=np.int16),
        model=choose(rng, np.array([0.45, 0.35, 0.2]), count).astype(np.int8),
        adopt_lag=np.where(chance(rng, 0.08, count), rng.random(count), 1.0 + rng.exponential(9.0, count)),
        output=rng.normal(5.3, 0.8, count).astype(np.float32),
        refusal=(0.04 * rng.beta(1.0, 2.5, count)).astype(np.float32),
    )
