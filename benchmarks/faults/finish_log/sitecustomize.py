"""Python runs this at its start where this folder is on PYTHONPATH: it notes finished samples.

Each worker appends lines of JSON to $FAULT_FINISH_LOG: one when it opens a ledger writer (process,
run id), one for every sample that its engine yields (process, key, seconds). A line is a single
write, so a SIGKILL leaves it whole or out, and a line that is there outlives its process. Nothing
of the ledger is asked: the log says what was finished, whatever became of it afterwards.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

VARIABLE = "FAULT_FINISH_LOG"


class FinishLog:
    """Lines of this process. Seconds are those of CLOCK_MONOTONIC, the same for all processes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def note(self, **fields: object) -> None:
        if self._file is None:
            from rast_bench.processes import start_ticks

            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._process = f"{os.getpid()}-{start_ticks(os.getpid())}"
        line = {"process": self._process, "at": time.monotonic(), **fields}
        os.write(self._file, (json.dumps(line) + "\n").encode())


def note_samples(engine: type[Any], log: FinishLog) -> None:
    """Record every sample as it leaves the engine, before anybody can store it."""
    generate = engine.generate

    @wraps(generate)
    def noted(self: Any, requests: Any) -> Iterator[Any]:
        for sample in generate(self, requests):
            key = sample.key
            log.note(key=[key.cell_id, key.problem_id, key.sample_index])
            yield sample

    engine.generate = noted


def note_run(writer: type[Any], log: FinishLog) -> None:
    """Record the run id of this process's rows in the ledger."""
    begin = writer.__init__

    @wraps(begin)
    def noted(self: Any, ledger: Any, run_id: str, **named: Any) -> None:
        log.note(run=run_id)
        begin(self, ledger, run_id, **named)

    writer.__init__ = noted


NOTED: dict[str, tuple[str, Callable[[type[Any], FinishLog], None]]] = {
    "rast_bench.engines.transformers_engine": ("TransformersEngine", note_samples),
    "rast_bench.ledger.writer": ("LedgerWriter", note_run),
}
"""By module: the class that is changed as soon as the module is imported, and how."""


class Noter(MetaPathFinder):
    """Finds the modules as Python does, and changes their classes."""

    def __init__(self, log: FinishLog) -> None:
        self._log = log

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in NOTED:
            return None
        name, change = NOTED[fullname]
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            change(getattr(module, name), self._log)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


if VARIABLE in os.environ:
    sys.meta_path.insert(0, Noter(FinishLog(os.environ[VARIABLE])))
