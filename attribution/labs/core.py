"""Core templates of a ring: what is sent from many of its accounts and hardly anywhere else.

Cover prompts that thousands copy are common outside, one-off requests of a proxy operator's other customers are seen
once: both fall through here, and so belong to no campaign. Wordings of one template are one unit where text is known.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from attribution.domain import Facet, Verdict
from attribution.labs.similarity import features, rarity, similarity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from attribution.domain import Population, Ring, Traffic

SAME_WORDING = 0.62
"""Templates at least this alike are wordings of one unit (see `similarity`)."""
MAX_UNITS = 240
"""Units that the split looks at, those of most accounts; the rest follow their nearest unit."""
MAX_TEXTS = 1_500
"""Templates of one ring whose text is compared pair by pair."""
HOURS = 24
WEEK = 7


@dataclass(frozen=True, slots=True)
class Unit:
    """One template of a ring, in all its wordings, with what the split compares.

    Attributes
    ----------
    templates : template ids, sorted.
    text : pattern of the most used wording, None where unknown.
    accounts : int32, the members who used it, ascending positions in the ring's member list.
    events : exchanges.
    account_days : sum over days of the accounts active with it: how many draws its histograms are worth.
    hours, weekdays : int64 (24,) and (7,), events.
    days, mix : events by calendar day and by (model, pathway), columns as in `Core.days` and `Core.mixes`.
    targets : capability shares of its text, empty where unknown.
    """

    templates: tuple[str, ...]
    text: str | None
    accounts: NDArray[np.int32]
    events: int
    account_days: int
    hours: NDArray[np.int64]
    weekdays: NDArray[np.int64]
    days: NDArray[np.int64]
    mix: NDArray[np.int64]
    targets: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Core:
    """A ring's core templates; `use` is int64 (members, units), events."""

    units: tuple[Unit, ...]
    use: NDArray[np.int64]
    total: NDArray[np.int64]
    """Events of each member, of whatever template."""
    unlabelled: NDArray[np.bool_]
    """Members none of whose traffic has a template: for them a campaign cannot be told from the ring."""
    wording: tuple[int, ...] = ()
    """Number of each unit's wording: units of one number are worded alike and differ in the capability that they ask
    for. Empty: each unit has its own."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is known of templates by text: pattern and features by template id."""

    pattern: Mapping[str, str]
    background: Mapping[str, float]
    """Rarity of each feature over all templates of the logs."""
    common: tuple[frozenset[str], ...] = ()
    """Features of the most used templates that no ring sent."""
    others: tuple[str, ...] = ()
    """Patterns of these."""


def texts_of(templates: pa.Table | None, wanted: Sequence[str], limit: int = 5_000, common: int = 400) -> Texts:
    """Take the patterns of `wanted`, feature rarities over the `limit` most used, and the most used others."""
    if templates is None or not templates.num_rows:
        return Texts({}, {})
    frame = templates.select(["template_id", "pattern", "prompts"]).to_pandas()
    frame = frame.sort_values(["prompts", "template_id"], ascending=[False, True]).drop_duplicates("template_id")
    keep = frame[frame["template_id"].isin(set(wanted))]
    pattern = {str(t): str(p) for t, p in zip(keep["template_id"], keep["pattern"], strict=True)}
    found = [features(str(text)) for text in frame["pattern"].head(limit)]
    others = ~frame["template_id"].head(limit).isin(set(wanted)).to_numpy()
    elsewhere = [
        (text, str(pattern_))
        for text, pattern_, other in zip(found, frame["pattern"].head(limit), others.tolist(), strict=True)
        if other
    ][:common]
    return Texts(
        dict(sorted(pattern.items())),
        rarity(found),
        tuple(text for text, _ in elsewhere),
        tuple(pattern_ for _, pattern_ in elsewhere),
    )


@dataclass(frozen=True, slots=True)
class Frames:
    """The traffic as numbers, prepared once for all rings: histograms become sums over slices."""

    exchanges: pd.DataFrame
    hours: Mapping[tuple[str, str], pd.DataFrame]
    days: Mapping[tuple[str, str], pd.DataFrame]
    calendar: int
    mixes: int

    @classmethod
    def of(cls, traffic: Traffic) -> Frames:
        """Give numbers to days and to pairs of model and pathway; group hours and days by ring and template."""
        rows = traffic.exchanges[["account_id", "template_id", "events"]].copy()
        mix = traffic.exchanges["model"].fillna("") + "\0" + traffic.exchanges["pathway"].fillna("")
        distinct = np.sort(mix.unique())
        rows["mix"] = np.searchsorted(distinct, mix.to_numpy(dtype=distinct.dtype))
        days = traffic.days[traffic.days["template_id"].notna()]
        calendar = traffic.days["day"].drop_duplicates().sort_values(ignore_index=True)
        days = days.assign(number=calendar.searchsorted(days["day"]))
        hours = traffic.hours[traffic.hours["template_id"].notna()]
        return cls(rows, _by_template(hours), _by_template(days), len(calendar), len(distinct))


