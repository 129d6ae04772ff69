"""Every kind of judgement, typed as a node in a real graph, changes the next run as it should, and only that."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import neo4j_server
import pytest

import attribution
from attribution.config import load_config
from attribution.judgements import Kind, make, record
from attribution.store import graph_load, open_store
from attribution.store.neo4j_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attribution.config import Config
    from attribution.pipeline import Result

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

SAID = dt.datetime(2026, 4, 1, 8, tzinfo=dt.UTC)
TYPE = """
CREATE (:Judgement {kind: $kind, subject: $subject, object: $object, facet: $facet, author: 'mara',
                    decided: datetime('2026-04-01T09:00:00Z'), reason: 'seen on site'})
"""


@dataclass(frozen=True)
class Case:
    """A graph with one run of the world, and how to run again."""

    graph: Client
    first: Result
    again: Callable[[], Result]


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return settings under which labs are named soon: a name must stand before somebody can dispute it."""
    path = tmp_path_factory.mktemp("naming") / "attribution.toml"
    path.write_text("[labs]\nname_posterior = 0.5\nname_margin = 0.0\n")
    return load_config(path)


@pytest.fixture(scope="module")
def case(
    world: Path, naming: Config, neo4j: neo4j_server.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    graph = Client(neo4j.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    graph.write(neo4j_server.EMPTY)

    def run() -> Result:
        out = tmp_path_factory.mktemp("marks")
        return attribution.run(world, labs=world / "labs.yaml", out=out, seed=3, store=neo4j.url, config=naming)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTRIBUTION_NEO4J_PASSWORD", neo4j_server.ADMIN_PASSWORD)
        yield Case(graph, run(), run)
    graph.close()


def verdicts(result: Result) -> dict[str, str]:
    return {row["ring_id"]: row["verdict"] for row in result.tables["rings"].to_pylist()}


def homes(result: Result) -> dict[str, str]:
    return {row["account_id"]: row["ring_id"] for row in result.tables["members"].to_pylist()}


def _ring(result: Result, *, covert: bool) -> str:
    return next(ring.ring_id for ring in result.report.rings if (ring.verdict == "coordinated") is covert)


def _members(result: Result, ring: str) -> list[str]:
    return sorted(account for account, home in homes(result).items() if home == ring)


def ring_confirmed(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    ring = _ring(first, covert=False)
    return {"subject": ring}, lambda second: verdicts(second) == verdicts(first) | {ring: "coordinated"}


def ring_rejected(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    ring = _ring(first, covert=True)
    return {"subject": ring}, lambda second: verdicts(second) == verdicts(first) | {ring: "innocent"}


def not_a_member(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    ring = _ring(first, covert=True)
    account = _members(first, ring)[0]
    left = [name for name in _members(first, ring) if name != account]
    return {"subject": ring, "object": account}, lambda second: _members(second, ring) == left


def benign_value(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    value = next(value.value for ring in first.report.rings for value in ring.shared if value.facet == "ip")

    def honoured(second: Result) -> bool:
        said = [row for row in second.tables["suppressed"].to_pylist() if (row["facet"], row["value"]) == ("ip", value)]
        return [row["reason"] for row in said] == ["judged benign by mara, 2026-04-01 09:00 UTC: seen on site"]

    return {"subject": value, "facet": "ip"}, honoured


def must_link(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    # A pair is kept in the order of its names, whichever was typed first.
    one, other = sorted(_members(first, _ring(first, covert=covert))[0] for covert in (True, False))

    def honoured(second: Result) -> bool:
        return homes(second).get(one) is not None and homes(second).get(one) == homes(second).get(other)

    return {"subject": one, "object": other}, honoured


def cannot_link(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    one, other = _members(first, _ring(first, covert=True))[:2]

    def honoured(second: Result) -> bool:
        home = homes(second)
        return one not in home or home[one] != home.get(other)

    return {"subject": one, "object": other}, honoured


def attribution_disputed(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    rows = [row for row in first.tables["attributions"].to_pylist() if row["rank"] == 1 and row["lab_id"] != "unknown"]
    named = next(row for row in rows if not row["abstained"])

    def honoured(second: Result) -> bool:
        mine = [row for row in second.tables["attributions"].to_pylist() if row["campaign_id"] == named["campaign_id"]]
        same = {row["lab_id"]: row["posterior"] for row in mine}[named["lab_id"]] == named["posterior"]
        return same and all(row["abstained"] for row in mine)

    return {"subject": named["campaign_id"], "object": named["lab_id"]}, honoured


def attribution_accepted(first: Result) -> tuple[dict[str, str], Callable[[Result], bool]]:
    campaign = first.tables["campaigns"]["campaign_id"].to_pylist()[0]

    def honoured(second: Result) -> bool:
        every = [one for ring in second.report.rings for one in ring.campaigns]
        (mine,) = [one for one in every if one.campaign_id == campaign]
        return (mine.judged_lab, mine.abstained) == ("lab-else", True)

    return {"subject": campaign, "object": "lab-else"}, honoured


KINDS = (
    *(ring_confirmed, ring_rejected, not_a_member, benign_value),
    *(must_link, cannot_link, attribution_disputed, attribution_accepted),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_typed_mark_changes_the_next_run(
    case: Case, kind: Callable[[Result], tuple[dict[str, str], Callable[[Result], bool]]]
) -> None:
    said, honoured = kind(case.first)
    assert not honoured(case.first)
    case.graph.write(neo4j_server.EMPTY)
    with open_store(case.first.out) as own, open_store(case.graph.url) as kept:
        graph_load(own, kept)
    case.graph.write(TYPE, **{"object": None, "facet": None, **said, "kind": kind.__name__})
    second = case.again()
    assert honoured(second)
    (told,) = second.report.judgements
    assert (told.kind, told.author, told.effect) == (kind.__name__, "mara", "changed")
    with open_store(case.graph.url) as kept:
        (row,) = kept.ledger("judgements").to_pylist()
    assert (row["kind"], row["subject"], row["object"]) == (kind.__name__, said["subject"], said.get("object"))
    assert row["judgement_id"]


def test_typed_must_links_meet_in_an_account_that_is_not_in_the_logs(case: Case) -> None:
    pair = [_members(case.first, _ring(case.first, covert=covert))[0] for covert in (True, False)]
    assert homes(case.first)[pair[0]] != homes(case.first)[pair[1]]
    case.graph.write(neo4j_server.EMPTY)
    with open_store(case.first.out) as own, open_store(case.graph.url) as kept:
        graph_load(own, kept)
    for account in pair:
        case.graph.write(TYPE, kind="must_link", subject=account, object="acct-of-last-night", facet=None)
    second = case.again()
    assert homes(second)[pair[0]] == homes(second)[pair[1]]
    told = second.report.judgements
    assert [one.effect for one in told] == ["changed", "changed"]
    assert all(one.outcome.startswith("acct-of-last-night is not in the logs, and ties ") for one in told)


def test_a_typed_withdrawal_takes_a_judgement_back(case: Case) -> None:
    """Both are honoured by one run: it is as if nobody had said anything, and both stay on record."""
    ring = _ring(case.first, covert=True)
    case.graph.write(neo4j_server.EMPTY)
    with open_store(case.first.out) as own, open_store(case.graph.url) as kept:
        graph_load(own, kept)
        said = make(Kind.RING_REJECTED, ring, author="li", reason="a hackathon", decided=SAID)
        assert record(kept, said)
    nothing = {"object": None, "facet": None}
    case.graph.write(TYPE, **nothing, kind=Kind.WITHDRAWN.value, subject=said.id)
    second = case.again()
    assert (verdicts(second), homes(second)) == (verdicts(case.first), homes(case.first))
    assert second.report.judgements == ()
    with open_store(case.graph.url) as kept:
        rows = kept.ledger("judgements").to_pylist()
    assert {(row["kind"], row["subject"], row["author"]) for row in rows} == {
        ("ring_rejected", ring, "li"),
        ("withdrawn", said.id, "mara"),
    }


def test_every_kind_is_tested() -> None:
    assert {kind.value for kind in Kind} - {"withdrawn"} == {kind.__name__ for kind in KINDS}
