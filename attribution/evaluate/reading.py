"""Read truth, dossier names and output tables, in any format of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import yaml

from attribution.domain import UNKNOWN_LAB, Verdict
from attribution.errors import InputError, NotFoundError
from attribution.warehouse.database import memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READERS = {
    "parquet": "read_parquet",
    "csv": "read_csv",
    "jsonl": "read_json",
    "ndjson": "read_json",
    "json": "read_json",
}


def table_files(folder: Path, stem: str) -> list[Path]:
    """Return the files of a contract table: `stem.*`, or all parts in a folder `stem`; empty if there are none."""
    if (folder / stem).is_dir():
        found = [path for path in (folder / stem).iterdir() if path.is_file() and not path.name.startswith((".", "_"))]
    else:
        found = [path for path in folder.glob(f"{stem}.*") if path.is_file()] if folder.is_dir() else []
    return sorted(path for path in found if _kind(path) is not None)


def _kind(path: Path) -> str | None:
    return next((part[1:] for part in reversed(path.suffixes) if part[1:] in READERS), None)


def read(folder: Path, stem: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """Read some columns of a table as text or numbers; a missing column is all null, a missing table None.

    Raises
    ------
    InputError
        The file cannot be read, or its first column is not one of those asked for.
    """
    files = table_files(folder, stem)
    if not files:
        return None
    kind = _kind(files[0]) or "parquet"
    options = {"csv": ", header = true, all_varchar = true", "parquet": ", union_by_name = true"}.get(
        kind, ", format = 'newline_delimited'"
    )
    with memory() as connection:
        try:
            relation = connection.sql(
                f"select * from {READERS[kind]}($files{options})", params={"files": [str(path) for path in files]}
            )
            present = set(relation.columns)
            if columns[0] not in present:
                raise InputError(
                    f"{files[0]}: no column {columns[0]!r}", remedy=f"give it the columns {', '.join(columns)}"
                )
            wanted = ", ".join(f'"{name}"' if name in present else f'null as "{name}"' for name in columns)
            frame: pd.DataFrame = relation.project(wanted).df()
        except duckdb.Error as error:
            first = str(error).strip().splitlines()[0]
            raise InputError(
                f"{files[0]}: cannot be read: {first}", remedy="write it again as Parquet, CSV or JSON Lines"
            ) from error
    return frame


def _text(column: pd.Series) -> pd.Series:
    """Return strings, with None for null, NaN and the empty string."""
    text = column.astype("object").where(column.notna(), None)
    return text.map(lambda value: None if value is None or value == "" else str(value))


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a world.

    Attributes
    ----------
    accounts : indexed by `account_id`; columns `ring`, `lab`, `kind`, None where there is none.
    tenants : columns `account_id`, `ring`, `lab`, `share`: who serves which client.
    documented : labs with a dossier, or None where the world has no `labs.yaml`.
    """

    accounts: pd.DataFrame
    tenants: pd.DataFrame
    documented: frozenset[str] | None


def read_truth(world: Path) -> Truth:
    """Read `truth/` and the names of the dossiers.

    Raises
    ------
    NotFoundError
        The world has no `truth/accounts`.
    InputError
        It cannot be read, or names an account twice.
    """
    frame = read(world / "truth", "accounts", ("account_id", "ring", "lab", "kind"))
    if frame is None:
        raise NotFoundError(f"{world}: no truth/accounts", remedy="name a folder that `attribution simulate` wrote")
    frame = frame.apply(_text)
    if frame["account_id"].duplicated().any():
        raise InputError(f"{world / 'truth'}: an account stands there twice", remedy="give every account one row")
    accounts = frame.set_index("account_id").sort_index()
    accounts["kind"] = accounts["kind"].where(accounts["kind"].notna(), "unknown")
    tenants = read(world / "truth", "campaigns", ("account_id", "ring", "lab", "share"))
    if tenants is None:
        tenants = accounts[accounts["ring"].notna()].reset_index()[["account_id", "ring", "lab"]].assign(share=1.0)
    tenants = tenants.assign(share=pd.to_numeric(tenants["share"]).fillna(0.0))
    for name in ("account_id", "ring", "lab"):
        tenants[name] = _text(tenants[name])
    return Truth(
        accounts,
        tenants.sort_values(["account_id", "ring", "lab"], ignore_index=True),
        _documented(world / "labs.yaml"),
    )


def _documented(path: Path) -> frozenset[str] | None:
    if not path.is_file():
        return None
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        return frozenset(str(entry["id"]) for entry in (document or {}).get("labs") or [])
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, KeyError) as error:
        raise InputError(f"{path}: not a list of dossiers", remedy="check it with `attribution labs check`") from error


@dataclass(frozen=True, slots=True)
class Output:
    """What a run said: the contract's tables, with every account in at most one coordinated ring.

    Attributes
    ----------
    rings : columns `ring_id`, `verdict`, `probability`.
    members : columns `ring_id`, `account_id`, `confidence`; all rings, whatever their verdict.
    flagged : account -> coordinated ring (the one of highest confidence).
    campaign_members : columns `campaign_id`, `account_id`, `share`.
    attributions : columns `campaign_id`, `lab_id`, `posterior`, `rank`, `abstained`.
    """

    rings: pd.DataFrame
    members: pd.DataFrame
    flagged: pd.Series
    campaign_members: pd.DataFrame
    attributions: pd.DataFrame


def read_output(out: Path) -> Output:
    """Read an output folder.

    Raises
    ------
    NotFoundError
        There is no `rings` or `members` table in it.
    """
    rings = read(out, "rings", ("ring_id", "verdict", "probability"))
    members = read(out, "members", ("ring_id", "account_id", "confidence"))
    if rings is None or members is None:
        raise NotFoundError(f"{out}: no rings or members table", remedy="name a folder that `attribution run` wrote")
    rings = rings.assign(ring_id=_text(rings["ring_id"]), probability=pd.to_numeric(rings["probability"]).astype(float))
    members = members.assign(
        ring_id=_text(members["ring_id"]),
        account_id=_text(members["account_id"]),
        confidence=pd.to_numeric(members["confidence"]).fillna(1.0),
    )
    coordinated = rings.loc[rings["verdict"] == Verdict.COORDINATED.value, "ring_id"]
    chosen = members[members["ring_id"].isin(coordinated)].sort_values(
        ["account_id", "confidence", "ring_id"], ascending=[True, False, True]
    )
    flagged = chosen.drop_duplicates("account_id").set_index("account_id")["ring_id"]
    campaigns = read(out, "campaign_members", ("campaign_id", "account_id", "share"))
    attributions = read(out, "attributions", ("campaign_id", "lab_id", "posterior", "rank", "abstained"))
    if campaigns is None:
        campaigns = pd.DataFrame({"campaign_id": [], "account_id": [], "share": []})
    if attributions is None:
        attributions = pd.DataFrame({"campaign_id": [], "lab_id": [], "posterior": [], "rank": [], "abstained": []})
    attributions = attributions.assign(
        posterior=pd.to_numeric(attributions["posterior"]).astype(float),
        rank=pd.to_numeric(attributions["rank"]).astype(int),
        lab_id=attributions["lab_id"].fillna(UNKNOWN_LAB),
        abstained=attributions["abstained"].map(lambda value: str(value).lower() in {"true", "1"}).astype(bool),
    )
    return Output(
        rings, members, flagged, campaigns.assign(share=pd.to_numeric(campaigns["share"]).astype(float)), attributions
    )
