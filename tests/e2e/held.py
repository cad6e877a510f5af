"""Commands whose generation stops in mid-run, until a test lets it go on: hold/sitecustomize.py."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waiting import PATIENCE, wait_until

__all__ = ["PATIENCE", "Hold", "wait_until"]

SITE = Path(__file__).with_name("hold")


@dataclass(frozen=True)
class Hold:
    """The first `processes` that write samples each stop after `samples`, half of them durable."""

    folder: Path
    processes: int = 1
    samples: int = 8

    def environment(self) -> dict[str, str]:
        """What a command needs to be held, and its children."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return {
            "PYTHONPATH": os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH")))),
            "RAST_TEST_HOLD": str(self.folder),
            "RAST_TEST_HOLDS": str(self.processes),
            "RAST_TEST_HOLD_AT": str(self.samples),
        }

    def wait(self, ended: Callable[[], object] = lambda: False) -> set[int]:
        """The pids, once all are held. `ended`: whether the command is over, which is too early."""

        def all_held() -> bool:
            if len(self._held()) == self.processes:
                return True
            assert not ended(), f"ended with {self._held()} held"
            return False

        wait_until(all_held, f"only {self._held()} are held")
        return self._held()

    def release(self, *pids: int) -> None:
        """Lets these go on, or all."""
        for name in [f"go-{pid}" for pid in pids] or ["go"]:
            (self.folder / name).touch()

    def words(self, pid: int) -> str:
        """What a held process has printed on stderr since then, in its own hand."""
        return (self.folder / f"stderr-{pid}").read_text()

    def _held(self) -> set[int]:
        return {int(path.name.removeprefix("held-")) for path in self.folder.glob("held-*")}
