"""Base class of graders that need algebra: all work on an answer is limited.

Quick steps run in this process, under a limit of CPU time that no ordinary answer comes near; the
rest, and everything outside the main thread, goes to a process pool.
"""

import sys
import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TypeVar

from rast_bench.errors import first_line
from rast_bench.grading.base import Answer, AnswerGrader, Compared, Extraction
from rast_bench.grading.decision import Decision
from rast_bench.grading.limits import CpuLimitError, within_cpu_limit
from rast_bench.grading.pool import (
    BUGS,
    CPU_SECONDS,
    Compare,
    ComparisonPool,
    compared,
    load_sympy,
)

T = TypeVar("T")

_EXHAUSTED = (RecursionError, MemoryError)
IN_PROCESS_SECONDS = 0.2  # CPU time per step and answer in this process


class PooledGrader(AnswerGrader):
    """Compares pairs with `quick` where that decides, else with `thorough` in a process pool.

    `thorough` alone gives the same outcomes; `fast_paths=False` exists to show it. `extract`,
    `reference` and `quick` first run in this process; one that takes too long runs again in the
    pool. So they must depend on their arguments alone and import nothing (an interrupted import
    leaves half a module), and the class must be callable without arguments, as it is in the pool.
    """

    thorough: Compare
    warm_up: Callable[[], None] = staticmethod(load_sympy)

    def __init__(
        self,
        *,
        workers: int | None = None,
        cpu_seconds: float = CPU_SECONDS,
        fast_paths: bool = True,
    ) -> None:
        super().__init__()
        self._cpu_seconds = cpu_seconds
        self._pool = ComparisonPool(
            type(self).thorough,
            workers=workers,
            cpu_seconds=cpu_seconds,
            warm_up=type(self).warm_up,
        )
        self._fast_paths = fast_paths
        self._warned: set[str] = set()

    @abstractmethod
    def quick(self, answer: str, gold: str) -> Decision | None:
        """Return the decision if it takes no algebra, else None."""

    def extract_many(self, answers: Sequence[Answer]) -> list[Extraction]:
        """Return what was found in each response; an exception makes it unparsed and warns."""
        extracted = [in_this_process(partial(self._extracted, answer)) for answer in answers]
        rest = [answer for answer, one in zip(answers, extracted, strict=True) if one is None]
        calls = [(type(self), answer, self._cpu_seconds) for answer in rest]
        made = iter(self._pool.run(_extract_limited, calls, lost=_OVER_LIMIT))
        whole = [next(made) if one is None else one for one in extracted]
        self._warn({one.failure for one in whole if one.failure})
        return whole

    def _extracted(self, answer: Answer) -> Extraction:
        try:
            return Extraction(self.extract(answer), self.reference(answer))
        except (*BUGS, *_EXHAUSTED):
            raise
        except Exception as error:
            return Extraction(None, "", failure=f"{type(error).__name__}: {first_line(error)}")

    def _warn(self, failures: set[str]) -> None:
        """Warn once per failure: no single answer ends the grading of many."""
        for failure in sorted(failures - self._warned):
            print(
                f"warning: {self.name} cannot read a response ({failure}): it counts as unparsed",
                file=sys.stderr,
            )
        self._warned |= failures

    def _quick(self, answer: str, gold: str) -> Decision | None:
        try:
            return self.quick(answer, gold)
        except (*BUGS, *_EXHAUSTED):
            raise
        except Exception:  # `thorough` either raises it too or can decide
            return None

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        known: dict[tuple[str, str], Compared] = {}
        if self._fast_paths:
            for pair in pairs:
                decision = in_this_process(partial(self._quick, *pair))
                if decision is not None:
                    known[pair] = compared(decision)
        rest = [pair for pair in pairs if pair not in known]
        known.update(zip(rest, self._pool.outcomes(rest), strict=True))
        return [known[pair] for pair in pairs]


_OVER_LIMIT = Extraction(None, "", over_limit=True)


def in_this_process(work: Callable[[], T]) -> T | None:
    """Return the result of `work`; None if it takes too long or cannot be limited here."""
    if threading.current_thread() is not threading.main_thread():
        return None
    try:
        return within_cpu_limit(IN_PROCESS_SECONDS, work)
    except (CpuLimitError, *_EXHAUSTED):
        return None


def _extract_limited(grader: type[PooledGrader], answer: Answer, cpu_seconds: float) -> Extraction:
    """Extract in a pool process, which may be killed."""
    try:
        return within_cpu_limit(
            cpu_seconds, partial(_in_worker(grader)._extracted, answer), may_kill=True
        )
    except (CpuLimitError, *_EXHAUSTED):
        return _OVER_LIMIT


@cache
def _in_worker(grader: type[PooledGrader]) -> PooledGrader:
    """Return the pool process's own grader, whose pool never starts."""
    return grader()
