"""Versions of dossiers: every claim with its source, and what changed between two versions, in words."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attribution.plaintext import clean
from attribution.store.ledgers import LEDGERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.labs.dossiers import Dossier, Dossiers

SHOWN = 3
"""Values of a changed claim that are named; the rest are counted."""
UNTOLD = frozenset({"template_examples"})
"""Claims whose values are too long to name."""
_SOURCE = ("reliability", "credibility", "ref", "author", "date")


def claims(dossiers: Dossiers) -> pa.Table:
    """Return every claim of every dossier as rows of the ledger: one for each source, one where there is none."""
    rows = [row for lab in dossiers.labs for row in _claims(lab)]
    return pa.Table.from_pylist(rows, schema=LEDGERS["claims"])


def _claims(lab: Dossier) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = []
    for claim, content in _content(lab).items():
        base = {"lab_id": lab.id, "version": lab.digest, "claim": claim, "content": content}
        mine = [source for source in lab.sources if source.claim in {claim, claim.split(".", maxsplit=1)[0]}]
        for number, source in enumerate(mine, start=1):
            told = (source.reliability, source.credibility, source.ref, source.author, source.date)
            given = {name: None if value is None else str(value) for name, value in zip(_SOURCE, told, strict=True)}
            rows.append({**base, "source": str(number), **given})
        if not mine:
            rows.append({**base, "source": "", **dict.fromkeys(_SOURCE)})
    return rows


def _content(lab: Dossier) -> dict[str, str]:
    """Return what a dossier claims, by claim; what is unknown is not in it."""
    facts = {name: value for name, value in asdict(lab).items() if name not in {"id", "known", "sources"} and value}
    facts |= {f"known.{name}": value for name, value in asdict(lab.known).items() if value}
    return {name: json.dumps(value, default=str, ensure_ascii=False) for name, value in sorted(facts.items())}


def changes(known: Dossiers, before: Mapping[str, str], ledger: pa.Table) -> list[tuple[str, str, str]]:
    """Return (lab, event, what changed) for each dossier that is new, gone or another than in the run before."""
    now = {lab.id: lab for lab in known.labs}
    found: list[tuple[str, str, str]] = []
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            found.append((name, "new", f"a dossier with {len(_content(now[name])) - 1} kinds of facts"))
        elif name not in now:
            found.append((name, "gone", "no dossier of this lab any more"))
        elif before[name] != now[name].digest:
            old = ledger.filter((pc.field("lab_id") == name) & (pc.field("version") == before[name]))
            found.append((name, "changed", _difference(old.to_pylist(), _claims(now[name]))))
    return found


def _difference(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> str:
    if not old:
        return "another version; the one before is not in this store"
    was, now = ({row["claim"]: row["content"] for row in rows} for rows in (old, new))
    parts: list[str] = []
    for claim in sorted(was.keys() | now.keys()):
        if claim not in now:
            parts.append(f"{claim} removed")
        elif claim not in was:
            parts.append(f"{claim} added: {_values(claim, _listed(now[claim]))}")
        elif was[claim] != now[claim]:
            parts.append(_changed(claim, _listed(was[claim]), _listed(now[claim])))
    told = [{(row["claim"], *(row[name] for name in _SOURCE)) for row in rows} for rows in (old, new)]
    moved = sorted({row[0] for row in told[0] ^ told[1]} & was.keys() & now.keys())
    parts += [f"source of {claim} changed" for claim in moved]
    return "; ".join(parts) or "its wording only"


def _changed(claim: str, was: Sequence[str], now: Sequence[str]) -> str:
    came, went = [v for v in now if v not in set(was)], [v for v in was if v not in set(now)]
    parts = [f"+ {_values(claim, came)}"] if came else []
    parts += [f"\N{MINUS SIGN} {_values(claim, went)}"] if went else []
    return f"{claim}: {', '.join(parts)}"


def _values(claim: str, values: Sequence[str]) -> str:
    if claim in UNTOLD:
        return f"{len(values):,}"
    more = f" and {len(values) - SHOWN:,} more" if len(values) > SHOWN else ""
    return ", ".join(clean(value, 60) for value in values[:SHOWN]) + more


def _listed(content: str) -> list[str]:
    value = json.loads(content)
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]
