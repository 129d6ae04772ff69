"""What docs/real-data.md says of a run on the public co-retweets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import attribution


def test_nobody_is_accused_or_cleared_by_retweets_alone(tmp_path: Path) -> None:
    place = os.environ.get("ATTRIBUTION_REAL_DATA")
    if not place:
        message = (
            "REAL DATA TEST DOES NOT RUN: set ATTRIBUTION_REAL_DATA to the folder that holds co_retweets/events.parquet"
        )
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail(message)
        pytest.skip(message)
    result = attribution.run(Path(place) / "co_retweets", out=tmp_path / "out")
    rings = result.tables["rings"].to_pandas()
    assert len(rings) > 0
    assert set(rings["verdict"]) == {"undetermined"}
    assert result.tables["campaigns"].num_rows == result.tables["attributions"].num_rows == 0
    assert all("no places, instruments or devices are known" in ring.reason for ring in result.report.rings)
    assert {"events.ip", "events.device_id", "events.payment_id"} <= {gap.column for gap in result.report.missing}
    page = " ".join((Path(__file__).parents[2] / "docs" / "real-data.md").read_text("utf-8").split())
    sizes, chances = rings["size"], rings["probability"]
    assert f"{len(rings)} of {sizes.min()} to {sizes.max()} accounts, {sizes.sum()} accounts in all" in page
    assert (
        f"probabilities of covert coordination from {chances.min():.2%} to {chances.max():.2%}".replace("%", " %")
        in page
    )
    counts = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["counts"]
    assert counts["rows"] == counts["accepted"] + counts["duplicates"] + counts["quarantined"] == 35_125
