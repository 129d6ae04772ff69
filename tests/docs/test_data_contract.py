"""docs/data-contract.md names the columns that the engine reads and writes, those and no others."""

from __future__ import annotations

import re
from pathlib import Path

from attribution.domain import CAPABILITIES
from attribution.ingest.contract import TABLES as READ
from attribution.labs.reader import KEYS
from attribution.schemas import OUTPUT_TABLES as WRITTEN

PAGE = (Path(__file__).parents[2] / "docs" / "data-contract.md").read_text("utf-8")


def names(cell: str) -> list[str]:
    """Return the names in backticks of a table's cell, what stands in brackets left out."""
    return re.findall(r"`([\w.]+)`", re.sub(r"\([^)]*\)", "", cell))


def read_columns() -> dict[str, tuple[set[str], set[str]]]:
    """Read table to its columns and the required ones, as the page has them."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE):
        if table := re.match(r"`(\w+)`", part):
            rows = [line.split("|") for line in part.splitlines() if line.startswith("| `")]
            every = {name for row in rows for name in names(row[1])}
            required = {
                name for row in rows for name in names(row[1]) if "required" in row[2] or row[3].strip() == "yes"
            }
            found[table[1]] = every, required
    return found


def test_input_columns_are_those_of_the_reader() -> None:
    declared = {
        table.name: (set(table.names), {column.name for column in table.columns if column.required}) for table in READ
    }
    assert read_columns() == declared


def test_words_of_closed_lists_are_all_named() -> None:
    for table in READ:
        for column in table.columns:
            section = PAGE.split(f"### `{table.name}`", 1)[1].split("\n### ", 1)[0]
            assert all(f"`{word}`" in section for word in column.words)


def test_output_columns_are_those_of_the_tables() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| `\w+\.parquet`", line)]
    documented = {names(row[1])[0].removesuffix(".parquet"): names(row[2]) for row in rows}
    assert documented == {name: list(schema.names) for name, schema in WRITTEN.items()}


def test_the_example_dossier_shows_every_key_and_the_page_every_capability() -> None:
    example = PAGE.split("```yaml", 1)[1].split("```", 1)[0]
    assert set(KEYS) <= set(re.findall(r"(\w+):", example))
    assert all(f"`{capability}`" in PAGE for capability in CAPABILITIES)
