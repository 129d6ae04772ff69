"""What one worker of pytest-xdist takes at a time: a file of tests, so that what its tests share is made once.

Files with tests of a real Neo4j are one unit, and the first: one server serves them all. Tests of `APART` share nothing
and take long, so each is a unit, and they come last: both workers end at about the same time. The scheduler of
`--dist loadgroup` cannot say this (marks do not reach it), and groups nothing at all with pytest 9.2 and xdist 3.8
(pytest-dev/pytest-xdist#1386).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from pathlib import Path

APART = ("tests/quality/",)
SERVER = "tests of a real Neo4j"


class Units(LoadScopeScheduling):
    """Hands out files, those with the most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(APART):
            return nodeid
        return SERVER if _needs_server(self.config.rootpath / file) else file


@functools.cache
def _needs_server(file: Path) -> bool:
    return "mark.neo4j" in file.read_text("utf-8")
