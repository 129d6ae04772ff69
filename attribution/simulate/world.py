"""Simulate a labelled world: the contract's input folder with truth and dossiers beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from attribution import folders
from attribution.errors import UsageError
from attribution.simulate import attacks, innocents, tables, traffic
from attribution.simulate.cards import Cards
from attribution.simulate.dossiers import write_dossiers
from attribution.simulate.draws import generator, mix, salt
from attribution.simulate.labs import found_labs
from attribution.simulate.language import lexicon, made_up
from attribution.simulate.network import Network, carriers
from attribution.simulate.options import FORMATS, WorldOptions
from attribution.simulate.rings import build_rings, proxy_customers
from attribution.simulate.roster import people
from attribution.simulate.scene import POPULAR, Scene
from attribution.simulate.templates import Concepts, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from attribution.simulate.rings import Tenant

MARK = "world.json"
"""Written last: a folder that has it is a simulated world, whole."""
TABLES = ("events", "accounts", "ips", "payments")
PROXY_CUSTOMERS = 0.015
BRANDS = 1500


@dataclass(frozen=True, slots=True)
class World:
    """What was written."""

    path: Path
    options: WorldOptions
    accounts: int
    events: int
    rings: int
    ring_accounts: int
    labs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A decided world on its way to files."""

    scene: Scene
    tenants: list[Tenant]
    accounts: pa.StringArray
    brands: list[str]
    out: Path


@dataclass(frozen=True, slots=True)
class Seen:
    """What the traffic turned out to be: exchanges by account and client (last column: for none), values used."""

    events: int
    shares: NDArray[np.int64]
    addresses: NDArray[np.int64]
    cards: NDArray[np.int64]


def simulate(
    out: Path, options: WorldOptions | None = None, progress: Callable[[str, int, int | None], None] | None = None
) -> World:
    """Write a world to `out`: events, accounts, ips, payments, `labs.yaml`, `world.json` and `truth/`.

    The same options give the same bytes. Time is about linear in the number of events (some 200,000 a second with
    prompts, more without); memory is bounded by `options.part_events`.

    Parameters
    ----------
    out : folder, made if missing. An earlier world there is replaced, at the end and as a whole.
    options : see `WorldOptions` and `preset`.
    progress : called as `progress(label, done, total)` now and then.

    Raises
    ------
    UsageError
        The folder holds tables that no simulation wrote, or cannot be written.
    """
    options = WorldOptions() if options is None else options
    _refuse_logs(out)
    with folders.replaced(out, MARK, lambda: _old(out)) as partial:
        world = _write(partial, options, progress)
    return dataclasses.replace(world, path=out)


def _old(out: Path) -> list[Path]:
    """Return what a simulation may have written there."""
    names = {"events", "truth", "labs.yaml"} | {f"{name}.{ending}" for name in TABLES for ending in FORMATS}
    return [out / name for name in sorted(names) if (out / name).exists()]


def _refuse_logs(out: Path) -> None:
    """Raise if the folder holds tables and no mark of a simulation: they may be somebody's only logs."""
    if (found := _old(out)) and not (out / MARK).exists():
        raise UsageError(f"{out}: holds {found[0].name}, which no simulation wrote", remedy="name an empty folder")


def _write(out: Path, options: WorldOptions, progress: Callable[[str, int, int | None], None] | None) -> World:
    """Write a world into an empty folder."""
    tell = progress or (lambda _label, _done, _total: None)
    tell("people and rings", 0, None)
    scene, tenants = build(options)
    accounts = account_names(options, scene.roster.size)
    brands = [name.title() for name in made_up(generator(options.seed, "brands"), BRANDS, (2, 4))]
    draft = Draft(scene, tenants, accounts, brands, out)
    seen = _write_events(draft, tell)
    total = seen.events
    _write_tables(draft, seen)
    write_dossiers(scene, out / "labs.yaml", brands)
    ring_accounts = int((scene.roster.ring >= 0).sum())
    world = World(
        out,
        options,
        scene.roster.size,
        total,
        options.rings if ring_accounts else 0,
        ring_accounts,
        tuple(lab.lab_id for lab in scene.labs),
    )
    facts = {
        "options": dataclasses.asdict(options),
        "dials": dataclasses.asdict(options.resolved),
        "accounts": world.accounts,
    }
    facts |= {"events": world.events, "rings": world.rings, "ring_accounts": world.ring_accounts, "labs": world.labs}
    (out / MARK).write_bytes(msgspec.json.format(msgspec.json.encode(facts, order="sorted"), indent=2))
    tell("done", total, total)
    return world


def build(options: WorldOptions) -> tuple[Scene, list[Tenant]]:
    """Decide everything about accounts; traffic follows from it."""
    network = Network()
    around = carriers(network, options.accounts)
    roster = people(options.seed, options.accounts, options.days, options.events_per_account, around)
    scene = Scene(
        options=options, roster=roster, network=network, around=around, cards=Cards(), concepts=Concepts(),
        next_device=1000 + 8 * roster.size, next_sync=roster.size,
    )  # fmt: skip
    scene.concepts.add_many(["popular"] * POPULAR)
    innocents.wallets(scene)
    innocents.own_prompts(scene)
    ring_total = 0 if options.no_rings or not options.rings else round(options.accounts * options.ring_share)
    honest = options.accounts - ring_total
    customers = round(honest * PROXY_CUSTOMERS) if ring_total else 0
    flood = round(options.accounts * options.attacks.poisoning) if ring_total else 0
    innocents.populate(scene, honest - customers - flood)
    scene.labs = found_labs(scene)
    if not ring_total:
        return scene, []
    plans, tenants = build_rings(scene, scene.labs, honest, ring_total)
    proxy_customers(scene, plans, np.arange(honest - customers, honest))
    attacks.mount(scene, plans, np.arange(honest - customers - flood, honest - customers))
    return scene, tenants


