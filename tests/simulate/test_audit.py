"""The audit sees every column: whichever one is made to tell of rings, it says so."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest

from attribution.simulate import preset, simulate
from attribution.simulate.audit import LIMIT, audit

if TYPE_CHECKING:
    from pathlib import Path

LEAKS = {
    "VARCHAR": "'leak' || {column}",
    "BIGINT": "coalesce({column}, 0) + 10000000",
    "BOOLEAN": "true",
    "TIMESTAMP WITH TIME ZONE": "{column} - interval 1000 day",
}
"""What a column of each type holds for ring accounts once it leaks."""
SHARED = {"ip", "device_id", "payment_id"}
"""Ids: one value for all ring accounts, or its new name would be as common as the old one."""
FULL = {"account_id": "'zz' || substr(account_id, 3)", "org": "'leak'", "verified": "null"}
"""Others: most people have no organisation, and most are verified."""
GUILTY = {
    "events": "account_id in (select account_id from rings)",
    "accounts": "account_id in (select account_id from rings)",
    "ips": "ip in (select ip from used)",
    "payments": "payment_id in (select payment_id from used)",
}
"""Rows that ring accounts have or use, by table."""
KEYS = {("ips", "ip"), ("payments", "payment_id")}
"""What these tell is told by the same column of `events`."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # With three rings among hundreds the days on which these signed up tell of them before anything leaks.
    return simulate(tmp_path_factory.mktemp("small") / "world", preset("moderate", accounts=2000, seed=13)).path


def columns(world: Path) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        return [
            (table, row[0])
            for table in GUILTY
            for row in connection.sql(f"describe select * from '{world / table}.parquet'").fetchall()
            if (table, row[0]) not in KEYS
        ]


def leak(world: Path, out: Path, table: str, column: str) -> Path:
    """Copy a world in which one column of one table tells of rings."""
    shutil.copytree(world, out)
    with duckdb.connect() as connection:
        connection.execute(f"create view truth as from '{world}/truth/accounts.parquet'")
        connection.execute("create view rings as select account_id from truth where ring is not null")
        connection.execute(
            f"create view used as select ip, payment_id from '{world}/events.parquet' "
            "semi join rings using (account_id)"
        )
        described = connection.sql(f"describe select * from '{world / table}.parquet'").fetchall()
        kind = next(row[1] for row in described if row[0] == column)
        told = "'leak'" if column in SHARED else FULL.get(column) or LEAKS[kind].format(column=column)
        value = f"case when {GUILTY[table]} then {told} else {column} end as {column}"
        # an account has one name in every table
        for part in ("events", "accounts", "truth/accounts") if column == "account_id" else (table,):
            rows = f"select * replace ({value}) from '{world / part}.parquet'"
            connection.execute(f"copy ({rows}) to '{out / part}.parquet'")
    return out


@pytest.mark.slow
def test_every_column_that_leaks_is_seen(small: Path, tmp_path: Path) -> None:
    before = {one.name: one.auc for one in audit(small)}
    unseen = []
    for table, column in columns(small):
        out = leak(small, tmp_path / f"{table}-{column}", table, column)
        after = audit(out)
        if not any(one.auc >= LIMIT and one.auc > before.get(one.name, 0.5) + 0.02 for one in after):
            unseen.append((table, column, after[0]))
        shutil.rmtree(out)
    assert not unseen


def test_an_order_of_rows_that_leaks_is_seen(small: Path, tmp_path: Path) -> None:
    for table in ("events", "accounts"):
        out = tmp_path / table
        shutil.copytree(small, out)
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select t.* from '{small / table}.parquet' t join '{small}/truth/accounts.parquet' a "
                f"using (account_id) order by a.ring is null, hash(t.account_id)) to '{out / table}.parquet'"
            )
        assert audit(out)[0].auc > 0.99
