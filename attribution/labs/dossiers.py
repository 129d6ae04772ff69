"""What is known about each lab: `labs.yaml`, read strictly, every claim with its source, every dossier with its digest.

A missing fact is unknown: it weighs neither for nor against. The reader itself is `attribution.labs.reader`; here are
the values that the evidence functions see.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import msgspec

from attribution.errors import DossierError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

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


def load(path: Path | None) -> Dossiers:
    """Read `labs.yaml`; without a path there are no dossiers and every campaign stays unknown.

    Raises
    ------
    DossierError
        The file cannot be read or something in it is wrong; the message names the line, the remedy what to write.
    """
    if path is None:
        return Dossiers()
    dossiers, problems = _read(path)
    if problems:
        first, more = problems[0], len(problems) - 1
        tail = f" (and {more} more: attribution labs check {path})" if more else ""
        raise DossierError(f"{path}: {first}{tail}", remedy=first.remedy)
    return dossiers


def check(path: Path) -> list[Problem]:
    """Return everything wrong with a dossier file, in order of line; empty when it is right."""
    return _read(path)[1]


def parse(text: str) -> Dossiers:
    """Read dossiers from YAML text, as `load` does from a file."""
    from attribution.labs.reader import read  # noqa: PLC0415  # the reader builds on the values above

    dossiers, problems = read(text)
    if problems:
        raise DossierError(str(problems[0]), remedy=problems[0].remedy)
    return dossiers


def _read(path: Path) -> tuple[Dossiers, list[Problem]]:
    from attribution.labs.reader import MAX_BYTES, read  # noqa: PLC0415  # the reader builds on the values above

    try:
        if path.stat().st_size > MAX_BYTES:
            return Dossiers(), [
                Problem(0, f"larger than {MAX_BYTES} bytes", "split the file, or drop what is not needed")
            ]
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        return Dossiers(), [Problem(0, f"not UTF-8 at byte {error.start}", "save the file as UTF-8 text")]
    except OSError as error:
        return Dossiers(), [Problem(0, f"cannot be read ({error.strerror})", "name an existing YAML file with --labs")]
    return read(text)
