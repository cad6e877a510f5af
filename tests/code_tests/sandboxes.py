"""What the machine that runs the tests can confine programs with."""

from functools import cache

from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.sandbox import SandboxError, SandboxKind, candidates
from rast_bench.code_tests.tests import FunctionTests
from rast_bench.code_tests.verdict import Limits

QUICK = Limits(
    test_cpu_seconds=0.5,
    cpu_seconds=1.0,
    idle_seconds=2.0,
    memory=2**30,
    disk=16 * 2**20,
    output=8 * 2**20,
)
SUCCESSOR = FunctionTests("f", ((1,), (2,)), (2, 3))
RIGHT = "def f(x):\n    return x + 1\n"


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
