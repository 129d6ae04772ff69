"""Investigations as files: front matter, bounds, columns, and that each reads the graph as its run saw it."""

from __future__ import annotations

import re

import pytest

from graph_schema import model
from graph_schema.investigations import MOST_ROWS, NAMED, Investigation, load, parse
from graph_schema.parameters import KEYED, Parameter, ParameterError, read_parameter

EVERY = tuple(load().values())
STATEMENTS = [
    pytest.param(one, text, id=f"{one.name}-{kind}")
    for one in EVERY
    for kind, text in (("rows", one.query), ("picture", one.picture.query if one.picture else None))
    if text is not None
]
WRITES = re.compile(r"\b(CREATE|MERGE|DELETE|SET|REMOVE|DROP|LOAD|FOREACH|CALL\s+\w)", re.IGNORECASE)
VARIABLE_LENGTH = re.compile(r"\*(\d*)(?:\.\.(\d*))?")
ASKED_FOR = {
    "ring_overview", "why_linked", "cards_that_bridge_rings", "accounts_around_a_device", "template_spread",
    "new_ring_and_older_ones", "proxy_networks", "suppressed_hubs", "release_pivots", "tenants_of_one_operator",
    "hanging_on_one_facet", "blast_radius", "what_changed",
}  # fmt: skip
HEAD = (
    "// title: T\n// question: Q?\n{}// limit: 5\n// next: runs\nMATCH (run:Run) RETURN run.seed AS seed LIMIT $limit\n"
)


def bare(text: str) -> str:
    return re.sub(r"'[^']*'", "''", text)


def test_there_are_enough_and_those_that_were_asked_for() -> None:
    assert len(EVERY) >= 25
    assert set(load()) >= ASKED_FOR


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_front_matter_is_whole(one: Investigation) -> None:
    assert one.title
    assert not one.title.endswith(".")
    assert re.search(r"[.?]$", one.question)
    assert one.next
    assert set(one.next) <= set(load()) - {one.name}
    used = set(re.findall(r"\$(\w+)", f"{one.query} {one.picture.query if one.picture else None}"))
    declared = {p.name for p in one.parameters}
    assert used <= declared
    assert {p.name for p in one.own} <= used, "a parameter that nothing reads"
    assert len(declared) == len(one.parameters)


@pytest.mark.parametrize(("one", "text"), STATEMENTS)
def test_each_only_reads_and_is_bounded(one: Investigation, text: str) -> None:
    assert not WRITES.search(bare(text))
    end = re.search(r"LIMIT (\$limit|\d+)$", text)
    assert end, "the last word is a LIMIT"
    assert end[1] == "$limit" or int(end[1]) <= 300
    for match in VARIABLE_LENGTH.finditer("".join(re.findall(r"\[\w*:[^\]]*\]", text))):
        assert int(match[2] or 99) <= 12, match[0]
    limit = one.parameters[-1]
    assert (limit.name, limit.low, limit.high) == ("limit", 1, MOST_ROWS)


@pytest.mark.parametrize(("one", "text"), STATEMENTS)
def test_what_holds_for_versions_is_read_as_the_run_saw_it(one: Investigation, text: str) -> None:
    """A relationship that another night ended must not show: not in a count, not in a picture."""
    text = " ".join(text.split())
    for variable, types in re.findall(r"\[(\w*):([A-Z_|]+)[^\]]*\]", text):
        if set(types.split("|")) & set(model.VERSIONED):
            usage = {used for used, _ in model.USAGE_EDGES.values()}  # those that others loaded have no `since`
            since = f"coalesce({variable}.since, 0)" if set(types.split("|")) & usage else f"{variable}.since"
            held = f"{since} <= run.usage_version AND ({variable}.until IS NULL"
            in_path = "all(u IN relationships(p) WHERE coalesce(u.since, 0) <= run.usage_version" in text
            assert (variable and held in text) or in_path, (one.name, types)


@pytest.mark.parametrize(("one", "text"), STATEMENTS)
def test_rings_are_those_of_the_run(one: Investigation, text: str) -> None:
    """No ring is reached through an account alone: accounts keep their rings of earlier runs."""
    assert "Ring" not in text or ":FOUND]" in text or "generation: run.generation" in text, one.name


