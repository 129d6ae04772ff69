"""Every link recomputes from what `why` says, and every refusal has its reason."""

from __future__ import annotations

from math import exp, factorial, log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from attribution.config import ProjectionConfig
from attribution.domain import Facet, Population
from attribution.projection import project, why

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def world(make: Callable[..., Population], scatter: Callable[..., list[list[int]]]) -> Population:
    rng = np.random.default_rng(8)
    rows = {facet: scatter(rng, 400, 1500, 2.0, tail=0.4) for facet in (Facet.IP, Facet.TEMPLATE, Facet.DEVICE)}
    for member in range(20):
        rows[Facet.TEMPLATE][member] += [5000 + i for i in range(8)]
        rows[Facet.IP][member] += [5000, 5001]
    for account in range(300):
        rows[Facet.IP][account].append(9000)
    return make(rows)


def test_links_recompute_from_their_details(world: Population) -> None:
    projection = project(world, ProjectionConfig())
    links = projection.links
    assert len(links.source) >= 150
    for i in range(0, len(links.source), 7):
        told = why(world, ProjectionConfig(), int(links.source[i]), int(links.target[i]), projection=projection)
        assert told.linked
        assert told.weight == pytest.approx(float(links.weight[i]), rel=1e-6)
        assert told.p_value == pytest.approx(float(links.p_value[i]), rel=1e-9)
        assert told.q_value <= 0.05
        known = [detail for detail in told.facets if detail.missing is None]
        assert [detail.counted for detail in known] == pytest.approx(links.by_facet[i].tolist(), rel=1e-6)
        for detail in known:
            counting = [value for value in detail.shared if value.suppressed is None]
            if detail.level:
                j, expected = detail.level, counting[detail.level - 1].expected
                tail = exp(-expected) * expected**j / factorial(j) / (1 - expected / (j + 1))
                bound = -log(expected if j == 1 else tail)
                assert detail.nats == pytest.approx(min(detail.cap, bound - detail.price), rel=1e-6)
            else:
                assert detail.nats == 0.0


def test_suppressed_values_are_shown_with_their_reason(world: Population) -> None:
    told = why(world, ProjectionConfig(), 0, 1)
    address = next(detail for detail in told.facets if detail.facet is Facet.IP)
    assert any(value.accounts == 300 and value.suppressed for value in address.shared)


def test_strangers_and_missing_columns_are_said_so(world: Population) -> None:
    told = why(world, ProjectionConfig(), 350, 360)
    assert not told.linked
    assert told.reason.startswith("not linked")
    missing = {detail.facet: detail.missing for detail in told.facets if detail.missing}
    assert missing[Facet.PAYMENT] == "events.payment_id"
    assert Facet.IP not in missing


def test_support_without_an_anchor_says_so(make: Callable[..., Population]) -> None:
    crowd = [[1, 2] if a < 6 else [10_000 + a] for a in range(500)]
    alone = [[10_000 + a] for a in range(500)]
    told = why(make({Facet.IP: crowd, Facet.TEMPLATE: alone}), ProjectionConfig(), 0, 1)
    assert told.reason == "not linked: place, timing and sign-up support a link but cannot carry one"
