"""Dossiers from a file: `labs.yaml` in, `Dossiers` out, or every problem with its line and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.errors import DossierError
from attribution.labs.dossiers import Dossiers, Problem
from attribution.labs.reader import MAX_BYTES, read

if TYPE_CHECKING:
    from pathlib import Path


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
    dossiers, problems = read(text)
    if problems:
        raise DossierError(str(problems[0]), remedy=problems[0].remedy)
    return dossiers


def _read(path: Path) -> tuple[Dossiers, list[Problem]]:
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
