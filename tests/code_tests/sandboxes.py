"""What the machine that runs the tests can confine programs with."""

from functools import cache

from hostile.campaign import QUICK, RIGHT
from hostile.programs import SUCCESSOR

from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.sandbox import SandboxError, SandboxKind, candidates

__all__ = ["QUICK", "RIGHT", "SUCCESSOR", "available"]


@cache
def available() -> tuple[SandboxKind, ...]:
    """The sandboxes that work here; "process" must work on every Linux machine."""
    return tuple(kind for kind in candidates() if kind == "process" or _works(kind))


def _works(kind: SandboxKind) -> bool:
    try:
        verdict = run_tests(RIGHT, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind)
    except SandboxError:
        return False
    return verdict.kind == "passed"
