"""Geometry of the report's pictures: from the document's numbers to shapes that the templates draw as static SVG."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.report import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.report.document import Day, Hypothesis, LabFacts, LedgerLine, PosteriorRow, RingEntry

CHART_WIDTH = 1000
TIMELINE_HEIGHT = 120
WEEKLY_AFTER_DAYS = 130
SURE, LIKELY = 0.9, 0.5
HYPOTHESES_SHOWN = 10
FARTHEST_NATS = 40.0
NEAR_RANKS = 2

SHAPE_OF: Mapping[str, str] = {
    "ip": "circle",
    "network": "circle",
    "device": "square",
    "payment": "diamond",
    "batch": "diamond",
    "template": "triangle",
    "template_family": "triangle",
    "burst": "plus",
    "signup": "pentagon",
}
"""A shape for each family of evidence, so that no picture needs colour to be read."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered symbol of a shared value."""

    x: int
    y: int
    facet: str
    path: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A member of the ring; `sure` is "sure", "likely" or "doubtful"."""

    x: int
    y: int
    sure: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of the drawing's key."""

    number: int
    facet: str
    word: str
    path: str
    label: str
    members: int
    accounts: int


@dataclass(frozen=True, slots=True)
class RingPicture:
    """Everything of a ring drawing, ready to be drawn."""

    lines: str
    dots: tuple[Dot, ...]
    marks: tuple[Mark, ...]
    key: tuple[KeyRow, ...]
    note: str
    alternative: str


def ring_picture(ring: RingEntry) -> RingPicture | None:
    """Return the drawing of a ring, or None where there is nothing to draw."""
    drawing = ring.drawing
    if drawing is None:
        return None
    nodes = drawing.nodes
    lines = "".join(f"M{nodes[a].x} {nodes[a].y}L{nodes[b].x} {nodes[b].y}" for a, b in drawing.lines)
    dots: list[Dot] = []
    marks: list[Mark] = []
    key: list[KeyRow] = []
    for node in nodes:
        if node.value is None:
            dots.append(Dot(node.x, node.y, sureness(node.confidence or 0.0)))
            continue
        value = ring.shared[node.value]
        number = len(marks) + 1
        radius = 10 + 11 * math.sqrt(value.members / max(ring.size, 1))
        title = f"{number}: {wording.facet(value.facet)} {value.label}, {value.members} of {ring.size} members"
        marks.append(Mark(node.x, node.y, value.facet, shape(value.facet, radius), number, title))
        word = wording.facet(value.facet)
        key.append(KeyRow(number, value.facet, word, shape(value.facet, 7), value.label, value.members, value.accounts))
    alternative = f"{len(dots)} accounts and the {len(marks)} values they share most tellingly, joined by lines."
    return RingPicture(lines, tuple(dots), tuple(marks), tuple(key), drawing.note, alternative)


def sureness(confidence: float) -> str:
    """Return the class of a membership's confidence."""
    if confidence >= SURE:
        return "sure"
    return "likely" if confidence >= LIKELY else "doubtful"


def shape(facet: str, radius: float) -> str:
    """Return the SVG path of a facet's symbol around the origin, with the same area for each shape."""
    kind = SHAPE_OF.get(facet, "circle")
    if kind == "circle":
        r = f"{radius:.1f}"
        return f"M-{r} 0a{r} {r} 0 1 0 {2 * radius:.1f} 0a{r} {r} 0 1 0 -{2 * radius:.1f} 0z"
    corners = {"square": (4, 45, 1.25), "diamond": (4, 0, 1.3), "triangle": (3, -90, 1.5), "pentagon": (5, -90, 1.15)}
    if kind in corners:
        sides, turn, factor = corners[kind]
        angles = [math.radians(turn + 360 * at / sides) for at in range(sides)]
        points = [f"{radius * factor * math.cos(a):.1f} {radius * factor * math.sin(a):.1f}" for a in angles]
        return "M" + "L".join(points) + "z"
    a, b = f"{radius * 0.5:.1f}", f"{radius * 1.15:.1f}"
    return f"M-{a} -{b}H{a}V-{a}H{b}V{a}H{a}V{b}H-{a}V{a}H-{b}V-{a}H-{a}z"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the timeline."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the time axis; `anchor` keeps the label inside the picture."""

    x: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events over time."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    releases: tuple[Tick, ...]
    top: str
    unit: str


