"""Comparisons in processes of their own: none can take more than its time, memory or process."""

import multiprocessing
import signal
import time
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rast_bench.grading.base import Compared, Comparison
from rast_bench.grading.expressions.errors import OversizedError, WorkLimitError
from rast_bench.grading.limits import CpuLimitError, limit_memory, within_cpu_limit
from rast_bench.hardware import usable_cores

if TYPE_CHECKING:
    from pebble import ProcessPool

Compare = Callable[[str, str], bool]

CPU_SECONDS = 5.0  # of one comparison; the slowest of 1,800 real ones takes 0.6
MEMORY_BYTES = 2 * 2**30
_MOST_WORKERS = 16
_COMPARISONS_OF_A_WORKER = 2_000  # then it is replaced: sympy's caches grow


class ComparisonPool:
    """Asks `compare(answer, gold)` for many pairs, each under limits of CPU time and memory.

    The processes start with the first pair and end with this object or the interpreter. `compare`
    is a function of a module, since it is sent to them by name.
    """

    def __init__(
        self,
        compare: Compare,
        *,
        workers: int | None = None,
        cpu_seconds: float = CPU_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._compare = compare
        self._workers = workers or min(_MOST_WORKERS, usable_cores())
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._pool: ProcessPool | None = None

    def outcomes(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        """The outcome of each pair in order.

        * "timeout": it ran out of CPU time, of memory, or killed its process;
        * "unparsed": it could not be compared.
        """
        from pebble import ProcessExpired

        if not pairs:
            return []
        pool = self._started()
        futures = [
            pool.schedule(
                compare_limited,
                args=(self._compare, *pair, self._cpu_seconds),
                kwargs={"may_kill": True},
            )
            for pair in pairs
        ]
        compared = []
        try:
            for future in futures:
                try:
                    compared.append(future.result())
                except ProcessExpired:  # the kernel ended it: too long in C, or out of memory
                    compared.append(Compared("timeout", self._cpu_seconds))
        finally:
            for future in futures[len(compared) :]:
                future.cancel()
        return compared

    def _started(self) -> "ProcessPool":
        from pebble import ProcessPool

        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=_COMPARISONS_OF_A_WORKER,
                initializer=_start_worker,
                initargs=(self._memory_bytes,),
                context=multiprocessing.get_context("spawn"),
            )
            weakref.finalize(self, _stop, self._pool)
        return self._pool


def compare_limited(
    compare: Compare, answer: str, gold: str, cpu_seconds: float, *, may_kill: bool = False
) -> Compared:
    """One comparison under a limit of CPU time, in the process that calls.

    may_kill: whether that process may be killed when nothing else ends the comparison.
    """
    start = time.process_time()
    outcome: Comparison
    try:
        equal = within_cpu_limit(cpu_seconds, lambda: compare(answer, gold), may_kill=may_kill)
        outcome = "correct" if equal else "wrong"
    except (CpuLimitError, WorkLimitError, MemoryError):
        outcome = "timeout"
    except (OversizedError, RecursionError):
        outcome = "unparsed"
    except (ImportError, SyntaxError, NameError):  # a fault of this program
        raise
    except Exception:  # sympy fails on odd expressions with exceptions of any other kind
        outcome = "unparsed"
    return Compared(outcome, time.process_time() - start)


def _start_worker(memory_bytes: int) -> None:
    import sympy  # noqa: F401 (before the first comparison's clock starts)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    limit_memory(memory_bytes)


def _stop(pool: "ProcessPool") -> None:
    pool.stop()
    pool.join()
