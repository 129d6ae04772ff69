"""Rings: accounts that one operator runs for its clients, with every evasion as a dial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.cards import KINDS as CARD_KINDS
from attribution.simulate.cards import PER_COUNTRY
from attribution.simulate.draws import chance, choose
from attribution.simulate.network import COUNTRIES, COUNTRY_SHARE
from attribution.simulate.roster import EXTRA, HOME, KINDS, MOBILE, ODD, PROFILES, SECOND, WORK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.labs import Lab
    from attribution.simulate.options import Dials
    from attribution.simulate.scene import Scene

RESIDENTIAL, DATACENTRE, CLIENT, VPN, OPERATOR, ATTACK = HOME, WORK, MOBILE, SECOND, ODD, EXTRA
ROOM_FOR_TWO = 40
POOLS = 3
"""Pools of datacentre exits that an operator runs side by side."""
SIGNUP_BATCH = 25
LEAKING = 0.6
"""Share of accounts on which the operator makes mistakes at all."""
CARD_BATCH = 30
"""Accounts whose cards come from one batch, with one BIN."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One client's work inside a ring; `lag` are the days by which it follows each release."""

    ring: int
    lab: int
    lag: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RingPlan:
    """One ring: its rows, the tenants it works for, and the cell of each row (0 where there are none)."""

    number: int
    rows: NDArray[np.int64]
    tenants: tuple[int, ...]
    cell: NDArray[np.int64]


