"""Rows of an answer on a terminal: a table where no word of it is broken, else one record below the other."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from attribution.cli.session import table, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console, RenderableType
    from rich.measure import Measurement
    from rich.table import Table

LISTED = 4
"""Entries of a list that a cell shows."""
WIDE, FEW = 10, 3
"""Answers with more columns and no more rows than this are shown upright, however wide the terminal is."""
LONG, READABLE = 40, 20
"""A column with a cell longer than the first is prose, and no narrower than the second."""
NEARLY = 0.999
"""A probability from here on is shown as more than this, never as 1."""


def laid_out(console: Console, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return rows as they read best in a console's width: a table, or records as psql's `\\x auto` has them."""
    if len(columns) > WIDE and len(rows) <= FEW:
        return _records(title, columns, rows)
    return _across(console, title, columns, rows) or _records(title, columns, rows)


def _across(console: Console, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return a table whose words are whole, None where the console is too narrow for one.

    Rich narrows columns without regard to words, so widths are set here: the widest that can do with less gives first.
    """
    made = table(title, *(_heading(column, rows) for column in columns))
    made.collapse_padding = True
    for row in rows:
        made.add_row(*(text(cell(row[column]), limit=200) for column in columns))
    words = [max(_size(console, one).minimum for one in (column.header, *column.cells)) for column in made.columns]
    width = [max(_size(console, one).maximum for one in column.cells) for column in made.columns]
    least = [max(word, READABLE) if cells > LONG else word for word, cells in zip(words, width, strict=True)]
    width = [max(both) for both in zip(least, width, strict=True)]
    room = console.width - (_size(console, made).minimum - sum(words))
    if sum(least) > room:
        return None
    while sum(width) > room:
        width[max(range(len(width)), key=lambda at: (width[at] > least[at], width[at]))] -= 1
    for column, cells in zip(made.columns, width, strict=True):
        column.width = cells
    return made


def _size(console: Console, one: RenderableType) -> Measurement:
    """Return the least and the most columns that something takes, however wide the console is."""
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=10_000), one)


def _records(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the columns of each row one below the other."""
    made = table(title, "what", "value")
    for at, row in enumerate(rows, start=1):
        if len(rows) > 1:
            made.add_section()
            made.add_row(text(f"{at} of {len(rows):,}", "bold"))
        for column in columns:
            made.add_row(text(column.replace("_", " ")), text(cell(row[column]), limit=400))
    return made


def _heading(column: str, rows: Sequence[Mapping[str, Any]]) -> str:
    numbers = rows and all(isinstance(row[column], (int, float, type(None))) for row in rows)
    return f"{'>' if numbers else ''}{column.replace('_', ' ')}"


def cell(value: Any) -> str:  # noqa: ANN401  # what an answer holds
    """Return a value in words, as a cell shows it."""
    match value:
        case None:
            said = ""
        case bool():
            said = "yes" if value else "no"
        case float():
            said = f"> {NEARLY:.3f}" if NEARLY <= value < 1 else f"{value:.3g}" if abs(value) < 1 else f"{value:,.2f}"
        case int():
            said = f"{value:,}"
        case dt.datetime():
            said = f"{value:%Y-%m-%d %H:%M}"
        case list():
            more = f" and {len(value) - LISTED:,} more" if len(value) > LISTED else ""
            said = ", ".join(cell(one) for one in value[:LISTED]) + more
        case _:
            said = str(value)
    return said
