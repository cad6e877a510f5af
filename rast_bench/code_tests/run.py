"""Run programs against their tests."""

import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import islice

from rast_bench.code_tests.function_style import run_function
from rast_bench.code_tests.sandbox import SandboxError, SandboxKind, candidates, weakness
from rast_bench.code_tests.stdio_style import run_stdio
from rast_bench.code_tests.tests import CodeTests, StdioTests
from rast_bench.code_tests.verdict import CodeVerdict, Limits
from rast_bench.hardware import available_memory, usable_cores

_MOST_WORKERS = 64
_LOCK = threading.Lock()
_TRIAL = StdioTests(("",), ("42",))


def run_tests(
    program: str,
    tests: CodeTests,
    limits: Limits | None = None,
    *,
    allow_code_execution: bool,
    sandbox: SandboxKind | None = None,
) -> CodeVerdict:
    """Run a program against its tests in a sandbox, up to the first test that it does not pass.

    Expected answers never enter the sandbox: the program's answers come out as plain values and are
    compared here. Without `allow_code_execution` nothing runs, and the verdict is "refused".

    Raises:
        SandboxError: this machine has no working sandbox. Nothing ran.
        DatasetError: the reference that gives the expected answers fails.
    """
    if not allow_code_execution:
        return CodeVerdict("refused", 0, len(tests), "allow_code_execution is false")
    limits = limits or Limits()
    kind = sandbox or working_sandbox()
    if isinstance(tests, StdioTests):
        return run_stdio(program, tests, limits, kind)
    return run_function(program, tests, limits, kind)


def run_many(
    pairs: Iterable[tuple[str, CodeTests]],
    limits: Limits | None = None,
    *,
    allow_code_execution: bool,
    sandbox: SandboxKind | None = None,
    workers: int | None = None,
) -> Iterator[CodeVerdict]:
    """Yield the verdict of each (program, tests) pair, in order.

    Pairs are consumed as they are needed, so few tests are in memory at once.

    Args:
        workers: programs that run at a time; None: as cores and memory allow.

    Raises:
        SandboxError, DatasetError: as `run_tests`.
    """
    limits = limits or Limits()
    workers = workers or _workers(limits)
    run = partial(
        run_tests, limits=limits, allow_code_execution=allow_code_execution, sandbox=sandbox
    )
    source = iter(pairs)
    with ThreadPoolExecutor(workers, thread_name_prefix="code-tests") as pool:

        def started(count: int) -> list[Future[CodeVerdict]]:
            return [pool.submit(run, *pair) for pair in islice(source, count)]

        running = started(2 * workers)
        try:
            while running:
                yield running.pop(0).result()
                running += started(1)
        finally:
            for future in running:
                future.cancel()


def _workers(limits: Limits) -> int:
    """Return one worker per core, but no more than the free memory holds at their limits."""
    return max(1, min(_MOST_WORKERS, usable_cores(), available_memory() // limits.memory))


def working_sandbox() -> SandboxKind:
    """Return the best sandbox that works here, tried once per process; warn of a weak one.

    Raises:
        SandboxError: none works.
    """
    with _LOCK:
        return _working_sandbox()


@lru_cache(maxsize=1)
def _working_sandbox() -> SandboxKind:
    failures: list[str] = []
    for kind in candidates():
        try:
            verdict = run_stdio("print(6 * 7)", _TRIAL, Limits(), kind)
        except SandboxError as error:
            failures.append(error.message)
            continue
        if verdict.kind == "passed":
            weak = weakness(kind)
            if weak:
                print(f"warning: code tests: {weak} (docs/code_execution.md)", file=sys.stderr)
            return kind
        failures.append(f"the {kind} sandbox does not work: {verdict.detail}")
    raise SandboxError(
        "; ".join(failures),
        hint="docs/code_execution.md says what a machine needs; code of models is run only in a "
        "sandbox",
    )
