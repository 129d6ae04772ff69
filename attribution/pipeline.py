"""The whole road on one screen: logs in, rings, campaigns and named labs out."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attribution import config as configuration
from attribution import output, tables
from attribution.beside import beside
from attribution.casework import Casework
from attribution.domain import Verdict
from attribution.ingest import enrich, ingest
from attribution.labs import attribute, campaigns, loading
from attribution.projection import family_of, project
from attribution.report import build, explanations, lab_facts, linked
from attribution.rings import cluster, judge
from attribution.store import EmbeddedStore, named_graph
from attribution.store.loaded import load_usage
from attribution.store.neo4j_client import is_graph_url
from attribution.telemetry import Telemetry
from attribution.warehouse import connect, daily, fingerprint, population, template_table, traffic

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from attribution.config import Config
    from attribution.domain import Links, Population
    from attribution.ingest import Intake
    from attribution.report import Document
    from attribution.telemetry import Stage

DEFAULT_KEY = b"attribution-engine: set ATTRIBUTION_HASH_KEY in production"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found: the contract's tables, the report, and where they were written."""

    run_id: str
    out: Path
    tables: Mapping[str, pa.Table]
    report: Document


def run(
    source: Path | str,
    *,
    out: Path | str,
    labs: Path | str | None = None,
    config: Config | Path | str | None = None,
    seed: int = 0,
    store: Path | str | None = None,
    judgements: Path | str | None = None,
    key: bytes = DEFAULT_KEY,
    telemetry: Telemetry | None = None,
) -> Result:
    """Analyse a provider's logs and write every table of the data contract into `out`.

    Parameters
    ----------
    source : folder with `events` and optionally `accounts`, `ips`, `payments`; or an events file. Or a graph with usage
        edges that others loaded, `neo4j://[user@]host:7687[/db]`: results and judgements are kept in that graph.
    labs : dossiers (`labs.yaml`); without them every campaign is `unknown`.
    config : settings, or the path of an `attribution.toml`.
    seed : the same input, configuration and seed give the same bytes.
    store : the DuckDB file that keeps facts and results; new facts join those that it holds, and rings keep the ids
        that they had in its latest run. Default: a fresh one in `out`. Or a graph, `neo4j://[user@]host:7687[/db]`: it
        keeps results, ids and judgements, also those that analysts typed into it, but no logs.
    judgements : a file of what people decided (YAML or JSON Lines); it joins what the store holds already.
    key : secret of this deployment, for keyed hashes of prompts and templates.

    Raises
    ------
    AttributionError
        Bad input, configuration, dossiers or store; nothing is left half-written.
    """
    say = telemetry or Telemetry.quiet()
    settings = config if isinstance(config, configuration.Config) else configuration.load_config(_path(config))
    known_labs = loading.load(_path(labs))
    store = output.kept_in(source, store)
    with (
        beside() as second,
        output.folder(Path(out)) as folder,
        connect(output.store_path(folder, store)) as con,
        EmbeddedStore(con) as own,
        named_graph(store, say.progress) as graph,
        ThreadPoolExecutor(1) as aside,
    ):
        with say.stage("ingest") as stage, output.transaction(con):
            intake = _take_in(source, con, settings, key, say, stage)
            lookup = enrich(con, settings.ingest.mmdb, say.progress)
        with say.stage("population") as stage:
            texts = template_table(con)
            kin = family_of(texts, settings.projection)
            people = population(con, kin.of)
            case = Casework(own, graph, _path(judgements))
            record = output.record(fingerprint(con, people), settings, known_labs, seed, case.standing.digest)
            people = case.open(record.run_id, people)
            stage.rows = people.size
        with say.stage("projection") as stage:
            links, suppressed = _link(people, settings, case)
            stage.rows = len(links.source)
        prepared = aside.submit(own.prepare)  # the facts are final, and what follows needs one core
        with say.stage("partition") as stage:
            clusters = case.hearing.clusters(
                cluster(links, people, settings, seed, second), links, settings.rings.min_size
            )
            stage.rows = len(clusters.clusters)
        with say.stage("verdict") as stage:
            rings = case.rings(judge(clusters, people, settings.rings, case.hearing.keep_with), people)
            covert = [ring for ring in rings if ring.verdict is Verdict.COORDINATED]
            stage.rows = len(covert)
        with say.stage("campaigns") as stage:
            asked = aside.submit(traffic, con, *output.memberships(covert, people))
            drawn, sent = tables.backbones(links, rings, people), asked.result()  # while the database looks
            tenants = case.campaigns(
                campaigns(covert, people, sent, texts, settings.labs, known_labs.capabilities), people
            )
            stage.rows = len(tenants)
        with say.stage("attribution") as stage:
            named = case.hearing.attributions(attribute(tenants, rings, people, sent, texts, known_labs, settings.labs))
            stage.rows = sum(not attribution.abstained for attribution in named)
            del sent, asked
        with say.stage("report"):
            document = linked(
                build(
                    run=output.run_facts(
                        record, intake, lookup, people, known_labs, default_key=key == DEFAULT_KEY, weaker=kin.weaker
                    ),
                    rings=rings,
                    campaigns=tenants,
                    attributions=named,
                    population=people,
                    links=links,
                    daily=daily(con, *output.memberships(rings, people)),
                    templates=texts.to_pandas(),
                    suppressed=suppressed,
                    quarantine=intake.quarantine,
                    labs=lab_facts(known_labs, settings.labs),
                    title=settings.report.title,
                    explanations=explanations(),
                    agreement=clusters.agreement,
                ),
                settings.report.browser,
                str(store or ""),
            )
            document = case.told(document, known_labs)
            del links  # before the tables are made: a third of a gigabyte of 16 M events
            found = tables.build(
                rings=rings,
                campaigns=tenants,
                attributions=named,
                population=people,
                suppressed=suppressed,
                quarantine=intake.quarantine,
            )
        # A third of the memory; what is written is made, and the store reads its edges from the facts.
        del people, clusters, rings, covert, tenants, named, texts, kin
        with say.stage("publish"):
            told = output.write(folder, found, document)
            manifest = output.joined(
                output.manifest(record, intake, lookup, found, settings, known_labs, say.records, folder), case.facts()
            )
            (folder / output.MANIFEST).write_text(manifest, "utf-8")
            prepared.result()
            case.publish(dataclasses.replace(record, manifest=manifest), {**found, "links": drawn}, told, known_labs)
    return Result(record.run_id, Path(out), found, document)


def _take_in(
    source: Path | str, con: duckdb.DuckDBPyConnection, settings: Config, key: bytes, say: Telemetry, stage: Stage
) -> Intake:
    """Make facts of what is given, exchanges of logs or usage edges of a graph, and tell what became of it."""
    if is_graph_url(str(source)):
        intake = load_usage(str(source), con, settings.ingest, key=key, progress=say.progress)
    else:
        intake = ingest(Path(source), con, settings, key=key, progress=say.progress)
    for warning in intake.warnings:
        say.log.warning(warning)
    stage.rows = sum(file.rows for file in intake.files)
    stage.note(duplicates=sum(file.duplicates for file in intake.files), quarantined=intake.quarantine.num_rows)
    return intake


def _link(people: Population, settings: Config, case: Casework) -> tuple[Links, pa.Table]:
    """Return the validated links and the values that were too common, as people decided; the rest may go."""
    found = project(people, settings.projection)
    return case.hearing.links(found.links), case.hearing.suppressed(found.suppressed)


def _path(value: object) -> Path | None:
    return None if value is None else Path(str(value))
