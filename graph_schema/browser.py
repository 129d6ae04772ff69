"""What makes Neo4j Browser a workplace: a style, a guide and favourites, from the model and the investigations.

`python -m graph_schema.browser` writes the style and the guide into `graph_schema/browser/`; a test fails when they are
out of date. Favourites are packed on demand (`favourites`), since they repeat the investigations.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from graph_schema.deeplinks import script, settings, statement
from graph_schema.investigations import load
from graph_schema.model import EDGES, NODES

if TYPE_CHECKING:
    from graph_schema.elements import Edge, Node
    from graph_schema.investigations import Investigation

FOLDER = "Attribution"
"""Where the favourites go in Browser's drawer."""
_OLDEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Look:
    """How a label is drawn: colour, the colour of its edge, of the text in it, diameter, caption."""

    colour: str
    border: str
    text: str
    diameter: int
    caption: str


LOOKS = {
    "Ring": Look("#D7373F", "#A3161D", "#FFFFFF", 110, "{ring_id}"),
    "Campaign": Look("#F08C2E", "#BF6510", "#1F1F1F", 65, "{campaign_id}"),
    "Lab": Look("#7B4FB3", "#5A3390", "#FFFFFF", 65, "{lab_id}"),
    "Account": Look("#4C8EDA", "#2870C2", "#FFFFFF", 40, "{account_id}"),
    "PaymentInstrument": Look("#F2C94C", "#C29B1C", "#1F1F1F", 70, "{value}"),
    "Device": Look("#569480", "#3B6F5E", "#FFFFFF", 70, "{value}"),
    "Ip": Look("#8DCC93", "#5DB665", "#1F1F1F", 70, "{value}"),
    "Network": Look("#3F9E4D", "#27742F", "#FFFFFF", 80, "{value}"),
    "Asn": Look("#1F6B2C", "#12471B", "#FFFFFF", 60, "{key}"),
    "PromptTemplate": Look("#E58AB5", "#C2558A", "#1F1F1F", 50, "{value}"),
    "Evidence": Look("#C9CDD3", "#9AA1AC", "#1F1F1F", 40, "{name}"),
    "Lineage": Look("#D9C8AE", "#C0A378", "#1F1F1F", 40, "{event}"),
    "Judgement": Look("#2F3640", "#14181D", "#FFFFFF", 50, "{kind}"),
    "Suppressed": Look("#A5ABB6", "#7D8590", "#1F1F1F", 40, "{value}"),
    "Run": Look("#5C6773", "#3D454E", "#FFFFFF", 60, "{run_id}"),
}
"""Labels with a look of their own: what rings are warm, what accounts share is green to yellow, records are grey."""
_REST = Look("#DDE1E6", "#B4BAC2", "#1F1F1F", 35, "")
_LINES = {
    "MEMBER_OF": ("#E8A0A3", "2px"),
    "USED_IP": ("#8DCC93", "1px"),
    "IN_NETWORK": ("#3F9E4D", "1px"),
    "USED_DEVICE": ("#569480", "2px"),
    "PAID_WITH": ("#E3B93A", "2px"),
    "SENT_TEMPLATE": ("#E58AB5", "1px"),
    "LINKED_TO": ("#D6DBE1", "1px"),
    "ATTRIBUTED_TO": ("#7B4FB3", "2px"),
    "SUPERSEDES": ("#5C6773", "2px"),
}
"""Colour and width of relationships: a value's in the colour of the value, links between accounts in the background."""
_CAPTIONS = {
    **dict.fromkeys(("MEMBER_OF", "USED_IP", "IN_NETWORK", "USED_DEVICE", "PAID_WITH", "SENT_TEMPLATE"), ""),
    "LINKED_TO": "{weight}",
    "ATTRIBUTED_TO": "{likelihood_term}",
    "SUPERSEDES": "{event}",
}
"""What stands on a relationship: nothing where its colour says it, a hundred names on one another hide the picture."""


def grass() -> str:
    """Return the style: `:style` in Browser takes it from an address, and so does dropping the file on the page."""
    rules = [
        _rule("node", {"diameter": "40px", "border-width": "2px", "font-size": "10px", **_colours(_REST)}),
        _rule(
            "relationship",
            {
                "color": "#A5ABB6",
                "shaft-width": "1px",
                "font-size": "8px",
                "padding": "3px",
                "text-color-external": "#000000",
                "text-color-internal": "#FFFFFF",
                "caption": "'<type>'",
            },
        ),
    ]
    rules += [_node_rule(node) for node in NODES]
    rules += [_edge_rule(edge) for edge in EDGES]
    return "\n".join(rules)


