"""The three ways to run one sweep on the slots of this machine, each timed from its first process
to its last, and what they leave behind.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from makespan.sweep import Sweep
from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger

HERE = Path(__file__).parent
RUN = HERE.parents[1] / "run.py"
LAST_LINES = 5  # of a command that failed


@dataclass(frozen=True)
class Place:
    """Where one way runs once: `slots` processes at a time, a results folder of its own."""

    folder: Path
    slots: int

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def load_log(self) -> Path:
        return self.folder / "loads.jsonl"

    def environment(self) -> dict[str, str]:
        """One thread a process, and every engine load noted."""
        paths = [str(HERE / "load_log"), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "SWEEP_LOAD_LOG": str(self.load_log),
        }


def process_a_cell(sweep: Sweep, place: Place) -> None:
    """`python run.py` for each cell; every slot takes the next one when its last has ended."""
    commands = [[sys.executable, str(RUN), *words] for words in words_of_cells(sweep, place)]
    with ThreadPoolExecutor(place.slots) as pool:
        for done in [pool.submit(call, command, place) for command in commands]:
            done.result()


def submitit_job_a_cell(sweep: Sweep, place: Place) -> None:
    """Run a job of submitit's LocalExecutor for each cell, as many at once as slots."""
    cells = place.folder / "cells.json"
    cells.write_text(json.dumps(words_of_cells(sweep, place)))
    script = HERE / "submitit_cells.py"
    call([sys.executable, str(script), str(cells), str(place.folder), str(place.slots)], place)


def launched(sweep: Sweep, place: Place) -> None:
    """rast-bench's own launcher: one command, one worker a slot."""
    one_command(sweep, place, "hydra/launcher=local", f"launcher.devices={place.slots}")


def one_command(sweep: Sweep, place: Place, *launcher: str) -> None:
    """Run the whole sweep in whatever processes the command starts."""
    words = [*sweep.multirun(), *launcher, f"results_dir={place.results}"]
    call([sys.executable, str(RUN), *words], place)


Way = Callable[[Sweep, Place], None]

WAYS: dict[str, Way] = {
    "process a cell": process_a_cell,
    "submitit job a cell": submitit_job_a_cell,
    "rast-bench launcher": launched,
}
PLAIN, SUBMITIT, OURS = WAYS


def warm_work(sweep: Sweep, place: Place, parts: int) -> dict[str, Any]:
    """Return the sweep's generation cut into `parts`, one process each, all at once.

    `seconds` is the sum over the parts: the work, at the speed that a slot has beside the others.
    Raises EngineError.
    """
    place.folder.mkdir(parents=True)
    words = [*sweep.multirun(), f"results_dir={place.results}"]
    script = [sys.executable, str(HERE / "warm_work.py")]
    commands = [[*script, str(part), str(parts), *words] for part in range(parts)]
    with ThreadPoolExecutor(parts) as pool:
        found = [
            json.loads(out) for out in pool.map(lambda command: call(command, place), commands)
        ]
    total: dict[str, Any] = {key: sum(part[key] for part in found) for key in found[0]}
    return total


def words_of_cells(sweep: Sweep, place: Place) -> list[list[str]]:
    """Return each cell in one process: the slots are what runs at once."""
    return [[*words, "workers=1", f"results_dir={place.results}"] for words in sweep.cells()]


def call(command: Sequence[str], place: Place) -> str:
    """Return the command's stdout. Raises EngineError with its last lines when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, env=place.environment(), cwd=place.folder
    )
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-LAST_LINES:])
        raise EngineError(f"exit code {done.returncode} of {' '.join(command)}\n{last}")
    return done.stdout


def timed(way: Way, sweep: Sweep, place: Place) -> dict[str, Any]:
    """One run: makespan, engine loads, and what was made. Raises EngineError if it fails."""
    place.folder.mkdir(parents=True)
    begin = time.monotonic()
    way(sweep, place)
    makespan = time.monotonic() - begin
    loads = read_loads(place.load_log)
    return {
        "makespan": makespan,
        "engine_loads": len(loads),
        "load_seconds": sum(load["seconds"] for load in loads),
        "processes_with_engine": len({load["pid"] for load in loads}),
        **made(Ledger(place.results)),
    }


def read_loads(path: Path) -> list[Mapping[str, Any]]:
    """Return what load_log/sitecustomize.py wrote; nothing where no engine was loaded."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def made(ledger: Ledger) -> dict[str, Any]:
    """Cells, samples and tokens of a ledger, and a digest of every token: equal work is equal."""
    digest = hashlib.sha256()
    samples = tokens = 0
    cells = ledger.cells()
    for cell_id in cells:
        frame = ledger.samples(cell_id).sort_values(["problem_id", "sample_index"])
        samples += len(frame)
        tokens += int(frame["token_count"].sum())
        columns = (frame["problem_id"], frame["sample_index"], frame["token_ids"])
        for problem, index, ids in zip(*columns, strict=True):
            digest.update(json.dumps([cell_id, problem, int(index), ids.tolist()]).encode())
    return {
        "cells": len(cells),
        "samples": samples,
        "tokens": tokens,
        "tokens_sha256": digest.hexdigest(),
    }
