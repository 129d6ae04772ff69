from __future__ import annotations

import itertools
import math
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.report import pictures, wording
from attribution.report.document import Day, Hypothesis, LabFacts
from attribution.report.drawing import HEIGHT, MEMBERS_DRAWN, WIDTH

if TYPE_CHECKING:
    from attribution.report.document import Document


def test_drawings_stay_in_the_picture_and_symbols_keep_apart(document: Document) -> None:
    for ring in document.rings:
        if ring.drawing is None:
            assert ring.verdict == "innocent"
            continue
        nodes = ring.drawing.nodes
        assert all(0 <= node.x <= WIDTH and 0 <= node.y <= HEIGHT for node in nodes)
        values = [(node.x, node.y) for node in nodes if node.value is not None]
        assert all(math.dist(a, b) > 30 for a, b in itertools.combinations(values, 2))


def test_a_line_joins_an_account_and_a_value_that_it_uses(document: Document) -> None:
    drawing = document.rings[0].drawing
    assert drawing is not None
    assert drawing.lines
    assert all(drawing.nodes[a].value is None and drawing.nodes[b].value is not None for a, b in drawing.lines)


def test_a_big_ring_is_sampled_and_says_so(document: Document) -> None:
    big, small = document.rings[0].drawing, document.rings[2].drawing
    assert big is not None
    assert small is not None
    assert big.members_drawn <= MEMBERS_DRAWN < big.members_linked
    assert f"{big.members_drawn} of the {big.members_linked} members" in big.note
    assert small.members_drawn == small.members_linked
    assert small.note.startswith(f"All {small.members_linked} members")


def test_bindings_count_links_inside_the_ring(document: Document) -> None:
    ring = document.rings[0]
    assert ring.internal_links == 239
    assert {row.facet for row in ring.binding} == {"payment", "template", "ip"}
    assert all(row.share == pytest.approx(row.links / 239, abs=1e-4) for row in ring.binding)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 10_000)), min_size=1, max_size=60))
def test_a_timeline_keeps_every_event(days: list[tuple[int, int]]) -> None:
    import datetime as dt  # noqa: PLC0415

    first = dt.date(2026, 1, 1)
    rows = [Day(day=(first + dt.timedelta(days=at)).isoformat(), events=n) for at, n in dict(days).items()]
    chart = pictures.timeline(rows, ())
    assert chart is not None
    counted = [int(re.sub(r"\D", "", bar.title.split(": ")[1])) for bar in chart.bars]
    assert sum(counted) == sum(row.events for row in rows)
    assert max(counted) == int(chart.top.replace(",", ""))
    assert all(0 <= bar.x <= pictures.CHART_WIDTH and 0 <= bar.y < pictures.TIMELINE_HEIGHT for bar in chart.bars)


def test_only_releases_within_the_span_are_marked() -> None:
    rows = [Day(day="2026-03-01", events=1), Day(day="2026-03-28", events=3)]
    labs = [LabFacts(lab_id="a", name="Amber", releases=("2026-02-01", "2026-03-14"))]
    chart = pictures.timeline(rows, labs)
    assert chart is not None
    assert [mark.label for mark in chart.releases] == ["Amber: release of 2026-03-14"]
    assert pictures.timeline([], labs) is None


def test_explanations_beyond_the_axis_are_marked_as_cut() -> None:
    rows = [
        Hypothesis(name="a_b", covert=True, score=-3.0, relative=0.0),
        Hypothesis(name="team", covert=False, score=-93.0, relative=-90.0),
    ]
    first, second = pictures.hypothesis_scores(rows)
    assert (first.name, first.x, first.label, first.cut) == ("a b", 1.0, "best", False)
    assert (second.x, second.cut) == (0.0, True)


@given(st.floats(-50, 50), st.floats(0.1, 50))
def test_a_weight_bar_points_its_way_and_stays_inside(weight: float, largest: float) -> None:
    bar = pictures.weight_bar(weight, largest)
    assert bar.x >= 0
    assert bar.x + bar.width <= 200
    assert bar.positive == (weight >= 0)


@given(st.floats(0, 1))
def test_no_probability_is_rounded_to_certainty(value: float) -> None:
    shown = wording.percent(value)
    assert (shown == "100 %") == (value == 1)
    assert (shown == "0 %") == (value == 0)
    assert shown not in {"100.0 %", "0.0 %"}


@pytest.mark.parametrize("facet", sorted(wording.FACETS))
def test_every_facet_has_a_shape_of_about_its_radius(facet: str) -> None:
    numbers = [abs(float(n)) for n in re.findall(r"-?\d+\.?\d*", pictures.shape(facet, 10))]
    assert 8 <= max(numbers) <= 20


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_text_and_symbols_has_contrast_on_light_and_dark_paper() -> None:
    style = files("attribution.report").joinpath("templates/style.css").read_text("utf-8")
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)")
    written = {"ink", "soft", "accent", "coordinated", "innocent", "undetermined", *wording.FACETS}
    for rules in (light, dark):
        colours = {
            name: _luminance(colour) + 0.05 for name, colour in re.findall(r"--([a-z_]+): (#[0-9a-f]{6})", rules)
        }
        assert written <= colours.keys()
        contrasts = {
            name: max(colours[name], colours["paper"]) / min(colours[name], colours["paper"]) for name in written
        }
        assert {name: round(contrast, 2) for name, contrast in contrasts.items() if contrast < 4.5} == {}
    assert not re.search("fill: #|stroke: #|background: #", light + dark), (
        "colours have names, so that both papers have them"
    )