def suspects(ring: RingEntry, labs: Sequence[LabFacts]) -> list[LabFacts]:
    """Return the labs that are first or second for a campaign of the ring: their releases matter in its picture."""
    near = {row.lab_id for campaign in ring.campaigns for row in campaign.posteriors if row.rank <= NEAR_RANKS}
    return [lab for lab in labs if lab.lab_id in near]


def timeline(days: Sequence[Day], labs: Sequence[LabFacts]) -> Timeline | None:
    """Return the bars of a ring's daily events (weekly over long spans) and the labs' releases that fall into them."""
    if not days:
        return None
    events = {dt.date.fromisoformat(day.day): day.events for day in days}
    first, last = min(events), max(events)
    step = 7 if (last - first).days > WEEKLY_AFTER_DAYS else 1
    slots = (last - first).days // step + 1
    heights = [0] * slots
    for day, count in events.items():
        heights[(day - first).days // step] += count
    width = CHART_WIDTH / slots
    top = max(*heights, 1)
    bars = tuple(
        Bar(
            x=round(at * width, 2),
            y=round(TIMELINE_HEIGHT * (1 - height / top), 2),
            width=round(max(width - 1.5, 0.5), 2),
            height=round(TIMELINE_HEIGHT * height / top, 2),
            title=f"{first + dt.timedelta(days=at * step)}: {height:,} events",
        )
        for at, height in enumerate(heights)
        if height
    )
    marked = [
        Tick(
            round(((dt.date.fromisoformat(date) - first).days / step + 0.5) * width, 2),
            f"{lab.name}: release of {date}",
        )
        for lab in labs
        for date in lab.releases
        if first <= dt.date.fromisoformat(date) <= last
    ]
    return Timeline(bars, _ticks(first, slots, step, width), tuple(marked), f"{top:,}", "week" if step > 1 else "day")


def _ticks(first: dt.date, slots: int, step: int, width: float) -> tuple[Tick, ...]:
    places = sorted({round(at * (slots - 1) / 4) for at in range(5)})
    ticks: list[Tick] = []
    for at in places:
        edge = "start" if at == 0 and slots > 1 else "end" if at == slots - 1 and slots > 1 else "middle"
        x = 0.0 if edge == "start" else CHART_WIDTH if edge == "end" else (at + 0.5) * width
        ticks.append(Tick(round(x, 2), (first + dt.timedelta(days=at * step)).isoformat(), edge))
    return tuple(ticks)


@dataclass(frozen=True, slots=True)
class Score:
    """An explanation on the axis from the best fit (x = 0) leftwards; `cut` if it lies beyond the axis."""

    name: str
    covert: bool
    x: float
    label: str
    cut: bool


def hypothesis_scores(hypotheses: Sequence[Hypothesis]) -> tuple[Score, ...]:
    """Return the best explanations, each with its distance behind the best, 1 being the whole axis."""
    return tuple(
        Score(
            name=wording.words(one.name),
            covert=one.covert,
            x=round(max(0.0, 1 + one.relative / FARTHEST_NATS), 4),
            label="best" if not one.relative else f"{one.relative:.1f}".replace("-", "\N{MINUS SIGN}"),
            cut=-one.relative > FARTHEST_NATS,
        )
        for one in hypotheses[:HYPOTHESES_SHOWN]
    )


@dataclass(frozen=True, slots=True)
class WeightBar:
    """A signed bar around a middle line, on 0..200 with the line at 100."""

    x: float
    width: float
    label: str
    positive: bool


def weight_bar(weight: float, largest: float) -> WeightBar:
    """Return the bar of one ledger line beside the largest of its table."""
    width = round(95 * min(1.0, abs(weight) / max(largest, 1e-9)), 2)
    sign = "+" if weight > 0 else "\N{MINUS SIGN}" if weight < 0 else ""
    return WeightBar(100 if weight >= 0 else round(100 - width, 2), width, f"{sign}{abs(weight):.2f}", weight >= 0)


def largest_weight(lines: Sequence[LedgerLine]) -> float:
    """Return the largest absolute weight."""
    return max((abs(line.weight) for line in lines), default=0.0)


def runner_up(rows: Sequence[PosteriorRow]) -> PosteriorRow | None:
    """Return the second candidate."""
    return rows[1] if len(rows) > 1 else None