def account_names(options: WorldOptions, count: int) -> pa.StringArray:
    """Return account ids that say nothing about who is who."""
    return tables.names(options.seed, "acc", np.arange(count))


def _parts(scene: Scene) -> list[NDArray[np.int64]]:
    """Cut the accounts into ranges of about `part_events` exchanges, each a cross-section of all classes."""
    order = np.argsort(mix(salt(scene.options.seed, "order"), np.arange(scene.roster.size)), kind="stable")
    expected = np.cumsum(traffic.expected_events(scene.roster)[order])
    parts = max(1, int(np.ceil(expected[-1] / scene.options.part_events)))
    cuts = np.searchsorted(expected, expected[-1] * np.arange(1, parts) / parts)
    return [np.sort(rows) for rows in np.split(order, cuts)]


def _write_events(draft: Draft, tell: Callable[[str, int, int | None], None]) -> Seen:
    scene, options = draft.scene, draft.scene.options
    words = None if "prompt" in options.drop else lexicon(generator(options.seed, "lexicon"))
    cast = traffic.Cast(options, scene.roster, scene.network.frozen(), tuple(scene.labs), tuple(draft.tenants))
    writer = Writer(options.seed, scene.concepts, draft.brands)
    parts = _parts(scene)
    slots = len(draft.tenants) + 1
    shares = np.zeros((scene.roster.size, slots), dtype=np.int64)
    seen = np.zeros(scene.network.next_address, dtype=np.bool_)
    used = np.zeros(scene.cards.count, dtype=np.bool_)
    total = 0
    for number, rows in enumerate(parts):
        tell("events", number, len(parts))
        one = traffic.make(cast, rows, number)
        table = tables.events_table(scene, one, draft.accounts, tables.Text(words, writer, number), total)
        stem = draft.out / "events" if len(parts) == 1 else draft.out / "events" / f"part-{number:04d}"
        tables.write(table, stem, options.file_format)
        seen[one.address] = True
        used[one.card[one.card >= 0]] = True
        flat = one.account.astype(np.int64) * slots + np.where(one.tenant >= 0, one.tenant, slots - 1)
        shares += np.bincount(flat, minlength=scene.roster.size * slots).reshape(-1, slots)
        total += len(one.account)
    return Seen(total, shares, np.flatnonzero(seen), np.flatnonzero(used))


def _write_tables(draft: Draft, seen: Seen) -> None:
    scene, out, accounts = draft.scene, draft.out, draft.accounts
    options, roster = scene.options, scene.roster
    drop = set(options.drop)
    if "accounts" not in drop:
        people = tables.accounts_table(scene, accounts, draft.brands).sort_by("account_id")  # no order of kinds
        tables.write(people, out / "accounts", options.file_format)
    if not drop & {"ip", "ips", "enrichment"}:
        tables.write(scene.network.table(seen.addresses, scene.rng("ips")), out / "ips", options.file_format)
    if not drop & {"payment", "payments", "enrichment"}:
        ids = tables.names(options.seed, "pm", np.arange(scene.cards.count))
        cards = scene.cards.table(seen.cards, ids, scene.rng("payments")).sort_by("payment_id")
        tables.write(cards, out / "payments", options.file_format)
    labs = np.full(roster.size, -1, dtype=np.int64)
    members = np.flatnonzero(roster.ring >= 0)
    if len(members):
        lab_of = np.array([tenant.lab for tenant in draft.tenants])
        work = seen.shares[members, :-1]
        # An account that happened to send nothing for a client still works for its operator's main one.
        labs[members] = lab_of[np.where(work.any(axis=1), np.argmax(work, axis=1), roster.tenant[members, 0])]
    tables.write(tables.truth_table(scene, accounts, labs), out / "truth" / "accounts", "parquet")
    tables.write(_campaigns(draft, seen.shares), out / "truth" / "campaigns", "parquet")


def _campaigns(draft: Draft, shares: NDArray[np.int64]) -> pa.Table:
    """Return `truth/campaigns`: for each account and client, the share of all its exchanges made for that client."""
    account, tenant = np.nonzero(shares[:, :-1])
    portion = shares[account, tenant] / np.maximum(shares[account].sum(axis=1), 1)
    ring = pa.array([f"ring-{one.ring:02d}" for one in draft.tenants], pa.string())
    lab = pa.array([draft.scene.labs[one.lab].lab_id for one in draft.tenants], pa.string())
    return pa.table(
        {
            "account_id": draft.accounts.take(pa.array(account)),
            "ring": ring.take(pa.array(tenant)),
            "lab": lab.take(pa.array(tenant)),
            "share": pa.array(portion, pa.float64()),
        }
    )
