"""Python runs this at its start where this folder is on PYTHONPATH: it notes every engine load.

Each process of every way appends a line of JSON to $SWEEP_LOAD_LOG once an engine stands: process,
base model, seconds. So loads are counted where they happen, and alike for all ways.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

ENGINE_MODULE, ENGINE = "rast_bench.engines.transformers_engine", "TransformersEngine"


def note_loads(engine: type[Any], path: str) -> None:
    """Appends a line to `path` for every engine made, in one write so that lines do not mix."""
    load = engine.__init__

    @wraps(load)
    def noted(self: Any, key: Any, *rest: Any, **named: Any) -> None:
        begin = time.monotonic()
        load(self, key, *rest, **named)
        seconds = time.monotonic() - begin
        line = {"pid": os.getpid(), "main": key.main.path, "seconds": round(seconds, 3)}
        with Path(path).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    engine.__init__ = noted


class LoadNoter(MetaPathFinder):
    """Finds the engine's module as Python does, and has its class note its loads."""

    def __init__(self, log: str) -> None:
        self._log = log

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != ENGINE_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            note_loads(getattr(module, ENGINE), self._log)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


if "SWEEP_LOAD_LOG" in os.environ:
    sys.meta_path.insert(0, LoadNoter(os.environ["SWEEP_LOAD_LOG"]))
