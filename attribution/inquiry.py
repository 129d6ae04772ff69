"""Why two accounts are linked or not, and what holds a ring together: answered from the store of a finished run.

Nothing of this is kept: links, p-values and what was suppressed are computed again from the facts in the store, with
the settings in `run.json`, by the code that the run used. The same store gives the same answer.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from attribution import output, report
from attribution.casework import heard
from attribution.config import Config
from attribution.domain import FAMILY_OF, Facet, Family
from attribution.errors import NotFoundError, UsageError
from attribution.projection import Projection, Why, bridges, condense, family_of, project
from attribution.projection import why as explain
from attribution.projection.project import reason as suppression
from attribution.projection.why import COLUMNS
from attribution.store.embedded import EmbeddedStore
from attribution.warehouse import connect, fingerprint, population, template_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from attribution.domain import Links, Population
    from attribution.judgements.hearing import Hearing
    from attribution.report.document import RingEntry

SHOWN = 20
"""Shared values of a facet, strongest links and cells that an answer lists."""
OTHER_FACTS = "the store holds other facts than that run saw: this is about what it holds now"


@dataclass(frozen=True, slots=True)
class FacetWhy:
    """What one facet says of a ring.

    `links` of the links inside rest on it, with `nats` in all; `members` use a value that counts and that another
    member uses. `missing` names the input column without which the facet is unknown.
    """

    facet: Facet
    family: Family
    links: int
    nats: float
    members: int
    missing: str | None


@dataclass(frozen=True, slots=True)
class RingValue:
    """A value that two members or more use: by how many inside and in all, and why it does not count, if so."""

    facet: Facet
    value: str
    members: int
    accounts: int
    suppressed: str | None


@dataclass(frozen=True, slots=True)
class CellTie:
    """Two cells of a ring (numbers into `RingWhy.cells`), each taken for one account: nats by facet, and the chance."""

    cells: tuple[int, int]
    facets: tuple[tuple[Facet, float], ...]
    weight: float
    p_value: float


@dataclass(frozen=True, slots=True)
class RingWhy:
    """What holds a ring together.

    Attributes
    ----------
    members : account ids. possible, links : pairs of members, and how many of them are linked.
    cells : sizes of the groups that the links hold together, largest first; accounts without a link are in none.
    ties : what ties cells as wholes. unlinked : members without a link inside.
    strongest : the links with the least chance, explained in full.
    suppressed : values that members share and that are too common to count.
    judged : what people decided about pairs of members; their links are among `links`.
    note : empty, or why this may differ from what the run saw.
    """

    ring_id: str
    verdict: str
    members: tuple[str, ...]
    possible: int
    links: int
    facets: tuple[FacetWhy, ...]
    cells: tuple[int, ...]
    ties: tuple[CellTie, ...]
    unlinked: tuple[str, ...]
    shared: tuple[RingValue, ...]
    suppressed: tuple[RingValue, ...]
    strongest: tuple[Why, ...]
    judged: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class PairWhy:
    """Two accounts: the rings that each is in (None: in no cluster), and facet by facet why they are linked or not.

    `judged` is what people decided about the two: it overrules what the facets say.
    """

    rings: tuple[str | None, str | None]
    why: Why
    judged: tuple[str, ...]
    note: str


def why(
    out: Path | str, subject: str, other: str | None = None, *, store: Path | str | None = None
) -> PairWhy | RingWhy:
    """Say why two accounts are linked or not, or (without `other`) what holds a ring together.

    Parameters
    ----------
    out : output folder of a run.
    subject, other : two account ids; or a ring: its id, or as much of it as is unique.
    store : the DuckDB file, where the run was given one of its own.

    Raises
    ------
    NotFoundError
        No such run, store, account or ring.
    """
    folder = Path(out)
    document = report.read(folder)
    entry = document.ring(subject) if other is None else None
    with _opened(folder, store) as (people, config, hearing, note):
        found = project(people, config.projection)
        ring_of = _rings(folder)
        if entry is None:
            a, b = _account(people, subject), _account(people, str(other))
            if a == b:
                raise UsageError("the two accounts are one and the same", remedy="name two accounts")
            told = explain(people, config.projection, min(a, b), max(a, b), projection=found)
            first, second = told.accounts
            return PairWhy((ring_of.get(first), ring_of.get(second)), told, _judged(hearing, told.accounts), note)
        names = sorted(account for account, ring in ring_of.items() if ring == entry.ring_id)
        inside = np.array([_account(people, name) for name in names], np.int32)
        found = replace(found, links=hearing.links(found.links))
        return _ring(entry, inside, people, found, config, _judged(hearing, names), note)


def _judged(hearing: Hearing, accounts: Collection[str]) -> tuple[str, ...]:
    """Say what people decided about pairs of these accounts, in words."""
    return tuple(
        f"{one.says}: {one.author}, {one.decided:%Y-%m-%d}: {one.reason}" for one in hearing.between(set(accounts))
    )


def _rings(folder: Path) -> dict[str, str]:
    """Return the ring of each account that is in one."""
    members = pq.read_table(folder / "members.parquet")
    return dict(zip(members["account_id"].to_pylist(), members["ring_id"].to_pylist(), strict=True))


@contextmanager
def _opened(folder: Path, store: Path | str | None) -> Iterator[tuple[Population, Config, Hearing, str]]:
    """Lend a finished run's population, settings, judgements, and a note where the facts are no longer the run's."""
    manifest = json.loads((folder / output.MANIFEST).read_text("utf-8"))
    path = Path(store) if store is not None else folder / output.STORE
    if not path.is_file():
        raise NotFoundError(f"{path}: no such store", remedy="name the file that the run was given with --store")
    config = msgspec.convert(manifest["config"], Config)
    with connect(path, read_only=True) as con:
        people = population(con, family_of(template_table(con), config.projection).of)
        name = output.run_name(fingerprint(con, people), manifest["config_digest"], manifest["seed"])
        hearing = heard(EmbeddedStore(con), manifest.get("judgements", ()))
        people = hearing.population(people)
        yield people, config, hearing, "" if name == manifest["run_id"] else OTHER_FACTS


def _account(people: Population, name: str) -> int:
    place = people.accounts.index(name).as_py()
    if place < 0:
        raise NotFoundError(
            f"no account {name!r} among the events of this run", remedy="name an account_id of the logs"
        )
    return int(place)


def _ring(
    entry: RingEntry,
    inside: NDArray[np.int32],
    people: Population,
    found: Projection,
    config: Config,
    judged: tuple[str, ...],
    note: str,
) -> RingWhy:
    links = found.links
    own = np.zeros(people.size, np.bool_)
    own[inside] = True
    chosen = np.flatnonzero(own[links.source] & own[links.target])
    place = np.full(people.size, -1, np.int64)
    place[inside] = np.arange(len(inside))
    ends = place[links.source[chosen]], place[links.target[chosen]]
    graph = coo_array((np.ones(len(chosen), np.int8), ends), shape=(len(inside), len(inside)))
    label = connected_components(graph, directed=False)[1]
    groups = [np.flatnonzero(label == number) for number in range(int(label.max(initial=-1)) + 1)]
    cells = sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), int(group[0])))
    alone = sorted(int(group[0]) for group in groups if len(group) == 1)
    values = _values(inside, people, found)
    best = chosen[np.lexsort((chosen, links.p_value[chosen]))][: SHOWN // 4]
    return RingWhy(
        ring_id=entry.ring_id,
        verdict=entry.verdict,
        members=tuple(people.accounts[int(a)].as_py() for a in inside),
        possible=len(inside) * (len(inside) - 1) // 2,
        links=len(chosen),
        facets=tuple(_facet(facet, inside, chosen, people, found) for facet in COLUMNS),
        cells=tuple(len(cell) for cell in cells),
        ties=_ties([inside[cell] for cell in cells], people, config),
        unlinked=tuple(people.accounts[int(inside[a])].as_py() for a in alone),
        shared=tuple(value for value in values if value.suppressed is None),
        suppressed=tuple(value for value in values if value.suppressed is not None),
        strongest=tuple(
            explain(people, config.projection, int(links.source[e]), int(links.target[e]), projection=found)
            for e in best.tolist()
        ),
        judged=judged,
        note=note,
    )


def _facet(
    facet: Facet, inside: NDArray[np.int32], chosen: NDArray[np.int64], people: Population, found: Projection
) -> FacetWhy:
    fitted = found.null.facets.get(facet)
    if fitted is None:
        return FacetWhy(facet, FAMILY_OF[facet], 0, 0.0, 0, COLUMNS[facet])
    nats = found.links.by_facet[chosen, found.links.facets.index(facet)].astype(np.float64)
    matrix = people.incidence[facet]
    rows = [matrix.row(int(account)) for account in inside]
    users = np.bincount(np.concatenate([np.zeros(0, np.int32), *rows]), minlength=len(matrix.values))
    counts = fitted.kept & (users >= 2)
    using = sum(bool(counts[row].any()) for row in rows)
    return FacetWhy(facet, FAMILY_OF[facet], int((nats > 0).sum()), round(float(nats.sum()), 6), using, None)


def _values(inside: NDArray[np.int32], people: Population, found: Projection) -> list[RingValue]:
    """List what members share: in each facet the `SHOWN` values that most members use, and as many suppressed ones."""
    listed = []
    for facet, fitted in found.null.facets.items():
        matrix = people.incidence[facet]
        users = np.bincount(matrix.indices[matrix.places(inside)[0]], minlength=len(matrix.values))
        for kept in (True, False):
            shared = np.flatnonzero((users >= 2) & (fitted.kept == kept))
            shared = shared[np.lexsort((shared, fitted.popularity[shared], -users[shared]))][:SHOWN]
            listed += [
                RingValue(
                    facet=facet,
                    value=matrix.values[int(v)].as_py(),
                    members=int(users[v]),
                    accounts=int(fitted.popularity[v]),
                    suppressed=None if kept else suppression(fitted, int(v), found.null.floor),
                )
                for v in shared
            ]
    return listed


def _ties(cells: list[NDArray[np.int32]], people: Population, config: Config) -> tuple[CellTie, ...]:
    if len(cells) < 2:
        return ()
    links: Links = bridges(project(condense(people, cells), config.projection).links, len(cells))
    order = np.lexsort((links.target, links.source, links.p_value))[:SHOWN]
    return tuple(
        CellTie(
            cells=(int(links.source[e]), int(links.target[e])),
            facets=tuple(
                (facet, round(float(nats), 6))
                for facet, nats in zip(links.facets, links.by_facet[e], strict=True)
                if nats > 0
            ),
            weight=float(links.weight[e]),
            p_value=float(links.p_value[e]),
        )
        for e in order.tolist()
    )
