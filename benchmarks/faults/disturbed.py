"""One sweep, killed again and again while it runs, and resumed until it is done."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import Random

from faults.finish_log.sitecustomize import VARIABLE
from faults.observer import Observer
from faults.ways import COMMAND, WORKERS_LIVE_ON, Way
from rast_bench.errors import EngineError
from rast_bench.run.folder import Launch, launches, read_launch
from rast_bench.run.outcome import is_alive

HERE = Path(__file__).parent
RUN = HERE.parents[1] / "run.py"
TICK_SECONDS = 0.2
SOON_SHARE = 0.25  # of kills that follow the one before at once, while workers start
SOON_SECONDS = 5.0
LONGEST_SECONDS = 1800.0  # of one sweep
LAST_LINES = 8  # of a command that failed for good
MOST_FAILURES = 20  # of the command in one sweep
CANCEL_SHARE = 0.5  # of SLURM tasks that have lost their command: cancelled, not waited for


@dataclass(frozen=True)
class Kill:
    """`at`: seconds since the sweep began."""

    kind: str
    victim: str
    at: float
    of_workers: bool  # whether it ends workers


@dataclass
class Outcome:
    """What happened to one sweep until its command ended with exit code 0."""

    seconds: float = 0.0
    table: str = ""
    kills: list[Kill] = field(default_factory=list)
    restarts: int = 0  # of workers, by the command that watches them
    resumes: int = 0  # of the command
    finish_log: str = ""
    ends: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """When to kill: at most so many kills of workers, so many finished samples apart on average.

    Counted in samples, kills meet workers at work on slow and on fast machines, and a sweep comes
    to its end. Some come up to five seconds after the one before, wherever the workers are.
    """

    kills: int
    samples_apart: float
    random: Random


@dataclass(frozen=True)
class _Due:
    """When either is reached."""

    samples: float = inf
    seconds: float = inf  # of CLOCK_MONOTONIC

    def reached(self, samples: int, seconds: float) -> bool:
        return samples >= self.samples or seconds >= self.seconds


class DisturbedSweep:
    """`words` describe the sweep without launcher and results folder."""

    def __init__(self, words: Sequence[str], way: Way, folder: Path, plan: Plan) -> None:
        self._way = way
        self._folder = folder
        self._plan = plan
        self._results = folder / "results"
        self._words = [*words, *way.words(), f"results_dir={self._results}"]
        self._log = folder / "finished.jsonl"
        self._outcome = Outcome()
        self._commands = 0
        self._read_bytes = self._lines = 0
        self._command: subprocess.Popen[bytes] | None = None
        self._beside: list[subprocess.Popen[bytes] | None] = [None] * (way.commands - 1)

    @property
    def results(self) -> Path:
        return self._results

    def run(self) -> Outcome:
        """Raise EngineError if the sweep does not come to its end."""
        self._folder.mkdir(parents=True)
        self._log.touch()
        self._begin = time.monotonic()
        try:
            with Observer(self._log) as observer:
                self._disturb(observer)
                self._outcome.seconds = time.monotonic() - self._begin
                self._way.settle()
                observer.wait_for_ends()
        finally:
            self._end_command()
        errors = [path.read_text() for path in self._folder.glob("err-*")]
        self._outcome.restarts = sum(text.count("; starting it again") for text in errors)
        printed = {path.read_text() for path in self._folder.glob("out-*")} - {""}
        tables = sorted(printed | {self._printed("out")})  # one, where all is well
        self._outcome.table = "\n".join(tables).replace(str(self._results), "RESULTS")
        self._outcome.finish_log = self._log.read_text()
        self._outcome.ends = observer.ends
        return self._outcome

    def _disturb(self, observer: Observer) -> None:
        self._start([sys.executable, str(RUN), *self._words])
        self._start_beside()
        due = self._next_kill()
        while not self._complete():
            time.sleep(TICK_SECONDS)
            self._way.mend()
            if self._wanted_kills() > 0 and due.reached(self._finished(), time.monotonic()):
                self._kill(observer)
                due = self._next_kill()
            if time.monotonic() - self._begin > LONGEST_SECONDS:
                raise EngineError(f"the sweep in {self._folder} does not end")

    def _complete(self) -> bool:
        """Return whether every command has succeeded; one that was killed or failed is resumed."""
        beside = self._start_beside()
        return self._first_complete() and beside

    def _start_beside(self) -> bool:
        """Restart killed commands beside the first. Return whether all succeeded."""
        for place, process in enumerate(self._beside):
            if process is None or process.poll() not in (None, 0):
                self._outcome.resumes += process is not None
                self._beside[place] = self._run([sys.executable, str(RUN), *self._words])
        return all(process is not None and process.poll() == 0 for process in self._beside)

    def _first_complete(self) -> bool:
        code = None if self._command is None else self._command.poll()
        if self._command is not None and code is None:
            return False
        if code == 0:
            return True
        launch = self._launch()
        if launch is not None and is_alive(launch):
            return False  # tasks that lost their command
        if self._outcome.resumes >= MOST_FAILURES:
            last = "\n".join(self._printed("err").splitlines()[-LAST_LINES:])
            raise EngineError(f"the sweep in {self._folder} fails again and again:\n{last}")
        self._resume(launch)
        return False

    def _resume(self, launch: Launch | None) -> None:
        self._outcome.resumes += 1
        if launch is None:  # killed before there was one
            self._start([sys.executable, str(RUN), *self._words])
        else:
            self._start(_rast_bench("resume", launch))

    def _wanted_kills(self) -> int:
        return self._plan.kills - sum(kill.of_workers for kill in self._outcome.kills)

    def _next_kill(self) -> "_Due":
        random = self._plan.random
        if random.random() < SOON_SHARE:
            return _Due(seconds=time.monotonic() + random.uniform(0, SOON_SECONDS))
        return _Due(self._finished() + random.expovariate(1 / self._plan.samples_apart))

    def _finished(self) -> int:
        """Samples so far, and a line per worker: near enough."""
        with self._log.open("rb") as log:
            log.seek(self._read_bytes)
            data = log.read()
        self._read_bytes += len(data)
        self._lines += data.count(b"\n")
        return self._lines

    def _kill(self, observer: Observer) -> None:
        """One kill of a random kind; none where that kind finds no victim at this moment."""
        weights = self._way.weights
        (kind,) = self._plan.random.choices(list(weights), list(weights.values()))
        at = time.monotonic() - self._begin
        if kind == COMMAND:
            victim = self._kill_command()
        else:
            victim = self._way.strike(kind, self._plan.random, observer)
        if victim is not None:
            of_workers = (self._way.name, kind) not in WORKERS_LIVE_ON
            self._outcome.kills.append(Kill(kind, victim, round(at, 2), of_workers))
            print(f"{self._way.name}: {at:6.1f} s: {kind}: {victim}", file=sys.stderr, flush=True)

    def _kill_command(self) -> str | None:
        command = self._command
        if command is None or command.poll() is not None:
            return None
        command.kill()
        command.wait()
        launch = self._launch()
        if self._way.name == "slurm" and launch is not None:
            self._command = None
            if self._plan.random.random() < CANCEL_SHARE:
                subprocess.run(_rast_bench("cancel", launch), stderr=subprocess.DEVNULL)
        return f"process {command.pid}"

    def _launch(self) -> Launch | None:
        """Return the latest one of this sweep."""
        found = launches(self._results)
        return read_launch(found[-1]) if found else None

    def _start(self, command: Sequence[str]) -> None:
        self._command = self._run(command)
        self._latest = self._commands

    def _run(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        self._commands += 1
        paths = [str(HERE / "finish_log"), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "100",
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            VARIABLE: str(self._log),
        }
        out_file, err_file = (self._file(kind, self._commands) for kind in ("out", "err"))
        with out_file.open("wb") as out, err_file.open("wb") as err:
            return subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                env=environment,
                cwd=self._folder,
                start_new_session=True,  # a terminal's Ctrl-C is for the campaign
            )

    def _end_command(self) -> None:
        """Where the campaign itself is interrupted; local workers end with their command."""
        for process in (self._command, *self._beside):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    def _file(self, kind: str, number: int) -> Path:
        return self._folder / f"{kind}-{number:03d}.txt"

    def _printed(self, kind: str) -> str:
        """By the latest command, of several the first."""
        return self._file(kind, self._latest).read_text()


def _rast_bench(word: str, launch: Launch) -> list[str]:
    return [sys.executable, "-m", "rast_bench", word, str(launch.path)]
