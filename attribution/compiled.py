"""Functions compiled by numba, with a cache on disk that sees every file that they are compiled from.

numba's own cache sees the file of the function alone. A function that calls a compiled one of another file holds the
other's code: after an update that changed the other file only, the old code would run on.
"""

# ruff: noqa: SLF001, ANN401
# what tells numba which machine code is fresh has no public name; tests/projection/test_compiled.py holds it

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from numba import njit
from numba.core.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function when it is first called, without the interpreter lock, and keep the machine code on disk.

    What is kept holds as long as the function's file and the files of all compiled functions that this file imports,
    directly or through others, are what they were. Constants are seen where they stand in one of these files.
    """
    return _made(function, njit(nogil=True, cache=True))


def borrowing(function: Callable[P, R]) -> Callable[P, R]:
    """Compile as `compiled` does a function that makes no array: it borrows its caller's and counts no references.

    Counting them costs an atomic operation for each array of each call, which two threads then wait for: half the
    time of a function that is called once for each pair. A slice is no new array; one that copies does not compile.
    """
    return _made(function, njit(nogil=True, cache=True, _nrt=False))  # type: ignore[call-overload]  # not in its stub


def _made(function: Callable[P, R], compiler: Callable[[Callable[P, R]], Callable[P, R]]) -> Callable[P, R]:
    made = compiler(function)
    if isinstance(made, Dispatcher):  # it is not where numba is told to compile nothing
        used = [one for one in function.__globals__.values() if isinstance(one, Dispatcher)]
        imported = {_file_of(one)._source_stamp for one in used if one.py_func.__module__ != function.__module__}
        file = _file_of(made)
        file._source_stamp = sha256(b"".join([file._source_stamp, *sorted(imported)])).digest()
    return made


def _file_of(dispatcher: Any) -> Any:
    """Return numba's index of what is kept on disk; its stamp is the hash of the source."""
    return dispatcher._cache._cache_file
