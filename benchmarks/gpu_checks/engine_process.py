"""The other end of engine_worker.py: an engine that may crash or hang without taking us along."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parents[1]
SHUTDOWN_SECONDS = 20.0
_ERROR = re.compile(r"\b[A-Za-z_.]*(?:Error|Exception): .+")
_BACKEND = re.compile(r"Using (?:AttentionBackendEnum\.)?([A-Z][A-Z0-9_]+) (?:attention )?backend")


class EngineProcessError(Exception):
    """The engine's own error, its death or its silence, in one line."""


@dataclass(frozen=True)
class EngineSpec:
    """What an engine is made of.

    Attributes:
        model: folder of M_base.
        pairs: (S_RL, S_base) folders, and a weight if it is not 1; None is plain vLLM on `model`.
        engine_args: vLLM's own, as JSON values.
        environment: variables that the process gets on top of ours.
    """

    model: str
    pairs: Sequence[tuple[Any, ...]] | None
    engine_args: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


class EngineProcess:
    """A context manager around one engine; `info` is what vLLM made of the settings.

    Every method raises EngineProcessError when the engine fails, dies, or is silent past
    `deadline` (in the seconds of time.monotonic).
    """

    def __init__(self, spec: EngineSpec, log: Path, deadline: float) -> None:
        self.spec = spec
        self.log = log
        self.deadline = deadline
        self.info: dict[str, Any] = {}
        self._unread = b""

    def __enter__(self) -> "EngineProcess":
        paths = [str(BENCHMARKS), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | self.spec.environment
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        start = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gpu_checks.engine_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # so that its children can be ended with it
            )
        try:
            self.info = self._ask(
                {
                    "model": self.spec.model,
                    "pairs": self.spec.pairs,
                    "engine_args": self.spec.engine_args,
                }
            )
        except BaseException:
            self._end()
            raise
        self.info["start_seconds"] = round(time.monotonic() - start, 1)
        self.info["attention"] = attention_backends(self._logged())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end()

    def generate(
        self, prompts: Sequence[Sequence[int]], params: Sequence[dict[str, Any]], **options: Any
    ) -> dict[str, Any]:
        return self._ask({"call": "generate", "prompts": prompts, "params": params, **options})

    def counters(self) -> dict[str, float]:
        return self._ask({"call": "counters"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise EngineProcessError(self._death()) from None
        answer: dict[str, Any] = json.loads(self._line())
        if "error" in answer:
            raise EngineProcessError(root_cause(answer["error"], self._logged()))
        return answer

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._unread:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise EngineProcessError("no answer within the job's time")
            part = os.read(descriptor, 1 << 16)
            if not part:
                raise EngineProcessError(self._death())
            self._unread += part
        line, self._unread = self._unread.split(b"\n", 1)
        return line

    def _death(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(SHUTDOWN_SECONDS)
        lines = self._logged().strip().splitlines() or ["no output"]
        return f"the engine's process ended with code {self.process.returncode}: {lines[-1]}"

    def _logged(self) -> str:
        return self.log.read_text(errors="replace")

    def _end(self) -> None:
        """Let the engine close itself, then end whatever of its process group is left."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # it is gone already
                    stream.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(SHUTDOWN_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def root_cause(error: str, log: str) -> str:
    """Return the error and, if vLLM's engine core died, the last other error in its log."""
    if "Engine core" not in error and "EngineDead" not in error:
        return error
    causes = [found for found in _ERROR.findall(log) if "Engine core" not in found]
    return f"{error} ({causes[-1]})" if causes else error


def attention_backends(log: str) -> list[str]:
    """Return the backends that vLLM's log names, each once."""
    return sorted(set(_BACKEND.findall(log)))
