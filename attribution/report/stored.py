"""The report document as a file: `report.json`, written and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from attribution.errors import NotFoundError
from attribution.report.document import SCHEMA_VERSION, Document

if TYPE_CHECKING:
    from pathlib import Path

JSON_NAME = "report.json"


def encode(document: Document) -> bytes:
    """Return the document as `report.json`: indented, deterministic, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"


def read(out: Path) -> Document:
    """Read the document of an output folder.

    Raises
    ------
    NotFoundError
        The folder does not exist, or no run has finished in it, or its report is damaged or of another version.
    """
    path = out / JSON_NAME
    if not out.is_dir():
        raise NotFoundError(
            f"{out}: no such folder", remedy="name the folder that `attribution run ... --out OUT` wrote"
        )
    if not path.is_file():
        raise NotFoundError(
            f"{out}: not the output of a run (no {JSON_NAME})", remedy="run `attribution run INPUT --out OUT` first"
        )
    try:
        raw = path.read_bytes()
        version = msgspec.json.decode(raw, type=_Version).schema_version
        if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
            raise NotFoundError(
                f"{path}: written as report version {version}, this program reads {SCHEMA_VERSION}",
                remedy="run the analysis again with this version",
            )
        return msgspec.json.decode(raw, type=Document)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotFoundError(f"{path}: damaged ({error})", remedy="run the analysis again into a new folder") from error


class _Version(msgspec.Struct):
    schema_version: str
