"""`docs/graph.md`, written from the model: `python -m graph_schema.docs > docs/graph.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph_schema.investigations import load
from graph_schema.model import EDGES, NODES, VERSIONED

if TYPE_CHECKING:
    from graph_schema.elements import Property

_HEAD = """# The graph

What `attribution graph load` writes into Neo4j. This page is generated from `graph_schema/model.py`
(`python -m graph_schema.docs > docs/graph.md`); a test fails when it is out of date.

Only runs with a `sequence` are visible; the highest one is the latest. Rings, campaigns and evidence carry the
`generation` of the run's version that they belong to. Usage, origins and links
({versioned})
hold for the usage versions from `since` up to `until`; a run names the version that it saw. A half-written run is never
visible: it has no `sequence`, and nobody looks at its generation. How that is kept, and what was weighed against it:
`docs/adr/0006-one-port-two-stores.md`.

```mermaid
{drawing}
```

## Labels"""
_NOT_DRAWN = ("Migration", "Writer", "Lineage", "Identity", "Claim", "Refused", "Suppressed", "Judgement")
"""Labels without a relationship to the others, or of no use to an analyst, are left out of the drawing."""


def markdown() -> str:
    """Return the page; a test compares it with the file."""
    versioned = ", ".join(f"`{used}`" for used in VERSIONED)
    lines = [_HEAD.format(versioned=versioned, drawing=drawing())]
    for node in NODES:
        lines += ["", f"### `{node.label}`", "", f"{node.doc} Key: {', '.join(f'`{name}`' for name in node.key)}.", ""]
        lines += _table(node.properties)
    lines += ["", "## Relationships"]
    for edge in EDGES:
        ends = f"(:{'|'.join(edge.sources)})-[:{edge.type}]->(:{'|'.join(edge.targets)})"
        lines += ["", f"### `{edge.type}`", "", f"{edge.doc} `{ends}`"]
        if edge.properties:
            lines += ["", *_table(edge.properties)]
    lines += ["", "## Questions", "", "Ready to ask, each bounded: [the graph, for analysts](neo4j.md#questions)."]
    return "\n".join(lines) + "\n"


def questions() -> str:
    """Return the table of investigations in `docs/neo4j.md`; a test compares it with the page."""
    lines = ["| name | question | takes |", "|---|---|---|"]
    for one in load().values():
        takes = ", ".join(f"`{p.name}`" if p.needed else f"[`{p.name}`]" for p in one.own)
        lines.append(f"| `{one.name}`{' ◉' if one.picture else ''} | {one.question} | {takes} |")
    return "\n".join(lines) + "\n"


def drawing() -> str:
    """Return the labels and relationships as a Mermaid flow chart, which the forges draw."""
    lines = ["flowchart LR"]
    lines += [f"  {node.label}([{node.label}])" for node in NODES if node.label not in _NOT_DRAWN]
    for edge in EDGES:
        lines += [
            f"  {source} -- {edge.type} --> {target}"
            for source in edge.sources
            for target in edge.targets
            if not {source, target} & set(_NOT_DRAWN) and (edge.type != "SUPERSEDES" or source == target)
        ]
    return "\n".join(lines)


def _table(properties: tuple[Property, ...]) -> list[str]:
    rows = [f"| `{p.name}` | {p.kind}{', optional' if p.optional else ''} | {p.doc} |" for p in properties]
    return ["| property | type | meaning |", "|---|---|---|", *rows]


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201  # its purpose
