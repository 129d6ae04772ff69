"""Every table that a run writes has the columns, types and promises of the data contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from attribution.domain import UNKNOWN_LAB
from attribution.evaluate import evaluate
from attribution.schemas import OUTPUT_TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.pipeline import Result

CONTRACT = {
    "rings": {
        "ring_id": "string", "verdict": "string", "probability": "double", "size": "int64",
        "first_seen": "timestamp[us, tz=UTC]", "last_seen": "timestamp[us, tz=UTC]", "events": "int64",
        "explanation": "string",
    },
    "members": {"ring_id": "string", "account_id": "string", "confidence": "double"},
    "campaigns": {
        "campaign_id": "string", "ring_id": "string", "size": "int64", "targets": "string",
        "first_seen": "timestamp[us, tz=UTC]", "last_seen": "timestamp[us, tz=UTC]",
    },
    "campaign_members": {"campaign_id": "string", "account_id": "string", "share": "double"},
    "attributions": {
        "campaign_id": "string", "ring_id": "string", "lab_id": "string", "posterior": "double", "rank": "int64",
        "likelihood_term": "string", "confidence_level": "string", "abstained": "bool",
    },
    "evidence": {
        "subject": "string", "lab_id": "string", "family": "string", "name": "string", "weight": "double",
        "detail": "string",
    },
    "suppressed": {"facet": "string", "value": "string", "accounts": "int64", "reason": "string"},
    "quarantine": {"file": "string", "line": "int64", "reason": "string", "digest": "string"},
}  # fmt: skip
"""The contract, written out a second time on purpose: it is a promise to others and does not follow the code."""


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_table_has_the_contract_s_columns_and_types(result: Result, name: str) -> None:
    schema = pq.read_schema(result.out / f"{name}.parquet")
    assert {field.name: str(field.type) for field in schema} == CONTRACT[name]
    assert list(schema.names) == list(OUTPUT_TABLES[name].names)


def test_folder_holds_the_contract_s_files_and_nothing_half_written(result: Result) -> None:
    expected = {f"{name}.parquet" for name in CONTRACT} | {"report.html", "report.json", "run.json"}
    assert {path.name for path in result.out.iterdir()} == expected | {"attribution.duckdb"}


def test_rings_members_and_campaigns_refer_to_one_another(result: Result) -> None:
    tables = result.tables
    rings = set(tables["rings"]["ring_id"].to_pylist())
    assert len(rings) == tables["rings"].num_rows > 3
    assert set(tables["members"]["ring_id"].to_pylist()) == rings
    sizes = tables["members"].group_by("ring_id").aggregate([("account_id", "count")])
    counted = dict(zip(sizes["ring_id"].to_pylist(), sizes["account_id_count"].to_pylist(), strict=True))
    assert counted == dict(
        zip(tables["rings"]["ring_id"].to_pylist(), tables["rings"]["size"].to_pylist(), strict=True)
    )
    covert = {
        ring["ring_id"] for ring in tables["rings"].select(["ring_id", "verdict"]).to_pylist()
        if ring["verdict"] == "coordinated"
    }  # fmt: skip
    assert set(tables["campaigns"]["ring_id"].to_pylist()) == covert
    assert set(tables["campaign_members"]["campaign_id"].to_pylist()) == set(
        tables["campaigns"]["campaign_id"].to_pylist()
    )


def test_numbers_are_what_they_claim(result: Result) -> None:
    for table, column in (
        ("rings", "probability"),
        ("members", "confidence"),
        ("campaign_members", "share"),
        ("attributions", "posterior"),
    ):
        values = result.tables[table][column]
        assert pc.min(values).as_py() >= 0
        assert pc.max(values).as_py() <= 1 + 1e-12
    sums = result.tables["attributions"].group_by("campaign_id").aggregate([("posterior", "sum"), ("rank", "max")])
    labs = set(result.tables["attributions"]["lab_id"].to_pylist())
    assert UNKNOWN_LAB in labs
    assert all(abs(total - 1) < 1e-9 for total in sums["posterior_sum"].to_pylist())
    assert set(sums["rank_max"].to_pylist()) == {len(labs)}
    for column, table in (("targets", "campaigns"), ("detail", "evidence")):
        assert all(isinstance(json.loads(text), dict) for text in result.tables[table][column].to_pylist())


def test_manifest_accounts_for_every_row(result: Result, world: Path) -> None:
    manifest = json.loads((result.out / "run.json").read_text("utf-8"))
    for file in manifest["inputs"]:
        assert file["accepted"] + file["duplicates"] + file["quarantined"] == file["rows"]
        assert len(file["sha256"]) == 64
    events = next(file for file in manifest["inputs"] if file["table"] == "events")
    assert events["rows"] == pq.read_metadata(world / "events.parquet").num_rows
    assert {"run_id", "config_digest", "seed", "versions", "counts", "stages", "peak_memory_bytes"} <= manifest.keys()
    assert not any("truth" in file["file"] for file in manifest["inputs"])


def test_the_rings_of_an_ordinary_world_are_found_and_nobody_else(result: Result, world: Path) -> None:
    scores = evaluate(world, result.out).rings
    assert scores.accounts.precision >= 0.97
    assert scores.accounts.recall >= 0.7
