"""Named questions that an analyst asks of the graph: one `.cypher` file each, for all who ask.

    // title: Why two accounts are linked
    // question: By which shared values are these two accounts connected, the shortest way?
    // param account: account, needed -- the first account's id
    // param other: account, needed -- the second account's id
    // param hops: integer = 3, 1 to 4 -- shared values on the way
    // limit: 50
    // next: blast_radius, one_account
    MATCH ... RETURN ... LIMIT $limit
    // picture: the way between them
    MATCH ... RETURN a path, nodes or relationships ... LIMIT 200

The first statement answers in rows, whose columns are named for people; the second, where a drawing helps, returns
nodes and relationships for Neo4j Browser. Both only read, name what `model` declares, take values as parameters
alone, and end in a LIMIT. Every question also takes `run` (the latest without it) and `limit`. Front matter that is
wrong is an error of the file: `parse` raises ValueError, and the tests read every file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from graph_schema.parameters import Parameter, read_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ROWS = 1000
"""No answer is longer than this."""
_HEAD = re.compile(r"// (title|question|param|limit|next)(?:: | )(.*)")
_PART = re.compile(r"'(?:[^'\\]|\\.)*'|[(\[{]|[)\]}]|,|[^'()\[\]{},]+")
_PICTURE = re.compile(r"^// picture: (.+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A statement that returns nodes and relationships to be drawn."""

    shows: str
    query: str


@dataclass(frozen=True, slots=True)
class Investigation:
    """One question.

    Attributes
    ----------
    name : the file's.
    title, question : what it is called, what it answers.
    parameters : what it takes, `run` and `limit` last.
    next : names of investigations to look at afterwards.
    query : the statement that answers in rows.
    picture : the statement that answers as a drawing, if there is one.
    """

    name: str
    title: str
    question: str
    parameters: tuple[Parameter, ...]
    next: tuple[str, ...]
    query: str
    picture: Picture | None

    @property
    def own(self) -> tuple[Parameter, ...]:
        """Parameters other than `run` and `limit`."""
        return self.parameters[:-2]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it answers with."""
        return _columns(self.query)


def parse(name: str, text: str) -> Investigation:
    """Read one file.

    Raises
    ------
    ValueError
        The front matter is not as the module describes it.
    """
    head: dict[str, list[str]] = {}
    lines = text.splitlines()
    at = 0
    while at < len(lines) and (found := _HEAD.fullmatch(lines[at])):
        head.setdefault(found[1], []).append(found[2])
        at += 1
    if any(len(head.get(key, ())) != 1 for key in ("title", "question", "limit", "next")):
        raise ValueError(f"{name}: an investigation has one line each of title, question, limit and next")
    limit = f"limit: integer = {head['limit'][0]}, 1 to {MOST_ROWS} -- rows at most"
    try:
        parameters = [*map(read_parameter, head.get("param", ())), RUN, read_parameter(limit)]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    query, *rest = _PICTURE.split("\n".join(lines[at:]).strip())
    picture = Picture(rest[0], rest[1].strip()) if rest else None
    return Investigation(
        name,
        head["title"][0],
        head["question"][0],
        tuple(parameters),
        tuple(one for one in head["next"][0].split(", ") if one),
        query.strip(),
        picture,
    )


def _columns(query: str) -> tuple[str, ...]:
    """Return the names in the last RETURN: what follows AS, or the variable itself."""
    columns, depth = [""], 0
    for part in _PART.findall(re.split(r"\b(?:ORDER BY|LIMIT)\b", query.rpartition("RETURN ")[2])[0]):
        depth += (part in "([{") - (part in ")]}")
        if part == "," and not depth:
            columns.append("")
        else:
            columns[-1] += part
    return tuple(column.rpartition(" AS ")[2].strip() for column in columns)


RUN = read_parameter("run: run = none -- a run's id; the latest run without it")


@cache
def load() -> Mapping[str, Investigation]:
    """Return every investigation by name, in the order of names."""
    folder = files("graph_schema").joinpath("investigations")
    found = [
        parse(path.name.removesuffix(".cypher"), path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".cypher")
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


NAMED: Mapping[str, str] = {
    "account": "MATCH (a:Account {key: $key}) RETURN a.account_id AS name LIMIT 2",
    "ip": "MATCH (v:Ip {key: $key}) RETURN v.value AS name LIMIT 2",
    "network": "MATCH (v:Network {key: $key}) RETURN v.value AS name LIMIT 2",
    "device": "MATCH (v:Device {key: $key}) RETURN v.value AS name LIMIT 2",
    "card": "MATCH (v:PaymentInstrument {key: $key}) RETURN v.value AS name LIMIT 2",
    "template": "MATCH (v:PromptTemplate {key: $key}) RETURN v.value AS name LIMIT 2",
    "value": """
MATCH (v:Ip|Network|Device|PaymentInstrument|PromptTemplate) WHERE v.key = $key RETURN v.value AS name LIMIT 2
""",
    "ring": """
MATCH (r:Ring {generation: $generation}) WHERE r.ring_id STARTS WITH $key
WITH r.ring_id AS name ORDER BY name = $key DESC, name RETURN name LIMIT 2
""",
    "campaign": """
MATCH (c:Campaign {generation: $generation}) WHERE c.campaign_id STARTS WITH $key
WITH c.campaign_id AS name ORDER BY name = $key DESC, name RETURN name LIMIT 2
""",
    "lab": "MATCH (l:Lab {lab_id: $key}) RETURN l.lab_id AS name LIMIT 2",
}
"""By kind of parameter, the statement that finds what it names; rings and campaigns also by a unique beginning."""
