"""An exception that nobody foresaw, raised in every stage: one line, a report, exit code 1."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from app_world import World

from rast_bench.cli import main
from rast_bench.errors import LedgerError
from rast_bench.guard import guarded
from rast_bench.ledger import Ledger
from rast_bench.unexpected import as_user_error, results_folder

STAGES = {
    "compose": "rast_bench.config.frontend.compose_job",
    "validate": "rast_bench.config.compose.validated",
    "plan": "rast_bench.pipeline.plan_cells",
    "load": "rast_bench.engines.load_engine",
    "decode": "app_world.AnsweringEngine.generate",
    "grade": "rast_bench.grading.grade_cells",
    "aggregate": "rast_bench.pipeline.cells_report",
    "table": "rast_bench.reporting.render_text.display_width",
}
ERRORS = {
    "ours": ZeroDivisionError("a wheel came off"),
    "recursion": RecursionError("maximum recursion depth exceeded"),
    "memory": MemoryError(),
    "assertion": AssertionError("\x1b[2J\nTraceback (most recent call last)"),
}


def broken(error: BaseException) -> Callable[..., object]:
    def raises(*_: object, **__: object) -> object:
        raise error

    return raises


def check_told(err: str, name: str, results: Path) -> None:
    """One error line that names a report, which has the trace; a hint that asks to send it."""
    (line,) = [one for one in err.splitlines() if one.startswith("error: ")]
    assert f"unexpected {name}" in line
    path = Path(line.rpartition("the full report is in ")[2])
    assert path.parent == results / "bugs"
    assert name in path.read_text()
    assert "Traceback (most recent call last)" in path.read_text()
    assert err.count("hint: please report it with that file") == 1
    assert not re.search(r"^Traceback|^  File ", err, re.MULTILINE)
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("stage", "kind"),
    [*((stage, "ours") for stage in STAGES), *(("plan", kind) for kind in ERRORS)],
)
def test_a_run_that_breaks_says_so_in_one_line(
    stage: str,
    kind: str,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = ERRORS[kind]
    monkeypatch.setattr(STAGES[stage], broken(error))
    assert main(["run", *world.overrides]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    check_told(err, type(error).__name__, world.results)
    made = Ledger(world.results)
    after_samples = stage in ("grade", "aggregate", "table")
    kept = sum(len(made.completed(cell)) for cell in made.cells())
    assert kept == (12 if after_samples else 0)


COMMANDS = {
    "plan": (["plan"], "rast_bench.reporting.plan_report.build_report"),
    "show-prompt": (["show-prompt"], "rast_bench.datasets.render_prompt"),
    "table": (["table", "demo"], "rast_bench.pipeline.plan_jobs"),
    "figure": (["figure", "demo"], "rast_bench.reporting.analysis_figures.check_tokens"),
    "status": (["status", "demo"], "rast_bench.ledger.Ledger"),
    "launch status": (["status"], "rast_bench.run.folder.launches"),
    "cancel": (["cancel"], "rast_bench.run.folder.launches"),
    "resume": (["resume"], "rast_bench.run.folder.launches"),
    "verify": (["verify"], "rast_bench.ledger.Ledger"),
    "worker": (["worker", "decoding.n=1"], "rast_bench.run.array.array_task"),
    "analyse": (["analyse", "pcr", "demo"], "rast_bench.analysis.request.job_of"),
    "grade": (["grade", "--gold", "1", "--answer", "1"], "rast_bench.grading.get_grader"),
    "audit-paper": (["audit-paper"], "rast_bench.paper.audit.audit"),
    "multirun": (["run", "-m", "decoding.seed=0,1"], "rast_bench.config.frontend.sweep_trees"),
}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_guarded(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, place = COMMANDS[name]
    module = place.rpartition(".")[0]
    __import__(module)
    monkeypatch.setattr(place, broken(ZeroDivisionError("a wheel came off")), raising=False)
    assert main(words) == 1
    check_told(capsys.readouterr().err, "ZeroDivisionError", Path("results"))


def test_known_errors_are_told_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> int:
        raise LedgerError("disk full", hint="make room")

    assert guarded(full) == 2
    assert capsys.readouterr().err == "error: disk full\nhint: make room\n"


def test_what_the_machine_refuses_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(broken(PermissionError(13, "Permission denied", "/x/y"))) == 2  # type: ignore[arg-type]
    assert capsys.readouterr().err.startswith("error: cannot use /x/y: permission denied\nhint: ")


def test_a_results_folder_that_takes_no_report_leaves_it_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    words = [f"results_dir={tmp_path}/file"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    assert guarded(broken(KeyError("k")), words) == 1  # type: ignore[arg-type]
    (report,) = elsewhere.iterdir()
    assert str(report) in capsys.readouterr().err
    report.unlink()
    elsewhere.rmdir()
    assert guarded(broken(KeyError("k")), words) == 1  # type: ignore[arg-type]
    assert "no folder could take the full report" in capsys.readouterr().err


class Unspeakable(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise ValueError("it has no words")


def test_an_exception_without_words_is_told_by_its_name(tmp_path: Path) -> None:
    assert as_user_error(Unspeakable(), tmp_path).message.startswith("unexpected Unspeakable")


def test_a_thread_that_breaks_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def act() -> int:
        thread = threading.Thread(target=broken(ZeroDivisionError("in a thread")))
        thread.start()
        thread.join()
        return 0

    assert guarded(act, [f"results_dir={tmp_path}"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: unexpected ZeroDivisionError: in a thread")


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ([], "results"),
        (["run", "results_dir=a/b"], "a/b"),
        (["x", "++results_dir='a b'", "y"], "a b"),
        (["status", "--results-dir", "there"], "there"),
        (["status", "--results-dir=there"], "there"),
        (["status", "--results-dir"], "results"),
    ],
)
def test_the_results_folder_is_seen_in_the_words(words: list[str], folder: str) -> None:
    assert results_folder(words) == Path(folder)


WORKER_DIES = """
import sys
from types import SimpleNamespace
from rast_bench.run import local
def broken(*_): raise ZeroDivisionError("before its work")
local._work = broken
local._end_with_parent = lambda: None
launch = SimpleNamespace(is_private=True, record=SimpleNamespace(results_dir="/proc/nowhere"))
local.work(local.LocalWorker(launch, 0, None, 1, None, None))
"""


def test_a_worker_process_that_breaks_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER_DIES],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "unexpected ZeroDivisionError: before its work" in done.stderr
    assert len(list(tmp_path.glob("rast-bench-*.txt"))) == 1


_ENDING = """\
import atexit, sys, threading, time
from rast_bench.guard import end_process

def late():
    time.sleep(0.2)
    print("thread")

print("x" * 100_000)
print("told", file=sys.stderr)
atexit.register(print, "at exit")
threading.Thread(target=late).start()
end_process(3)
"""


def test_a_process_ends_with_all_its_output_threads_and_exit_functions() -> None:
    done = subprocess.run([sys.executable, "-c", _ENDING], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "told\n")
    assert done.stdout == "x" * 100_000 + "\nthread\nat exit\n"


def test_a_profiler_reports_after_the_program(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from rast_bench.guard import end_process\nend_process(0)\n")
    done = subprocess.run(
        [sys.executable, "-m", "cProfile", str(script)], capture_output=True, text=True, check=True
    )
    assert "function calls" in done.stdout
