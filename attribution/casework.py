"""What a run knows beyond its logs: the run before, and what people decided; and what it leaves for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.judgements import Hearing, from_table, gather, weigh
from attribution.lineage import Past, follow_campaigns, follow_rings, identities, recall
from attribution.lineage.versions import claims
from attribution.report import changes
from attribution.store import graph_load
from attribution.store.ledgers import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from attribution.domain import Campaign, Population, Ring
    from attribution.labs.dossiers import Dossiers
    from attribution.report import Document
    from attribution.store import EmbeddedStore
    from attribution.store.base import RunRecord, Store


def heard(store: Store, names: Collection[str]) -> Hearing:
    """Return the hearing of judgements by their ids: those that stood in a finished run are in its `run.json`."""
    wanted = frozenset(names)
    every = from_table(store.ledger("judgements")) if wanted else ()
    return Hearing(weigh(one for one in every if one.id in wanted), {}, {})


class Casework:
    """One run's past and judgements; `hearing` applies the latter.

    `own` is the file with this run's facts; it also keeps results, ids and judgements from run to run, unless a
    `graph` does.
    """

    def __init__(self, own: EmbeddedStore, graph: Store | None, judgements: Path | None) -> None:
        self._own, self._graph = own, graph
        self._store = graph or own
        self.standing = gather(self._store, judgements)
        self._past = Past()
        self.hearing = Hearing(self.standing, {}, {})
        self._lineage: list[pa.Table] = []

    def open(self, run_id: str, people: Population) -> Population:
        """Recall what came before this run; return the population without what people judged benign."""
        self._past = recall(self._store, run_id)
        self.hearing = Hearing(self.standing, self._past.merged, self._past.split)
        return self.hearing.population(people)

    def rings(self, rings: Sequence[Ring], people: Population) -> tuple[Ring, ...]:
        """Return the rings under their lasting ids, as people decided."""
        named, rows = follow_rings(rings, self._past, people)
        self._lineage.append(rows)
        return self.hearing.rings(named, rows, people)

    def campaigns(self, found: Sequence[Campaign], people: Population) -> tuple[Campaign, ...]:
        """Return the campaigns under their lasting ids."""
        named, rows = follow_campaigns(found, self._past, people)
        self._lineage.append(rows)
        self.hearing.campaigns(rows)
        return named

    @property
    def lineage(self) -> pa.Table:
        """What became of every ring and campaign since the run before."""
        return pa.concat_tables(self._lineage) if self._lineage else LINEAGE.empty_table()

    def told(self, document: Document, dossiers: Dossiers) -> Document:
        """Return the report with what changed and what people decided."""
        return changes.add(
            document,
            past=self._past,
            lineage=self.lineage,
            outcomes=self.hearing.outcomes,
            machine=self.hearing.machine,
            accepted=self.hearing.accepted,
            dossiers=dossiers,
            claims=self._store.ledger("claims"),
        )

    def facts(self) -> dict[str, object]:
        """Return what `run.json` says: the next run compares itself with it."""
        return {
            "previous_run": self._past.previous_run,
            "judgements": sorted(one.id for one in self.standing.everything),
        }

    def publish(self, run: RunRecord, tables: Mapping[str, pa.Table], report: bytes, dossiers: Dossiers) -> None:
        """Write down which ids this run gives and which claims it rests on, then make the run visible."""
        self._own.append("identities", identities(self.lineage, run.run_id))
        self._own.append("claims", claims(dossiers))
        self._own.publish(run, {**tables, "lineage": self.lineage}, report=report)
        if self._graph is not None:
            graph_load(self._own, self._graph, run_id=run.run_id)
            self._own.append("judgements", self._graph.ledger("judgements"))  # after it, or they would go back again
