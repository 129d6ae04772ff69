"""What a world shall be like: its size, the dials of evasion, the attacks on the method, the state of the dossiers.

Every dial can be set alone; `evasion` moves all of them along five anchors (0 careless, .25 moderate, .5 private,
.75 paraphrased, 1 hardest), and `preset` names those anchors and the attacks.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

from attribution.errors import UsageError

PARAPHRASE = ("none", "ring", "batch", "account")
COVER = ("popular", "private")
FORMATS = ("parquet", "csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "jsonl.zst")
DROPPABLE = (
    *("event_id", "ip", "device", "payment", "prompt", "template_id", "model", "endpoint", "pathway", "user_agent"),
    *("input_tokens", "output_tokens", "refused", "accounts", "ips", "payments", "enrichment"),
)
"""What `drop` understands: columns of `events` (`device` and `payment` for their ids), tables, or all `enrichment`."""


@dataclass(frozen=True, kw_only=True)
class Dials:
    """How careful the rings are, one dial an evasion. The defaults are the `careless` preset."""

    accounts_per_card: float = 30.0
    """Ring accounts that pay with the same instrument; 1: everybody has a card of their own."""
    accounts_per_device: float = 20.0
    """Ring accounts behind one device fingerprint; 1: a device each."""
    residential: float = 0.05
    """Share of sessions that leave through residential proxies; the rest through datacentres and commercial VPNs."""
    vpn: float = 0.2
    """Share of the other sessions that uses a commercial VPN, beside its honest customers."""
    exit_reuse: float = 40.0
    """Ring accounts that meet at one exit address of the operator's pool, on average; 1: seen mostly once."""
    human_rhythm: float = 0.0
    """0: round the clock on a job schedule; 1: each account follows a person's day in its claimed time zone."""
    cover_share: float = 0.05
    """Share of traffic that is no extraction."""
    cover_kind: str = "popular"
    """`popular`: prompts that thousands copy; `private`: varied one-off requests of the operator's other customers."""
    paraphrase: str = "none"
    """Who gets a wording of their own: `none`, each `ring`, each `batch` of accounts, each `account`."""
    paraphrase_batch: int = 10
    """Accounts that share a wording where `paraphrase` is `batch`."""
    ageing_days: float = 2.0
    """Median age of an account when it is first used."""
    leaks: float = 0.08
    """Rate of operational mistakes: a session on the operator's own address, device or card."""
    direct: float = 0.10
    """Share of sessions that a client runs from its own network instead of the operator's exits."""
    per_day: float = 6.0
    """Requests a day of an account in use."""
    duty: float = 0.5
    """Share of days on which an account in use sends anything."""
    churn: float = 0.3
    """Share of accounts that are banned and replaced by another one on the same card and device."""
    templates: int = 6
    """Templates per client."""


ANCHORS: tuple[tuple[str, Dials], ...] = (
    ("careless", Dials()),
    (
        "moderate",
        Dials(
            accounts_per_card=5.0, accounts_per_device=2.0, residential=0.35, vpn=0.35, exit_reuse=12.0,
            human_rhythm=0.85, cover_share=0.25, ageing_days=60.0, leaks=0.03, direct=0.05, per_day=4.0, duty=0.45,
            churn=0.15, templates=8,
        ),
    ),
    (
        "private",
        Dials(
            accounts_per_card=5.0, accounts_per_device=1.5, residential=0.9, vpn=0.5, exit_reuse=1.15,
            human_rhythm=0.9, cover_share=0.4, cover_kind="private", ageing_days=90.0, leaks=0.02, direct=0.03,
            per_day=4.0, duty=0.45, churn=0.12, templates=8,
        ),
    ),
    (
        "paraphrased",
        Dials(
            accounts_per_card=5.0, accounts_per_device=1.5, residential=0.9, vpn=0.5, exit_reuse=1.15,
            human_rhythm=0.9, cover_share=0.4, cover_kind="private", paraphrase="batch", ageing_days=90.0,
            leaks=0.02, direct=0.03, per_day=4.0, duty=0.45, churn=0.12, templates=8,
        ),
    ),
    (
        "hardest",
        Dials(
            accounts_per_card=1.0, accounts_per_device=1.0, residential=0.95, vpn=0.5, exit_reuse=1.05,
            human_rhythm=0.95, cover_share=0.5, cover_kind="private", paraphrase="account", ageing_days=120.0,
            leaks=0.01, direct=0.02, per_day=4.0, duty=0.45, churn=0.1, templates=10,
        ),
    ),
)  # fmt: skip


