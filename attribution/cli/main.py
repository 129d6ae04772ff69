"""Entry of the command line: how a command ends, whatever happens in it."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import typer

from attribution.cli.app import app
from attribution.errors import AttributionError
from attribution.plaintext import clean

if TYPE_CHECKING:
    from types import FrameType

BUG, INTERRUPTED, PIPE_CLOSED, TERMINATED = 70, 130, 141, 143
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_NO_SPACE = ("no space left on the disk", "make room where --out, --store and temporary files are")
_MORE_MEMORY = "give the process more memory, or split the input by time"
COLLECT = (200_000, 20, 50)
"""When the garbage collector looks for cycles. A run makes millions of objects and hardly a cycle; by Python's own
thresholds a seventh of its time went into looking."""
TRACEBACK = "ATTRIBUTION_TRACEBACK"
"""Environment variable: set, an internal error shows where it happened."""


def main() -> NoReturn:
    """Run the command line and exit with a documented code (`attribution --help` lists them)."""
    gc.set_threshold(*COLLECT)
    signal.signal(signal.SIGTERM, _terminate)
    code = _outcome()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    if code == PIPE_CLOSED:
        # The reader has gone: what is left in the buffers must not become an error message at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def command() -> NoReturn:
    """Run `main` as the installed command: out at once, as everything is closed by then.

    To free one by one the millions of objects that a run holds takes half a second.
    """
    try:
        main()
    except SystemExit as ended:
        atexit._run_exitfuncs()  # noqa: SLF001  # the public way frees all that is held afterwards
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def _outcome() -> int:  # noqa: PLR0911  # one line a way to end
    try:
        return int(app(prog_name="attribution", standalone_mode=False) or 0)
    except AttributionError as error:
        return _tell(str(error), error.remedy, error.exit_code)
    except typer.TyperException as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return _tell("interrupted", "", INTERRUPTED)
    except BrokenPipeError:
        return PIPE_CLOSED
    except MemoryError:
        return _tell("out of memory", _MORE_MEMORY, 1)
    except OSError as error:
        if _is_full(error):
            return _tell(*_NO_SPACE, 1)
        where = f"{error.filename}: " if error.filename else ""
        return _tell(
            f"{where}{error.strerror or error}", "check the path, its permissions and the space on the disk", 1
        )
    except Exception as error:  # noqa: BLE001  # the last resort: a bug must not spill data of the logs on the terminal
        return _bug(error)


def _usage(error: typer.TyperException) -> int:
    """Tell what is wrong with the command line, and which command's help to read."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "attribution"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return _tell(message, f"see `{command} --help`", 2)


def _bug(error: Exception) -> int:
    if type(error).__name__ == "InterruptException":  # DuckDB's name for Ctrl-C, without importing DuckDB
        return _tell("interrupted", "", INTERRUPTED)
    if type(error).__module__.endswith("duckdb"):  # what the disk or the memory refused, not a bug
        if _is_full(error):
            return _tell(*_NO_SPACE, 1)
        if type(error).__name__ == "OutOfMemoryException":
            return _tell("out of memory", _MORE_MEMORY, 1)
    if os.environ.get(TRACEBACK):
        raise error
    remedy = f"this is a bug; please report it with what {TRACEBACK}=1 shows"
    return _tell(f"internal error: {type(error).__name__} at {_place(error)}", remedy, BUG)


def _is_full(error: Exception) -> bool:
    """Tell whether the disk is full, also where Arrow and DuckDB put it into words of their own."""
    return any(full in str(error) for full in _DISK_FULL)


def _place(error: Exception) -> str:
    """Return file and line where our own code failed; the message itself may hold data of the logs."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/attribution/" in frame.filename or "/api/" in frame.filename] or frames
    return f"{'/'.join(ours[-1].filename.split('/')[-3:])}:{ours[-1].lineno}"


def _tell(message: str, remedy: str, code: int) -> int:
    """Write the one or two lines that a failed command ends with."""
    lines = f"error: {clean(message, 1000)}\n"
    if remedy:
        lines += f"remedy: {clean(remedy, 1000)}\n"
    sys.stderr.write(lines)
    sys.stderr.flush()
    return code


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through the context managers, so that nothing half-written stays behind."""
    sys.exit(TERMINATED)
