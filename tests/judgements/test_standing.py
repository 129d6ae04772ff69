"""Which judgements stand: withdrawals, contradictions, mergers."""

from __future__ import annotations

import datetime as dt

import pytest

from attribution.judgements import Effect, Hearing, Judgement, Kind, make, weigh

START = dt.datetime(2026, 3, 14, 9, tzinfo=dt.UTC)


def said(kind: Kind, subject: str, other: str | None = None, *, hours: int = 0, author: str = "mara") -> Judgement:
    return make(kind, subject, other, author=author, reason="because", decided=START + dt.timedelta(hours=hours))


def test_a_withdrawn_judgement_does_not_stand_and_a_withdrawn_withdrawal_does_nothing() -> None:
    first = said(Kind.RING_CONFIRMED, "r")
    back = said(Kind.WITHDRAWN, first.id, hours=1)
    again = said(Kind.WITHDRAWN, back.id, hours=2)
    assert weigh([first]).held == (first,)
    assert weigh([first, back]).held == ()
    assert weigh([again, back, first]).held == (first,)


def test_a_withdrawal_of_what_nobody_said_is_told() -> None:
    first = said(Kind.RING_CONFIRMED, "r")
    lost = said(Kind.WITHDRAWN, "j-0123456789ab", hours=1)
    standing = weigh([first, lost])
    assert standing.held == (first, lost)
    (told,) = [one for one in Hearing(standing, {}, {}).outcomes if one.judgement is lost]
    assert (told.effect, told.says) == (Effect.ABSENT, "no such judgement is on record")
    assert weigh([first, lost, said(Kind.WITHDRAWN, lost.id, hours=2)]).held == (first,)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (said(Kind.RING_CONFIRMED, "r"), said(Kind.RING_REJECTED, "r", author="li")),
        (said(Kind.ATTRIBUTION_ACCEPTED, "c", "amber"), said(Kind.ATTRIBUTION_ACCEPTED, "c", "blue")),
        (said(Kind.ATTRIBUTION_ACCEPTED, "c", "amber"), said(Kind.ATTRIBUTION_DISPUTED, "c", "amber")),
        (said(Kind.MUST_LINK, "a", "b"), said(Kind.CANNOT_LINK, "b", "a")),
    ],
)
def test_contradictions_are_reported_and_neither_is_applied(one: Judgement, two: Judgement) -> None:
    bystander = said(Kind.RING_CONFIRMED, "another")
    standing = weigh([one, two, bystander])
    assert standing.held == (bystander,)
    assert {dispute.judgement.id for dispute in standing.disputes} == {one.id, two.id}
    assert all(dispute.effect is Effect.CONTRADICTED for dispute in standing.disputes)
    assert any(two.id in dispute.says for dispute in standing.disputes)
    settled = weigh([one, two, said(Kind.WITHDRAWN, two.id, hours=1)])
    assert settled.held == (one,)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (said(Kind.RING_CONFIRMED, "r"), said(Kind.RING_CONFIRMED, "r", author="li")),
        (said(Kind.ATTRIBUTION_ACCEPTED, "c", "amber"), said(Kind.ATTRIBUTION_DISPUTED, "c", "blue")),
        (said(Kind.ATTRIBUTION_DISPUTED, "c", "amber"), said(Kind.ATTRIBUTION_DISPUTED, "c", "blue")),
        (said(Kind.MUST_LINK, "a", "b"), said(Kind.CANNOT_LINK, "b", "c")),
    ],
)
def test_what_can_both_be_so_stands(one: Judgement, two: Judgement) -> None:
    assert len(weigh([one, two]).held) == 2


def test_a_cannot_link_inside_a_chain_of_must_links_contradicts_the_whole_chain() -> None:
    chain = [said(Kind.MUST_LINK, "a", "b"), said(Kind.MUST_LINK, "b", "c"), said(Kind.MUST_LINK, "c", "d")]
    apart, elsewhere = said(Kind.CANNOT_LINK, "a", "d"), said(Kind.MUST_LINK, "x", "y")
    standing = weigh([*chain, apart, elsewhere])
    assert standing.held == (elsewhere,)
    assert len(standing.disputes) == 4


def test_judgements_on_rings_that_became_one_are_about_one_ring() -> None:
    one, two = said(Kind.RING_CONFIRMED, "r1"), said(Kind.RING_REJECTED, "r2")
    assert len(weigh([one, two]).held) == 2
    assert weigh([one, two], {("ring", "r2"): "r3", ("ring", "r3"): "r1"}).held == ()
    assert len(weigh([one, two], {("campaign", "r2"): "r1"}).held) == 2


def test_the_digest_follows_what_stands_whatever_the_order() -> None:
    one, two = said(Kind.RING_CONFIRMED, "r"), said(Kind.MUST_LINK, "a", "b")
    assert weigh([]).digest == ""
    assert weigh([one, two]).digest == weigh([two, one]).digest != weigh([one]).digest
    assert weigh([one, two, said(Kind.WITHDRAWN, two.id)]).digest == weigh([one]).digest
