"""The output folder of a run: moved into place as a whole (`attribution.folders`), `run.json` last.

A folder with a `run.json` is a finished run.
"""

from __future__ import annotations

import hashlib
import json
import platform
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from attribution import folders, report, tables, version
from attribution.domain import Facet, Verdict
from attribution.errors import UsageError
from attribution.plaintext import clean
from attribution.store.base import RunRecord
from attribution.store.neo4j_client import is_graph_url
from attribution.telemetry import peak_rss_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from attribution.config import Config
    from attribution.domain import Population, Ring
    from attribution.ingest import Intake, Lookup
    from attribution.labs.dossiers import Dossiers
    from attribution.telemetry import StageRecord

STORE = "attribution.duckdb"
MANIFEST = "run.json"
TIES = {Facet.IP: "addresses", Facet.DEVICE: "devices", Facet.PAYMENT: "payments", Facet.TEMPLATE: "prompts"}


@contextmanager
def folder(out: Path) -> Iterator[Path]:
    """Lend a folder to write into; at the end its files replace those of `out`, on an error they vanish.

    Raises
    ------
    UsageError
        `out` is a file or cannot be created, or another run writes there.
    """

    def stale() -> list[Path]:
        """Name the database of an earlier run, where this one keeps its facts elsewhere: it would answer for both."""
        return [out / STORE] if ours and not (partial / STORE).exists() and (out / STORE).exists() else []

    ours = _made_its_store(out)
    with folders.replaced(out, MANIFEST, stale) as partial:
        yield partial