def _node_rule(node: Node) -> str:
    look = LOOKS.get(node.label, _REST)
    caption = look.caption or f"{{{node.key[-1]}}}"
    return _rule(f"node.{node.label}", {"diameter": f"{look.diameter}px", **_colours(look), "caption": f"'{caption}'"})


def _edge_rule(edge: Edge) -> str:
    colour, width = _LINES.get(edge.type, ("#A5ABB6", "1px"))
    caption = _CAPTIONS.get(edge.type, "<type>")
    settings = {"color": colour, "shaft-width": width, "caption": f"'{caption}'"}
    return _rule(f"relationship.{edge.type}", settings)


def _colours(look: Look) -> dict[str, str]:
    return {"color": look.colour, "border-color": look.border, "text-color-internal": look.text}


def _rule(selector: str, settings: dict[str, str]) -> str:
    body = "".join(f"  {name}: {value};\n" for name, value in settings.items())
    return f"{selector} {{\n{body}}}\n"


def guide() -> str:
    """Return the guide: slides that `:play ADDRESS` shows in Browser, with every question ready to run."""
    slides = [_slide("Rings in the graph", _INTRODUCTION), _slide("What stands in it", _labels())]
    slides += [_slide(one.title, _question(one)) for one in load().values()]
    body = "\n".join(slides)
    return f'<article class="guide">\n<carousel class="deck container-fluid">\n{body}\n</carousel>\n</article>\n'


_INTRODUCTION = """<p>Click a line that begins with <code>:param</code>, and it goes into the editor: change the
value, run it. Then click the question and run it. Without a ring's id it looks at the ring with the highest
probability, without a run's id at the latest run.</p>
<p>Every answer is bounded. Nothing on these pages writes.</p>
<p>A ring is a lead until somebody has read what speaks against it: see <i>The strongest evidence against</i>.</p>"""


def _labels() -> str:
    nodes = "".join(
        f"<tr><td><code>{node.label}</code></td><td>{escape(node.doc)}</td></tr>"
        for node in NODES
        if node.label in LOOKS
    )
    edges = "".join(
        f"<tr><td><code>{'|'.join(edge.sources)} -{edge.type}-&gt; {'|'.join(edge.targets)}</code></td>"
        f"<td>{escape(edge.doc)}</td></tr>"
        for edge in EDGES
        if {*edge.sources, *edge.targets} <= LOOKS.keys()
    )
    return f'<table class="table-condensed">{nodes}</table>\n<table class="table-condensed">{edges}</table>'


def _question(one: Investigation) -> str:
    lines = [f"<p>{escape(one.question)}</p>"]
    if one.own:
        lines.append("<ul>")
        lines += [f"<li><code>{p.name}</code>: {escape(p.doc)}</li>" for p in one.own]
        lines.append("</ul>")
    lines += [_runnable(text) for text in settings(one, _starting(one))]
    lines.append(_runnable(statement(one)))
    if one.picture is not None:
        lines += [f"<p>As a picture: {escape(one.picture.shows)}.</p>", _runnable(statement(one, picture=True))]
    lines.append(f"<p>Afterwards: {escape(', '.join(load()[name].title for name in one.next))}.</p>")
    return "\n".join(lines)


def _starting(one: Investigation) -> dict[str, str | int | float | None]:
    """Return defaults; what is needed says what to put there."""
    return {p.name: f"put here {p.doc}" if p.needed else p.default for p in one.parameters}


def _runnable(text: str) -> str:
    return f'<pre class="pre-scrollable code runnable">{escape(text, quote=False)}</pre>'


def _slide(title: str, body: str) -> str:
    return f'<slide class="row-fluid">\n<div class="col-sm-12">\n<h3>{escape(title)}</h3>\n{body}\n</div>\n</slide>'


def favourites() -> bytes:
    """Return a ZIP archive that puts every question into Browser's favourites when it is dropped on the page.

    The same questions give the same bytes.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for one in load().values():
            _pack(archive, one.title, f"// {one.question}\n{script(one, _starting(one))}")
            if one.picture is not None:
                text = f"// {one.picture.shows}\n{script(one, _starting(one), picture=True)}"
                _pack(archive, f"{one.title} (picture)", text)
    return packed.getvalue()


def _pack(archive: zipfile.ZipFile, title: str, text: str) -> None:
    """Add one favourite: Browser shows the first line, a comment, as its name."""
    name = "".join(char if char.isalnum() else "_" for char in title)
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}.cypher", _OLDEST)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, f"// {title}\n{text}\n")


FILES = {"style.grass": grass, "guide.html": guide}
"""Generated files that stand in `graph_schema/browser/`."""


def main() -> None:
    """Write them."""
    folder = Path(__file__).with_name("browser")
    folder.mkdir(exist_ok=True)
    for name, make in FILES.items():
        (folder / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
