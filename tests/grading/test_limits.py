"""Limits of CPU time inside this process, which must be as it was afterwards."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from rast_bench.grading import limits
from rast_bench.grading.limits import CpuLimitError, within_cpu_limit


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGPROF)
    yield
    assert signal.getsignal(signal.SIGPROF) is handler
    assert not any(map(any, map(signal.getitimer, (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL))))


def spin() -> None:
    while True:
        pass


def test_work_within_its_time_returns_its_value() -> None:
    assert within_cpu_limit(5.0, lambda: 42) == 42


def test_an_error_of_the_work_passes() -> None:
    with pytest.raises(ZeroDivisionError):
        within_cpu_limit(5.0, lambda: 1 / 0)


@pytest.mark.parametrize("may_kill", [False, True])
def test_work_beyond_its_time_is_interrupted(may_kill: bool) -> None:
    with pytest.raises(CpuLimitError):
        within_cpu_limit(0.05, spin, may_kill=may_kill)


def test_work_that_swallows_the_interruption_gets_another() -> None:
    def stubborn() -> None:
        with suppress(BaseException):
            spin()
        spin()

    with pytest.raises(CpuLimitError):
        within_cpu_limit(0.05, stubborn)


@pytest.mark.parametrize("may_kill", [False, True])
def test_the_process_is_killed_only_where_it_may(may_kill: bool) -> None:
    def until_killed() -> float:
        return signal.getitimer(signal.ITIMER_VIRTUAL)[0]

    assert (within_cpu_limit(5.0, until_killed, may_kill=may_kill) > 5.0) is may_kill


def test_a_reminder_that_comes_late_breaks_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    set_timer: Callable[..., object] = signal.setitimer

    def setitimer(which: int, *seconds: float) -> None:
        if seconds == (0,):
            signal.raise_signal(signal.SIGPROF)
        set_timer(which, *seconds)

    monkeypatch.setattr(limits.signal, "setitimer", setitimer)
    assert within_cpu_limit(5.0, lambda: 42, may_kill=True) == 42
