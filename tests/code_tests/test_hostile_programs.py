"""Each program of benchmarks/hostile passes its tests exactly where its attack gets through."""

import contextlib
import os
import signal
from pathlib import Path

import pytest
from hostile.campaign import attack
from hostile.ordinary_user import as_nobody
from hostile.programs import batched, read_programs
from hostile.world import World
from sandboxes import QUICK, RIGHT, SUCCESSOR, available

from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.code_tests.tests import StdioTests
from rast_bench.code_tests.verdict import Limits

each_sandbox = pytest.mark.parametrize("kind", available())


def campaigns() -> list[tuple[SandboxKind, bool]]:
    """(sandbox, as nobody): those that work here. Root's tests have both users, unless root cannot
    show nobody this Python environment, as in some containers."""
    found = [(kind, False) for kind in available()]
    if os.geteuid() == 0:
        with contextlib.suppress(RuntimeError):
            found += [(kind, True) for kind in as_nobody(available)]
    return found


def test_there_are_programs() -> None:
    assert len({program.names for program in read_programs()}) > 180


@pytest.mark.parametrize(("kind", "as_another"), campaigns())
def test_nothing_gets_through(kind: SandboxKind, as_another: bool) -> None:
    programs = batched(read_programs())
    if as_another:
        on_users = [program for program in programs if program.group not in ("verdict", "limits")]
        report = as_nobody(lambda: attack(kind, on_users))
    else:
        report = attack(kind, programs)

    found = {name: report.get(name) for name in ("unavailable", "passed", "wrong", "touched")}
    assert found == {"unavailable": None, "passed": [], "wrong": [], "touched": []}


def test_the_world_notices_what_is_done_to_it() -> None:
    with World() as world:
        os.kill(world.victims[0], signal.SIGSTOP)
        os.waitid(os.P_PID, world.victims[0], os.WSTOPPED | os.WNOWAIT)
        os.utime(world.words["SECRET"])
        os.mkdir(f"{world.words['HOME']}/new")  # noqa: PTH102
        with open(f"/dev/shm/{world.words['MARK']}", "a") as file:  # noqa: PTH123
            file.write("more")

        assert world.touched() == [
            *("home", "posix shared memory", f"process {world.victims[0]}", "secret"),
        ]


@each_sandbox
def test_each_test_has_its_own_processor_time(kind: str) -> None:
    program = """\
import time
def f(x):
    end = time.process_time() + 0.35
    while time.process_time() < end:
        pass
    return x + 1
"""
    verdict = run_tests(program, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind)

    assert verdict.kind == "passed", verdict


@each_sandbox
def test_threads_are_limited_by_the_kernel(kind: str) -> None:
    most = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]) + 5000
    program = f"""\
import resource
def f(x):
    return x + 1 if 0 < resource.getrlimit(resource.RLIMIT_NPROC)[1] < {most} else None
"""
    verdict = run_tests(program, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind)

    assert verdict.kind == "passed", verdict


@each_sandbox
def test_what_a_program_says_of_its_time_is_not_used(kind: str) -> None:
    program = """\
import os, time
def f(x):
    while time.process_time() < 0.4:
        pass
    os.write(3, b'{"ended": 0.0}\\n{"cpu_seconds": 0.0}\\n')
    return x + 1
"""
    verdict = run_tests(program, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind)

    assert verdict.kind == "passed", verdict
    assert verdict.cpu_seconds > 0.1


@each_sandbox
def test_a_program_that_ignores_the_signals_ends_when_its_test_does(kind: str) -> None:
    program = """\
import signal
for number in (signal.SIGXCPU, signal.SIGPROF):
    signal.signal(number, signal.SIG_IGN)
def f(x):
    while True:
        pass
"""
    limits = Limits(test_cpu_seconds=0.3, cpu_seconds=1000.0)
    verdict = run_tests(program, SUCCESSOR, limits, allow_code_execution=True, sandbox=kind)

    assert (verdict.kind, verdict.detail) == ("timeout", "out of CPU time")


@each_sandbox
def test_the_right_program_passes(kind: str) -> None:
    verdict = run_tests(RIGHT, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind)

    assert (verdict.kind, verdict.passed_tests, verdict.total_tests) == ("passed", 2, 2)


@each_sandbox
def test_endless_standard_output_is_cut(kind: str) -> None:
    tests = StdioTests(("",), ("yes",))

    verdict = run_tests(
        "while True: print('yes' * 9999)", tests, QUICK, allow_code_execution=True, sandbox=kind
    )

    assert verdict.kind == "failed"
    assert "more output" in verdict.detail


@each_sandbox
def test_program_that_forks_after_the_right_output_fails(kind: str) -> None:
    tests = StdioTests(("",), ("yes",))

    verdict = run_tests(
        "import os\nprint('yes')\nos.fork()", tests, QUICK, allow_code_execution=True, sandbox=kind
    )

    assert verdict.kind == "error"


def test_without_permission_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)

    verdict = run_tests(RIGHT, SUCCESSOR, allow_code_execution=False)

    assert verdict.kind == "refused"
