"""Every hostile program in a sandbox, in a world that it would like to touch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hostile.programs import SUCCESSOR, Program, aimed
from hostile.world import World
from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.sandbox import SandboxError, SandboxKind
from rast_bench.code_tests.verdict import CodeVerdict, Limits

QUICK = Limits(
    test_cpu_seconds=0.5,
    cpu_seconds=1.0,
    idle_seconds=2.0,
    memory=2**30,
    disk=16 * 2**20,
    output=8 * 2**20,
)
# For programs that use up any limit of time: a shorter one ends them in the same ways.
_ENDLESS = replace(QUICK, test_cpu_seconds=0.25, cpu_seconds=0.5, idle_seconds=1.0)
_OF_A_BATCH = replace(QUICK, test_cpu_seconds=20.0, cpu_seconds=20.0, idle_seconds=20.0)
RIGHT = "def f(x):\n    return x + 1\n"


def attack(kind: SandboxKind, programs: Sequence[Program], workers: int = 4) -> dict[str, Any]:
    """Runs the programs, some at a time, in one world, and looks at it when all have ended.

    Returns: `unavailable`, why this machine has no such sandbox, or None; `programs`, how many ran;
    `verdicts`, how many had each; `passed`, the names of those that got through; `wrong`, those
    that did not end as they should; `touched`, what is no longer as it was.
    """
    try:
        first = _judged(kind, RIGHT, QUICK)
    except SandboxError as error:
        return {"unavailable": str(error)}
    if first.kind != "passed":
        return {"unavailable": f"the correct program does not pass: {first.detail}"}
    with World() as world, ThreadPoolExecutor(workers) as pool:

        def judge(program: Program) -> CodeVerdict:
            text = aimed(program, world.words, world.victims)
            return _judged(kind, text, _limits(program))

        verdicts = list(pool.map(judge, programs))
        touched = world.touched()
    pairs = list(zip(programs, verdicts, strict=True))
    kinds = [verdict.kind for verdict in verdicts]
    return {
        "unavailable": None,
        "programs": sum(len(program.names) for program in programs),
        "verdicts": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "passed": [
            name for one, verdict in pairs if verdict.kind == "passed" for name in one.names
        ],
        "wrong": [f"{one.names}: {verdict}" for one, verdict in pairs if _is_wrong(one, verdict)],
        "touched": touched,
    }


def _judged(kind: SandboxKind, program: str, limits: Limits) -> CodeVerdict:
    return run_tests(program, SUCCESSOR, limits, allow_code_execution=True, sandbox=kind)


def _limits(program: Program) -> Limits:
    if len(program.names) > 1:
        return _OF_A_BATCH
    return _ENDLESS if program.timeout else QUICK


def _is_wrong(program: Program, verdict: CodeVerdict) -> bool:
    """Return whether a program ended in another way than it should."""
    if len(program.names) > 1:
        return f"tried {len(program.names)}" not in verdict.detail
    return verdict.kind in ("passed", "refused") or (program.timeout and verdict.kind != "timeout")
