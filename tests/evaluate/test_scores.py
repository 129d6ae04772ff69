from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from attribution.errors import InputError, NotFoundError
from attribution.evaluate import baselines, evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.evaluate import Scores

ACCOUNTS = pd.DataFrame(
    {
        "account_id": ["a1", "a2", "a3", "b1", "b2", "p1", "p2", "s1"],
        "ring": ["A", "A", "A", "B", "B", None, None, None],
        "lab": ["lab-x", "lab-x", "lab-y", "lab-z", "lab-z", None, None, None],
        "kind": ["ring"] * 5 + ["person", "person", "student"],
    }
)


def world(folder: Path, labs: tuple[str, ...] = ("lab-x", "lab-y")) -> Path:
    (folder / "truth").mkdir(parents=True)
    ACCOUNTS.to_parquet(folder / "truth" / "accounts.parquet")
    pd.DataFrame(
        {
            "account_id": ["a1", "a2", "a2", "a3", "b1", "b2"],
            "ring": ["A", "A", "A", "A", "B", "B"],
            "lab": ["lab-x", "lab-x", "lab-y", "lab-y", "lab-z", "lab-z"],
            "share": [0.9, 0.6, 0.3, 0.8, 0.5, 0.5],
        }
    ).to_parquet(folder / "truth" / "campaigns.parquet")
    entries = "".join(f"- {{id: {lab}, name: {lab}}}\n" for lab in labs)
    (folder / "labs.yaml").write_text("labs:\n" + (entries or " []"), "utf-8")
    return folder


def output(folder: Path) -> Path:
    folder.mkdir(parents=True)
    pd.DataFrame(
        {
            "ring_id": ["r1", "r2", "r3"],
            "verdict": ["coordinated", "coordinated", "innocent"],
            "probability": [0.9, 0.8, 0.1],
        }
    ).to_parquet(folder / "rings.parquet")
    pd.DataFrame(
        {
            "ring_id": ["r1", "r1", "r1", "r1", "r2", "r3", "r3", "r1"],
            "account_id": ["a1", "a2", "a3", "p1", "b1", "p2", "s1", "stranger"],
            "confidence": [0.9] * 8,
        }
    ).to_parquet(folder / "members.parquet")
    pd.DataFrame(
        {
            "campaign_id": ["c1", "c1", "c2", "c2", "c3", "c4", "c4"],
            "account_id": ["a1", "a2", "a2", "a3", "b1", "p1", "p2"],
            "share": [0.9, 0.6, 0.3, 0.8, 0.5, 1.0, 1.0],
        }
    ).to_parquet(folder / "campaign_members.parquet")
    rows = [
        ("c1", "lab-x", 0.8, 1, False), ("c1", "lab-y", 0.1, 2, False), ("c1", "unknown", 0.1, 3, False),
        ("c2", "lab-x", 0.7, 1, False), ("c2", "lab-y", 0.2, 2, False), ("c2", "unknown", 0.1, 3, False),
        ("c3", "unknown", 0.6, 1, True), ("c3", "lab-x", 0.4, 2, True),
        ("c4", "lab-x", 0.9, 1, True), ("c4", "unknown", 0.1, 2, True),
    ]  # fmt: skip
    pd.DataFrame(rows, columns=["campaign_id", "lab_id", "posterior", "rank", "abstained"]).to_parquet(
        folder / "attributions.parquet"
    )
    return folder


@pytest.fixture
def scored(tmp_path: Path) -> Scores:
    return evaluate(world(tmp_path / "world"), output(tmp_path / "out"))


def test_accounts_and_rings(scored: Scores) -> None:
    accounts = scored.rings.accounts
    assert (accounts.true_positives, accounts.predicted, accounts.actual) == (4, 5, 5)
    assert [(one.ring, one.matched, one.found) for one in scored.rings.rings] == [("A", "r1", 3), ("B", "r2", 1)]
    assert [one.jaccard for one in scored.rings.rings] == pytest.approx([3 / 4, 1 / 2])
    assert scored.rings.jaccard_by_size == pytest.approx((3 * 0.75 + 2 * 0.5) / 5)
    assert scored.unlisted == 1


def test_innocents_by_class(scored: Scores) -> None:
    found = {one.kind: (one.accounts, one.flagged) for one in scored.rings.innocents}
    assert found == {"person": (2, 1), "student": (1, 0)}
    assert scored.rings.false_positives.rate == pytest.approx(1 / 3)
    assert scored.rings.false_positives.low < 1 / 3 < scored.rings.false_positives.high


def test_verdicts_are_judged_by_the_majority_of_members(scored: Scores) -> None:
    assert scored.verdicts.count == 3
    assert scored.verdicts.brier == pytest.approx((0.1**2 + 0.2**2 + 0.1**2) / 3)


