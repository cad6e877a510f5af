"""A process pool for work on answers, with limits on CPU time and memory."""

import multiprocessing
import signal
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from rast_bench.errors import ConfigError
from rast_bench.grading.base import Compared, Comparison
from rast_bench.grading.decision import Decision, Outcome
from rast_bench.grading.expressions.errors import OversizedError, WorkLimitError
from rast_bench.grading.limits import CpuLimitError, limit_memory, within_cpu_limit
from rast_bench.hardware import usable_cores

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pebble import ProcessPool

T = TypeVar("T")

Compare = Callable[[str, str], Decision]

CPU_SECONDS = 5.0  # of one comparison; the slowest of 1,800 real ones takes 0.6
MEMORY_BYTES = 768 * 2**20  # of address space; a worker with sympy, pint and flint has 230 MiB
_MOST_WORKERS = 16
_CHUNK = 8  # calls in one task: a task costs two milliseconds, most comparisons less
_CHUNKS_PER_WORKER = 4  # at least, if there are enough calls
_TASKS_OF_A_WORKER = 500  # after which it is replaced: sympy's caches grow

BUGS = (ImportError, SyntaxError, NameError)
"""Bugs of this program, whatever the answer: they end the grading."""

_OUTCOMES: dict[Outcome, Comparison] = {
    "equal": "correct",
    "different": "wrong",
    "undecided": "undecided",
}


def load_sympy() -> None:
    import sympy  # noqa: F401


class ComparisonPool:
    """Runs `compare(answer, gold)` for many pairs, each under limits of CPU time and memory.

    The processes start with the first call and end with this object or the interpreter. `compare`
    must be a module-level function, since it is pickled by name; so must `warm_up`, which each
    process calls first, so that imports do not count as comparison time.
    """

    def __init__(
        self,
        compare: Compare,
        *,
        workers: int | None = None,
        cpu_seconds: float = CPU_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        warm_up: Callable[[], None] = load_sympy,
    ) -> None:
        self._compare = compare
        self._workers = workers or min(_MOST_WORKERS, usable_cores())
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._warm_up = warm_up
        self._pool: ProcessPool | None = None

    def outcomes(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        """Return the outcome of each pair in order.

        * "timeout": it ran out of CPU time or memory, or its process died;
        * "unparsed": it could not be compared.
        """
        work = partial(compare_limited, self._compare, may_kill=True)
        calls = [(*pair, self._cpu_seconds) for pair in pairs]
        return self.run(work, calls, lost=Compared("timeout", self._cpu_seconds, "limit"))

    def run(self, work: Callable[..., T], calls: Sequence[tuple[Any, ...]], *, lost: T) -> list[T]:
        """Return the result of `work` for each tuple of arguments, in order.

        `work` sets its own CPU limits. `lost` is the result of a call whose process died.

        Raises:
            ConfigError: no process starts.
        """
        return self.begin(work, calls, lost=lost)()

    def begin(
        self, work: Callable[..., T], calls: Sequence[tuple[Any, ...]], *, lost: T
    ) -> Callable[[], list[T]]:
        """Start `run` in the background; the returned function waits for its results."""
        size = min(_CHUNK, 1 + len(calls) // (_CHUNKS_PER_WORKER * self._workers))
        chunks = [calls[start : start + size] for start in range(0, len(calls), size)]
        wait = self._begin_chunks(work, chunks)

        def gathered() -> list[T]:
            results: list[T] = []
            for chunk, made in zip(chunks, wait(), strict=True):
                if made is not None:
                    results += made
                elif len(chunk) == 1:
                    results.append(lost)
                else:  # one of them killed the process: run alone, it harms no other
                    alone = self._begin_chunks(work, [[call] for call in chunk])()
                    results += [lost if one is None else one[0] for one in alone]
            return results

        return gathered

    def _begin_chunks(
        self, work: Callable[..., T], chunks: Sequence[Sequence[tuple[Any, ...]]]
    ) -> Callable[[], list[list[T] | None]]:
        """Return a function that waits for each chunk's results; None if its process died."""
        if not chunks:
            return list
        pool = self._started()
        futures = [pool.schedule(_work_through, args=(work, chunk)) for chunk in chunks]
        return partial(_results, futures)

    def _started(self) -> "ProcessPool":
        from pebble import ProcessPool

        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=_TASKS_OF_A_WORKER,
                initializer=_start_worker,
                initargs=(self._warm_up, self._memory_bytes),
                context=multiprocessing.get_context("spawn"),
            )
            weakref.finalize(self, _stop, self._pool)
        return self._pool


def compare_limited(
    compare: Compare, answer: str, gold: str, cpu_seconds: float, *, may_kill: bool = False
) -> Compared:
    """Make one comparison under a limit of CPU time, in the calling process.

    Args:
        may_kill: whether that process may be killed if nothing else ends the comparison.
    """
    start = time.process_time()
    try:
        decision = within_cpu_limit(cpu_seconds, lambda: compare(answer, gold), may_kill=may_kill)
        found = compared(decision)
    except (CpuLimitError, WorkLimitError, MemoryError):
        found = Compared("timeout", reason="limit")
    except (OversizedError, RecursionError):
        found = Compared("unparsed", reason="unread")
    except BUGS:
        raise
    except Exception:  # sympy raises any kind of exception on odd expressions
        found = Compared("unparsed", reason="unread")
    return found._replace(seconds=time.process_time() - start)


def compared(decision: Decision) -> Compared:
    return Compared(_OUTCOMES[decision.outcome], 0.0, decision.reason, decision.rule)


def _results(futures: Sequence["Future[list[T]]"]) -> list[list[T] | None]:
    """Return the results of each chunk; None for one whose process died.

    Raises:
        ConfigError: no process starts.
    """
    from concurrent.futures.process import BrokenProcessPool

    from pebble import ProcessExpired

    results: list[list[T] | None] = []
    try:
        for future in futures:
            try:
                results.append(future.result())
            except ProcessExpired:  # killed by the kernel: too long in C, or out of memory
                results.append(None)
    except BrokenProcessPool as error:
        raise ConfigError(
            "the processes that compare answers failed to start",
            hint="they import the script that starts them: it must be a file, with its code "
            'under `if __name__ == "__main__":`',
        ) from error
    finally:
        for future in futures[len(results) :]:
            future.cancel()
    return results


def _work_through(work: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
    return [work(*call) for call in calls]


def _start_worker(warm_up: Callable[[], None], memory_bytes: int) -> None:
    warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    limit_memory(memory_bytes)


def _stop(pool: "ProcessPool") -> None:
    pool.stop()
    pool.join()