def dials_at(evasion: float) -> Dials:
    """Interpolate all dials between the anchors (counts on a log scale, shares linearly, choices at the nearer one)."""
    if not 0.0 <= evasion <= 1.0:
        raise UsageError(f"evasion is {evasion}", remedy="choose a number from 0 (careless) to 1 (hardest)")
    place = evasion * (len(ANCHORS) - 1)
    low = min(int(place), len(ANCHORS) - 2)
    part = place - low
    before, after = ANCHORS[low][1], ANCHORS[low + 1][1]
    if part in {0.0, 1.0}:
        return after if part else before
    values: dict[str, float | int | str] = {}
    for one in dataclasses.fields(Dials):
        a, b = getattr(before, one.name), getattr(after, one.name)
        if isinstance(a, str):
            values[one.name] = b if part >= 0.5 else a  # the nearer anchor
        elif isinstance(a, int):
            values[one.name] = round(a + (b - a) * part)
        elif min(a, b) >= 1.0:
            values[one.name] = math.exp(math.log(a) + (math.log(b) - math.log(a)) * part)
        else:
            values[one.name] = a + (b - a) * part
    return Dials(**values)  # type: ignore[arg-type]  # names and types come from the fields themselves


@dataclass(frozen=True, kw_only=True)
class Attacks:
    """Attacks on the method itself; 0 or False: not made."""

    framing: float = 0.0
    """Share of ring sessions that borrow a victim's home address, or a victim's template (0.1: 10 % injected edges)."""
    camouflage: float = 0.0
    """Share of ring traffic moved to popular templates and to hubs (public VPN, mobile carrier, café)."""
    dilution: float = 0.0
    """Share of each ring's sessions made from inside an honest agency, on its office and with its templates."""
    cells: int = 0
    """Rings split into cells of this many accounts that share no card, device or exit with other cells."""
    slow: bool = False
    """One request a day for each account, never two in one window."""
    poisoning: float = 0.0
    """Throwaway accounts (as a share of all accounts) that use ring templates and exits once or twice."""


@dataclass(frozen=True, kw_only=True)
class DossierState:
    """How good the dossiers are. They never know everything: even whole ones hold a lab's facts, not the world's."""

    missing: float = 0.0
    """Share of claims removed at random, each with all its values: every ASN at once, or every example."""
    thinned: float = 0.0
    """Share of single facts removed at random: one ASN, one card prefix, one capability, one example at a time."""
    wrong: float = 0.0
    """Share of facts that are outdated or false: another network, BIN, domain, hours, date."""
    infrastructure: bool = True
    """False: no networks, ASNs, BINs, domains or known identifiers; content and working hours only."""


@dataclass(frozen=True, kw_only=True)
class FalseFlags:
    """One lab dresses up as another one."""

    network: float = 0.0
    """Share of traffic sent from the other lab's ASN."""
    templates: bool = False
    """The other lab's templates are copied for half of the extraction."""
    hours: bool = False
    """Jobs are scheduled in the other lab's working day."""


@dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """Everything that decides a world: the same options give the same bytes."""

    accounts: int = 40_000
    """All accounts, ring members included."""
    rings: int = 9
    labs: int = 4
    """Labs that run campaigns; a quarter of them, at least one, has no dossier."""
    evasion: float = 0.0
    dials: Dials | None = None
    """Set dials one by one; None: those of `evasion`."""
    seed: int = 1
    no_rings: bool = False
    ring_share: float = 0.1
    """Share of accounts that are in rings."""
    days: int = 28
    events_per_account: float = 22.0
    """Mean exchanges of an innocent account over four weeks; heavy-tailed."""
    drop: tuple[str, ...] = ()
    """Columns or tables left out; dropping `prompt` writes `template_id` instead unless that is dropped as well."""
    file_format: str = "parquet"
    part_events: int = 2_000_000
    """More events than about this many are written in parts."""
    attacks: Attacks = field(default_factory=Attacks)
    dossiers: DossierState = field(default_factory=DossierState)
    flags: FalseFlags = field(default_factory=FalseFlags)

    def __post_init__(self) -> None:
        """Refuse what makes no world.

        Raises
        ------
        UsageError
            Naming the option and what it may be.
        """
        for wrong, message, remedy in (
            (self.accounts < 500, f"{self.accounts} accounts are too few", "ask for 500 or more"),
            (
                self.rings < 0 or self.rings * 10 > self.accounts,
                f"{self.rings} rings do not fit",
                "ask for fewer rings",
            ),
            (self.labs < 1, f"{self.labs} labs", "ask for one lab or more"),
            (self.days < 7, f"{self.days} days are too few", "ask for seven days or more"),
            (not 0 < self.ring_share < 0.9, f"ring share {self.ring_share}", "choose a share between 0 and .9"),
            (self.file_format not in FORMATS, f"format {self.file_format!r}", "choose one of " + ", ".join(FORMATS)),
        ):
            if wrong:
                raise UsageError(message, remedy=remedy)
        for name in self.drop:
            if name not in DROPPABLE:
                raise UsageError(f"cannot drop {name!r}", remedy="choose from " + ", ".join(DROPPABLE))
        dials = self.resolved
        if dials.paraphrase not in PARAPHRASE or dials.cover_kind not in COVER:
            raise UsageError(
                f"paraphrase {dials.paraphrase!r}, cover kind {dials.cover_kind!r}",
                remedy=f"choose from {', '.join(PARAPHRASE)} and from {', '.join(COVER)}",
            )

    @property
    def resolved(self) -> Dials:
        """The dials in force."""
        dials = dials_at(self.evasion) if self.dials is None else self.dials
        if self.attacks.slow:
            dials = dataclasses.replace(dials, per_day=1.0, duty=0.55, human_rhythm=1.0)
        return dials

    def with_dials(self, **changes: float | str) -> WorldOptions:
        """Return the same options with some dials set, the others as they are."""
        return dataclasses.replace(self, dials=dataclasses.replace(self.resolved, **changes))  # type: ignore[arg-type]


ATTACKS: tuple[tuple[str, Attacks], ...] = (
    ("framing", Attacks(framing=0.1)),
    ("camouflage", Attacks(camouflage=0.4)),
    ("dilution", Attacks(dilution=0.3)),
    ("cells", Attacks(cells=10)),
    ("slow", Attacks(slow=True)),
    ("poisoning", Attacks(poisoning=0.2)),
)
"""Each on top of the moderate dials."""

PRESETS: tuple[str, ...] = (*(name for name, _ in ANCHORS), *(name for name, _ in ATTACKS), "innocent")


def preset(name: str, **changes: object) -> WorldOptions:
    """Return the options of a named world, with any option changed: `preset("moderate", accounts=8_000, seed=3)`.

    Raises
    ------
    UsageError
        No such preset.
    """
    options: dict[str, object]
    if name == "innocent":
        options = {"no_rings": True, "evasion": 0.25}
    elif name in dict(ANCHORS):
        options = {"evasion": [known for known, _ in ANCHORS].index(name) / (len(ANCHORS) - 1)}
    elif name in dict(ATTACKS):
        options = {"evasion": 0.25, "attacks": dict(ATTACKS)[name]}
    else:
        raise UsageError(f"no preset {name!r}", remedy="choose one of " + ", ".join(PRESETS))
    return WorldOptions(**{**options, **changes})  # type: ignore[arg-type]  # checked by the dataclass and mypy callers
