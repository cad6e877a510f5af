"""The process beside a command that reads the ledger and tells a tracker how far it is.

It is a process of its own, so that neither a client nor its server can hold up the run: samples,
counts and verdicts come from the ledger, however many workers and machines write to it, and the
command waits for this process in one place, with a limit. When the command is gone, however it
ended, this process ends the runs and itself.
"""

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.trackers import NoTracker, TrackerConfig
from rast_bench.errors import RastBenchError, first_line
from rast_bench.grading.registry import get_grader, graders_of, is_retired
from rast_bench.grading.stage import grade_cell
from rast_bench.interrupt import Interrupted
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import Failures
from rast_bench.run.outcome import CellFailure, active_launch
from rast_bench.trackers.base import Content, TrackedRun, Tracker, make_tracker
from rast_bench.trackers.numbers import Running, finite, running
from rast_bench.trackers.publish import RunGroup, only_writer, publication, publish

if TYPE_CHECKING:
    from rast_bench.grading.base import Grader
    from rast_bench.reporting.report import Report

END_SECONDS = 60.0  # without a word from the process: it is ended then
LOG = "tracker.log"


@dataclass(frozen=True)
class LiveTask:
    """What the process is told.

    Attributes:
        grader: The chosen one; None for those of each data set.
        repair: A command that makes good for what was not shown.
        launched: Whether workers run in a launch, which notes their failures.
    """

    config: TrackerConfig
    groups: tuple[RunGroup, ...]
    results: Path
    grader: str | None
    allow_code_execution: bool
    repair: str
    launched: bool = False


# In the command.


class LiveProcess:
    """The command's end. No method raises for a tracker's sake, or waits longer than it says."""

    def __init__(self, task: LiveTask) -> None:
        self._task = task
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._groups = iter(task.groups)
        self._gone = False
        self.failures: Sequence[CellFailure] = ()
        self.address: str | None = None
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=follow, args=(theirs, task), name="tracker")
        self._process.start()
        theirs.close()
        self._orders: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="tracker", daemon=True)
        self._reader.start()
        threading.Thread(target=self._write, name="tracker", daemon=True).start()

    def generated(self, failures: Sequence[CellFailure]) -> None:
        """All samples are made but those of failures; from now on the command grades by itself."""
        self.failures = failures
        self._orders.put(("generated",))

    def publish(self, report: "Report", folder: Path, saved: Sequence[Path] = ()) -> None:
        """Show the report of the next group, of which `saved` are the files in `folder`.

        Returns when it is shown, or `END_SECONDS` after the last sign of life.
        """
        task = self._task
        group = next(self._groups)
        try:
            shown = publication(group, report, folder, saved, Ledger(task.results), task.grader)
        except Exception as error:  # the tables are printed and saved all the same
            reason = f"{type(error).__name__}: {first_line(error)}"
            self._say(f"warning: {group.name} is not shown: {reason}")
            return
        self._orders.put(("publish", shown))
        self._await("published")

    def stop(self, exit_code: int) -> None:
        """End the runs that are open; the process is gone afterwards."""
        self._orders.put(("stop", exit_code, {one.cell_id: one.reason for one in self.failures}))
        try:
            self._await("stopped")
            self._process.join(END_SECONDS)
        finally:
            self._process.kill()
            self._process.join()
            self._reader.join(1.0)

    def _await(self, wanted: str) -> None:
        while not self._gone:
            try:
                answer = self._answers.get(timeout=END_SECONDS)
            except queue.Empty:
                self._process.kill()
                self._say(
                    f"warning: the tracker has not moved for {END_SECONDS:.0f} s and is left; "
                    f"later: {self._task.repair}"
                )
                self._gone = True
                return
            self._gone = answer == "gone"
            if answer == wanted:
                return

    def _write(self) -> None:
        """Send orders, which may be larger than what a pipe holds while nobody reads."""
        with suppress(OSError):  # the process has ended, and has said why
            while True:
                self._connection.send(self._orders.get())

    def _read(self) -> None:
        """Print what the process has to say, as it comes."""
        while True:
            try:
                kind, text = self._connection.recv()
            except (EOFError, OSError):
                self._answers.put("gone")
                return
            if kind == "warning":
                self._say(f"warning: {text}")
            elif kind == "address":
                self.address = text
                self._say(f"tracker  {text}")
            else:
                self._answers.put(kind)

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


