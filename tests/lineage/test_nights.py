"""A few nights of the whole road into one store: rings and campaigns keep their ids while logs and dossiers change."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from attribution import pipeline
from attribution.simulate import preset, simulate
from attribution.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

NIGHTS = (20, 24, 28)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[pipeline.Result]]:
    """Three nightly runs; the last one knows one claim more of a lab."""
    folder = tmp_path_factory.mktemp("nights")
    simulate(folder / "world", preset("moderate", accounts=1_500, rings=3, seed=72))
    labs = folder / "world" / "labs.yaml"
    events = pd.read_parquet(folder / "world" / "events.parquet")
    day = (events["ts"] - events["ts"].min()).dt.days
    results: list[pipeline.Result] = []
    for before, until in zip((0, *NIGHTS), NIGHTS, strict=False):
        logs = folder / f"logs-{until}"
        logs.mkdir()
        events[(day >= before) & (day < until)].to_parquet(logs / "events.parquet")
        for extra in ("accounts", "ips", "payments"):
            (logs / f"{extra}.parquet").symlink_to(folder / "world" / f"{extra}.parquet")
        if until == NIGHTS[-1]:
            known = yaml.safe_load(labs.read_text("utf-8"))
            known["labs"][0]["releases"] = ["2020-02-02"]
            labs.write_text(yaml.safe_dump(known), "utf-8")
        out = folder / f"out-{until}"
        results.append(pipeline.run(logs, labs=labs, out=out, store=folder / "s.duckdb", seed=3))
    return folder, results


def members(result: pipeline.Result) -> dict[str, set[str]]:
    rows = result.tables["members"].to_pandas()
    covert = set(result.tables["rings"].to_pandas().query("verdict == 'coordinated'")["ring_id"])
    return {name: set(part["account_id"]) for name, part in rows.groupby("ring_id") if name in covert}


def test_rings_keep_their_ids_while_they_grow(nights: tuple[Path, list[pipeline.Result]]) -> None:
    _, results = nights
    followed = 0
    for one, two in pairwise(results):
        before, after = members(one), members(two)
        for name, accounts in after.items():
            heirs = [old for old, mine in before.items() if len(mine & accounts) > len(mine) / 2]
            if len(heirs) == 1 and len(before[heirs[0]] & accounts) > len(accounts) / 2:
                assert name == heirs[0]
                followed += 1
    assert followed >= 2


def test_what_changed_is_told_and_ids_are_given_once(nights: tuple[Path, list[pipeline.Result]]) -> None:
    folder, results = nights
    assert results[0].report.changes is None
    for one, two in pairwise(results):
        assert two.report.changes is not None
        assert two.report.changes.previous_run == one.run_id
    last = results[-1].report.changes
    assert last is not None
    dossiers = [entry for entry in last.entries if entry.kind == "dossier"]
    assert [(entry.event, "2020-02-02" in entry.says) for entry in dossiers] == [("changed", True)]
    assert "What changed" in (results[-1].out / "report.html").read_text("utf-8")
    with open_store(folder / "s.duckdb") as store:
        given = [row for row in store.ledger("identities").to_pylist() if row["event"] in {"born", "split"}]
        assert len({(row["kind"], row["id"]) for row in given}) == len(given)
        for result in results:
            rows = store.table("lineage", result.run_id).to_pylist()
            alive = {row["id"] for row in rows if row["kind"] == "ring" and row["event"] not in {"ended", "merged"}}
            assert alive == set(result.tables["rings"]["ring_id"].to_pylist())
            assert all(row["reason"] for row in rows)
        versions = {row["version"] for row in store.ledger("claims").to_pylist() if row["lab_id"] == dossiers[0].id}
        assert len(versions) == 2


def test_the_same_night_again_is_the_same_run(nights: tuple[Path, list[pipeline.Result]]) -> None:
    folder, results = nights
    last = results[-1]
    again = pipeline.run(
        folder / f"logs-{NIGHTS[-1]}",
        labs=folder / "world" / "labs.yaml",
        out=folder / "again",
        store=folder / "s.duckdb",
        seed=3,
    )
    assert again.run_id == last.run_id
    for path in sorted(last.out.glob("*.parquet")):
        assert path.read_bytes() == (again.out / path.name).read_bytes(), path.name
    ours, theirs = (json.loads((out / "report.json").read_text()) for out in (again.out, last.out))
    ours["run"]["inputs"] = theirs["run"]["inputs"]  # the second reading of a file finds duplicates only
    assert ours == theirs
