from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import CODE, COT, MEMBERS, RUBRIC, Ask, Client, Small, world

from attribution.config import LabConfig
from attribution.domain import Verdict
from attribution.errors import NotFoundError, UsageError
from attribution.labs import attribute, campaigns, score_accounts
from attribution.labs.dossiers import Dossiers
from attribution.labs.loading import parse
from attribution.labs.pivots import pivots, releases
from attribution.labs.rhythm import zone_estimate

CONFIG = LabConfig(permutations=199)
OTHER = "You are an autonomous engineer. Call the tools of the repository and explain each patch: {}"
LABS = parse("""
labs:
- id: lab-a
  name: A
  networks: ["198.51.100.0/24"]
  bins: ["411111"]
  working_day: {utc_offset: 8, start: 9, end: 17}
  targets: {chain_of_thought: 0.5, rubric_grading: 0.5}
  releases: [2026-03-08]
- {id: lab-b, name: B, networks: ["192.0.2.0/24"], targets: {roleplay: 1.0}}
""")


def found(small: Small) -> tuple:
    return campaigns((small.ring,), small.population, small.traffic, small.templates, CONFIG)


@pytest.fixture(scope="module")
def two() -> Small:
    return world(Ask(clients=(Client((COT, RUBRIC)), Client((CODE, OTHER), tuple(range(13, 21)), (25, MEMBERS)))))


def test_one_client_stays_one_campaign(small: Small) -> None:
    (one,) = found(small)
    assert len(one.members) == MEMBERS
    assert set(one.targets) >= {"chain_of_thought", "rubric_grading"}
    assert one.events == small.ring.events
    assert np.allclose(one.share, 1.0)
    assert one.evidence[0].name == "one_client"
    assert one.evidence[0].subject == one.campaign_id


def test_two_clients_are_told_apart_with_their_evidence(two: Small) -> None:
    first, second = found(two)
    names = {a.campaign_id: set(two.population.accounts.take(a.members.tolist()).to_pylist()) for a in (first, second)}
    assert len(first.members) == MEMBERS
    assert names[second.campaign_id] == {f"ring-{n:03d}" for n in range(25, MEMBERS)}
    assert not set(first.templates) & set(second.templates)
    shared = np.isin(first.members, second.members)
    assert first.share[shared].mean() == pytest.approx(0.5, abs=0.1)
    detail = first.evidence[0].detail
    assert detail["clients"] == 2
    assert len(detail["speaking"]) >= 2  # type: ignore[arg-type]


def test_a_capability_that_a_dossier_describes_by_examples_is_recognised() -> None:
    draft = "Draft the termination clause of a commercial lease between landlord and tenant: {}"
    own = parse("""
labs:
- id: lab-l
  name: L
  targets: {legal_drafting: 1.0}
  template_examples: ["Draft a termination clause for the commercial lease, landlord and tenant agreeing on: {}"]
- {id: lab-m, name: M, targets: {roleplay: 1.0}, template_examples: ["Play a pirate who tells of {}"]}
""").capabilities
    assert list(own) == ["legal_drafting"]
    clauses = world(Ask(clients=(Client((draft,)),)))
    (without,) = found(clauses)
    (one,) = campaigns((clauses.ring,), clauses.population, clauses.traffic, clauses.templates, CONFIG, own)
    assert "legal_drafting" not in without.targets
    assert one.targets["legal_drafting"] > 0.8
    assert sum(one.targets.values()) == pytest.approx(1.0, abs=1e-9)


def test_popular_prompts_belong_to_no_campaign(small: Small) -> None:
    (one,) = found(small)
    assert not any("poem" in template for template in one.templates)


@pytest.mark.parametrize("verdict", [Verdict.INNOCENT, Verdict.UNDETERMINED])
def test_only_coordinated_rings_have_campaigns(small: Small, verdict: Verdict) -> None:
    ring = dataclasses.replace(small.ring, verdict=verdict)
    assert campaigns((ring,), small.population, small.traffic, small.templates, CONFIG) == ()


def test_payments_alone_give_one_campaign_with_unknown_targets() -> None:
    bare = world(Ask(columns=frozenset({"payment_id"})))
    (one,) = found(bare)
    assert (len(one.members), one.targets, one.templates) == (MEMBERS, {}, ())
    assert one.share.tolist() == [1.0] * MEMBERS
    (said,) = attribute((one,), (bare.ring,), bare.population, bare.traffic, None, LABS, CONFIG)
    assert {row.name for row in said.evidence} <= {"bins", "working_day", "organisation", "time_zone", "posterior"}
    assert said.abstained


def test_a_row_order_changes_nothing(two: Small) -> None:
    frames = {
        f.name: getattr(two.traffic, f.name).sample(frac=1.0, random_state=4, ignore_index=True)
        for f in dataclasses.fields(two.traffic)
    }
    shuffled = dataclasses.replace(two.traffic, **frames)
    templates = two.templates.take(pa.array(range(two.templates.num_rows - 1, -1, -1)))
    once = campaigns((two.ring,), two.population, two.traffic, two.templates, CONFIG)
    again = campaigns((two.ring,), two.population, shuffled, templates, CONFIG)
    assert [(c.templates, c.members.tolist(), c.share.tolist(), c.targets) for c in once] == [
        (c.templates, c.members.tolist(), c.share.tolist(), c.targets) for c in again
    ]
    first = attribute(once, (two.ring,), two.population, two.traffic, two.templates, LABS, CONFIG)
    second = attribute(again, (two.ring,), two.population, shuffled, templates, LABS, CONFIG)
    assert first == second


