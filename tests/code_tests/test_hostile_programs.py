"""Each program of hostile/ passes its tests exactly where its attack gets through."""

import ctypes
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandboxes import QUICK, RIGHT, SUCCESSOR, available

from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.tests import StdioTests

PROGRAMS = sorted(Path(__file__).with_name("hostile").glob("*.txt"), key=lambda path: path.stem)
MARK = f"rast-bench-hostile-mark-{os.getpid()}"  # others may run these tests too
PR_SET_CHILD_SUBREAPER = 36
TIMEOUTS = {"endless_loop", "endless_sleep", "endless_number", "endless_output", "ignore_signals"}

each_sandbox = pytest.mark.parametrize("kind", available())


class World:
    """What a hostile program would like to reach."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.secret = home / "secret"
        self.secret.write_text("mellon")
        self.before = self.state()

    def state(self) -> tuple[object, ...]:
        status = self.secret.stat()
        files = sorted(path.name for path in self.home.iterdir())
        return files, self.secret.read_text(), status.st_mode, status.st_mtime_ns, status.st_nlink

    def program(self, path: Path, kind: str) -> str:
        words = {
            "@HOME@": str(self.home),
            "@SECRET@": str(self.secret),
            "@PID@": str(os.getpid()),
            "@PORT@": str(self.port),
            "@MARK@": MARK,
            "@OUTSIDE@": str(kind == "process"),  # elsewhere the kernel ends it with process 1
        }
        text = path.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        return text


class Visits(http.server.BaseHTTPRequestHandler):
    count = 0

    def do_GET(self) -> None:
        type(self).count += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SECRET_TOKEN", "mellon")
    Visits.count = 0
    server = http.server.HTTPServer(("127.0.0.1", 0), Visits)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield World(tmp_path, server.server_port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def orphans_come_here() -> Iterator[None]:
    """What a program leaves behind becomes a child of this process, and so can be seen."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


def test_there_are_programs() -> None:
    assert len(PROGRAMS) > 30


@each_sandbox
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("orphans_come_here")
def test_nothing_gets_through(path: Path, kind: str, world: World) -> None:
    before = children()

    verdict = run_tests(
        world.program(path, kind), SUCCESSOR, QUICK, allow_code_execution=True, sandbox=kind
    )

    assert verdict.kind not in ("passed", "refused"), verdict
    assert verdict.kind == "timeout" or path.stem not in TIMEOUTS, verdict
    assert children() == before
    assert world.state() == world.before
    assert Visits.count == 0
    assert not list(Path("/tmp").glob(f"{MARK}*"))
    assert not Path("/dev/shm", MARK).exists()


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
