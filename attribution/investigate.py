"""Named questions asked of a run in the graph: one way for the command line, the API and notebooks.

A question is known by its name alone; what it takes is checked before the server sees it, what a parameter names must
be in the graph, and the answer is read in one transaction that may not write, has a time limit, and belongs to one
version of one run.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.errors import NotFoundError, UsageError
from attribution.ingest.addresses import canonical_address, parsed_network
from attribution.store import open_store
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_rows import graph_key
from graph_schema.deeplinks import link, script
from graph_schema.investigations import MOST_ROWS, NAMED, Investigation, load
from graph_schema.parameters import KEYED, Parameter, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from attribution.store import Store
    from attribution.store.neo4j import View
    from attribution.store.neo4j_client import Rows
    from graph_schema.parameters import Value

SECONDS = 30.0
"""How long the server may work on a question, unless somebody says otherwise."""
BROWSER = "ATTRIBUTION_NEO4J_BROWSER"
"""Environment variable: where Neo4j Browser answers, such as http://localhost:7474."""
_IN_ROWS = frozenset({"account", "ring", "campaign"})
"""Kinds whose names stand in columns of the same name."""
_SHARED = "only values that two or more accounts share are in the graph; its networks are a /24 (IPv4) or a /48 (IPv6)"
_WHERE = {
    **dict.fromkeys(("ip", "network", "device", "card", "template", "value"), _SHARED),
    "account": "only accounts that share a value with another one, or stand in a ring, are in the graph",
    "ring": "`attribution ask rings_to_look_at` lists rings",
    "campaign": "`attribution ask who_benefits` lists campaigns",
    "lab": "`attribution ask who_benefits` lists labs",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to.

    Attributes
    ----------
    investigation : the question.
    run_id : the run that it was answered for.
    parameters : every parameter with its value; keys and whole ids as the graph has them.
    graph : where the graph answers, with the database if one was named.
    rows : the rows, each a mapping of column to text, number, truth, time, list of these, or None.
    """

    investigation: Investigation
    run_id: str
    parameters: Mapping[str, Value]
    graph: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, for people."""
        return self.investigation.columns

    @property
    def full(self) -> bool:
        """Whether there may be more rows than the limit let through."""
        return len(self.rows) >= int(str(self.parameters["limit"]))

    def frame(self) -> pd.DataFrame:
        """Return the rows as a pandas frame."""
        import pandas as pd  # noqa: PLC0415  # only notebooks need it

        return pd.DataFrame([list(row.values()) for row in self.rows], columns=list(self.columns))

    def following(self) -> dict[str, dict[str, str]]:
        """Return what to ask next, with those parameters that this question or its first row already has."""
        return {name: self._known(load()[name]) for name in self.investigation.next}

    def _known(self, other: Investigation) -> dict[str, str]:
        first = self.rows[0] if self.rows else {}
        found = {
            p.name: self.parameters.get(p.name) or (first.get(p.name) if p.kind in _IN_ROWS else None)
            for p in other.own
            if p.kind in NAMED
        }
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def links(self, browser: str) -> dict[str, str]:
        """Return addresses that open the question in Neo4j Browser: `rows`, and `picture` where there is one."""
        return links(self.investigation, self.parameters, browser, self.graph)


def ask(store: str | Store, name: str, *, seconds: float = SECONDS, **parameters: Value) -> pd.DataFrame:
    """Ask a named question of a run in Neo4j; return the rows as a pandas frame.

    Parameters
    ----------
    store : `neo4j://host:7687[/database]`, with user and password in the environment, or an open store.
    name : a question's name; `attribution ask` lists them.
    seconds : how long the server may work on it.
    parameters : what the question takes, besides `run` and `limit`.

    Raises
    ------
    UsageError
        No such question or parameter, a value that it does not take, or a store that is no graph.
    NotFoundError
        The graph has no such run, ring, account or value.
    StoreError
        The server cannot be reached; `SlowError`: it took too long.

    Examples
    --------
    >>> rings = ask("neo4j://localhost:7687", "rings_to_look_at", limit=10)  # doctest: +SKIP
    """
    if isinstance(store, str):
        with open_store(store) as opened:
            return answer(opened, name, parameters, seconds=seconds).frame()
    return answer(store, name, parameters, seconds=seconds).frame()


def answer(store: Store, name: str, given: Mapping[str, object], *, seconds: float = SECONDS) -> Answer:
    """Answer a question; see `ask`."""
    one = find(name)
    values = checked(one, given)

    def work(run: Callable[..., Rows], view: View) -> tuple[dict[str, Value], Rows]:
        named = _names(run, view, one, values)
        return named, run(one.query, **named)

    graph = _graph(store)
    named, rows = graph.viewing(work, _text(values["run"]), seconds=seconds)
    plain = tuple({column: _plain(value) for column, value in row.items()} for row in rows[:MOST_ROWS])
    return Answer(one, str(named["run"]), named, graph.address, plain)


def resolve(store: Store, name: str, given: Mapping[str, object]) -> dict[str, Value]:
    """Return the parameters of a question as the graph has them, without asking it; see `ask`."""
    one = find(name)
    values = checked(one, given)
    return _graph(store).viewing(lambda run, view: _names(run, view, one, values), _text(values["run"]))


def find(name: str) -> Investigation:
    """Return a question by its name; raises UsageError."""
    known = load()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise UsageError(f"no question is named {name!r}", remedy=f"{hint}`attribution ask` lists them all")


def checked(one: Investigation, given: Mapping[str, object]) -> dict[str, Value]:
    """Return a value for every parameter; texts are taken as they are, numbers must be numbers.

    Raises
    ------
    UsageError
        An unknown parameter, a missing one, or a value that it does not take.
    """
    takes = ", ".join(p.name for p in one.parameters)
    if unknown := sorted(given.keys() - {p.name for p in one.parameters}):
        raise UsageError(f"{one.name} takes no {unknown[0]}", remedy=f"it takes {takes}")
    try:
        return {p.name: p.check(given.get(p.name)) for p in one.parameters}
    except ParameterError as error:
        raise UsageError(f"{one.name}: {error}", remedy=f"`attribution ask {one.name}` says what it takes") from error


def parsed(one: Investigation, texts: Mapping[str, str]) -> dict[str, Value]:
    """Return the values that texts of a command line stand for; raises UsageError."""
    known = {p.name: p for p in one.parameters}
    try:
        return {name: known[name].parse(text) if name in known else text for name, text in texts.items()}
    except ParameterError as error:
        raise UsageError(f"{one.name}: {error}", remedy=f"`attribution ask {one.name}` says what it takes") from error


def links(one: Investigation, values: Mapping[str, Value], browser: str, graph: str = "") -> dict[str, str]:
    """Return addresses that open a question in Neo4j Browser, its parameters filled in, on the database of `graph`."""
    keyed = {p.name: _key(p, values.get(p.name)) for p in one.parameters}
    found = {"rows": link(browser, script(one, keyed), graph)}
    if one.picture is not None:
        found["picture"] = link(browser, script(one, keyed, picture=True), graph)
    return found


def browser_address() -> str | None:
    """Return where Neo4j Browser answers, if the environment says so; raises UsageError where that is no address."""
    address = os.environ.get(BROWSER)
    if address and not address.startswith(("http://", "https://")):
        raise UsageError(f"{BROWSER} is no address: {address!r}", remedy="write http://HOST:7474")
    return address or None


def _graph(store: Store) -> Neo4jStore:
    if isinstance(store, Neo4jStore):
        return store
    raise UsageError(
        "questions are asked of a graph, and this store is a file",
        remedy="load it with `attribution graph load OUT --store neo4j://HOST:7687`, and name that address",
    )


def _names(run: Callable[..., Rows], view: View, one: Investigation, values: Mapping[str, Value]) -> dict[str, Value]:
    named = {p.name: _resolved(run, view, p, values[p.name]) for p in one.parameters}
    return {**named, "run": view.run_id}


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _key(parameter: Parameter, value: Value) -> Value:
    return graph_key(value) if parameter.kind in KEYED and isinstance(value, str) else value


def _resolved(run: Callable[..., Rows], view: View, parameter: Parameter, value: Value) -> Value:
    """Return what the graph calls the thing that a parameter names; other values as they are."""
    if value is None or parameter.kind not in NAMED:
        return value
    text = NAMED[parameter.kind]
    within = {"generation": view.generation} if "$generation" in text else {}
    for spelling in _spellings(parameter, str(value)):
        key = _key(parameter, spelling)
        found = [str(row["name"]) for row in run(text, key=key, **within)]
        if found:
            break
    else:
        raise NotFoundError(f"no {parameter.kind} {value!r} in this run", remedy=_WHERE.get(parameter.kind, ""))
    if parameter.kind in KEYED or found[0] == value:
        return key
    if len(found) > 1:
        raise UsageError(f"{value!r} begins several {parameter.kind} ids", remedy=f"such as {' and '.join(found)}")
    return found[0]


def _spellings(parameter: Parameter, value: str) -> tuple[str, ...]:
    """Return a value as it was given, and an address or network as the graph spells it."""
    if parameter.kind not in {"ip", "network", "value"}:
        return (value,)
    other = parsed_network(value.strip()) if "/" in value else canonical_address(value)
    return tuple(dict.fromkeys((value, str(other or value))))


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever Cypher returns
    """Return a driver's value as Python's own."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    native = getattr(value, "to_native", None)
    if native is None:
        return value
    return native().astimezone(dt.UTC) if hasattr(value, "hour") else native()