def test_the_lab_is_named_and_posteriors_sum_to_one(small: Small) -> None:
    (said,) = attribute(found(small), (small.ring,), small.population, small.traffic, small.templates, LABS, CONFIG)
    assert not said.abstained
    assert said.posteriors[0].lab_id == "lab-a"
    assert sum(row.posterior for row in said.posteriors) == pytest.approx(1.0, abs=1e-9)
    assert [row.rank for row in said.posteriors] == [1, 2, 3]
    assert said.posteriors[0].confidence_level in {"low", "moderate", "high"}


def test_shared_accounts_say_nothing_of_cards_but_their_exchanges_do_of_places() -> None:
    clients = (Client((COT, RUBRIC)), Client((CODE, OTHER), tuple(range(13, 21))))
    shared = world(Ask(clients=clients))
    both = found(shared)
    assert len(both) == 2
    for said in attribute(both, (shared.ring,), shared.population, shared.traffic, shared.templates, LABS, CONFIG):
        names = {row.name for row in said.evidence if row.lab_id == "lab-a"}
        assert "bins" not in names
        place = next(row for row in said.evidence if row.name == "networks" and row.lab_id == "lab-a")
        assert place.detail["of"] == "exchanges of its templates"


def test_without_dossiers_everything_is_unknown(small: Small) -> None:
    (said,) = attribute(
        found(small), (small.ring,), small.population, small.traffic, small.templates, Dossiers(), CONFIG
    )
    assert said.abstained
    assert [(row.lab_id, row.posterior) for row in said.posteriors] == [("unknown", 1.0)]


def test_release_pivot_is_seen_and_none_without_a_jump() -> None:
    jump = world(Ask(jump=True))
    (one,) = found(jump)
    (pivot,) = pivots(one, jump.population, releases(jump.traffic), CONFIG)
    assert pivot.significant
    assert pivot.low < pivot.effect < pivot.high or pivot.effect == pivot.low == pivot.high
    assert pivot.p_value == pytest.approx(1 / 200)
    (said,) = attribute((one,), (jump.ring,), jump.population, jump.traffic, jump.templates, LABS, CONFIG)
    assert any(row.name == "release_pivot" and row.weight > 0 for row in said.evidence)


def test_permutation_p_values_are_uniform_under_the_null(small: Small) -> None:
    rng = np.random.default_rng(0)
    (one,) = found(small)
    names = small.population.accounts.take(one.members.tolist()).to_pylist()
    models = pd.DataFrame(
        {"model": ["m-9"], "released": [pd.Timestamp("2026-03-05", tz="UTC")], "accounts": [1], "events": [1]}
    )
    p_values = []
    for _ in range(60):
        rows = pd.DataFrame({"account_id": names + [f"o-{i:03d}" for i in range(100)]})
        rows["member"] = rows.index < len(names)
        rows["level"] = rng.integers(3, 5, len(rows))
        rows["model"], rows["events"] = "m-9", 10
        rows["on_model"] = rng.binomial(10, 0.3, len(rows))
        traffic = dataclasses.replace(small.traffic, adoption=rows, models=models)
        p_values.append(pivots(one, small.population, releases(traffic), CONFIG)[0].p_value)
    assert 0.3 < np.mean(p_values) < 0.7
    assert np.mean(np.array(p_values) <= 0.1) < 0.25


def test_zone_estimate_finds_the_office() -> None:
    hours = np.array([50 if 1 <= h < 11 else 2 for h in range(24)])
    best, low, high = zone_estimate(hours, 500)
    assert best == 8.0
    assert low <= 8.0 <= high
    assert high - low <= 4
    _, low, high = zone_estimate(np.full(24, 50), 500)
    assert high - low > 15


def test_scoring_any_accounts_with_what_ifs(small: Small) -> None:
    names = [f"ring-{n:03d}" for n in range(30)]
    whole, *_ = score_accounts(names, small.population, small.traffic, LABS, CONFIG, templates=small.templates)
    assert whole.posteriors[0].lab_id == "lab-a"
    less, *_ = score_accounts(
        names, small.population, small.traffic, LABS, CONFIG, templates=small.templates, without=["place"]
    )
    assert not any(row.family == "place" for row in less.evidence)
    sure, *_ = score_accounts(
        names, small.population, small.traffic, LABS, CONFIG, templates=small.templates, prior=0.99
    )
    chance = [{row.lab_id: row.posterior for row in said.posteriors}["lab-a"] for said in (sure, less, whole)]
    assert chance[0] < chance[2]
    assert chance[1] < chance[2]
    given, *_ = score_accounts(
        names, small.population, small.traffic, LABS, CONFIG, prior={"lab-b": 0.5, "unknown": 0.25}
    )
    assert sum(row.posterior for row in given.posteriors) == pytest.approx(1.0)
    with pytest.raises(NotFoundError, match="nobody"):
        score_accounts(["nobody"], small.population, small.traffic, LABS, CONFIG)
    with pytest.raises(UsageError, match="family"):
        score_accounts(names, small.population, small.traffic, LABS, CONFIG, without=["astrology"])
    with pytest.raises(UsageError, match="prior"):
        score_accounts(names, small.population, small.traffic, LABS, CONFIG, prior=1.5)
    with pytest.raises(UsageError, match="no accounts"):
        score_accounts([], small.population, small.traffic, LABS, CONFIG)