def _by_template(rows: pd.DataFrame) -> Mapping[tuple[str, str], pd.DataFrame]:
    return {(str(ring), str(name)): part for (ring, name), part in rows.groupby(["ring", "template_id"], sort=True)}


def _rows_of(frames: Mapping[tuple[str, str], pd.DataFrame], ring: str, group: tuple[str, ...]) -> list[pd.DataFrame]:
    return [frames[key] for name in group for key in ((ring, name), ("", name)) if key in frames]


def core_of(
    ring: Ring, population: Population, frames: Frames, texts: Texts, outside: Outside, recognise: Recogniser
) -> Core:
    """Find a ring's core templates and gather what the split compares."""
    names = population.accounts.take(ring.members.tolist()).to_pylist()
    place = {str(name): row for row, name in enumerate(names)}
    rows = frames.exchanges[frames.exchanges["account_id"].isin(place)]
    rows = rows.assign(member=rows["account_id"].map(place).to_numpy(dtype=np.int64))
    total = np.bincount(rows["member"], weights=rows["events"], minlength=len(names)).astype(np.int64)
    sent = rows[rows["template_id"].notna()]
    unlabelled = ~outside.labelled(ring.members)
    unlabelled[sent["member"].to_numpy()] = False
    groups = _groups(sent, len(names), texts, outside, recognise)
    column = {template: number for number, (_, group) in enumerate(groups) for template in group}
    core = sent.assign(unit=sent["template_id"].map(column)).dropna(subset=["unit"]).astype({"unit": np.int64})
    use = np.zeros((len(names), len(groups)), dtype=np.int64)
    np.add.at(use, (core["member"].to_numpy(), core["unit"].to_numpy()), core["events"].to_numpy())
    parts = dict(iter(core.groupby("unit", sort=True)))
    units = tuple(
        _unit(group, ring.ring_id, parts[number], frames, texts, recognise) for number, (_, group) in enumerate(groups)
    )
    return Core(units, use, total, np.asarray(unlabelled, dtype=bool), tuple(wording for wording, _ in groups))


def worded(core: Core) -> tuple[Core, NDArray[np.int64]]:
    """Return the ring with all that is worded alike in one unit, whatever it asks for, and the unit of each part.

    A unit asks for what its most used part asks for: what looks like two capabilities in one wording is often one that
    the recogniser mistakes.
    """
    _, part = np.unique(np.array(core.wording or range(len(core.units)), dtype=np.int64), return_inverse=True)
    count = int(part.max()) + 1 if len(part) else 0
    use = np.zeros((len(core.use), count), dtype=np.int64)
    np.add.at(use.T, part, core.use.T)
    units = []
    for number in range(count):
        own = [core.units[place] for place in np.flatnonzero(part == number).tolist()]
        main = max(own, key=lambda unit: unit.events)
        units.append(
            dataclasses.replace(
                main,
                templates=tuple(sorted(name for unit in own for name in unit.templates)),
                accounts=np.unique(np.concatenate([unit.accounts for unit in own])),
                events=sum(unit.events for unit in own),
                account_days=sum(unit.account_days for unit in own),
                **{
                    name: np.sum([getattr(unit, name) for unit in own], axis=0)
                    for name in ("hours", "weekdays", "days", "mix")
                },
            )
        )
    return Core(tuple(units), use, core.total, core.unlabelled), part


