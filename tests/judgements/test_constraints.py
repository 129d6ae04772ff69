"""Benign values leave the population; must-links and cannot-links are kept by every cluster."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain import Facet, Incidence, Links, Partition, Population, Ring, Verdict
from attribution.judgements import Hearing, Judgement, Kind, make, weigh
from attribution.judgements.standing import groups_of
from attribution.judgements.ties import MUST, constrain, hold, stated
from attribution.judgements.values import without
from attribution.store.ledgers import LINEAGE

NOW = dt.datetime(2026, 3, 14, tzinfo=dt.UTC)


def incidence(facet: Facet, rows: list[list[str]]) -> Incidence:
    names = sorted({v for row in rows for v in row if sum(v in other for other in rows) > 1})
    number = {name: at for at, name in enumerate(names)}
    kept = [sorted(number[v] for v in row if v in number) for row in rows]
    return Incidence(
        facet,
        np.cumsum([0, *map(len, kept)]).astype(np.int64),
        np.array([v for row in kept for v in row], np.int32),
        np.ones(sum(map(len, kept)), np.int32),
        pa.array(names, pa.string()),
        np.array([len(row) for row in rows], np.int32),
    )


def population(ips: list[list[str]]) -> Population:
    networks = [sorted({f"{ip.rpartition('.')[0]}.0/24" for ip in row}) for row in ips]
    found = {Facet.IP: incidence(Facet.IP, ips), Facet.NETWORK: incidence(Facet.NETWORK, networks)}
    names = found[Facet.IP].values.to_pylist()  # noqa: PD011  # an Arrow array
    return Population(
        pa.array([f"a{at}" for at in range(len(ips))]),
        found,
        {Facet.IP: pd.DataFrame({"asn": range(len(names)), "of": names})},
        pd.DataFrame({"first_seen": NOW, "last_seen": NOW, "events": 1}, index=range(len(ips))),
        np.zeros((len(ips), 24), np.int32),
        frozenset(),
    )


def shared(people: Population, facet: Facet) -> dict[str, int]:
    found = people.incidence[facet]
    return dict(zip(found.values.to_pylist(), found.popularity().tolist(), strict=True))  # noqa: PD011  # an Arrow array


CAMPUS = [["10.0.0.1", "10.9.9.1"], ["10.0.0.1"], ["10.0.0.1", "10.0.0.2"], ["10.0.0.2"], ["10.9.9.1"]]


def benign(value: str, facet: str = "ip") -> object:
    return make(Kind.BENIGN_VALUE, value, facet, author="mara", reason="campus NAT", decided=NOW)


def test_a_benign_address_goes_with_its_network_where_nothing_else_ties_the_account_to_it() -> None:
    left, removed = without(population(CAMPUS), [benign("::ffff:10.0.0.1")])
    assert shared(left, Facet.IP) == {"10.0.0.2": 2, "10.9.9.1": 2}
    assert shared(left, Facet.NETWORK) == {"10.0.0.0/24": 2, "10.9.9.0/24": 2}  # accounts 2 and 3 by 10.0.0.2
    assert [(one.facet, one.value, one.accounts) for one in removed] == [(Facet.IP, "10.0.0.1", 3)]
    assert left.enrichment[Facet.IP]["of"].tolist() == left.incidence[Facet.IP].values.to_pylist()  # noqa: PD011  # an Arrow array
    assert left.incidence[Facet.IP].degree.tolist() == [1, 0, 1, 1, 1]


@pytest.mark.parametrize("network", ["10.0.0.0/24", "10.0.0.0/16", "10.0.0.77/24"])
def test_a_benign_network_takes_its_addresses_along(network: str) -> None:
    left, removed = without(population(CAMPUS), [benign(network, "network")])
    assert shared(left, Facet.IP) == {"10.9.9.1": 2}
    assert shared(left, Facet.NETWORK) == {"10.9.9.0/24": 2}
    assert {one.value for one in removed} == {"10.0.0.1", "10.0.0.2", "10.0.0.0/24"}


def test_a_value_that_nobody_shares_changes_nothing() -> None:
    people = population(CAMPUS)
    kept = replace(benign("192.0.2.0/24", "network"), subject="not an address")  # stored before it was refused
    left, removed = without(people, [benign("192.0.2.1"), kept])
    assert removed == ()
    assert shared(left, Facet.IP) == shared(people, Facet.IP)


def links_of(pairs: list[tuple[int, int]]) -> Links:
    ordered = sorted(set(pairs))
    return Links(
        np.array([a for a, _ in ordered], np.int32),
        np.array([b for _, b in ordered], np.int32),
        np.ones((len(ordered), 1), np.float32),
        np.ones(len(ordered), np.float32),
        np.full(len(ordered), 1e-9),
        (Facet.IP,),
        1e-8,
    )


def test_links_are_dropped_added_and_strengthened() -> None:
    made, linked = constrain(links_of([(0, 1), (1, 2), (2, 3)]), [(1, 2), (0, 9)], [(2, 3), (0, 3)])
    assert list(zip(made.source.tolist(), made.target.tolist(), strict=True)) == [(0, 1), (0, 9), (1, 2)]
    assert made.weight.tolist() == [1.0, MUST, MUST]
    assert made.by_facet.tolist() == [[1.0], [0.0], [1.0]]
    assert linked == {(1, 2), (2, 3)}
    assert (made.p_value > 0).all()


def clusters_of(*parts: list[int]) -> Partition:
    arrays = tuple(np.array(part, np.int32) for part in parts)
    return Partition(arrays, tuple(np.ones(len(part), np.float32) for part in parts), 1.0)


def test_accounts_that_must_be_together_bring_their_clusters_along() -> None:
    made, moves = hold(clusters_of([0, 1, 2], [3, 4, 5]), links_of([(0, 1)]), [(2, 3), (5, 9)], [], 3)
    assert [c.tolist() for c in made.clusters] == [[0, 1, 2, 3, 4, 5, 9]]
    assert moves.joined == {(2, 3), (5, 9)}


def test_of_two_that_cannot_be_together_the_weaker_tie_leaves() -> None:
    links = links_of([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (0, 4)])
    made, moves = hold(clusters_of([0, 1, 2, 3, 4]), links, [], [(0, 4)], 3)
    assert [c.tolist() for c in made.clusters] == [[0, 1, 2, 3]]
    assert moves.left == {(0, 4): 4}


pairs = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]), max_size=5)


@settings(max_examples=150)
@given(pairs, pairs, st.integers(0, 2**32))
def test_every_constraint_that_does_not_contradict_itself_is_kept(
    must: list[tuple[int, int]], cannot: list[tuple[int, int]], seed: int
) -> None:
    group = {at: {at} for at in range(12)}
    for a, b in must:
        group[a] |= group[b]
        for member in group[a]:
            group[member] = group[a]
    cannot = [(a, b) for a, b in cannot if b not in group[a]]
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, 12)
    parts = [np.flatnonzero(label == k).tolist() for k in range(3)]
    links = links_of([(a, b) for part in parts for a in part for b in part if a < b])
    made, _ = hold(clusters_of(*[part for part in parts if len(part) >= 2]), links, must, cannot, 2)
    home = {a: at for at, c in enumerate(made.clusters) for a in c.tolist()}
    assert sum(len(c) for c in made.clusters) == len(home)
    assert all(home.get(a) == home.get(b) for a, b in must)
    assert all(a not in home or home[a] != home.get(b) for a, b in cannot)
    assert all(np.all(np.diff(c) > 0) and len(c) >= 2 for c in made.clusters)
    assert [len(c) for c in made.clusters] == sorted((len(c) for c in made.clusters), reverse=True)


def ring_of(members: list[int]) -> Ring:
    return Ring(
        ring_id="ring-1",
        verdict=Verdict.COORDINATED,
        probability=0.99,
        explanation=None,
        members=np.array(members, np.int32),
        confidence=np.ones(len(members)),
        together=np.ones(len(members), np.float32),
        first_seen=pd.Timestamp(NOW),
        last_seen=pd.Timestamp(NOW),
        events=1,
        stability=1.0,
        evidence=(),
    )


def linked(one: str, other: str) -> Judgement:
    return make(Kind.MUST_LINK, one, other, author="mara", reason="one passport", decided=NOW)


def heard(said: list[Judgement], cluster: list[int], sure: list[int]) -> tuple[Hearing, list[int]]:
    """Hear judgements about one coordinated cluster; return who stays of it, given its certain members."""
    hearing = Hearing(weigh(said), {}, {})
    people = hearing.population(population(CAMPUS))
    found = Partition((np.array(cluster, np.int32),), (np.ones(len(cluster), np.float32),), 1.0)
    (members,) = hearing.clusters(found, hearing.links(links_of([])), 2).clusters
    kept = members[hearing.keep_with(members, np.isin(members, sure))].tolist()
    (ring,) = hearing.rings([ring_of(kept)], LINEAGE.empty_table(), people)
    return hearing, ring.members.tolist()


TIED = pytest.mark.parametrize(
    ("sure", "stay", "effect", "says"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], "changed", "brought into one cluster, with the clusters that they were in"),
        ([0, 2, 3], [0, 1, 2, 3], "changed", "a1 stays in ring-1, where the engine would leave it out"),
        ([2, 3], [2, 3], "unmet", "in one cluster, but neither is a member of its ring"),
    ],
)
"""Which of the cluster's members are certain, who stays in its ring if 0 and 1 must be together, and what is said."""


