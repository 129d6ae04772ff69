"""What the commands have in common: the log level, and printing to the terminal without being fooled by a string."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.plaintext import clean

if TYPE_CHECKING:
    import typer
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from attribution.telemetry import Telemetry

PIPE_WIDTH = 200
"""Columns of tables that no terminal's width limits."""


@dataclass(frozen=True, slots=True)
class Session:
    """Options that stand before the command."""

    level: str = "info"

    def telemetry(self) -> Telemetry:
        """Return the telemetry of this command, on standard error."""
        from attribution.telemetry import Telemetry

        return Telemetry(level=self.level)


def session(context: typer.Context) -> Session:
    """Return the session that the root command made."""
    found = context.obj
    return found if isinstance(found, Session) else Session()


def console() -> Console:
    """Return standard output for tables; nothing in a string is taken for markup."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False, width=width, soft_wrap=False)


def text(value: object, style: str = "", limit: int = 120) -> Text:
    """Return a cell: cleaned of control and bidirectional characters, never parsed as markup."""
    from rich.text import Text

    return Text(clean(str(value), limit), style=style)


def table(title: str, *columns: str) -> Table:
    """Return an empty table; a column whose name starts with ">" is set to the right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return made


def write_json(data: bytes) -> None:
    """Write JSON for programs to standard output."""
    sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
    sys.stdout.buffer.flush()
