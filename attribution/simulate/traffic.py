"""Who sends what, when, from where: all exchanges of a range of accounts, in whole columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.draws import chance, choose, generator, mix, pick, salt, uniform
from attribution.simulate.labs import RELEASES
from attribution.simulate.roster import PLACES, PROFILES
from attribution.simulate.scene import POPULAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.labs import Lab
    from attribution.simulate.network import Addresses
    from attribution.simulate.options import WorldOptions
    from attribution.simulate.rings import Tenant
    from attribution.simulate.roster import Roster

START = np.datetime64("2026-03-02T00:00:00", "us")
"""Every world begins on this Monday, UTC."""
POPULAR_SLOT = 3
"""Repertoires 0 to 2 are an account's own, this one is everybody's, above it are one-off prompts."""
KEEN = 0.5
"""Share of people who like new models."""
JOBS = 3
"""Times a day at which a group's scripts start."""
_HOURLY = {
    "day": (1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 4, 6, 7, 7, 6, 6, 7, 7, 6, 5, 5, 5, 5, 4, 3, 2),
    "evening": (3, 1.5, 0.7, 0.3, 0.2, 0.2, 0.5, 1, 1.5, 2, 2, 2, 3, 3, 3, 3, 4, 5, 6, 7, 8, 8, 7, 5),
    "office": (0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 2, 6, 9, 10, 9, 6, 8, 10, 9, 8, 5, 2, 1, 0.6, 0.5, 0.3, 0.2),
    "night": (7, 7, 6, 5, 4, 2, 1, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1.5, 2, 2, 2, 3, 3, 4, 5, 6, 7),
    "flat": (1,) * 24,
    "mixed": (2, 1.5, 1, 0.8, 0.7, 0.7, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2.5),
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """Exchanges in columns, in order of time; `-1` is none."""

    account: NDArray[np.int32]
    ts: NDArray[np.datetime64]
    address: NDArray[np.int64]
    device: NDArray[np.int64]
    card: NDArray[np.int64]
    concept: NDArray[np.int32]  # -1: a one-off prompt
    variant: NDArray[np.int32]
    tenant: NDArray[np.int16]
    model: NDArray[np.int8]
    pathway: NDArray[np.int8]
    agent: NDArray[np.int8]
    endpoint: NDArray[np.int8]
    input_tokens: NDArray[np.int32]
    output_tokens: NDArray[np.int32]
    refused: NDArray[np.bool_]
    words: NDArray[np.int32]  # length of a one-off prompt
    english: NDArray[np.bool_]
    key: NDArray[np.uint64]  # decides how slots are filled


@dataclass(frozen=True, slots=True)
class Cast:
    """Everything that traffic follows from."""

    options: WorldOptions
    roster: Roster
    places: Addresses
    labs: tuple[Lab, ...]
    tenants: tuple[Tenant, ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """When exchanges happen: account, sitting, hours since the start, and the local hour of day."""

    account: NDArray[np.int64]
    session: NDArray[np.uint64]
    hour: NDArray[np.float64]
    local: NDArray[np.float64]
    key: NDArray[np.uint64]


def expected_events(roster: Roster) -> NDArray[np.float64]:
    """Return about how many exchanges each account will have."""
    return roster.rate * roster.duty * np.maximum(roster.last - roster.first, 0.0) * (1.0 + 0.1 * roster.peak)


def counts(options: WorldOptions, roster: Roster, rows: NDArray[np.int64], part: int) -> NDArray[np.int64]:
    """Draw exchanges by account and day: shape (rows, days)."""
    rng = generator(options.seed, "volume", part)
    day = np.arange(options.days, dtype=np.float64)[None, :]
    column = {
        name: getattr(roster, name)[rows][:, None]
        for name in ("first", "last", "rate", "duty", "weekend", "peak", "peak_day")
    }
    there = np.clip(np.minimum(column["last"], day + 1) - np.maximum(column["first"], day), 0.0, 1.0)
    rate = column["rate"] * there * np.where(np.arange(options.days) % 7 >= 5, column["weekend"], 1.0)  # Saturday
    rate *= 1.0 + column["peak"] * np.exp(-np.abs(day - column["peak_day"]))
    active = rng.random(rate.shape) < column["duty"]
    rate *= active * rng.gamma(2.0, 0.5, rate.shape)
    drawn = rng.poisson(rate)
    drawn = np.where(roster.sparing[rows][:, None], np.minimum(drawn, 1), drawn)
    # Nobody is in the logs without a trace: an account that sent nothing sends one request in its time.
    silent = np.flatnonzero(drawn.sum(axis=1) == 0)
    at = np.clip(roster.first[rows[silent]], 0, options.days - 1).astype(np.int64)
    drawn[silent, at] = 1
    return np.asarray(drawn, dtype=np.int64)


def make(cast: Cast, rows: NDArray[np.int64], part: int) -> Traffic:
    """Return all exchanges of `rows`, sorted by time."""
    options, roster = cast.options, cast.roster
    moments = _moments(cast, rows, part)
    account = moments.account
    slot, concept, variant = _content(cast, account, part)
    tenant = np.where(slot < POPULAR_SLOT, roster.tenant[account, np.minimum(slot, 2)], -1).astype(np.int16)
    draw = generator(options.seed, "length", part)
    # People paste what they ask about.
    words = np.minimum(np.exp(draw.normal(2.5 + 1.3 * chance(draw, 0.25, len(account)), 0.7)) + 2, 160).astype(np.int32)
    rng = generator(options.seed, "request", part)
    pathway = np.where(chance(rng, 0.96, len(account)), roster.pathway[account], rng.integers(0, 4, len(account)))
    agent = np.where(chance(rng, 0.93, len(account)), roster.agent[account], rng.integers(0, 8, len(account)))
    endpoint = np.where(chance(rng, 0.9, len(account)), pathway % 2, rng.integers(0, 3, len(account)))
    length = np.where(concept >= 0, 3.9, np.log(words))
    return Traffic(
        account=account.astype(np.int32),
        ts=START + (moments.hour * 3.6e9).astype(np.int64).astype("timedelta64[us]"),
        address=_address(cast, moments),
        device=_device(cast, moments),
        card=_card(cast, moments),
        concept=concept,
        variant=variant,
        tenant=tenant,
        model=_model(cast, moments, tenant, part),
        pathway=pathway.astype(np.int8),
        agent=agent.astype(np.int8),
        endpoint=endpoint.astype(np.int8),
        input_tokens=np.exp(rng.normal(length + 0.4, 0.6)).astype(np.int32) + 1,
        output_tokens=np.exp(rng.normal(roster.output[account], 0.8)).clip(1, 32_000).astype(np.int32),
        refused=rng.random(len(account)) < roster.refusal[account],
        words=words,
        english=chance(rng, 0.25, len(account)),  # people switch languages now and then
        key=moments.key,
    )


def _moments(cast: Cast, rows: NDArray[np.int64], part: int) -> Moments:
    options = cast.options
    drawn = counts(options, cast.roster, rows, part).ravel()
    cell = np.repeat(np.arange(drawn.size, dtype=np.int64), drawn)
    account, day = rows[cell // options.days], cell % options.days
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(drawn) - drawn, drawn)
    session = mix(salt(options.seed, "session"), account, day, nth // cast.roster.sitting[account])
    hour, local = _clock(cast, account, day, session, part)
    order = np.lexsort((nth, account, hour))
    key = mix(salt(options.seed, "event"), account, day, nth)
    return Moments(account[order], session[order], hour[order], local[order], key[order])


def _clock(
    cast: Cast, account: NDArray[np.int64], day: NDArray[np.int64], session: NDArray[np.uint64], part: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return hours since the start and the local hour of day."""
    options, roster = cast.options, cast.roster
    scheduled = uniform(mix(1, session)) < roster.sync[account]
    job = pick(mix(2, session), JOBS)
    u = np.where(
        scheduled,
        uniform(mix(salt(options.seed, "job"), roster.sync_group[account], day, job)),
        uniform(mix(3, session)),
    )
    profile = np.where(scheduled, roster.sync_profile[account], roster.profile[account])
    local = np.empty(len(account))
    for number, name in enumerate(PROFILES):
        where = np.flatnonzero(profile == number)
        share = np.concatenate([[0.0], np.cumsum(_HOURLY[name])])
        local[where] = np.interp(u[where], share / share[-1], np.arange(25.0))
    local += np.where(scheduled, 0.0, roster.shift[account])
    rng = generator(options.seed, "clock", part)
    wait = rng.exponential(1.0, len(account)) * np.where(scheduled, 0.03, 0.12)
    offset = np.where(scheduled, roster.sync_offset[account], roster.offset[account])
    hour = day * 24.0 + (local - offset) % 24.0 + wait
    begin = roster.first[account] * 24.0
    hour = np.where(hour < begin, begin + rng.random(len(account)) * 2.0, hour)
    last = options.days * 24.0
    hour = np.where(hour >= last, last - rng.random(len(account)) * 0.5, hour)
    return np.maximum(hour, 0.0), (hour + roster.offset[account]) % 24.0


def _address(cast: Cast, moments: Moments) -> NDArray[np.int64]:
    options, roster = cast.options, cast.roster
    account, session, hour, local = moments.account, moments.session, moments.hour, moments.local
    working = (local > 8.5) & (local < 18.5) & ((hour // 24).astype(np.int64) % 7 < 5)  # office hours, Monday to Friday
    u = uniform(mix(salt(options.seed, "place"), session)).astype(np.float32)
    chosen = np.zeros(len(account), dtype=np.int64)
    for weights, where in ((roster.at_work, np.flatnonzero(working)), (roster.off_work, np.flatnonzero(~working))):
        total = np.cumsum(np.maximum(weights, 0.0), axis=1)
        total /= np.maximum(total[:, -1:], 1e-9)
        for slot in range(PLACES - 1):
            chosen[where] += u[where] >= total[account[where], slot]
    place = roster.place[account, chosen]
    lost = place < 0
    place = np.where(lost, roster.place[account, 0], place)
    chosen = np.where(lost, 0, chosen)
    return cast.places.draw(salt(options.seed, "lease"), place, roster.place_key[account, chosen], hour, session)


def _device(cast: Cast, moments: Moments) -> NDArray[np.int64]:
    roster, account, session = cast.roster, moments.account, moments.session
    start = salt(cast.options.seed, "device")
    u, which = uniform(mix(start, session)), mix(start + 1, session)
    own = roster.device[account, 0] + np.floor(uniform(which) ** 2 * roster.devices[account, 0]).astype(np.int64)
    shared = roster.device[account, 1] + pick(which, roster.devices[account, 1])
    taken = np.where((u < roster.device_shared[account]) & (roster.devices[account, 1] > 0), shared, own)
    return np.asarray(np.where(uniform(mix(start + 2, session)) < roster.device_none[account], -1, taken))


def _card(cast: Cast, moments: Moments) -> NDArray[np.int64]:
    options, roster, account, hour = cast.options, cast.roster, moments.account, moments.hour
    card = np.where(hour < roster.card_switch[account] * 24.0, roster.card[account, 0], roster.card[account, 1])
    slipped = uniform(mix(salt(options.seed, "card slip"), moments.session)) < roster.card_slip[account]
    return np.asarray(np.where(slipped & (roster.card[account, 2] >= 0), roster.card[account, 2], card))


def _content(
    cast: Cast, account: NDArray[np.int64], part: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Return for each exchange the repertoire (3: popular, 4: one-off), the concept and the variant."""
    options, roster = cast.options, cast.roster
    rng = generator(options.seed, "content", part)
    weights = np.concatenate([roster.weight, roster.popular[:, None]], axis=1).astype(np.float64)
    weights[:, :3] *= roster.concepts > 0
    weights /= np.maximum(weights.sum(axis=1, keepdims=True) / 0.985, 1.0)
    total = np.cumsum(weights, axis=1)
    u = rng.random(len(account))
    slot = np.zeros(len(account), dtype=np.int64)
    for column in range(4):
        slot += u >= total[account, column]
    own = np.minimum(slot, 2)
    size = roster.concepts[account, own]
    concept = roster.concept[account, own] + np.minimum(
        (rng.random(len(account)) ** 1.5 * size).astype(np.int64), np.maximum(size - 1, 0)
    )
    popular = choose(rng, 1.0 / (2.0 + np.arange(POPULAR)), len(account))
    concept = np.where(
        slot == POPULAR_SLOT, popular, np.where(slot > POPULAR_SLOT, -1, concept)
    )  # the two last repertoires
    variant = np.where(slot < POPULAR_SLOT, roster.variant[account, own], 0)
    return slot, concept.astype(np.int32), variant.astype(np.int32)


def _model(cast: Cast, moments: Moments, tenant: NDArray[np.int16], part: int) -> NDArray[np.int8]:
    """Models 0 to 2 are old ones; a campaign moves half its traffic to a new one within a day."""
    options, roster, account, hour = cast.options, cast.roster, moments.account, moments.hour
    rng = generator(options.seed, "model", part)
    taste = uniform(mix(salt(options.seed, "taste"), account))
    fickle = uniform(mix(salt(options.seed, "fickle"), account))
    model = np.where(
        chance(rng, 0.5, len(account)) * (fickle - 0.3), rng.integers(0, 3, len(account)), roster.model[account]
    )
    for number, share in enumerate(RELEASES):
        release = release_day(options.days, number)
        lag = roster.adopt_lag[account] * (0.6 + 0.8 * uniform(mix(salt(options.seed, f"lag {number}"), account)))
        use = np.where(taste < KEEN, 0.5 * share + 0.2, 0.15)
        for index, one in enumerate(cast.tenants):
            if number in cast.labs[one.lab].pivots:
                mine = tenant == index
                lag = np.where(mine, one.lag[number], lag)
                use = np.where(mine, 0.5, use)
        model = np.where((hour > (release + lag) * 24.0) & (rng.random(len(account)) < use), 3 + number, model)
    return model.astype(np.int8)


def release_day(days: int, number: int) -> float:
    """Return when a model comes out, in days from the start."""
    return float(np.floor(RELEASES[number] * days)) + 0.7
