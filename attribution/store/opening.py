"""Opening a store by its name, and carrying a run from one store to another."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from attribution.errors import NotFoundError, StoreError
from attribution.schemas import OUTPUT_TABLES
from attribution.store.base import STORED, RunRecord
from attribution.store.embedded import EmbeddedStore
from attribution.store.ledgers import LEDGERS
from attribution.store.neo4j_client import is_graph_url
from attribution.store.snapshot import SnapshotStore
from attribution.warehouse.database import connect, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attribution.store.base import Published, Store
    from attribution.telemetry import ProgressCallback

MANIFEST = "run.json"
REPORT = "report.json"


class _FileStore(EmbeddedStore):
    """A DuckDB file that the store itself opened and closes."""

    def __init__(self, path: Path | None, *, read_only: bool) -> None:
        with ExitStack() as stack:
            con = stack.enter_context(connect(path, read_only=read_only))
            super().__init__(con)
            self._files = stack.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._files.close()


def open_store(
    name: str | Path, *, follow: bool = False, write: bool = False, progress: ProgressCallback | None = None
) -> Store:
    """Open a store by name; use it as a context manager, or close it.

    Parameters
    ----------
    name : `neo4j://[user@]host:7687[/database]` (also `bolt://` and the `+s`, `+ssc` forms), a DuckDB file, or the
        output folder of a run. The password of a graph comes from ATTRIBUTION_NEO4J_PASSWORD, or from the file that
        ATTRIBUTION_NEO4J_PASSWORD_FILE names; the user from ATTRIBUTION_NEO4J_USER where the address names none.
    follow : for a file, read from memory and follow its changes instead of holding it (services).
    write : open a file for publishing, making it if need be.

    Raises
    ------
    StoreError
        The file is locked or no store, the driver is missing, the address is wrong.
    NotFoundError
        Nothing stands there.
    """
    if is_graph_url(str(name)):
        from attribution.store.neo4j import Neo4jStore  # noqa: PLC0415  # an optional extra stands behind it
        from attribution.store.neo4j_client import Client  # noqa: PLC0415  # same

        return Neo4jStore(Client.from_environment(str(name)), progress=progress)
    if "://" in str(name):
        scheme = str(name).partition("://")[0]
        raise StoreError(
            f"no store is reached by {scheme}://", remedy="name a file, an output folder or neo4j://HOST:7687"
        )
    path = Path(name)
    if path.is_dir():
        files = sorted(path.glob("*.duckdb"))
        if not files:
            return read_folder(path)
        path = files[0]
    if not write and not path.exists():
        raise NotFoundError(f"{path}: no such store", remedy="name the file of `--store`, or the folder of `--out`")
    return SnapshotStore(path) if follow else _FileStore(path, read_only=not write)


@contextmanager
def named_graph(name: str | Path | None, progress: ProgressCallback | None = None) -> Iterator[Store | None]:
    """Lend the graph `name`; None where it is no address of a graph.

    A graph is asked at once, so that a wrong address or password is told before the logs are read.
    """
    if name is None or not is_graph_url(str(name)):
        yield None
        return
    with open_store(name, write=True, progress=progress) as graph:
        graph.runs()
        yield graph


def read_folder(out: Path) -> EmbeddedStore:
    """Return the run of an output folder as a store in memory; it has no usage edges, the folder keeps none.

    Raises
    ------
    NotFoundError
        The folder holds no finished run.
    StoreError
        A file of it cannot be read.
    """
    try:
        manifest = (out / MANIFEST).read_text("utf-8")
        report = (out / REPORT).read_text("utf-8")
        tables = {name: pq.read_table(out / f"{name}.parquet") for name in OUTPUT_TABLES}
        facts = json.loads(manifest)
        run = RunRecord(facts["run_id"], facts["config_digest"], facts["seed"], manifest)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{out}: no finished run ({Path(str(error.filename)).name} is missing)",
            remedy="name the folder that `attribution run --out` wrote",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise StoreError(f"{out}: the run cannot be read: {error}", remedy="run it again") from error
    store = EmbeddedStore(memory(), owned=True)
    store.publish(run, tables, report=report)
    return store


def graph_load(source: Store, target: Store, *, run_id: str | None = None) -> Published:
    """Copy a run (the latest by default) and all ledgers from one store to another; twice is as good as once.

    Raises
    ------
    NotFoundError
        The source holds no such run.
    StoreError
        A store cannot be reached; nothing of the run is visible in the target then.
    """
    run = source.run(run_id)
    tables = {name: source.table(name, run.run_id) for name in STORED}
    for name in LEDGERS:
        if len(rows := source.ledger(name)):
            target.append(name, rows)
    return target.publish(run, tables, report=source.report(run.run_id))
