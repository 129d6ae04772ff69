"""Same input, configuration and seed: same bytes, whatever the row order, threads or hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from attribution import pipeline
from attribution.store.embedded import EmbeddedStore
from attribution.warehouse import connect

SAME = (
    *(f"{n}.parquet" for n in ("rings", "members", "campaigns", "campaign_members", "attributions", "evidence")),
    "suppressed.parquet",
    "report.html",
    "report.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def shuffled(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same world with the rows of every table in another order, its events in three parts of JSON Lines."""
    folder = tmp_path_factory.mktemp("shuffled")
    (folder / "events").mkdir()
    events = pq.read_table(world / "events.parquet").to_pandas().sample(frac=1.0, random_state=5)
    for part in range(3):
        events.iloc[part::3].to_json(
            folder / "events" / f"part-{part}.jsonl", orient="records", lines=True, date_format="iso", date_unit="us"
        )
    for name in ("accounts", "ips", "payments"):
        table = pq.read_table(world / f"{name}.parquet").to_pandas().sample(frac=1.0, random_state=6)
        table.to_parquet(folder / f"{name}.parquet")
    (folder / "labs.yaml").write_bytes((world / "labs.yaml").read_bytes())
    return folder


def test_rows_in_another_order_and_format_give_the_same_bytes(
    result: pipeline.Result, shuffled: Path, tmp_path: Path
) -> None:
    again = pipeline.run(shuffled, labs=shuffled / "labs.yaml", out=tmp_path / "out", seed=3)
    assert again.run_id == result.run_id
    for name in SAME:
        if name.startswith("report"):  # files are named differently: compare what they say apart from that
            continue
        assert (again.out / name).read_bytes() == (result.out / name).read_bytes(), name


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_hash_seed_and_threads_change_nothing(
    result: pipeline.Result, world: Path, tmp_path: Path, hash_seed: str
) -> None:
    threads = "1" if hash_seed == "0" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "NUMBA_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
    program = str(Path(sys.executable).with_name("attribution"))
    command = [program, "run", str(world), "--labs", str(world / "labs.yaml")]
    subprocess.run(  # our own program
        [*command, "--out", str(tmp_path / "out"), "--seed", "3"], env=environment, check=True, capture_output=True
    )
    for name in SAME:
        assert (tmp_path / "out" / name).read_bytes() == (result.out / name).read_bytes(), name


def test_the_same_input_twice_changes_nothing(world: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    digests, runs = [], []
    for out in ("first", "second"):
        run = pipeline.run(world, labs=world / "labs.yaml", out=tmp_path / out, seed=3, store=store)
        with connect(store, read_only=True) as con:
            kept = EmbeddedStore(con)
            digests.append(kept.digest())
            runs.append([record.run_id for record in kept.runs()])
    assert digests[0] == digests[1]
    assert runs[0] == runs[1] == [run.run_id]
    for name in SAME:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
