from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from attribution.simulate import preset, simulate

if TYPE_CHECKING:
    from pathlib import Path


def events(folder: Path, name: str) -> pd.DataFrame:
    """Return a small world's exchanges with the truth; without prompts, so that templates have ids."""
    world = simulate(folder / name, preset(name, accounts=2000, rings=4, seed=5, drop=("prompt",))).path
    truth = pd.read_parquet(world / "truth" / "accounts.parquet")
    return pd.read_parquet(world / "events.parquet").merge(truth, on="account_id")


def shared(frame: pd.DataFrame, column: str, kinds: tuple[str, ...]) -> float:
    """Return the share of the rings' exchanges whose value innocents of some kinds use as well."""
    theirs = set(frame.loc[frame["kind"].isin(kinds) & frame["ring"].isna(), column].dropna())
    return float(frame.loc[frame["kind"] == "ring", column].isin(theirs).mean())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return events(tmp_path_factory.mktemp("plain"), "moderate")


def test_framing_borrows_addresses_and_templates(tmp_path: Path, plain: pd.DataFrame) -> None:
    framed = events(tmp_path, "framing")
    homes = ("person", "household")
    assert shared(framed, "ip", homes) > shared(plain, "ip", homes) + 0.03
    assert shared(framed, "template_id", ("team",)) > shared(plain, "template_id", ("team",)) + 0.04


def test_camouflage_adds_popular_templates(tmp_path: Path, plain: pd.DataFrame) -> None:
    hidden = events(tmp_path, "camouflage")
    assert shared(hidden, "template_id", ("popular",)) > shared(plain, "template_id", ("popular",)) + 0.15
    assert shared(hidden, "ip", ("vpn", "person")) > shared(plain, "ip", ("vpn", "person"))


def test_dilution_hides_in_an_agency(tmp_path: Path, plain: pd.DataFrame) -> None:
    diluted = events(tmp_path, "dilution")
    for column in ("ip", "payment_id", "template_id"):
        assert shared(diluted, column, ("agency",)) > shared(plain, column, ("agency",)) + 0.1, column


def test_cells_share_no_card_device_or_exit(tmp_path: Path, plain: pd.DataFrame) -> None:
    split = events(tmp_path, "cells")
    for column in ("payment_id", "device_id"):
        users = split[split["kind"] == "ring"].groupby(column)["account_id"].nunique()
        # The operator's one card and its desks show by mistake; everything else stays inside a cell of ten.
        assert (users > 10).sum() <= 4, column
    largest = split[split["kind"] == "ring"].groupby("ip")["account_id"].nunique().quantile(0.99)
    assert largest < plain[plain["kind"] == "ring"].groupby("ip")["account_id"].nunique().quantile(0.99)


def test_slow_rings_send_at_most_one_request_a_day(tmp_path: Path) -> None:
    slow = events(tmp_path, "slow")
    slow = slow[slow["kind"] == "ring"]
    daily = slow.groupby(["account_id", slow["ts"].dt.date]).size()
    # Local days and UTC days differ: now and then two fall into one.
    assert daily.mean() < 1.1
    assert slow.groupby("account_id").size().median() > 5


def test_poisoning_makes_ring_values_look_common(tmp_path: Path) -> None:
    flooded = events(tmp_path, "poisoning")
    throwaway = flooded[flooded["kind"] == "throwaway"]
    assert throwaway["account_id"].nunique() == 400
    assert throwaway["ring"].notna().all()
    assert throwaway.groupby("account_id").size().mean() < 4

    users = flooded.groupby("template_id")["account_id"].nunique()
    theirs = flooded[flooded["kind"] == "ring"].groupby("template_id")["account_id"].nunique()
    extraction = theirs[(theirs / users.reindex(theirs.index) > 0.3) & (theirs > 10)].index
    assert len(extraction) > 5
    assert (users[extraction] / theirs[extraction]).mean() > 1.3
