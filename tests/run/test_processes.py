"""A process that runs, one that ended, a zombie, another one of its number."""

import os
import subprocess
import sys

from rast_bench.processes import runs, start_ticks


def test_this_process_runs() -> None:
    assert runs(os.getpid(), start_ticks(os.getpid()))


def test_a_zombie_does_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ticks = start_ticks(child.pid)
    assert ticks is not None
    assert runs(child.pid, ticks)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not asked for
    assert not runs(child.pid, ticks)
    child.communicate()
    assert not runs(child.pid, ticks)


def test_another_process_of_the_same_number_does_not_count() -> None:
    ticks = start_ticks(os.getpid())
    assert ticks is not None
    assert not runs(os.getpid(), ticks - 1)
    assert not runs(os.getpid(), None)
