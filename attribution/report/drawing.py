"""Pictures' data: what holds a ring together, which values its members share, and where to draw them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import igraph
import numpy as np
import pyarrow.compute as pc

from attribution.plaintext import clean
from attribution.report.document import Binding, Drawing, Node, SharedValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.domain import Incidence, Links, Population, Ring

WIDTH, HEIGHT, MARGIN = 1000, 600, 28
MEMBERS_DRAWN = 72
VALUES_DRAWN = 18
VALUES_PER_FACET = 5
VALUES_LISTED_PER_FACET = 8
VALUE_LABEL = 90
PASSES = 150
"""Rounds of pushing symbols apart."""
VALUE_ROOM, MEMBER_ROOM = 29.0, 7.0
"""Radius that a shared value and a member keep free."""


@dataclass(frozen=True, slots=True)
class FacetValues:
    """The values of one facet with their popularity, counted once for all rings; `ignored` are the suppressed."""

    incidence: Incidence
    popularity: NDArray[np.int32]
    ignored: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Telling:
    """A value with its standing in a ring: `users` are positions in the ring's members, `rank` is how telling it is."""

    facet: str
    number: int
    name: str
    users: NDArray[np.int64]
    accounts: int
    rank: float


def facet_values(population: Population, suppressed: pa.Table) -> tuple[FacetValues, ...]:
    """Return the values of each facet, in the order of the facets' names. O(entries of the incidence)."""
    found: list[FacetValues] = []
    for facet in sorted(population.incidence):
        incidence = population.incidence[facet]
        names = suppressed.filter(pc.equal(suppressed["facet"], str(facet)))["value"].combine_chunks()
        ignored = pc.is_in(incidence.values, value_set=names.cast(incidence.values.type))
        found.append(FacetValues(incidence, incidence.popularity(), np.asarray(ignored, dtype=np.bool_)))
    return tuple(found)


def bindings(links: Links, rings: Sequence[Ring], accounts: int) -> tuple[tuple[int, tuple[Binding, ...]], ...]:
    """Return for each ring the number of links inside it, and how many of them each facet carries.

    One pass over the links, O(links x facets).
    """
    ring_of = np.full(accounts, -1, dtype=np.int64)
    for number, ring in enumerate(rings):
        ring_of[ring.members] = number
    inside = np.flatnonzero((ring_of[links.source] == ring_of[links.target]) & (ring_of[links.source] >= 0))
    owner = ring_of[links.source[inside]]
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(rings) + 1))
    inside = inside[order]
    result: list[tuple[int, tuple[Binding, ...]]] = []
    for number in range(len(rings)):
        own = links.by_facet[inside[bounds[number] : bounds[number + 1]]].astype(np.float64)
        carried = np.flatnonzero(own.any(axis=0))  # nats are never negative
        rows = [_binding(str(links.facets[column]), own[:, column]) for column in carried.tolist()]
        held = sorted(rows, key=lambda row: (-row.share, row.facet))
        result.append((len(own), tuple(held)))
    return tuple(result)


def _binding(facet: str, nats: NDArray[np.float64]) -> Binding:
    carrying = nats[nats > 0]
    share, mean = len(carrying) / len(nats), float(carrying.mean())
    return Binding(facet=facet, links=len(carrying), share=round(share, 4), mean_nats=round(mean, 2))


def telling_values(facets: Sequence[FacetValues], members: NDArray[np.int32], accounts: int) -> tuple[Telling, ...]:
    """Return the values that members share, the most telling of each facet first; suppressed ones never.

    How telling: the members that use it times the log of how much rarer it is among everybody.
    """
    return tuple(value for facet in facets for value in _telling(facet, members, accounts))


def _telling(facet: FacetValues, members: NDArray[np.int32], accounts: int) -> list[Telling]:
    at, lengths = facet.incidence.places(members)
    entries = facet.incidence.indices[at]
    owner = np.repeat(np.arange(len(members)), lengths)
    used, inside = np.unique(entries, return_counts=True)
    keep = (inside >= 2) & ~facet.ignored[used]  # sharing takes two
    used, inside = used[keep], inside[keep]
    lift = (inside / max(len(members), 1)) / (facet.popularity[used] / accounts)
    rank = inside * np.log(np.maximum(lift, 1.0))
    best = np.lexsort((used, -inside, -np.round(rank, 9)))[:VALUES_LISTED_PER_FACET]
    return [
        Telling(
            facet=str(facet.incidence.facet),
            number=int(used[at]),
            name=facet.incidence.values[int(used[at])].as_py(),
            users=owner[entries == used[at]],
            accounts=int(facet.popularity[used[at]]),
            rank=float(rank[at]),
        )
        for at in best
    ]


