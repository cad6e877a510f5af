"""Python runs this at its start where this folder is on PYTHONPATH: generation stops in mid-run.

A process that writes samples to the ledger is held where it has just made its RAST_TEST_HOLD_AT-th,
with the first half of them durable. Its other threads go on and signals reach it, so all that a
fault needs is there, however fast the machine is. It leaves `held-<pid>` in $RAST_TEST_HOLD and
waits for `go-<pid>` or `go`. What it prints on stderr from then on stands in `stderr-<pid>`, too,
since nobody may be left to carry it. The first RAST_TEST_HOLDS processes are held, later ones are
not.
"""

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

WRITER_MODULE, WRITER = "rast_bench.ledger.writer", "LedgerWriter"
POLL_SECONDS = 0.02


def hold_samples(writer: type[Any], folder: Path, at: int, most: int) -> None:
    add, made = writer.add, 0

    @wraps(add)
    def counted(self: Any, sample: Any) -> None:
        nonlocal made
        add(self, sample)
        made += 1
        if made == at // 2:
            self.flush()
        if made == at and _is_one_of_the_first(folder, most):
            own = folder / f"go-{os.getpid()}"
            _keep_words(folder / f"stderr-{os.getpid()}")
            (folder / f"held-{os.getpid()}").touch()
            while not (own.exists() or (folder / "go").exists()):
                time.sleep(POLL_SECONDS)

    writer.add = counted


def _keep_words(path: Path) -> None:
    write = sys.stderr.write

    def kept(text: str) -> int:
        with path.open("a") as file:
            file.write(text)
        return write(text)

    path.touch()
    sys.stderr.write = kept  # type: ignore[method-assign]


def _is_one_of_the_first(folder: Path, most: int) -> bool:
    for number in range(most):
        try:
            (folder / f"place-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False


class Holder(MetaPathFinder):
    """Finds the writer's module as Python does, and has its class hold its process."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != WRITER_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            numbers = (int(os.environ[f"RAST_TEST_HOLD{name}"]) for name in ("_AT", "S"))
            hold_samples(getattr(module, WRITER), Path(os.environ["RAST_TEST_HOLD"]), *numbers)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


if "RAST_TEST_HOLD" in os.environ:
    sys.meta_path.insert(0, Holder())