@contextmanager
def tracked(task: LiveTask) -> Iterator[LiveProcess | None]:
    """Within, the process follows the ledger; None where it cannot be started."""
    try:
        process = LiveProcess(task)
    except OSError as error:
        print(f"warning: no process to track the run: {first_line(error)}", file=sys.stderr)
        yield None
        return
    exit_code = 1
    try:
        yield process
        exit_code = min((one.exit_code for one in process.failures), default=0)
    except Interrupted as interruption:
        exit_code = interruption.exit_code
        raise
    finally:
        process.stop(exit_code)


# In the process.


def follow(connection: Connection, task: LiveTask) -> None:
    """The process's main function."""
    os.setsid()  # Ctrl-C in the shell is the command's to handle
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # so is SIGTERM, which SLURM sends to all
    assert not isinstance(task.config, NoTracker)
    _print_into(task.results / task.config.name / LOG)

    def say(kind: str, text: str = "") -> None:
        with suppress(OSError):
            connection.send((kind, text))

    try:
        with ExitStack() as stack:
            for group in task.groups:
                stack.enter_context(only_writer(task.results, task.config.name, group.name))
            tracker = make_tracker(
                task.config, task.results, lambda text: say("warning", text), repair=task.repair
            )
            tracker.start()
            _Follower(tracker, task, connection, say).run()
    except RastBenchError as error:
        hint = f" ({error.hint})" if error.hint else ""
        say("warning", f"{error.message}{hint}; the run goes on without tracker={task.config.name}")
    except Exception as error:
        import traceback

        traceback.print_exc()
        reason = f"{type(error).__name__}: {first_line(error)}"
        say("warning", f"tracking has ended with {reason}; later: {task.repair}")