def _made_its_store(out: Path) -> bool:
    """Tell whether the run in `out`, if there is one, made its database there by itself, rather than by `--store`."""
    try:
        told = json.loads((out / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("store") == STORE


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: what happens inside is committed at the end, or undone."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def kept_in(source: Path | str, store: Path | str | None) -> Path | str | None:
    """Return what keeps the results: the store, and for a run on a graph that graph itself.

    Raises
    ------
    UsageError
        A run on a graph names another store.
    """
    if not is_graph_url(str(source)):
        return store
    if store is not None and str(store) != str(source):
        raise UsageError(
            f"{source}: a run on a graph is kept in that graph, not in {store}",
            remedy="leave --store out; `attribution graph load OUT --store ...` copies the run into another graph",
        )
    return source


def store_path(partial: Path, store: Path | str | None) -> Path:
    """Return the file for facts: the store where it is a file, else a fresh one in the output folder."""
    return partial / STORE if store is None or is_graph_url(str(store)) else Path(store)


def memberships(rings: Sequence[Ring], population: Population) -> tuple[list[str], list[str]]:
    """Return account ids and ring ids, one pair a membership."""
    accounts: list[str] = []
    names: list[str] = []
    for ring in rings:
        accounts += population.accounts.take(ring.members).to_pylist()
        names += [ring.ring_id] * len(ring.members)
    return accounts, names


def record(facts: str, config: Config, dossiers: Dossiers, seed: int, judgements: str = "") -> RunRecord:
    """Name a run by what was analysed and how: the same question has the same run id.

    `config_digest` covers settings, dossiers and the judgements that stand: a changed one is another question.

    Raises
    ------
    UsageError
        The seed is no number that a store can hold.
    """
    if not 0 <= seed < 2**63:
        raise UsageError(f"{seed} is no seed", remedy="choose one from 0 to 2^63 - 1")
    told = [config.digest(), dossiers.digest, *([judgements] if judgements else [])]
    asked = hashlib.sha256("\n".join(told).encode()).hexdigest()
    return RunRecord(run_id=run_name(facts, asked, seed), config_digest=asked, seed=seed)


def run_name(facts: str, asked: str, seed: int) -> str:
    """Return the id of a run from the fingerprint of its facts, the digest of what was asked, and the seed."""
    name = hashlib.sha256(f"{facts}\n{asked}\n{seed}\n{version.engine()}".encode()).hexdigest()
    return f"run-{name[:16]}"


def run_facts(
    run: RunRecord,
    intake: Intake,
    lookup: Lookup | None,
    population: Population,
    dossiers: Dossiers,
    *,
    default_key: bool,
    weaker: str = "",
) -> report.RunFacts:
    """Return what the report says of the run; hashes of the files, which change with row order, stand in `run.json`."""
    warnings = list(intake.warnings)
    if default_key:
        warnings.append("Prompt hashes use the built-in key: set ATTRIBUTION_HASH_KEY to a secret of this deployment.")
    if weaker:
        warnings.append(f"Template families: {weaker}.")
    if lookup is not None:
        warnings.append(
            f"Facts about {lookup.known:,} of {lookup.addresses:,} addresses come from {clean(lookup.name)}, built"
            f" {lookup.built} (SHA-256 {lookup.sha256[:16]}…), not from the logs."
        )
    warnings += [
        f"What these logs call a {facet.value} is a print of the software that sends: hardly any account has one of its"
        " own. It links as a wording does, and tells nothing in a verdict. An id for each machine would."
        for facet in sorted(population.prints)
    ]
    activity = population.activity
    return report.RunFacts(
        run_id=run.run_id,
        version=version.engine(),
        seed=run.seed,
        config_digest=run.config_digest,
        dossiers_digest=dossiers.digest if dossiers.labs else None,
        inputs=tuple(
            report.InputFile(
                file=clean(file.file),
                rows=file.rows,
                accepted=file.accepted,
                duplicates=file.duplicates,
                quarantined=file.quarantined,
                unknown_columns=tuple(clean(column) for column in file.unknown_columns),
            )
            for file in intake.files
        ),
        events=int(activity["events"].sum()),
        accounts=population.size,
        first_seen=_moment(activity["first_seen"].min()) if len(activity) else None,
        last_seen=_moment(activity["last_seen"].max()) if len(activity) else None,
        warnings=tuple(warnings),
        limit=_limit(population),
    )


def _limit(population: Population) -> str:
    """Say what cannot be seen where one kind of ties, or none, is known: rings are found by two that agree."""
    known = [name for facet, name in TIES.items() if facet in population.incidence]
    if len(known) > 1:
        return ""
    one = f"{known[0]} alone" if known else "none"
    return (
        f"Of what ties accounts together ({', '.join(TIES.values())}) these logs hold {one}: rings can hardly be seen"
        " in them, nor told from people who share honestly. That none is reported does not say that there is none."
    )


def _moment(moment: pd.Timestamp) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def manifest(
    run: RunRecord,
    intake: Intake,
    lookup: Lookup | None,
    made: Mapping[str, pa.Table],
    config: Config,
    dossiers: Dossiers,
    stages: Sequence[StageRecord],
    partial: Path,
) -> str:
    """Return the content of `run.json`; hashes of all files that stand in the folder by now are part of it."""
    verdicts = made["rings"].column("verdict").to_pylist()
    content = {
        "run_id": run.run_id,
        "seed": run.seed,
        "config_digest": run.config_digest,
        "config": msgspec.to_builtins(config),
        "dossiers": {lab.id: lab.digest for lab in dossiers.labs},
        "versions": {"attribution": version.engine(), "python": platform.python_version(), **version.libraries()},
        "inputs": [asdict(file) for file in intake.files],
        "mmdb": asdict(lookup) if lookup else None,
        "store": STORE if (partial / STORE).exists() else None,
        "warnings": list(intake.warnings),
        "counts": {
            "rows": sum(file.rows for file in intake.files),
            "accepted": sum(file.accepted for file in intake.files),
            "duplicates": sum(file.duplicates for file in intake.files),
            "quarantined": sum(file.quarantined for file in intake.files),
            "new_events": intake.new_events,
            **{f"rings_{verdict.value}": verdicts.count(verdict.value) for verdict in Verdict},
            **{name: table.num_rows for name, table in made.items()},
        },
        "outputs": {p.name: _sha256(p) for p in sorted(partial.iterdir()) if p.name.partition(".")[0] != "attribution"},
        "stages": [{**asdict(stage), "seconds": round(stage.seconds, 3)} for stage in stages],
        "peak_memory_bytes": peak_rss_bytes(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def joined(manifest: str, more: Mapping[str, object]) -> str:
    """Return the manifest with further facts."""
    return json.dumps({**json.loads(manifest), **more}, indent=1, ensure_ascii=False) + "\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(partial: Path, made: Mapping[str, pa.Table], document: report.Document) -> bytes:
    """Write tables and report; return what `report.json` holds."""
    tables.write(made, partial)
    return report.write(document, partial)
