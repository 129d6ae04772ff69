"""An investigation as text for Neo4j Browser's editor, and the address that opens it there.

Whoever asks a server sends values as parameters. An editor takes text alone, so here each becomes a Cypher literal of
harmless characters; whatever else a string holds is written as an escape. `&` and `#` would end the address's argument,
`=>` and `$` confuse Browser's `:param`, and `//` begins a comment for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graph_schema.investigations import Investigation
    from graph_schema.parameters import Value

_PLAIN = re.compile(r"[A-Za-z0-9 .:_@/-]")
_PARAMETER = re.compile(r"\$(\w+)")
_QUOTED = {"'": r"\'", "\\": r"\\"}


def literal(value: Value) -> str:
    """Return a value as a Cypher literal, in ASCII."""
    if value is None:
        return "null"
    if isinstance(value, str):
        inner = "".join(_character(char) for char in value).replace("//", r"/\u002F")
        return f"'{inner}'"
    return repr(value)


def _character(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    if char in _QUOTED:
        return _QUOTED[char]
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def statement(one: Investigation, *, picture: bool = False) -> str:
    """Return the statement that answers, or the one that draws; raises KeyError where there is no picture."""
    if not picture:
        return one.query
    if one.picture is None:
        raise KeyError(one.name)
    return one.picture.query


def script(one: Investigation, values: Mapping[str, Value], *, picture: bool = False) -> str:
    """Return one statement with its values written in, since Browser draws the answer to one statement only.

    Raises
    ------
    KeyError
        There is no picture of it.
    """
    names = {parameter.name for parameter in one.parameters}
    text = statement(one, picture=picture)
    return _PARAMETER.sub(lambda found: literal(values.get(found[1])) if found[1] in names else found[0], text)


def settings(one: Investigation, values: Mapping[str, Value], *, picture: bool = False) -> list[str]:
    """Return Browser's commands that set what a statement takes, for whoever wants to change them and ask again."""
    text = statement(one, picture=picture)
    return [f":param {p.name} => {literal(values.get(p.name))}" for p in one.parameters if f"${p.name}" in text]


def link(browser: str, text: str, graph: str = "") -> str:
    """Return the address at which Browser opens with a text in its editor; nothing runs before somebody says so.

    `browser` is where Neo4j answers over HTTP, with or without `/browser`. Where the address of the `graph` names a
    database (`neo4j://host:7687/name`), Browser is told to use that one; it listens to this beside a server alone.
    """
    root = browser.rstrip("/").removesuffix("/browser")
    return f"{root}/browser/?{_database(graph)}cmd=edit&arg={quote(text, safe='')}"


def _database(graph: str) -> str:
    parts = urlsplit(graph)
    name = unquote(parts.path.strip("/"))
    if not parts.netloc or not name:
        return ""
    scheme = parts.scheme.replace("+ssc", "+s")  # a page trusts the certificates that its browser trusts
    server = f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    return f"dbms={quote(server, safe='')}&db={quote(name, safe='')}&"