@TIED
def test_who_must_be_linked_with_a_certain_member_stays_in_the_ring(
    sure: list[int], stay: list[int], effect: str, says: str
) -> None:
    """The engine keeps only certain members of a coordinated ring; a person's word outweighs its doubt."""
    hearing, members = heard([linked("a0", "a1")], [0, 2, 3], sure)
    (told,) = hearing.outcomes
    assert (members, told.effect) == (stay, effect)
    assert told.says.endswith(says)


def test_who_must_be_linked_through_others_stays_as_well() -> None:
    hearing, members = heard([linked("a0", "a1"), linked("a1", "a4")], [0, 2, 3], [0, 2])
    assert members == [0, 1, 2, 4]
    assert all(one.effect == "changed" for one in hearing.outcomes)


BETWEEN = "gone is not in the logs, and ties a0 and a1: "


@TIED
def test_an_account_that_is_not_in_the_logs_ties_two_that_are(
    sure: list[int], stay: list[int], effect: str, says: str
) -> None:
    hearing, members = heard([linked("a0", "gone"), linked("a1", "gone")], [0, 2, 3], sure)
    assert members == stay
    assert len(hearing.outcomes) == 2
    for told in hearing.outcomes:
        assert told.effect == effect
        assert told.says.startswith(BETWEEN)
        assert told.says.endswith(says)


