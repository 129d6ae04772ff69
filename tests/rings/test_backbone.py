"""Which links of a ring are kept: the strongest of each account, and what holds the ring together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from attribution import tables
from attribution.domain import Facet, Links, Population, Ring, Verdict
from attribution.rings.backbone import STRONGEST, backbone
from attribution.schemas import LINKS

if TYPE_CHECKING:
    from collections.abc import Sequence


def ring(name: str, members: Sequence[int]) -> Ring:
    accounts, now = np.array(members, np.int32), pd.Timestamp(0, tz="UTC")
    sure = np.ones(len(accounts))
    return Ring(
        name, Verdict.COORDINATED, 0.9, None, accounts, sure, sure.astype(np.float32), now, now, len(accounts), 1.0, ()
    )


def some_links(accounts: int, seed: int) -> Links:
    draw = np.random.default_rng(seed)
    pairs = np.array([(a, b) for a in range(accounts) for b in range(a + 1, accounts) if draw.random() < 0.6], np.int32)
    by_facet = draw.integers(1, 40, (len(pairs), 2)).astype(np.float32) / 4
    return Links(
        source=pairs[:, 0],
        target=pairs[:, 1],
        by_facet=by_facet,
        weight=by_facet.sum(axis=1),
        p_value=np.exp(-by_facet.sum(axis=1).astype(float)),
        facets=(Facet.IP, Facet.PAYMENT),
        threshold=0.01,
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_account_keeps_its_strongest_and_every_widest_path_stays(seed: int) -> None:
    links = some_links(60, seed)
    rings = [ring("a", range(40)), ring("b", range(40, 55))]
    kept = backbone(links, rings, 60, strongest=3)
    home = np.repeat([0, 1, -1], [40, 15, 5])
    inside = (home[links.source] == home[links.target]) & (home[links.source] >= 0)
    assert inside[kept].all()
    assert len(kept) <= 55 * (3 + 1)
    assert (np.diff(kept) > 0).all()
    for account in range(55):
        own = np.flatnonzero(inside & ((links.source == account) | (links.target == account)))
        strongest = own[np.argsort(-links.weight[own], kind="stable")][:3]
        assert set(strongest) <= set(kept), account
    whole, part = (nx.Graph() for _ in range(2))
    for graph, rows in ((whole, np.flatnonzero(inside)), (part, kept)):
        graph.add_weighted_edges_from(
            zip(links.source[rows].tolist(), links.target[rows].tolist(), links.weight[rows].tolist(), strict=True)
        )
    assert set(map(frozenset, nx.connected_components(part))) == set(map(frozenset, nx.connected_components(whole)))
    trees = [nx.maximum_spanning_tree(graph) for graph in (whole, part)]
    for one in (1, 7, 20, 39):
        widest = [
            min(tree.edges[edge]["weight"] for edge in nx.utils.pairwise(nx.shortest_path(tree, 0, one)))
            for tree in trees
        ]
        assert widest[0] == widest[1]


def test_a_star_keeps_all_its_rays() -> None:
    rays = np.arange(1, 31, dtype=np.int32)
    flat = np.ones(30, np.float32)
    links = Links(np.zeros(30, np.int32), rays, flat[:, None], flat, flat.astype(float), (Facet.DEVICE,), 0.01)
    assert len(backbone(links, [ring("a", range(31))], 31)) == 30
    assert len(backbone(links, [], 31)) == 0
    assert STRONGEST < 30


def test_links_become_rows_with_short_numbers() -> None:
    links = Links(
        source=np.array([0, 0, 1], np.int32),
        target=np.array([1, 2, 2], np.int32),
        by_facet=np.array([[0, 0], [1.23456, 0], [0.5, 2]], np.float32),  # the first is a person's must-link
        weight=np.array([0, 1.23456, 2.5], np.float32),
        p_value=np.array([1, 1.23456e-7, 5e-324]),
        facets=(Facet.IP, Facet.PAYMENT),
        threshold=0.01,
    )
    names = pa.array(["a", "b", "é"])
    people = cast("Population", type("P", (), {"accounts": names, "size": 3})())
    made = tables.backbones(links, [ring("x", [0, 1, 2])], people)
    assert made.schema.equals(LINKS)
    assert [(*row[:4], json.loads(row[4])) for row in map(tuple, (r.values() for r in made.to_pylist()))] == [
        ("a", "b", 0.0, 1.0, {}),
        ("a", "é", 1.23, 1.2e-07, {"ip": 1.23}),
        ("b", "é", 2.5, 5e-324, {"ip": 0.5, "payment": 2.0}),
    ]
