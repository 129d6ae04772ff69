"""A second process beside a run: for work in Python, or in a library that keeps the interpreter's lock.

It is forked when a run begins, before there are threads, so it costs no import and next to no memory; it knows what it
is sent. Where that is impossible (other threads, one core, no fork) the same functions are called here: same result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Beside:
    """Hands work to the second process, one piece at a time; without a `pipe` to one, work is done when asked for."""

    def __init__(self, pipe: Connection | None = None) -> None:
        self._pipe = pipe

    def begin(self, function: Callable[P, R], *args: P.args, **more: P.kwargs) -> Callable[[], R]:
        """Begin `function(*args)`; call what is returned for its result, before beginning anything else.

        The function is a module's own, arguments and result can be pickled. What it raises is raised by that call.
        """

        def here() -> R:
            return function(*args, **more)

        def answer(pipe: Connection) -> R:
            try:
                done, value = pipe.recv()
            except (EOFError, OSError):  # it was killed, for its memory perhaps
                self._pipe = None
                return here()
            if not done:
                raise value
            return value  # type: ignore[no-any-return]  # the other end called `function`

        pipe = self._pipe
        if pipe is None:
            return here
        try:
            pipe.send((function, args, more))
        except OSError:
            self._pipe = None
            return here
        return lambda: answer(pipe)

    def share(self, function: Callable[[T], R], tasks: Sequence[T], work: Sequence[int]) -> list[R]:
        """Return `function` of every task, in order; about half of the `work` is done in the second process."""
        own: list[int] = []
        lent: list[int] = []
        loads = [0, 0]
        for at in sorted(range(len(tasks)), key=lambda at: (-work[at], at)):
            side = int(loads[1] < loads[0])
            loads[side] += work[at]
            (own, lent)[side].append(at)
        rest = self.begin(_all, function, [tasks[at] for at in lent])
        results = dict(zip(own, _all(function, [tasks[at] for at in own]), strict=True))
        results.update(zip(lent, rest(), strict=True))
        return [results[at] for at in range(len(tasks))]


@contextmanager
def beside() -> Iterator[Beside]:
    """Lend a second process until the end of the block."""
    if sys.platform != "linux" or threading.active_count() > 1 or len(os.sched_getaffinity(0)) < 2:
        yield Beside()
        return
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_serve, args=(theirs, ours), daemon=True)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until it has a handler of its own
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    try:
        yield Beside(ours)
    finally:
        ours.close()
        process.terminate()  # it may be in the middle of what nobody waits for any more
        process.join()


def _all(function: Callable[[T], R], tasks: Sequence[T]) -> list[R]:
    return [function(task) for task in tasks]


def _serve(pipe: Connection, other_end: Connection) -> None:
    """Do what is sent until the other end is closed, as it is when the first process is killed."""
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the first one ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    while True:
        try:
            function, args, more = pipe.recv()
        except EOFError:
            return
        try:
            answer = True, function(*args, **more)
        except Exception as error:  # noqa: BLE001  # raised again where it is waited for
            answer = False, error
        try:
            pipe.send(answer)
        except OSError:
            return