def ring_sizes(rng: np.random.Generator, rings: int, total: int) -> NDArray[np.int64]:
    """Cut `total` accounts into rings with a heavy tail, the smallest of about 20 (fewer where there is no room)."""
    low = max(2, min(20, total // max(rings, 1)))
    weights = (1.0 - rng.random(rings)) ** (-1.0 / 0.9)
    sizes = low + np.floor((total - low * rings) * weights / weights.sum()).astype(np.int64)
    sizes[int(np.argmax(sizes))] += total - int(sizes.sum())
    return np.sort(sizes)[::-1]


def build_rings(scene: Scene, labs: list[Lab], start: int, total: int) -> tuple[list[RingPlan], list[Tenant]]:
    """Turn `total` rows from `start` on into rings; the largest one works for two labs, and one in five of the rest."""
    rng = scene.rng("rings")
    sizes = ring_sizes(rng, scene.options.rings, total)
    order = rng.permutation(len(labs))
    plans: list[RingPlan] = []
    tenants: list[Tenant] = []
    for number, size in enumerate(sizes.tolist()):
        rows = np.arange(start, start + size)
        start += size
        main = int(order[number % len(labs)])
        clients = [main]
        if len(labs) > 1 and size >= ROOM_FOR_TWO and (number == 0 or chance(rng, 0.2, 1)[0]):
            others = [
                one
                for one in range(len(labs))
                if one != main and (number or labs[one].documented != labs[main].documented)
            ]
            clients.append(int(rng.choice(np.array(others or [one for one in range(len(labs)) if one != main]))))
        mine = []
        for lab in clients:
            mine.append(len(tenants))
            tenants.append(Tenant(ring=number, lab=lab, lag=tuple((0.8 * rng.random(8)).tolist())))
        cells = scene.options.attacks.cells
        plan = RingPlan(
            number, rows, tuple(mine), np.arange(size) // cells if cells else np.zeros(size, dtype=np.int64)
        )
        _enlist(scene, plan, labs, tenants)
        plans.append(plan)
    return plans, tenants


def _enlist(scene: Scene, plan: RingPlan, labs: list[Lab], tenants: list[Tenant]) -> None:
    dials, roster = scene.options.resolved, scene.roster
    scene.clients[plan.number] = tuple(tenants[one].lab for one in plan.tenants)
    roster.kind[plan.rows] = KINDS.index("ring")
    roster.group[plan.rows] = scene.next_group
    roster.ring[plan.rows] = plan.number
    scene.next_group += 1
    clients = [labs[tenants[one].lab] for one in plan.tenants]
    _content(scene, plan, clients, dials)
    _life(scene, plan, dials)
    _payment(scene, plan, clients, dials)
    _devices(scene, plan, dials)
    _egress(scene, plan, clients, dials)
    _rhythm(scene, plan, clients, dials)
    _churn(scene, plan, dials)


def _units(plan: RingPlan, per: float, cells: int, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
    """Return numbers of the things that `per` neighbours share (with a generator: on average), never across cells."""
    within = np.arange(len(plan.rows)) if not cells else np.arange(len(plan.rows)) % cells
    unit = np.floor(within / max(per, 1.0)).astype(np.int64)
    if rng is not None and per > 1.0:
        unit = np.cumsum(rng.random(len(plan.rows)) < 1.0 / per)
    return np.asarray(np.unique(plan.cell * (len(plan.rows) + 1) + unit, return_inverse=True)[1], dtype=np.int64)


def _content(scene: Scene, plan: RingPlan, clients: list[Lab], dials: Dials) -> None:
    rng, roster, rows = scene.rng(f"ring/{plan.number}/content"), scene.roster, plan.rows
    share = np.ones((len(rows), 1))
    if len(clients) > 1:
        part = rng.beta(1.2, 1.2, len(rows))
        part = np.where(chance(rng, 0.3, len(rows)), np.round(part), part)
        share = np.stack([part, 1.0 - part], axis=1)
    variant = {
        "none": np.zeros(len(rows), dtype=np.int64),
        "ring": np.full(len(rows), 1 + plan.number),
        "batch": 1 + plan.number * 1_000_000 + np.arange(len(rows)) // max(1, dials.paraphrase_batch),
        "account": 1 + plan.number * 1_000_000 + np.arange(len(rows)),
    }[dials.paraphrase]
    roster.weight[rows, 2] *= 0.5 * dials.cover_share
    for slot, lab in enumerate(clients):
        names = sorted(lab.targets)
        drawn = rng.choice(
            len(names), dials.templates, p=np.array([lab.targets[n] for n in names]) / sum(lab.targets.values())
        )
        sources = [*lab.core[: max(1, dials.templates // 3)]]
        if scene.options.flags.templates:
            sources = [*_other(scene, lab).core, *sources]
        copies = [scene.concepts.copy(one, reworded=True) for one in sources]
        first = copies[0]
        scene.concepts.add_many([names[int(one)] for one in drawn[: max(0, dials.templates - len(copies))]])
        roster.concept[rows, slot] = first
        roster.concepts[rows, slot] = max(dials.templates, len(copies))
        roster.variant[rows, slot] = variant
        roster.weight[rows, slot] = (1.0 - dials.cover_share) * share[:, slot]
        roster.tenant[rows, slot] = plan.tenants[slot]
    cover = np.clip(dials.cover_share * (0.4 + 1.2 * rng.random(len(rows))), 0.0, 0.95)
    scale = ((1.0 - cover) / max(1.0 - dials.cover_share, 1e-9)).astype(np.float32)
    roster.weight[rows, :2] *= scale[:, None]
    roster.popular[rows] = cover if dials.cover_kind == "popular" else 0.15 * cover
    roster.output[rows] += 0.25


def _other(scene: Scene, lab: Lab) -> Lab:
    """Return the lab that another one dresses up as."""
    others = [one for one in scene.labs if one.lab_id != lab.lab_id]
    documented = [one for one in others if one.documented]
    return (documented or others or [lab])[0]


def _life(scene: Scene, plan: RingPlan, dials: Dials) -> None:
    rng, roster, rows = scene.rng(f"ring/{plan.number}/life"), scene.roster, plan.rows
    days = float(scene.options.days)
    begin = rng.random() * 0.15 * days
    batch = _units(plan, SIGNUP_BATCH, scene.options.attacks.cells)
    batches = int(batch.max()) + 1
    opened = begin + rng.random(batches) ** 1.5 * 0.5 * (days - begin)
    roster.first[rows] = opened[batch] + rng.random(len(rows)) * 2.0
    roster.last[rows] = days
    age = dials.ageing_days * np.exp(rng.normal(0.0, 0.9, batches))
    spread = 0.08 + dials.ageing_days / 60.0
    roster.created[rows] = np.minimum(
        opened[batch] - age[batch] + rng.exponential(spread, len(rows)), roster.first[rows] - 0.01
    )
    roster.rate[rows] = dials.per_day * np.exp(rng.normal(-0.18, 0.6, len(rows)))
    roster.duty[rows] = rng.beta(6 * dials.duty, 6 * (1 - dials.duty), len(rows))
    if scene.options.attacks.slow:
        roster.rate[rows] = 2.0 * dials.per_day
    roster.sparing[rows] = scene.options.attacks.slow
    api = chance(rng, 0.6, len(rows))
    roster.pathway[rows[api]] = choose(rng, np.array([0.75, 0.0, 0.0, 0.25]), int(api.sum()))
    roster.agent[rows[api]] = rng.integers(4, 8, int(api.sum()))
    shell = chance(rng, 0.04, len(rows))
    roster.org[rows[shell]] = scene.next_org + batch[shell]
    scene.next_org += batches


def _payment(scene: Scene, plan: RingPlan, clients: list[Lab], dials: Dials) -> None:
    rng, roster, rows = scene.rng(f"ring/{plan.number}/payment"), scene.roster, plan.rows
    unit = _units(plan, dials.accounts_per_card, scene.options.attacks.cells, rng)
    count = int(unit.max()) + 1
    batch = np.arange(count) // max(1, round(CARD_BATCH / dials.accounts_per_card))
    batches = int(batch.max()) + 1
    theirs = np.array([one for lab in clients for one in lab.bins])
    bins = np.where(
        chance(rng, 0.25, batches),
        theirs[rng.integers(0, len(theirs), batches)],
        choose(rng, np.array(COUNTRY_SHARE), batches) * PER_COUNTRY
        + (rng.random(batches) ** 1.7 * PER_COUNTRY).astype(np.int64),
    )
    kinds = choose(rng, np.array([0.34, 0.26, 0.13, 0.2, 0.05, 0.01, 0.01]), batches)
    issued = scene.cards.issue(bins[batch], kinds[batch])
    operator = scene.cards.issue(bins[:1], np.array([CARD_KINDS.index("credit")]))
    roster.card[rows, 0] = roster.card[rows, 1] = issued[unit]
    roster.card_switch[rows] = np.inf
    roster.card[rows, 2] = operator[0]
    roster.card_slip[rows] = 0.3 * dials.leaks
    roster.card[rows[chance(rng, 0.12, len(rows))]] = -1
    roster.mail[rows] = np.where(chance(rng, 0.06, len(rows)), clients[0].mail, roster.mail[rows])


def _devices(scene: Scene, plan: RingPlan, dials: Dials) -> None:
    rng, roster, rows = scene.rng(f"ring/{plan.number}/device"), scene.roster, plan.rows
    unit = _units(plan, dials.accounts_per_device, scene.options.attacks.cells, rng)
    each = rng.integers(1, 4, int(unit.max()) + 1)
    first = scene.fingerprints(int(each.sum()))[np.cumsum(each) - each]
    roster.device[rows, 0], roster.devices[rows, 0] = first[unit], each[unit]
    # A mistake shows one of the operator's desks, where some 25 accounts are looked after.
    desk = _units(plan, SIGNUP_BATCH, scene.options.attacks.cells)
    slip = chance(rng, LEAKING, len(rows))
    desks = scene.fingerprints(int(desk.max()) + 1)[desk]
    roster.device[rows[slip], 1], roster.devices[rows[slip], 1] = desks[slip], 1
    roster.device_shared[rows[slip]] = dials.leaks / LEAKING


def _egress(scene: Scene, plan: RingPlan, clients: list[Lab], dials: Dials) -> None:
    rng, roster, rows, network = scene.rng(f"ring/{plan.number}/egress"), scene.roster, plan.rows, scene.network
    span = float(np.mean(roster.last[rows] - roster.first[rows]))
    leases = max(1.0, dials.duty * span * 1.4)
    roster.place_key[rows] = rows[:, None]
    for cell in np.unique(plan.cell).tolist():
        mine = rows[plan.cell == cell]
        contacts = len(mine) * leases / dials.exit_reuse
        # Residential proxies are bought for the country that the account claims.
        for country in np.unique(roster.country[mine]).tolist():
            here = mine[roster.country[mine] == country]
            exits = int(max(2.0, contacts * dials.residential * len(here) / len(mine)))
            roster.place[here, RESIDENTIAL] = network.place(_borrowed(scene, rng, exits, country), 10.0)
        racks = int(np.clip(contacts * (1.0 - dials.residential) / POOLS, 2, 8192))
        for pool in range(POOLS):
            roster.place[mine[pool::POOLS], DATACENTRE] = network.place(_rented(scene, rng, racks), 10.0)
    roster.place[rows, VPN] = scene.around.vpn[rng.integers(0, len(scene.around.vpn), len(rows))]
    office = int(scene.around.business[int(rng.integers(0, len(COUNTRIES))), 0])
    roster.place[rows, OPERATOR] = network.site(office, int(rng.integers(1, 4)))
    served = np.array([lab.egress for lab in clients])[np.argmax(roster.weight[rows, : len(clients)], axis=1)]
    roster.place[rows, CLIENT] = served
    near = (chance(rng, 0.3, len(rows))) * dials.direct / 0.3
    rest = 1.0 - dials.leaks - dials.direct
    hidden = np.clip(dials.residential + rng.normal(0.0, 0.1, len(rows)), 0.0, 1.0)
    for weights in (roster.at_work, roster.off_work):
        weights[rows] = 0.0
        weights[rows, RESIDENTIAL] = rest * hidden
        weights[rows, DATACENTRE] = rest * (1.0 - hidden) * (1.0 - dials.vpn)
        weights[rows, VPN] = rest * (1.0 - hidden) * dials.vpn
        weights[rows, OPERATOR] = dials.leaks
        weights[rows, CLIENT] = near


def _borrowed(scene: Scene, rng: np.random.Generator, count: int, country: int) -> NDArray[np.int64]:
    """Pick residential addresses that belong to unsuspecting households of a country."""
    return _picked(scene, rng, scene.around.homes[country, choose(rng, np.array([0.5, 0.35, 0.15]), count)])


def _rented(scene: Scene, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Pick machines in two clouds, from the same pools as everybody's."""
    clouds = scene.around.machines.ravel()[rng.permutation(scene.around.machines.size)[:2]]
    return _picked(scene, rng, clouds[rng.integers(0, len(clouds), count)])


def _picked(scene: Scene, rng: np.random.Generator, place: NDArray[np.integer]) -> NDArray[np.int64]:
    """Pick an address of each place."""
    count = len(place)
    book = {one: scene.network.book[one] for one in np.unique(place).tolist()}
    picked = np.empty(count, dtype=np.int64)
    for one, addresses in book.items():
        where = np.flatnonzero(place == one)
        picked[where] = addresses[rng.integers(0, len(addresses), len(where))]
    return np.unique(picked)


def _rhythm(scene: Scene, plan: RingPlan, clients: list[Lab], dials: Dials) -> None:
    rng, roster, rows = scene.rng(f"ring/{plan.number}/rhythm"), scene.roster, plan.rows
    human = rng.random(len(rows)) < dials.human_rhythm
    machine = rows[~human]
    roster.profile[machine] = PROFILES.index("flat")
    roster.weekend[machine] = 1.0
    main = np.argmax(roster.weight[rows, : len(clients)], axis=1)
    shard = plan.cell * 1000 + np.arange(len(rows)) % max(1, len(rows) // 60)
    shards = np.unique(main * (len(rows) * 1001) + shard, return_inverse=True)[1]
    roster.sync_group[rows] = scene.next_sync + shards
    scene.next_sync += int(shards.max()) + 1
    weight = np.where(human, 0.14, 0.6) * (0.6 + 0.8 * rng.random(len(rows)))
    roster.sync[rows] = 0.0 if scene.options.attacks.slow else weight
    roster.sync_profile[rows] = PROFILES.index("office")
    employers = [_other(scene, lab) for lab in clients] if scene.options.flags.hours else clients
    middle = np.array([lab.hours[0] - ((lab.hours[1] + lab.hours[2]) / 2.0 - 13.5) for lab in employers])
    roster.sync_offset[rows] = middle[main]


def _churn(scene: Scene, plan: RingPlan, dials: Dials) -> None:
    """Ban one of two neighbours and let the other one take over its card, device, exits and wording."""
    rng, roster, rows = scene.rng(f"ring/{plan.number}/churn"), scene.roster, plan.rows
    pairs = np.arange(0, len(rows) - 1, 2)
    pairs = pairs[rng.random(len(pairs)) < dials.churn]
    old, new = rows[pairs], rows[pairs + 1]
    span = scene.options.days - roster.first[old]
    banned = roster.first[old] + (0.2 + 0.6 * rng.random(len(old))) * span
    roster.last[old] = banned
    roster.first[new] = np.minimum(banned + rng.exponential(0.5, len(old)), scene.options.days - 0.5)
    for column in ("card", "device", "devices", "variant", "place_key"):
        getattr(roster, column)[new] = getattr(roster, column)[old]


def proxy_customers(scene: Scene, plans: list[RingPlan], rows: NDArray[np.int64]) -> None:
    """Let honest people buy the same exits as the rings: they share addresses and nothing else."""
    rng, roster = scene.rng("proxycustomer"), scene.roster
    roster.kind[rows] = KINDS.index("proxycustomer")
    weights = np.array([len(plan.rows) for plan in plans], dtype=np.float64)
    of = choose(rng, weights, len(rows))
    for plan in plans:
        mine = rows[of == plan.number]
        source = plan.rows[rng.integers(0, len(plan.rows), len(mine))]
        use = rng.beta(2.0, 2.0, len(mine)) * 2.0
        roster.place[mine, ODD], roster.place[mine, EXTRA] = (
            roster.place[source, RESIDENTIAL],
            roster.place[source, DATACENTRE],
        )
        hidden = scene.options.resolved.residential
        for weight in (roster.at_work, roster.off_work):
            weight[mine, ODD], weight[mine, EXTRA] = use * hidden, use * (1.0 - hidden)
        roster.group[mine] = scene.next_group
        scene.next_group += 1
