"""What is known about each lab: `labs.yaml`, read strictly, every claim with its source, every dossier with its digest.

A missing fact is unknown: it weighs neither for nor against. Here are the values that the evidence functions
see; `attribution.labs.loading` fills them from a file.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import msgspec

from attribution.domain import CAPABILITIES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

RELIABILITY: Mapping[str, float] = {"A": 0.98, "B": 0.92, "C": 0.8, "D": 0.6, "E": 0.4, "F": 0.7}
"""Admiralty letter of a source to the probability that what it says of a lab is so. F (cannot be judged) is not worse
than E (unreliable): not knowing a source is not the same as having caught it lying."""
CREDIBILITY: Mapping[int, float] = {1: 1.0, 2: 0.98, 3: 0.9, 4: 0.7, 5: 0.5, 6: 0.85}
"""Admiralty figure of the information itself, as a factor."""
UNSOURCED = 0.85
"""The probability that a claim without a source is right: about one in seven facts of old files no longer holds."""


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """Local office hours: `start` to `end` (hours, may pass midnight) at `utc_offset`."""

    utc_offset: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from: Admiralty reliability A to F and credibility 1 to 6, None where not judged."""

    claim: str
    reliability: str | None = None
    credibility: int | None = None
    ref: str | None = None
    author: str | None = None
    date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Identities that earlier cases or partners tied to the lab."""

    account_ids: tuple[str, ...] = ()
    device_ids: tuple[str, ...] = ()
    payment_ids: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known about one lab. Empty means unknown. Sequences are sorted, so that equal content is equal bytes."""

    id: str
    name: str
    asns: tuple[int, ...] = ()
    networks: tuple[str, ...] = ()
    bins: tuple[str, ...] = ()
    issuer_countries: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()
    working_day: WorkingDay | None = None
    targets: tuple[tuple[str, float], ...] = ()
    releases: tuple[dt.date, ...] = ()
    template_examples: tuple[str, ...] = ()
    known: Known = field(default_factory=Known)
    sources: tuple[Source, ...] = ()

    @property
    def digest(self) -> str:
        """Version of this dossier: SHA-256 of its canonical content."""
        return hashlib.sha256(msgspec.json.encode(asdict(self), order="deterministic")).hexdigest()

    def truth(self, claim: str) -> tuple[float, str | None]:
        """Return the probability that `claim` (a key of the dossier) holds, and the reference of its best source."""
        mine = [source for source in self.sources if source.claim in {claim, claim.split(".", maxsplit=1)[0]}]
        if not mine:
            return UNSOURCED, None
        graded = [(RELIABILITY[s.reliability or "F"] * CREDIBILITY[s.credibility or 6], s.ref or "") for s in mine]
        best = max(graded)
        return best[0], best[1] or None


@dataclass(frozen=True, slots=True)
class Dossiers:
    """All dossiers, in order of id."""

    labs: tuple[Dossier, ...] = ()

    @property
    def digest(self) -> str:
        """Version of the whole file: a changed dossier changes it, a changed order or comment does not."""
        return hashlib.sha256("\n".join(lab.digest for lab in self.labs).encode()).hexdigest()

    @property
    def ids(self) -> tuple[str, ...]:
        """The labs' ids, sorted."""
        return tuple(lab.id for lab in self.labs)

    @property
    def capabilities(self) -> Mapping[str, tuple[str, ...]]:
        """Capabilities of the dossiers' own: the names among `targets` that no list has, with the labs' examples."""
        own: dict[str, tuple[str, ...]] = {}
        for lab in self.labs:
            for name, _ in lab.targets:
                if name not in CAPABILITIES and lab.template_examples:
                    own[name] = tuple(sorted({*own.get(name, ()), *lab.template_examples}))
        return own

    def __len__(self) -> int:
        return len(self.labs)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a dossier file. `line` counts from 1; 0 means the file as a whole."""

    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message
