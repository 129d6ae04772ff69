"""What is generated for Neo4j Browser is current, names what the model declares, and cannot be broken out of."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_schema import browser, docs, model
from graph_schema.deeplinks import link, literal, script, settings
from graph_schema.investigations import Investigation, load

ROOT = Path(__file__).parents[2]
TEXTS = st.text(max_size=60) | st.sampled_from(["' OR 1=1 //", "\\u0027", "a\\", "x' RETURN 1 //", "$run", "a&arg=b#c"])


@pytest.mark.parametrize("name", browser.FILES)
def test_generated_files_are_current(name: str) -> None:
    """Where this fails: python -m graph_schema.browser."""
    assert (ROOT / "graph_schema" / "browser" / name).read_text("utf-8") == browser.FILES[name]()


def test_the_table_of_questions_is_current() -> None:
    """Where this fails: the table is what graph_schema.docs.questions() returns."""
    page = (ROOT / "docs" / "neo4j.md").read_text("utf-8")
    assert page.partition("<!-- questions -->\n")[2].partition("<!-- /questions -->")[0] == docs.questions()


def test_the_style_has_a_rule_for_every_label_and_type() -> None:
    selectors = set(re.findall(r"^([\w.]+) \{$", browser.grass(), re.MULTILINE))
    declared = {f"node.{label}" for label in model.labels()} | {f"relationship.{type_}" for type_ in model.types()}
    assert selectors == {"node", "relationship"} | declared
    assert set(browser.LOOKS) <= model.labels()
    names = set(re.findall(r"\{(\w+)\}", browser.grass()))
    assert names <= model.properties()


def test_captions_are_properties_of_their_label() -> None:
    for node in model.NODES:
        look = browser.LOOKS.get(node.label)
        if look is not None:
            assert look.caption.strip("{}") in {p.name for p in node.properties}, node.label


def test_the_guide_has_every_question_and_no_script() -> None:
    guide = browser.guide()
    assert guide.count("<slide") == len(load()) + 2
    assert all(one.question.replace("'", "&#x27;") in guide for one in load().values())
    assert "<script" not in guide
    assert "http" not in guide


def test_favourites_are_one_statement_each_and_always_the_same() -> None:
    packed = browser.favourites()
    assert packed == browser.favourites()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names)) == len(load()) + sum(one.picture is not None for one in load().values())
        for name in names:
            assert name.startswith("Attribution/")
            text = archive.read(name).decode()
            assert text.startswith("// ")
            assert "$" not in text
            assert ";" not in text


@given(TEXTS)
def test_a_literal_is_one_string_of_harmless_characters(value: str) -> None:
    text = literal(value)
    assert text.isascii()
    inner = re.sub(r"\\u[0-9a-fA-F]{4}|\\'|\\\\", "", text[1:-1])
    assert not re.search(r"['\\&#$;=><`{}()\n\r]|//", inner)


@given(TEXTS)
def test_a_link_carries_the_text_as_browser_reads_it(value: str) -> None:
    text = script(load()["ring_overview"], {"ring": value, "limit": 1})
    address = link("http://localhost:7474/", text)
    assert address.startswith("http://localhost:7474/browser/?cmd=edit&arg=")
    assert parse_qs(urlsplit(address).query)["arg"] == [text]
    # Browser decodes the whole address first and looks for the argument afterwards: up to & or #
    as_browser = re.search(r"[?&]arg=([^&#]*)", unquote(address.replace("+", " ")))
    assert as_browser is not None
    assert as_browser[1] == text


@pytest.mark.parametrize("one", load().values(), ids=lambda one: one.name)
def test_no_statement_would_be_cut(one: Investigation) -> None:
    for picture in (False, True):
        if picture and one.picture is None:
            with pytest.raises(KeyError):
                script(one, {}, picture=True)
            continue
        text = script(one, {}, picture=picture)
        assert not set(text) & set("&#$%")
        assert all(line.startswith(":param ") for line in settings(one, {}, picture=picture))


@pytest.mark.parametrize(
    "address", ["http://h:7474", "http://h:7474/", "http://h:7474/browser", "http://h:7474/browser/"]
)
def test_the_address_may_be_written_either_way(address: str) -> None:
    assert link(address, "RETURN 1") == "http://h:7474/browser/?cmd=edit&arg=RETURN%201"


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        ("neo4j://h:7687", {}),
        ("neo4j://mara@h:7687/", {}),
        ("engine.duckdb", {}),
        ("folder/engine.duckdb", {}),
        ("neo4j://mara@h:7687/rings", {"dbms": ["neo4j://h:7687"], "db": ["rings"]}),
        ("bolt+ssc://h/a%26b", {"dbms": ["bolt+s://h"], "db": ["a&b"]}),
    ],
)
def test_a_link_leads_to_the_database_that_the_store_names(graph: str, told: dict[str, list[str]]) -> None:
    found = parse_qs(urlsplit(link("http://h:7474", "RETURN 1", graph)).query)
    assert found == {**told, "cmd": ["edit"], "arg": ["RETURN 1"]}
