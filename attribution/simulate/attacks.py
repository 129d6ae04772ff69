"""Attacks on the method itself, made on finished rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.simulate.draws import chance, choose
from attribution.simulate.rings import ATTACK, RESIDENTIAL
from attribution.simulate.roster import HOME, KINDS, WORK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.simulate.rings import RingPlan
    from attribution.simulate.scene import Scene

IN_OFFICE = 2 / 3
"""Part of a ring that sits in the agency which it hides in; of the others some pay with its card, and that is all."""


def mount(scene: Scene, plans: list[RingPlan], spare: NDArray[np.int64]) -> None:
    """Carry out the attacks and false flags that the options ask for; `spare` rows become throwaway accounts."""
    chosen = scene.options.attacks
    if chosen.framing:
        _frame(scene, plans, chosen.framing)
    if chosen.camouflage:
        _camouflage(scene, plans, chosen.camouflage)
    if chosen.dilution:
        _dilute(scene, plans, chosen.dilution)
    if len(spare):
        _flood(scene, plans, spare)
    if scene.options.flags.network:
        _borrow_network(scene, plans, scene.options.flags.network)


def _from(
    scene: Scene, rows: NDArray[np.int64], places: NDArray[np.integer] | int, share: NDArray[np.float64] | float
) -> None:
    """Send a share of the sessions of `rows` from other places."""
    roster = scene.roster
    roster.place[rows, ATTACK] = places
    for weights in (roster.at_work, roster.off_work):
        weights[rows] *= ((1.0 - share) / np.maximum(weights[rows].sum(axis=1), 1e-9))[:, None]
        weights[rows, ATTACK] = share


def _frame(scene: Scene, plans: list[RingPlan], share: float) -> None:
    """Route sessions through the homes of victims, and copy victims' own templates."""
    rng, roster = scene.rng("framing"), scene.roster
    homes = np.flatnonzero(np.isin(roster.kind, [KINDS.index("person"), KINDS.index("household")]))
    writers = np.flatnonzero((roster.kind == KINDS.index("team")) & (roster.concepts[:, 0] > 0))
    for plan in plans:
        victims = homes[rng.permutation(len(homes))[: max(3, len(plan.rows) // 4)]]
        addresses = np.empty(len(victims), dtype=np.int64)
        for place, row in enumerate(victims.tolist()):
            book = scene.network.book[int(roster.place[row, HOME])]
            addresses[place] = book[int(rng.integers(0, len(book)))]
            # The victim keeps this address for the whole time, so that the frame holds.
            roster.place[row, HOME] = scene.network.place(addresses[place : place + 1])
        _from(scene, plan.rows, scene.network.place(np.unique(addresses)), share)
        if len(writers):
            copied = writers[rng.integers(0, len(writers))]
            roster.concept[plan.rows, 2] = roster.concept[copied, 0]
            roster.concepts[plan.rows, 2] = roster.concepts[copied, 0]
            roster.weight[plan.rows, :2] *= 1.0 - share
            roster.weight[plan.rows, 2] = share


def _parts(rng: np.random.Generator, share: float, count: int) -> NDArray[np.float64]:
    """Draw each account's own part of its traffic, `share` on average: from hardly any to nearly all."""
    if share >= 1.0:
        return np.ones(count)
    return np.minimum(rng.beta(1.0, (1.0 - share) / share, count), 0.95)


def _camouflage(scene: Scene, plans: list[RingPlan], share: float) -> None:
    """Add popular templates and hubs: public VPNs and mobile carriers."""
    rng, roster = scene.rng("camouflage"), scene.roster
    hubs = np.concatenate([scene.around.vpn, scene.around.mobile.ravel()])
    for plan in plans:
        moved = _parts(rng, share, len(plan.rows))
        _from(scene, plan.rows, hubs[rng.integers(0, len(hubs), len(plan.rows))], moved)
        roster.weight[plan.rows, :2] *= (1.0 - moved)[:, None]
        roster.popular[plan.rows] += moved


def _dilute(scene: Scene, plans: list[RingPlan], share: float) -> None:
    """Hide each ring in an agency: its office, its card and its templates for a share of what the ring does."""
    rng, roster = scene.rng("dilution"), scene.roster
    agencies = np.flatnonzero((roster.kind == KINDS.index("agency")) & (roster.card[:, 0] >= 0))
    if not len(agencies):
        return
    _, first = np.unique(roster.place[agencies, WORK], return_index=True)
    hosts = agencies[rng.permutation(first)]  # two operators seldom hit upon the same agency
    for plan in plans:
        host = hosts[plan.number % len(hosts)]
        moved = np.where(chance(rng, IN_OFFICE, len(plan.rows)), share / IN_OFFICE, 0.0)
        _from(scene, plan.rows, roster.place[host, WORK], moved)
        roster.concept[plan.rows, 2], roster.concepts[plan.rows, 2] = roster.concept[host, 0], roster.concepts[host, 0]
        roster.weight[plan.rows, :2] *= (1.0 - moved)[:, None]
        roster.weight[plan.rows, 2] = moved
        sharing = plan.rows[rng.random(len(plan.rows)) < share]
        roster.card[sharing, 0] = roster.card[sharing, 1] = roster.card[host, 0]


def _flood(scene: Scene, plans: list[RingPlan], rows: NDArray[np.int64]) -> None:
    """Open throwaway accounts that send one or two of a ring's templates, half of them through its exits."""
    rng, roster = scene.rng("poisoning"), scene.roster
    roster.kind[rows] = KINDS.index("throwaway")
    of = choose(rng, np.array([float(len(plan.rows)) for plan in plans]), len(rows))
    for plan in plans:
        mine = rows[of == plan.number]
        source = plan.rows[rng.integers(0, len(plan.rows), len(mine))]
        roster.ring[mine] = plan.number
        for column in ("concept", "concepts", "variant", "weight", "tenant"):
            getattr(roster, column)[mine] = getattr(roster, column)[source]
        through = mine[chance(rng, 0.5, len(mine))]
        roster.place[through, HOME] = roster.place[source[np.isin(mine, through)], RESIDENTIAL]
        roster.first[mine] = rng.random(len(mine)) * (scene.options.days - 2.0)
        roster.last[mine] = roster.first[mine] + 1.0
        roster.rate[mine], roster.duty[mine], roster.card[mine] = 1.3, 0.9, -1
        roster.created[mine] = roster.first[mine] - rng.exponential(1.0, len(mine))


def _borrow_network(scene: Scene, plans: list[RingPlan], share: float) -> None:
    """Send a share of each ring's traffic from the network of a lab that has nothing to do with it."""
    documented = [lab for lab in scene.labs if lab.documented] or scene.labs
    for plan in plans:
        theirs = {scene.labs[one].lab_id for one in scene.clients[plan.number]}
        others = [lab for lab in documented if lab.lab_id not in theirs]
        if others:
            _from(scene, plan.rows, others[plan.number % len(others)].egress, share)
