"""The page for analysts, as a new user would take it: its first five commands, as written, on an empty graph."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j_server
import pytest

if TYPE_CHECKING:
    from attribution.store.neo4j_client import Client

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]
PAGE = Path(__file__).parents[2] / "docs" / "neo4j.md"
ADDRESS = "neo4j://localhost:7687"


def test_five_commands_lead_to_the_first_ring(graph: Client, neo4j: neo4j_server.Server, tmp_path: Path) -> None:
    block = re.search(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    setting, *commands = block[1].splitlines()
    assert setting == "export ATTRIBUTION_NEO4J_PASSWORD=..."
    assert len(commands) == 5
    assert all(command.startswith("attribution ") for command in commands)
    assert graph.read("MATCH (n:Ring) RETURN count(n) AS n") == [{"n": 0}]
    said = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command.replace(ADDRESS, neo4j.url)],  # noqa: S607
            cwd=tmp_path,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "ATTRIBUTION_NEO4J_PASSWORD": neo4j_server.ADMIN_PASSWORD,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        said.append(done.stdout)
    ring = re.search(r"ring-[0-9a-f]{12}", said[3])
    assert ring is not None
    assert graph.read("MATCH (r:Ring {ring_id: $ring}) RETURN r.verdict AS v", ring=ring[0]) == [{"v": "coordinated"}]
    kinds = [line.split(": ", 1) for line in said[4].splitlines()]
    assert [kind for kind, _ in kinds] == ["rows", "picture"]
    assert all("/browser/?cmd=edit&arg=MATCH" in address for _, address in kinds)
