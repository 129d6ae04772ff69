"""The second process: the same results with it, without it, and when it dies."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from attribution.beside import Beside, beside

FORKED = """
import os, signal
from attribution.beside import beside

def place(number):
    return number, os.getpid()

def refuse():
    raise ValueError("no")

with beside() as second:
    done = second.share(place, list(range(9)), [9, 1, 1, 1, 1, 1, 1, 1, 2])
    assert [number for number, _ in done] == list(range(9)), done
    assert {pid for _, pid in done} > {os.getpid()}, done
    assert done[0][1] == os.getpid() != done[1][1]
    try:
        second.begin(refuse)()
    except ValueError:
        pass
    else:
        raise AssertionError("the error was lost")
    other = second.begin(os.getpid)()
    assert other != os.getpid()
    waiting = second.begin(os.getpid)
    assert waiting() == other
    os.kill(other, signal.SIGKILL)
    assert second.begin(os.getpid)() == os.getpid()
    assert second.share(place, [1, 2], [1, 1]) == [(1, os.getpid()), (2, os.getpid())]
"""
KILLED = """
import os, signal
from attribution.beside import beside

with beside() as second:
    print(second.begin(os.getpid)(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
ENDED_AT_ONCE = """
import signal, sys
from attribution.beside import beside

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
for _ in range(50):
    with beside():
        pass
"""
alone = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs fork and a second core"
)


@alone
def test_half_is_done_in_a_second_process_that_may_fail_or_die() -> None:
    run = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@alone
def test_it_ends_when_the_first_process_is_killed() -> None:
    run = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode < 0  # and the output has ended: the second process would have held it open


@alone
def test_one_that_is_ended_before_it_began_says_nothing() -> None:
    run = subprocess.run([sys.executable, "-c", ENDED_AT_ONCE], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_without_one_the_work_is_done_here() -> None:
    assert Beside().share(_twice, [3, 4], [1, 1]) == [6, 8]
    assert Beside().begin(_twice, 5)() == 10
    with beside() as second:
        assert second.share(_twice, [3, 4, 5], [1, 1, 1]) == [6, 8, 10]


def _twice(number: int) -> int:
    return 2 * number