def test_labs(scored: Scores) -> None:
    outcomes = {one.campaign: (one.lab, one.named, one.outcome) for one in scored.labs.campaigns}
    assert outcomes == {
        "c1": ("lab-x", "lab-x", "right"),
        "c2": ("lab-y", "lab-x", "wrong"),
        "c3": ("lab-z", None, "right"),
        "c4": (None, None, "right"),
    }
    assert (scored.labs.known.right, scored.labs.known.wrong, scored.labs.known.abstained) == (1, 1, 0)
    assert (scored.labs.unknown.right, scored.labs.innocent.right) == (1, 1)
    squares = [0.2**2 + 0.1**2 + 0.1**2, 0.7**2 + 0.8**2 + 0.1**2, 0.4**2 + 0.4**2, 0.9**2 + 0.9**2]
    assert scored.labs.brier == pytest.approx(sum(squares) / 4)
    assert scored.labs.posterior.count == 4


def test_tenants_of_one_operator(scored: Scores) -> None:
    found = {(one.ring, one.lab): one for one in scored.labs.tenants}
    assert found["A", "lab-x"].campaign == "c1"
    assert found["A", "lab-x"].account_f1 == pytest.approx(1.0)
    assert found["A", "lab-y"].traffic_f1 == pytest.approx(1.0)
    assert found["B", "lab-z"].account_f1 == pytest.approx(2 / 3)


def test_scores_turn_into_json(scored: Scores) -> None:
    document = json.loads(scored.json())
    assert document["rings"]["accounts"]["precision"] == pytest.approx(0.8)
    assert document["labs"]["known"] == {"right": 1, "wrong": 1, "abstained": 0}


def test_an_empty_run_scores_nought(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    pd.DataFrame(
        {
            "ring_id": pd.Series([], dtype=str),
            "verdict": pd.Series([], dtype=str),
            "probability": pd.Series([], dtype=float),
        }
    ).to_parquet(out / "rings.parquet")
    pd.DataFrame(
        {
            "ring_id": pd.Series([], dtype=str),
            "account_id": pd.Series([], dtype=str),
            "confidence": pd.Series([], dtype=float),
        }
    ).to_parquet(out / "members.parquet")
    scores = evaluate(world(tmp_path / "world"), out)
    assert (scores.rings.accounts.recall, scores.rings.jaccard, scores.rings.false_positives.rate) == (0.0, 0.0, 0.0)
    assert json.loads(scores.json())["rings"]["accounts"]["precision"] is None


def test_truth_as_csv_reads_the_same(tmp_path: Path, scored: Scores) -> None:
    folder = world(tmp_path / "again")
    ACCOUNTS.to_csv(folder / "truth" / "accounts.csv.gz", index=False)
    (folder / "truth" / "accounts.parquet").unlink()
    assert evaluate(folder, tmp_path / "out").json() == scored.json()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="truth/accounts"):
        evaluate(tmp_path, tmp_path)
    with pytest.raises(NotFoundError, match="rings or members"):
        evaluate(world(tmp_path / "world"), tmp_path)
    (tmp_path / "world" / "truth" / "accounts.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="cannot be read"):
        evaluate(tmp_path / "world", tmp_path)


def test_a_run_of_another_world_is_refused(tmp_path: Path) -> None:
    there = world(tmp_path / "world")
    out = output(tmp_path / "out")
    members = pd.read_parquet(out / "members.parquet")
    members.assign(account_id="other-" + members["account_id"]).to_parquet(out / "members.parquet")
    with pytest.raises(InputError, match="none of its 6 flagged accounts is in"):
        evaluate(there, out)


def test_baselines_on_a_small_world(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    (folder / "truth").mkdir(parents=True)
    ring = [f"r{number:02d}" for number in range(12)]
    people = [f"p{number:02d}" for number in range(200)]
    events = [
        (name, f"card{number // 4}", f"ip{number % 3}", "device", f"t{number % 2}") for number, name in enumerate(ring)
    ]
    events += [(name, f"own{name}", f"home{name}", f"d{name}", None) for name in people]
    frame = pd.DataFrame(events, columns=["account_id", "payment_id", "ip", "device_id", "template_id"])
    frame.assign(ts=pd.Timestamp("2026-03-02", tz="UTC")).to_parquet(folder / "events.parquet")
    pd.DataFrame(
        {
            "account_id": ring + people,
            "ring": ["A"] * 12 + [None] * 200,
            "lab": None,
            "kind": ["ring"] * 12 + ["person"] * 200,
        }
    ).to_parquet(folder / "truth" / "accounts.parquet")
    found = baselines.run(folder)
    assert tuple(found) == baselines.NAMES
    assert found["components"].jaccard == 1.0
    assert found["components"].false_positives.flagged == 0
    assert repr(baselines.run(folder)) == repr(found)  # an undefined precision is NaN, which equals nothing
