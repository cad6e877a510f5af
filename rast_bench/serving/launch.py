"""Start the server's process, wait until it answers, end it."""

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from rast_bench.config.engines import VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.errors import ConfigError, EngineError, RastBenchError, first_line
from rast_bench.serving.names import Served

READY = "rast-bench: ready"
"""The line on the process's stdout that says that the server has started."""

_MODULE = "rast_bench.serving.process"
_SECONDS_TO_END = 10  # for vLLM's own way, before all its processes are killed
_SECONDS_TO_LISTEN = 10  # between vLLM's start and its socket
_LINES_KEPT = 2_000
_SHOWN_LEVELS = ("DEBUG", "INFO")  # VLLM_LOGGING_LEVEL of a user who wants to see all
_TOLD = ("note: ", "warning: ")  # our own lines, shown at once
_ERROR = re.compile(r"(?:^|[\s\]])(?:[\w.]+\.)?(\w+(?:Error|Exception)): (.+)")
_HINT = re.compile(r"hint: (.+)")
_FOLLOWS = "See root cause above"  # what vLLM says after the line that says why


@dataclass(frozen=True)
class ServerSpec:
    """What to serve, and where. `api_key` None: none is required."""

    key: EngineKey
    engine: VllmConfig
    served: Served
    host: str
    port: int
    api_key: str | None = None
    chat_template: str | None = None

    @property
    def address(self) -> str:
        """The base URL for clients on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


class ServerProcess:
    """vLLM's server in a session of its own: signals of a terminal do not reach it.

    Its lines on stderr are kept until it is ready, and shown as they come afterwards. Its temporary
    files are in a folder that `stop` removes, and the process itself if this one is killed.
    """

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self._kept: deque[str] = deque(maxlen=_LINES_KEPT)
        self._shows = os.environ.get("VLLM_LOGGING_LEVEL") in _SHOWN_LEVELS
        self._silent = False
        try:
            self._folder = tempfile.TemporaryDirectory(
                prefix="rast-bench-serve-", ignore_cleanup_errors=True
            )
        except OSError as error:
            raise EngineError(
                f"no temporary folder can be made: {first_line(error)}",
                hint="set TMPDIR to a folder that you may write, with room",
            ) from error
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and `wait_until_ready` says why
            pickle.dump((spec, self._folder.name), self._process.stdin)
            self._process.stdin.flush()

    def wait_until_ready(self) -> None:
        """Return when the server answers.

        Raises:
            RastBenchError: the process ended; its own error.
            EngineError: vLLM did not start.
        """
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.decode(errors="replace").strip() == READY:
                break
        else:
            self._process.wait()
            self._reader.join(_SECONDS_TO_END)
            raise self._why()
        limit = time.monotonic() + _SECONDS_TO_LISTEN
        while not self._listens() and time.monotonic() < limit:
            time.sleep(0.05)
        self._shows = True
        threading.Thread(target=self._drain, daemon=True).start()

    def wait(self) -> None:
        """Wait for the process, which goes on until `stop`.

        Raises:
            EngineError: it ended by itself.
        """
        code = self._process.wait()
        self._reader.join(_SECONDS_TO_END)
        raise EngineError(
            f"the server has ended by itself (exit code {code})",
            hint="its last lines above say why; VLLM_LOGGING_LEVEL=INFO shows more",
        )

    def stop(self) -> None:
        """End the process and every process that it started."""
        self._silent = True
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for raw in self._process.stderr:
            line = raw.decode(errors="replace")
            self._kept.append(line.rstrip("\n"))
            if not self._silent and (self._shows or line.startswith(_TOLD)):
                print(line, end="", file=sys.stderr, flush=True)

    def _drain(self) -> None:
        """Keep stdout from filling up."""
        assert self._process.stdout is not None
        for _ in self._process.stdout:
            continue

    def _listens(self) -> bool:
        host = self._spec.address.removeprefix("http://").rpartition(":")[0].strip("[]")
        try:
            socket.create_connection((host, self._spec.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _why(self) -> RastBenchError:
        """Return the error of a process that ended before it was ready."""
        lines = list(self._kept)
        for number, line in enumerate(lines):
            if line.startswith("error: "):  # of our own guard
                hints = [one.removeprefix("hint: ") for one in lines[number + 1 : number + 2]]
                return RastBenchError(line.removeprefix("error: "), hint="".join(hints) or None)
        return start_error(lines, self._process.returncode)


def start_error(lines: list[str], code: int) -> EngineError:
    """Return what vLLM's lines say about why it did not start.

    The engine runs in a process of its own, whose stack trace comes before the server's.
    """
    found = [(number, match) for number, line in enumerate(lines) if (match := _ERROR.search(line))]
    causes = [(number, match) for number, match in found if _FOLLOWS not in match[2]]
    if not causes:
        reason = f"exit code {code}"
        number = len(lines)
    else:
        engine = [one for one in causes if "EngineCore" in lines[one[0]]]
        number, match = (engine or causes)[-1]
        reason = match[2].strip()
    hint = next(
        (match[1] for line in lines[number + 1 : number + 3] if (match := _HINT.search(line))),
        "VLLM_LOGGING_LEVEL=INFO in the environment shows what it does",
    )
    return EngineError(f"vLLM does not start: {reason}", hint=hint)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host.

    Raises:
        ConfigError: the name means no address.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"--host {host}: no address of this machine",
            hint="leave it out for 127.0.0.1, or name an address such as 0.0.0.0",
        ) from error
    return all(ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)


def usable_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0.

    Raises:
        ConfigError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen()
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}",
            hint="choose another --port, or 0 for a free one",
        ) from error
