"""Parts of the report document that say what changed since the run before, and what people decided."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was: of a ring, a campaign, a verdict, a name, a dossier or a judgement."""

    kind: str
    event: str
    id: str
    says: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is another than in the run before; `other_clusters` counts what befell clusters that nobody suspects."""

    previous_run: str
    entries: tuple[Change, ...]
    unchanged_rings: int
    other_clusters: dict[str, int]
    left_out: int = 0
    """Entries beyond those that a report holds; all of them are in the store's table `lineage`."""


class JudgementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided, and what that did to this run."""

    judgement_id: str
    kind: str
    says: str
    author: str
    decided: str
    reason: str
    effect: str
    outcome: str
