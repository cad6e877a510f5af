import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sandboxes import QUICK, RIGHT, SUCCESSOR

from rast_bench.code_tests import run
from rast_bench.code_tests.inside import seccomp
from rast_bench.code_tests.sandbox import SandboxError, SandboxKind, candidates, weakness
from rast_bench.code_tests.tests import StdioTests
from rast_bench.code_tests.verdict import CodeVerdict, Limits


@pytest.fixture(autouse=True)
def no_memory_of_others() -> None:
    run._working_sandbox.cache_clear()


def test_without_namespaces_a_process_is_taken_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = run.run_stdio

    def only_process(
        program: str, tests: StdioTests, limits: Limits, kind: SandboxKind
    ) -> CodeVerdict:
        if kind != "process":
            raise SandboxError(f"no {kind} here")
        return real(program, tests, limits, kind)

    monkeypatch.setattr(run, "run_stdio", only_process)

    assert [run.working_sandbox(), run.working_sandbox()] == ["process", "process"]
    assert capsys.readouterr().err.count("no name spaces available") == 1


def test_other_systems_run_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    with pytest.raises(SandboxError, match="need Linux"):
        run.run_tests(RIGHT, SUCCESSOR, QUICK, allow_code_execution=True)


def test_other_processors_run_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(SandboxError, match="riscv64"):
        candidates()


def test_only_the_process_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    assert weakness("bubblewrap") is None
    assert weakness("namespaces") is None
    monkeypatch.setattr("rast_bench.code_tests.inside.landlock.version", lambda: 0)

    assert "can read whatever you can read" in str(weakness("process"))


def test_sealed_filter_refuses_every_opening_for_writing(tmp_path: object) -> None:
    path = os.path.join(str(tmp_path), "file")  # noqa: PTH118
    open(path, "w").close()  # noqa: PTH123
    child = os.fork()
    if child == 0:
        os._exit(opened_under_the_filter(path))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1  # for reading, and no more


def opened_under_the_filter(path: str) -> int:
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no_new_privs
    seccomp.install(writes=False, sealed=True)
    count = 0
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_CREAT):
        try:
            os.open(path, flags)
            count += 1
        except PermissionError:
            continue
    return count


@pytest.mark.parametrize("kind", candidates())
def test_without_the_filter_nothing_runs(kind: SandboxKind, tmp_path: Path) -> None:
    # prctl(PR_SET_SECCOMP) fails as in a kernel without it.
    said = said_where(lambda: deny(PRCTL, errno.EINVAL, option=22), kind, RIGHT, tmp_path)

    first, second = said.splitlines()
    assert first.startswith(f"error: the {kind} sandbox does not start: ")
    assert second.startswith("hint: ")
    if kind == "process":  # the others may find no name spaces either
        assert first.endswith("the filter of system calls (seccomp): Invalid argument")


def test_process_without_landlock_changes_no_file(tmp_path: Path) -> None:
    """What root alone can read it does not show to nobody without hiding the rest."""
    target = tmp_path / "file"
    target.touch()
    target.chmod(0o666)
    program = f"def f(x):\n    open({str(target)!r}, 'r+')\n    return x + 1"

    said = said_where(lambda: deny(LANDLOCK, errno.ENOSYS), "process", program, tmp_path)

    if os.geteuid() == 0 and not readable_by_others(sys.prefix, sys.base_prefix):
        assert "readable by root alone, and this kernel has no Landlock" in said
    else:
        assert "PermissionError" in said


PRCTL = {"x86_64": 157, "aarch64": 167}[platform.machine()]
LANDLOCK = 444


def said_where(change: Callable[[], None], kind: SandboxKind, program: str, folder: Path) -> str:
    """What is said of a program by a child process after `change` to it."""
    place = folder / "said"
    child = os.fork()
    if child == 0:
        try:
            change()
            judged = run.run_tests(
                program, SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind
            )
            place.write_text(str(judged))
        except SandboxError as error:
            place.write_text(error.render())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return place.read_text()


def deny(call: int, error: int, option: int | None = None) -> None:
    """From now on this process's system call fails, or does with this first argument."""
    fails = (0x06, 0, 0, 0x00050000 | error)
    judge = [fails] if option is None else [(0x20, 0, 0, 16), (0x15, 0, 1, option), fails]
    steps = [(0x20, 0, 0, 0), (0x15, 0, len(judge), call), *judge, (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # no_new_privs
    assert libc.prctl(22, 2, program, 0, 0) == 0


def readable_by_others(*places: str) -> bool:
    paths = [path for place in places for path in (Path(place), *Path(place).parents)]
    return all(path.stat().st_mode & 0o001 for path in paths)


def test_verdicts_come_in_order() -> None:
    programs = [RIGHT, RIGHT.replace("1", "2"), "pass", RIGHT]

    verdicts = run.run_many(
        ((program, SUCCESSOR) for program in programs), QUICK, allow_code_execution=True, workers=2
    )

    assert [verdict.kind for verdict in verdicts] == ["passed", "failed", "error", "passed"]