FEW = {"history_of_a_ring", "rings_to_look_at", "what_two_accounts_share", "why_linked"}
"""Questions whose pictures have fewer parts than their limit but in odd graphs."""
LISTED = re.compile(r"collect\(.*?\)(?:\[[^\]]*\])? AS (\w+)")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_lists_that_are_shown_have_an_order(one: Investigation) -> None:
    """The server meets relationships in the order of its files, which another loading of the same facts changes."""
    text = " ".join(one.query.split())
    head, shown = text.rsplit(" RETURN ", 1)
    for match in LISTED.finditer(text):
        matched = re.split(r"\bMATCH\b", text[: match.start()])[-1]
        told = match.start() > len(head) or match[1] in re.findall(r"\w+", shown)
        assert not told or "ORDER BY" in matched, match[0]


@pytest.mark.parametrize(("one", "text"), STATEMENTS)
def test_what_is_cut_is_cut_in_an_order(one: Investigation, text: str) -> None:
    """A limit without an order keeps what the server happens to meet first, which another loading changes."""
    end = " ".join(text.split()).rsplit(" RETURN ", 1)[1]
    one_row = one.parameters[-1].default == 1
    assert "ORDER BY" in end or one.name in FEW or one_row, end


def test_columns_are_names_for_people() -> None:
    for one in EVERY:
        assert one.columns
        assert len(set(one.columns)) == len(one.columns)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in one.columns), one.columns
    assert load()["blast_radius"].columns == ("standing", "accounts", "exchanges", "rings", "last_seen", "examples")


@pytest.mark.parametrize(
    "text",
    [
        "RETURN 1 AS one LIMIT $limit",
        HEAD.replace("// title: T\n", "").format(""),
        HEAD.replace("// next: runs\n", "").format(""),
        HEAD.format("// title: again\n"),
        HEAD.format("// param least\n"),
        HEAD.format("// param least: hat = 3 -- x\n"),
        HEAD.format("// param least: integer = three -- x\n"),
        HEAD.format("// param least: integer = 7, 1 to 5 -- x\n"),
        HEAD.replace("limit: 5", "limit: 5000").format(""),
    ],
)
def test_wrong_front_matter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="x: "):
        parse("x", text)


def test_front_matter_is_read() -> None:
    one = parse(
        "x", HEAD.format("// param least: integer = 3, 1 to 9 -- how many\n") + "// picture: it\nRETURN 1 LIMIT 2\n"
    )
    assert [p.name for p in one.parameters] == ["least", "run", "limit"]
    assert one.parameters[0] == Parameter("least", "integer", "how many", default=3, low=1, high=9)
    assert one.parameters[-1].default == 5
    assert one.columns == ("seed",)
    assert one.picture is not None
    assert (one.picture.shows, one.picture.query) == ("it", "RETURN 1 LIMIT 2")


@pytest.mark.parametrize(
    ("line", "text", "value"),
    [
        ("n: integer = 3, 1 to 9 -- x", "9", 9),
        ("n: number = 0.5, 0 to 1 -- x", "1", 1.0),
        ("n: account, needed -- x", "acct-7", "acct-7"),
        ("n: facet = none -- x", "payment", "payment"),
    ],
)
def test_texts_are_typed(line: str, text: str, value: object) -> None:
    got = read_parameter(line).parse(text)
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("n: integer = 3, 1 to 9 -- x", 10),
        ("n: integer = 3, 1 to 9 -- x", 0),
        ("n: integer = 3, 1 to 9 -- x", 3.0),
        ("n: integer = 3, 1 to 9 -- x", "3"),
        ("n: integer = 3, 1 to 9 -- x", True),
        ("n: number = 0.5, 0 to 1 -- x", float("nan")),
        ("n: account, needed -- x", None),
        ("n: account, needed -- x", ""),
        ("n: account, needed -- x", 7),
        ("n: account, needed -- x", ["a"]),
        ("n: account, needed -- x", "a" * 9000),
        ("n: facet = none -- x", "hat"),
        ("n: verdict = coordinated -- x", "guilty"),
    ],
)
def test_other_values_are_refused(line: str, value: object) -> None:
    with pytest.raises(ParameterError, match=r"^n "):
        read_parameter(line).check(value)


def test_whatever_names_something_is_looked_up() -> None:
    kinds = {p.kind for one in EVERY for p in one.parameters}
    assert set(NAMED) >= KEYED
    assert kinds - {"run", "facet", "verdict", "integer", "number"} <= set(NAMED)