def test_a_chain_of_absent_accounts_is_followed_and_its_dead_ends_are_not() -> None:
    chain = [linked("a0", "gone"), linked("gone", "lost"), linked("lost", "a1"), linked("lost", "a4")]
    ends = [linked("lost", "end"), linked("end", "last"), linked("a2", "alone"), linked("far", "away")]
    hearing, members = heard([*chain, *ends], [0, 2, 3], [0, 1, 2, 3, 4])
    assert members == [0, 1, 2, 3, 4]
    told = {one.judgement.id: one for one in hearing.outcomes}
    for one in chain:
        assert told[one.id].effect == "changed"
        assert told[one.id].says.startswith("gone and lost are not in the logs, and tie a0, a1 and a4: ")
    for one in ends:
        assert (told[one.id].effect, told[one.id].says) == ("absent", "an account of the two is not in the logs")


def test_asking_why_names_the_judgements_that_lead_there_through_others() -> None:
    chain = [linked("a0", "gone"), linked("gone", "lost"), linked("lost", "a1")]
    apart = make(Kind.CANNOT_LINK, "a2", "a4", author="li", reason="two offices", decided=NOW)
    hearing, _ = heard([*chain, linked("lost", "end"), linked("a1", "a4"), apart], [0, 2, 3], [0, 1, 2, 3, 4])
    assert set(hearing.between({"a0", "a1"})) == set(chain)
    assert set(hearing.between({"a0", "gone"})) == {chain[0]}
    assert set(hearing.between({"a0", "a4"})) == {*chain, linked("a1", "a4")}
    assert hearing.between({"a2", "a4"}) == (apart,)
    assert hearing.between({"a0", "a2"}) == ()


def test_one_account_named_twice_with_an_absent_one_is_tied_to_nobody() -> None:
    twice = make(Kind.MUST_LINK, "gone", "a0", author="li", reason="one landlord", decided=NOW)
    hearing, members = heard([linked("a0", "gone"), twice], [0, 2, 3], [0, 2, 3])
    assert members == [0, 2, 3]
    assert {one.effect for one in hearing.outcomes} == {"absent"}


def test_what_an_absent_account_ties_cannot_be_parted() -> None:
    apart = make(Kind.CANNOT_LINK, "a0", "a1", author="li", reason="two offices", decided=NOW)
    hearing, members = heard([linked("a0", "gone"), linked("gone", "a1"), apart], [0, 2, 3], [0, 2, 3])
    assert members == [0, 2, 3]
    assert {one.effect for one in hearing.outcomes} == {"contradicted"}


links_of_names = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1]), max_size=12
)


@settings(max_examples=200)
@given(links_of_names, st.sets(st.integers(0, 9)))
def test_accounts_are_tied_as_if_those_between_them_were_in_the_logs(
    said: list[tuple[int, int]], there: set[int]
) -> None:
    place = {f"n{at}": at for at in there}
    judgements = list({one.id: one for a, b in said for one in [linked(f"n{a}", f"n{b}")]}.values())
    found = stated(judgements, place)
    whole = groups_of(said)
    made = groups_of(pair for tie in found for pair in tie.pairs)
    for a in there:
        for b in there:
            assert (made.get(a, a) == made.get(b, b)) == (whole.get(a, a) == whole.get(b, b))
    assert all(tie.absent == tuple(sorted(set(tie.absent) - place.keys())) for tie in found)
    named = [one.id for tie in found for one in tie.judgements]
    assert len(named) == len(set(named))


def no_member(account: str) -> Judgement:
    return make(Kind.NOT_A_MEMBER, "ring-1", account, author="li", reason="a colleague", decided=NOW)


@pytest.mark.parametrize(
    ("out", "stay", "effects"),
    [(["a0"], [0, 1, 2, 3], ["contradicted"]), (["a0", "a1"], [2, 3], ["changed", "changed"])],
)
def test_who_is_taken_out_alone_is_held_by_a_must_link_and_who_is_taken_out_together_is_not(
    out: list[str], stay: list[int], effects: list[str]
) -> None:
    hearing, members = heard([linked("a0", "a1"), *map(no_member, out)], [0, 2, 3], [0, 1, 2, 3])
    assert members == stay
    assert [one.effect for one in hearing.outcomes if one.judgement.kind is Kind.NOT_A_MEMBER] == effects
