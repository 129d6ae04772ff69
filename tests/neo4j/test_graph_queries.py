"""Every Cypher text names only what the model declares, takes values as parameters alone, and is bounded."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from attribution.store.migrate import shipped
from graph_schema import docs, investigations, model, queries, writes

ROOT = Path(__file__).parents[2]
TEXTS = {
    **queries.every(),
    **{f"investigation.{one.name}": one.query for one in investigations.load().values()},
    **{f"picture.{one.name}": one.picture.query for one in investigations.load().values() if one.picture},
    **{f"named.{kind}": text for kind, text in investigations.NAMED.items()},
    **{f"V{one.version:04d}.{at}": text for one in shipped() for at, text in enumerate(one.statements)},
}
STRINGS = re.compile(r"'[^']*'")
BUILT_IN = {"epochSeconds", "microsecond", "nanosecond"}  # parts of a datetime


def bare(text: str) -> str:
    return STRINGS.sub("''", re.sub(r"//.*", "", text))


def mentioned(text: str) -> tuple[set[str], set[str], set[str]]:
    """Return the labels, relationship types and property names in a text."""
    text = re.sub(r"\bCALL [a-z]\w*(\.\w+)+\(", "CALL (", bare(text))  # a procedure's name has points, too
    types = {name for group in re.findall(r"\[\w*:([A-Z_|]+)", text) for name in group.split("|")}
    labels = {name for group in re.findall(r"[(\s]\w*:([A-Z][a-z]\w*(?:\|\w+)*)", text) for name in group.split("|")}
    in_maps = {
        name
        for body in re.findall(r"[\w)]\s*\{([^{}]*?)\}", text)
        if "MATCH" not in body
        for name in re.findall(r"(\w+):", body)
    }
    properties = set(re.findall(r"\b[a-z]\w*\.(\w+)", text)) | in_maps
    return labels, types, properties - BUILT_IN


@pytest.mark.parametrize("name", TEXTS)
def test_only_declared_names(name: str) -> None:
    labels, types, properties = mentioned(TEXTS[name])
    former = model.FORMER if re.match(r"V\d{4}\.", name) else frozenset()
    assert labels <= model.labels() | former, name
    assert types <= model.types() | former, name
    assert properties <= model.properties() | former, name
    assert "<" not in re.sub(r"<[=>]?\s|<-\[", "", TEXTS[name]), "a placeholder was left"


def test_the_lint_sees_what_it_should() -> None:
    assert mentioned("MATCH (a:Nobody {ghost: $x})-[r:HAUNTS]->(b) WHERE b.secret > 'c.quoted' RETURN r.x") == (
        {"Nobody"},
        {"HAUNTS"},
        {"ghost", "secret", "x"},
    )


def test_every_declared_name_is_used() -> None:
    found = [mentioned(text) for text in TEXTS.values()]
    assert model.labels() == set().union(*(labels for labels, _, _ in found)) - model.FORMER
    assert model.types() == set().union(*(types for _, types, _ in found)) - model.FORMER
    assert model.properties() <= set().union(*(properties for _, _, properties in found))


def test_facets_and_labels_come_from_closed_sets() -> None:
    with pytest.raises(KeyError):
        queries.for_facet(queries.SHARED, "ip]->() DETACH DELETE a //")
    with pytest.raises(KeyError):
        queries.for_label(writes.STALE_NODES, "Account")
    with pytest.raises(KeyError):
        queries.for_type(writes.STALE_EDGES, "MEMBER_OF")


@pytest.mark.parametrize(
    "path",
    [
        "graph_schema/queries.py",
        "graph_schema/writes.py",
        "graph_schema/foreign.py",
        "attribution/store/results_sql.py",
    ],
)
def test_query_texts_are_not_formatted_with_values(path: str) -> None:
    """Cypher is never an f-string; SQL is formatted with names of the closed tables only."""
    tree = ast.parse((ROOT / path).read_text())
    allowed = {"name", "schema", "USAGE", "FACTS", "STORED", "LIVE", "FORMAT", "_same", "field", "_RUNS", "LEDGER_KEYS"}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            assert used <= allowed | {"_columns", "_sql_type", "text", "label", "facet", "used"}, ast.unparse(node)
            assert not path.startswith("graph_schema") or not re.search(r"MATCH|MERGE|RETURN", ast.unparse(node))
        assert not (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant)
        )


STORE = sorted(
    path.name
    for path in (ROOT / "attribution" / "store").glob("*.py")
    if "graph_schema" in path.read_text() or path.name.startswith("neo4j")
)
ASKS = {"read", "write", "stream", "reading", "write_all"}
"""Calls that hand a text to the server."""
TELLS = {"loaded.py", "graph_doctor.py"}
"""Modules that show people a statement as a remedy."""


@pytest.mark.parametrize("name", STORE)
def test_the_store_runs_nothing_but_declared_texts(name: str) -> None:
    assert {"graph_state.py", "graph_doctor.py", "loaded.py", "migrate.py", "neo4j.py"} <= set(STORE)
    tree = ast.parse((ROOT / "attribution" / "store" / name).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS:
            for given in node.args[:1]:
                texts = [one for one in ast.walk(given) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                assert not [one for one in texts if " " in one.value], (name, ast.unparse(node))
        if name not in TELLS and isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"\b(MATCH|MERGE|UNWIND)\s*\(|\bRETURN\s", node.value), (name, node.value)


def test_the_migrations_lay_out_what_the_model_declares() -> None:
    statements = [statement for migration in shipped() for statement in migration.statements]
    gone = {statement.split()[2] for statement in statements if statement.startswith("DROP")}
    made = {
        statement for statement in statements if statement.startswith("CREATE") and statement.split()[2] not in gone
    }
    assert made == set(model.constraints())
    assert [migration.version for migration in shipped()] == list(range(1, len(shipped()) + 1))


def test_docs_are_current() -> None:
    assert (ROOT / "docs" / "graph.md").read_text("utf-8") == docs.markdown()