def _print_into(log: Path) -> None:
    """What is printed here goes into a file: the screen is the command's."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError:
        file = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


@dataclass
class _Watched:
    """A cell that lacked samples when the process began."""

    run: TrackedRun
    planned: PlannedCell
    group: RunGroup
    before: int  # samples, at the beginning
    seen: Running
    at: float = field(default_factory=time.monotonic)
    over: bool = False


class _Follower:
    def __init__(self, tracker: Tracker, task: LiveTask, connection: Connection, say: Any) -> None:
        self._tracker = tracker
        self._task = task
        self._connection = connection
        self._say = say
        self._ledger = Ledger(task.results)
        self._grades = True
        self._graders: dict[str, Grader] = {}
        self._launch: Launch | None = None
        self._told_address = False
        self._whole: dict[str, tuple[int, int]] = {}  # samples and failures that were told
        self._began = time.monotonic()
        self._cells = [one for group in task.groups for one in self._lacking(group)]
        self._complete = {  # samples of the cells that lack none, which are not looked at again
            group.name: sum(one.wanted for _, one in group.cells.values()) - self._wanted(group)
            for group in task.groups
        }

    def run(self) -> None:
        """Until the command says that it is over, or is gone."""
        assert not isinstance(self._task.config, NoTracker)
        seconds = 0.0
        while True:
            try:
                if not self._connection.poll(seconds):
                    self._look()
                elif self._obeyed(*self._connection.recv()):
                    return
            except (EOFError, ConnectionError):
                self._tracker.close(1)
                return
            seconds = self._task.config.live_seconds

    def _obeyed(self, order: str, *details: Any) -> bool:
        """Do what the command says; whether that was the last of it."""
        match order:
            case "generated":
                self._grades = False
                self._look()
            case "publish":
                self._look()
                (shown,) = details
                for _ in publish(self._tracker, shown, self._ledger, self._task.config):
                    self._tell_address()
                    self._say("shown")
                self._say("published")
            case "stop":
                exit_code, failures = details
                self._look()
                self._end_failed(failures)
                self._tracker.close(exit_code)
                self._say("stopped")
                return True
        return False

    def _look(self) -> None:
        """Add a point to every run of which there are new samples."""
        for cell in self._cells:
            if not cell.over:
                self._look_at(cell)
        for group in self._task.groups:
            self._look_at_whole(group)
        self._tell_address()

    def _look_at(self, cell: _Watched) -> None:
        grader = graders_of(cell.planned.cell, self._task.grader)[0]
        if self._grades:
            self._grade(cell.planned)
        now, seen = time.monotonic(), running(cell.planned, self._ledger, grader)
        before, seconds = cell.seen, max(now - cell.at, 1e-9)
        complete = seen.samples == cell.planned.wanted
        if seen != before:
            accuracy = seen.accuracy
            points = {
                "samples_done": seen.samples,
                "live/accuracy": None if accuracy is None else accuracy.value,
                "live/stderr": None if accuracy is None else accuracy.standard_error,
                "live/samples_per_s": (seen.samples - before.samples) / seconds,
                "live/tokens_per_s": (seen.tokens - before.tokens) / seconds,
                "live/mean_tokens": seen.tokens / seen.samples if seen.samples else None,
                "live/truncated_share": seen.truncated / seen.samples if seen.samples else None,
            }
            self._tracker.update(cell.run, finite(points))
            cell.seen, cell.at = seen, now
            self._say("alive")
        if complete and seen.graded == seen.samples:
            self._tracker.finish(cell.run, Content(seen.summary(cell.planned.wanted)))
            cell.over = True

    def _look_at_whole(self, group: RunGroup) -> None:
        cells = [cell for cell in self._cells if cell.group is group]
        done = self._complete[group.name] + sum(cell.seen.samples for cell in cells)
        made = sum(cell.seen.samples - cell.before for cell in cells)
        missing = self._wanted(group) - sum(cell.seen.samples for cell in cells)
        rate = made / max(time.monotonic() - self._began, 1e-9)
        failures = self._failed_cells()
        if not cells or self._whole.get(group.name) == (done, failures):
            return
        self._whole[group.name] = done, failures
        points = {
            "samples_done": done,
            "live/samples_missing": missing,
            "live/cells_missing": sum(cell.seen.samples < cell.planned.wanted for cell in cells),
            "live/samples_per_s": rate,
            "live/seconds_left": missing / rate if rate else None,
            "live/failures": failures,
        }
        self._tracker.update(group.whole, finite(points))

    def _lacking(self, group: RunGroup) -> Iterator[_Watched]:
        for run, planned in group.cells.values():
            stored = self._ledger.completed(planned.cell_id)
            if any(key not in stored for key in planned.wanted_keys()):
                grader = graders_of(planned.cell, self._task.grader)[0]
                seen = running(planned, self._ledger, grader)
                yield _Watched(run, planned, group, seen.samples, seen)

    def _wanted(self, group: RunGroup) -> int:
        return sum(cell.planned.wanted for cell in self._cells if cell.group is group)

    def _grade(self, planned: PlannedCell) -> None:
        """The verdicts that fill the tables; those of other graders are the command's, later."""
        name = planned.cell.graders(self._task.grader)[0]
        if is_retired(name):
            return
        if name not in self._graders:
            cells = [one.planned.cell for one in self._cells]
            self._graders[name] = get_grader(
                name,
                workers=1,
                datasets=list(dict.fromkeys(one.dataset for one in cells)),
                allow_code_execution=self._task.allow_code_execution,
            )
        grade_cell(planned, self._ledger, self._graders[name])

    def _failed_cells(self) -> int:
        """How many cells, or groups of them, a launch's workers could not make."""
        if not self._task.launched:
            return 0
        if self._launch is None:
            ids = {cell.planned.cell_id for cell in self._cells}
            self._launch = active_launch(self._task.results, ids)
        if self._launch is None:
            return 0
        failures = Failures(self._launch.failures).all()
        return len({(one.group, one.cell_id) for one in failures})

    def _end_failed(self, failures: Mapping[str, str]) -> None:
        """Runs of cells that could not be made say so."""
        for cell in self._cells:
            reason = failures.get(cell.planned.cell_id)
            if reason is not None:
                summary = {**cell.seen.summary(cell.planned.wanted), "failure": reason}
                summary["status"] = "failed"
                self._tracker.finish(cell.run, Content(summary), exit_code=2)

    def _tell_address(self) -> None:
        if self._tracker.address is not None and not self._told_address:
            self._told_address = True
            self._say("address", self._tracker.address)