class Recogniser:
    """The capability recogniser, remembered by text (a ring's templates are asked for again and again).

    `own` are the dossiers' own capabilities, each with example templates.
    """

    def __init__(self, own: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
        from attribution.labs.targets import recognise  # noqa: PLC0415  # its cues are loaded when first needed

        self._recognise = partial(recognise, examples=own)
        self._seen: dict[str, Mapping[str, float]] = {}

    def __call__(self, text: str) -> Mapping[str, float]:
        """Return capability shares of a template's text."""
        if text not in self._seen:
            self._seen[text] = dict(sorted(self._recognise(text).items()))
        return self._seen[text]

    def main(self, text: str) -> str:
        """Return the capability that a text asks for most, empty where it asks for none."""
        return most_asked(self(text)) if text else ""


def most_asked(shares: Mapping[str, float]) -> str:
    """Return the capability with the largest share, the first by name of equals; empty where there is none."""
    return min(shares, key=lambda name: (-shares[name], name), default="")


class Outside:
    """How many accounts outside all suspected rings use each template, and which accounts have any template at all."""

    def __init__(self, population: Population, rings: Sequence[Ring]) -> None:
        self.mask = np.ones(population.size, dtype=bool)
        for ring in rings:
            if ring.verdict is not Verdict.INNOCENT:
                self.mask[ring.members] = False
        self.size = int(self.mask.sum())
        incidence = population.incidence.get(Facet.TEMPLATE)
        self._users: dict[str, int] = {}
        self._labelled = np.zeros(population.size, dtype=bool)
        if incidence is not None:
            owner = np.repeat(np.arange(population.size), np.diff(incidence.indptr))
            self._labelled[owner] = True
            count = np.bincount(incidence.indices[self.mask[owner]], minlength=len(incidence.values))
            self._count = count
            inside = np.unique(incidence.indices[~self.mask[owner]])
            picked = incidence.values.take(pa.array(inside, pa.int64())).to_pylist()  # noqa: PD011  # Arrow, not pandas
            self._users = {str(name): int(count[number]) for name, number in zip(picked, inside, strict=True)}

    def users(self, template: str) -> int:
        """Return how many accounts outside rings sent it."""
        return self._users.get(template, 0)

    def labelled(self, members: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which of the members have a template anywhere in their traffic."""
        return self._labelled[members]


def is_core(inside: int, members: int, outside: int, population: int) -> bool:
    """Say whether a template belongs to the ring: three members or more, and far more common inside than outside.

    Either most of its users are in the ring, or a tenth of the ring uses it and that is twenty times the rate outside.
    """
    if inside < 3:  # two may be chance, or one person's two accounts
        return False
    if inside >= outside:
        return True
    rate = (outside + 1) / (population + 1)
    return inside >= 0.1 * members and inside / members >= 20 * rate  # as documented


def _groups(
    sent: pd.DataFrame, members: int, texts: Texts, outside: Outside, recognise: Recogniser
) -> list[tuple[int, tuple[str, ...]]]:
    """Return the core templates, those of most members first: wordings that ask for the same together, numbered."""
    users = {str(name): set(part.tolist()) for name, part in sent.groupby("template_id", sort=True)["member"]}
    candidates = [
        name
        for name, used in users.items()
        if len(used) >= max(1, outside.users(name)) or is_core(len(used), members, outside.users(name), outside.size)
    ]
    candidates.sort(key=lambda name: (-len(users[name]), name))
    label = _wordings(candidates[:MAX_TEXTS], texts)
    label += list(range(len(label), len(candidates)))
    groups: dict[tuple[int, str], list[str]] = {}
    for name, number in zip(candidates, label, strict=True):
        groups.setdefault((number, recognise.main(texts.pattern.get(name, ""))), []).append(name)
    sized = [
        (
            len(set().union(*(users[name] for name in group))),
            sum(outside.users(name) for name in group),
            tuple(sorted(group)),
            number,
        )
        for (number, _), group in groups.items()
    ]
    kept = [
        (inside, group, number) for inside, out, group, number in sized if is_core(inside, members, out, outside.size)
    ]
    return [(number, group) for _, group, number in sorted(kept, key=lambda item: (-item[0], item[1]))][:MAX_UNITS]


def _wordings(names: Sequence[str], texts: Texts) -> list[int]:
    """Give a number to each template, wordings of one template (connected by likeness) the same."""
    known = [number for number, name in enumerate(names) if name in texts.pattern]
    label = list(range(len(names)))
    if len(known) < 2:  # nothing to compare
        return label
    found = [features(texts.pattern[names[number]]) for number in known]
    alike = similarity(found, found, texts.background) >= SAME_WORDING
    _, parts = connected_components(sparse.csr_matrix(alike), directed=False)
    first: dict[int, int] = {}
    for number, part in zip(known, parts.tolist(), strict=True):
        label[number] = first.setdefault(part, number)
    return label


def _unit(
    group: tuple[str, ...], ring: str, own: pd.DataFrame, frames: Frames, texts: Texts, recognise: Recogniser
) -> Unit:
    by_template = own.groupby("template_id", sort=True)["events"].sum()
    main = min(by_template.index, key=lambda name: (-int(by_template[name]), str(name)))
    hours = _rows_of(frames.hours, ring, group)
    days = _rows_of(frames.days, ring, group)
    text = texts.pattern.get(str(main))
    return Unit(
        templates=group,
        text=text,
        accounts=np.unique(own["member"].to_numpy()).astype(np.int32),
        events=int(own["events"].sum()),
        account_days=sum(int(part["accounts"].sum()) for part in days),
        hours=_histogram([part["hour"] for part in hours], hours, HOURS),
        weekdays=_histogram([part["weekday"] - 1 for part in hours], hours, WEEK),
        days=_histogram([part["number"] for part in days], days, frames.calendar),
        mix=_histogram([own["mix"]], [own], frames.mixes),
        targets=recognise(text) if text is not None else {},
    )


def _histogram(position: list[pd.Series], parts: list[pd.DataFrame], size: int) -> NDArray[np.int64]:
    counted = np.zeros(size, dtype=np.int64)
    for where, part in zip(position, parts, strict=True):
        np.add.at(counted, where.to_numpy(dtype=np.int64), part["events"].to_numpy(dtype=np.int64))
    return counted
