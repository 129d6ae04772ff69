"""Named questions that an analyst asks of the graph: data, read by tests, pages and Neo4j Browser alike.

One `.cypher` file a question: a `// title:` line, a `// why:` line, then one statement that only reads, takes no
parameters (so it can be pasted as it stands), looks at the latest run, and ends in a LIMIT.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Investigation:
    """One question: its name (the file's), its title, why one asks it, and the statement."""

    name: str
    title: str
    why: str
    query: str


def parse(name: str, text: str) -> Investigation:
    """Read one file; raises ValueError where the two header lines are missing."""
    head: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        if line.startswith("// ") and ": " in line and not body:
            key, _, value = line[3:].partition(": ")
            head[key] = value
        else:
            body.append(line)
    if head.keys() != {"title", "why"}:
        raise ValueError(f"{name}: an investigation begins with `// title:` and `// why:`")
    return Investigation(name, head["title"], head["why"], "\n".join(body).strip())


def load() -> tuple[Investigation, ...]:
    """Return every investigation, by name."""
    folder = files("graph_schema").joinpath("investigations")
    found = [
        parse(path.name.removesuffix(".cypher"), path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".cypher")
    ]
    return tuple(sorted(found, key=lambda one: one.name))
