"""Folders that are written as a whole: inside a hidden folder first, moved into place at the end, by one at a time.

A process that is killed on the way leaves the hidden folder, which the next one removes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from attribution.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

PARTIAL = ".partial"


def _nothing() -> tuple[Path, ...]:
    return ()


@contextmanager
def replaced(out: Path, last: str, stale: Callable[[], Iterable[Path]] = _nothing) -> Iterator[Path]:
    """Lend a folder to write into; at the end its content replaces that of `out`, on an error it vanishes.

    Parameters
    ----------
    last : the file without which `out` counts as unfinished: it goes first and comes last.
    stale : asked at the end for what else has to go, files or folders.

    Raises
    ------
    UsageError
        `out` is a file or cannot be created, or another process writes there.
    """
    there = out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as end:
            if not there:
                end.callback(_drop_if_empty, out)
            _hold(out, end)
            partial = out / PARTIAL
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            end.callback(shutil.rmtree, partial, ignore_errors=True)
            held = end.pop_all()
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}", remedy="name another folder") from error
    with held:
        yield partial
        (out / last).unlink(missing_ok=True)
        for path in stale():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in sorted(partial.iterdir(), key=lambda path: (path.name == last, path.name)):
            path.replace(out / path.name)


def _hold(out: Path, end: ExitStack) -> None:
    """Lock the folder until `end`: two that write to one place would take each other's files. A kill frees it."""
    handle = os.open(out, os.O_RDONLY)
    end.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            f"{out}: another process is writing there", remedy="wait until it has finished, or name another folder"
        ) from error
    except OSError:
        return  # a file system without locks


def _drop_if_empty(out: Path) -> None:
    with suppress(OSError):
        out.rmdir()
