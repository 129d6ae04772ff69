"""What a run tells while it works: logs on stderr, progress on a terminal, timings and peak memory for `run.json`.

Nothing here changes a result, and nothing here is global: a `Telemetry` is made at the edge (CLI, API, a test) and
passed along. The algorithm packages do not import it; they take a plain callback `progress(label, done, total)`.
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TextIO

import structlog

from attribution.plaintext import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping
    from types import TracebackType

    from rich.console import Console
    from rich.progress import Progress, TaskID
    from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
SHOW_AFTER_SECONDS = 2.0
"""What takes less is over before anybody could read a progress bar."""


class ProgressCallback(Protocol):
    """What algorithms call, now and then, to say how far they are."""

    def __call__(self, label: str, done: int, total: int | None) -> None:
        """Say that `done` of `total` units (None: nobody knows) of `label` are finished."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One finished stage, as it stands in `run.json`."""

    name: str
    seconds: float
    rows: int | None
    """Rows the stage handled, where it said so."""
    peak_rss_bytes: int
    """The process's high-water mark of resident memory by the end of this stage."""


@dataclass(slots=True)
class Stage:
    """A running stage: set `rows` and `note(...)` what its log line shall say."""

    name: str
    rows: int | None = None
    facts: dict[str, object] = field(default_factory=dict)

    def note(self, **facts: object) -> None:
        """Add facts (counts, never contents of logs) to the stage's log line."""
        self.facts.update(facts)


def peak_rss_bytes() -> int:
    """Return the process's high-water mark of resident memory.

    Linux's own figure for this program; `getrusage` elsewhere, since on Linux that one starts from the parent's size.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    line = next(row for row in status.splitlines() if row.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


class Telemetry:
    """Logs, stages and progress of one run.

    Parameters
    ----------
    stream : where everything goes; standard error by default, never standard output.
    level : "debug", "info", "warning" or "error".
    show : progress bars and readable logs (default: whether the stream is a terminal); otherwise JSON lines.

    Use it as a context manager, or call `close()`, so that a progress bar never outlives its run.
    """

    def __init__(self, stream: TextIO | None = None, *, level: str = "info", show: bool | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._show = self._stream.isatty() if show is None else show
        self._console = _console(self._stream) if self._show else None
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._records: list[StageRecord] = []
        self.log: FilteringBoundLogger = _logger(self._stream, self._console, level)

    @classmethod
    def quiet(cls) -> Self:
        """Return one that only keeps the timings: for tests and for use as a library."""
        return cls(level="error", show=False)

    @property
    def records(self) -> tuple[StageRecord, ...]:
        """The stages finished so far, in the order in which they ended."""
        return tuple(self._records)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a stage, with its rows and the peak memory by its end; a failed stage is recorded as well."""
        current = Stage(name)
        started = time.perf_counter()
        self.progress(name, 0, None)
        try:
            yield current
        except BaseException as error:
            self._finish(current, started)
            self.log.debug("stage failed", stage=name, error=type(error).__name__)
            raise
        self._finish(current, started)
        self._tell(self._records[-1], current.facts)

    def _tell(self, record: StageRecord, facts: Mapping[str, object]) -> None:
        """Log a finished stage: a sentence on a terminal, fields elsewhere."""
        peak = round(record.peak_rss_bytes / 2**20)
        if self._console is not None:
            rows = "" if record.rows is None else f"{record.rows:,} rows in "
            sentence = f"{record.name}: {rows}{record.seconds:.1f} s, peak memory {peak:,} MiB"
            self.log.info(sentence, **facts)
            return
        counted = {} if record.rows is None else {"rows": record.rows}
        seconds = round(record.seconds, 3)
        self.log.info("stage finished", stage=record.name, seconds=seconds, **counted, peak_mib=peak, **facts)

    def progress(self, label: str, done: int, total: int | None) -> None:
        """Report progress: a bar with rate and remaining time after two seconds, nothing if nobody is looking."""
        if self._console is None:
            return
        if self._bars is None:
            self._bars = _bars(self._console)
            self._bars.start()
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(clean(label, 40), total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)
        if total is not None and done >= total:
            self._bars.remove_task(self._tasks.pop(label))

    def close(self) -> None:
        """Take the progress bars off the screen."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        self._tasks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finish(self, stage: Stage, started: float) -> None:
        self._records.append(StageRecord(stage.name, time.perf_counter() - started, stage.rows, peak_rss_bytes()))
        # Bars inside a stage end with it, whether or not the algorithm reported its last unit.
        self.close()


class _LineLogger:
    """Writes finished log lines; above the progress bars where there are any."""

    def __init__(self, stream: TextIO, console: Console | None) -> None:
        self._stream = stream
        self._console = console

    def msg(self, line: str) -> None:
        """Write one line."""
        if self._console is None:
            self._stream.write(line + "\n")
            self._stream.flush()
            return
        from rich.text import Text  # noqa: PLC0415  # only needed on a terminal; 50 ms at start-up

        self._console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)

    debug = info = warning = error = critical = exception = msg


def _clean_values(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Strip what a hostile value could do to the reader's terminal."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = clean(value, 500)
    return event


def _logger(stream: TextIO, console: Console | None, level: str) -> FilteringBoundLogger:
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if console is None else "%H:%M:%S", utc=console is None),
        _clean_values,
    ]
    last: Processor = structlog.processors.JSONRenderer()
    if console is not None:
        last = structlog.dev.ConsoleRenderer(colors=not console.no_color, pad_event_to=8, sort_keys=False)
    wrapped: FilteringBoundLogger = structlog.wrap_logger(
        _LineLogger(stream, console),
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return wrapped


def _console(stream: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415  # only needed on a terminal; 50 ms at start-up

    return Console(file=stream, markup=False, emoji=False)


def _bars(console: Console) -> Progress:
    from attribution.progress_bars import LateProgress  # noqa: PLC0415  # only needed on a terminal

    return LateProgress(console, SHOW_AFTER_SECONDS)