def listed(values: Sequence[Telling], templates: Mapping[str, tuple[str, str]]) -> tuple[SharedValue, ...]:
    """Return the values as the document lists them; `templates` gives pattern and example by id."""
    return tuple(
        SharedValue(
            facet=value.facet,
            value=clean(value.name, 120),
            label=clean(_label(value, templates), VALUE_LABEL),
            members=len(value.users),
            accounts=value.accounts,
        )
        for value in values
    )


def _label(value: Telling, templates: Mapping[str, tuple[str, str]]) -> str:
    pattern = templates.get(value.name, ("", ""))[0] if value.facet.startswith("template") else ""
    return pattern or value.name


def draw(ring: Ring, shared: Sequence[Telling]) -> Drawing | None:
    """Lay out a ring's members and its most telling shared values; None when members share no value.

    A big ring is sampled: every k-th member in the order of confidence, which the note says. Kamada-Kawai from fixed
    starting points, so the same ring gives the same picture.
    """
    chosen = _drawn_values(shared)
    if not chosen:
        return None
    using = [set(shared[at].users.tolist()) for at in chosen]
    members = sorted(set().union(*using), key=lambda position: (-ring.confidence[position], position))
    step = max(1, math.ceil(len(members) / MEMBERS_DRAWN))
    drawn = members[::step]
    lines = [
        (row, len(drawn) + column)
        for row, member in enumerate(drawn)
        for column, users in enumerate(using)
        if member in users
    ]
    places = _layout(len(drawn), len(chosen), lines)
    nodes = [
        Node(x=x, y=y, value=None, confidence=round(float(ring.confidence[member]), 4))
        for member, (x, y) in zip(drawn, places, strict=False)
    ]
    nodes += [
        Node(x=x, y=y, value=at, confidence=None) for at, (x, y) in zip(chosen, places[len(drawn) :], strict=True)
    ]
    return Drawing(
        nodes=tuple(nodes),
        lines=tuple(lines),
        members_drawn=len(drawn),
        members_linked=len(members),
        note=_note(len(drawn), len(members), len(ring.members), step, len(chosen)),
    )


def _drawn_values(shared: Sequence[Telling]) -> list[int]:
    taken: dict[str, int] = {}
    kept: list[int] = []
    for at in sorted(range(len(shared)), key=lambda at: (-shared[at].rank, at)):
        facet = shared[at].facet
        if taken.get(facet, 0) < VALUES_PER_FACET and len(kept) < VALUES_DRAWN:
            taken[facet] = taken.get(facet, 0) + 1
            kept.append(at)
    return kept


def _layout(members: int, values: int, lines: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    total = members + values
    graph = igraph.Graph(n=total, edges=list(lines))
    turn = 2 * math.pi
    start = [[math.cos(turn * at / members), math.sin(turn * at / members)] for at in range(members)]
    start += [[0.4 * math.cos(turn * at / values), 0.4 * math.sin(turn * at / values)] for at in range(values)]
    found = np.array(graph.layout_kamada_kawai(seed=start, maxiter=30 * total).coords)
    low, high = found.min(axis=0), found.max(axis=0)
    span = np.where(high - low > 0, high - low, 1.0)
    box = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    scaled = MARGIN + (found - low) / span * box
    room = np.array([MEMBER_ROOM] * members + [VALUE_ROOM] * values)
    return [(round(x), round(y)) for x, y in _apart(scaled, room).tolist()]


def _apart(places: NDArray[np.float64], room: NDArray[np.float64]) -> NDArray[np.float64]:
    """Push symbols apart that overlap, a little in each pass, inside the picture. O(passes x symbols^2)."""
    wanted = room[:, None] + room[None, :]
    # Symbols on the same spot part in directions of their own.
    angle = np.arange(len(places)) * 2.399963
    x, y = places[:, 0] + 0.01 * np.cos(angle), places[:, 1] + 0.01 * np.sin(angle)
    for _ in range(PASSES):
        away_x, away_y = x - x[:, None], y - y[:, None]  # row by column: from the row's symbol to the column's
        distance = np.sqrt(away_x * away_x + away_y * away_y)
        np.fill_diagonal(distance, np.inf)
        push = np.maximum(wanted - distance, 0.0) / distance
        if not push.any():
            break
        x = np.clip(x + 0.35 * (push * away_x).sum(axis=0), MARGIN, WIDTH - MARGIN)
        y = np.clip(y + 0.35 * (push * away_y).sum(axis=0), MARGIN, HEIGHT - MARGIN)
    return np.column_stack([x, y])


def _note(drawn: int, linked: int, members: int, step: int, values: int) -> str:
    parts = [f"All {linked:,} members that share these {values} values are drawn."]
    if step > 1:
        parts = [f"{drawn:,} of the {linked:,} members that share these {values} values are drawn: one in {step}."]
    if linked < members:
        parts.append(f"{members - linked:,} more share none of them and are held by other links.")
    return " ".join(parts)
