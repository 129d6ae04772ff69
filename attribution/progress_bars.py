"""Progress bars that appear only for work that takes its time; imported on a terminal alone: rich is slow to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType


class RateColumn(ProgressColumn):
    """Units done of all, and units a second."""

    def render(self, task: Task) -> Text:
        """Return "12,000 / 40,000  3,100/s", or nothing where no unit was reported."""
        if not task.completed and task.total is None:
            return Text("")
        total = "" if task.total is None else f" / {task.total:,.0f}"
        speed = task.finished_speed or task.speed
        rate = "" if speed is None else f"  {speed:,.0f}/s"
        return Text(f"{task.completed:,.0f}{total}{rate}", style="progress.data.speed")


class LateProgress(Progress):
    """A progress display whose bars stay invisible until their work is `after` seconds old."""

    def __init__(self, console: Console, after: float) -> None:
        self._after = after
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            refresh_per_second=5,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the table of the bars that are old enough."""
        yield self.make_tasks_table([task for task in self.tasks if (task.elapsed or 0.0) >= self._after])
