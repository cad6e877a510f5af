"""A command's wall time, CPU time and peak memory. Linux and macOS."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """`peak_bytes` is the largest resident set of the process itself."""

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run_measured(command: Sequence[str], output: Path) -> Measured:
    """Run the command to its end; its stdout and stderr go to `output`.

    A small process starts it, since Linux counts the memory of the starting process towards the
    peak of the started one.
    """
    starter = [sys.executable, __file__, str(output), *command]
    done = subprocess.run(starter, stdout=subprocess.PIPE, check=True)
    return Measured(**json.loads(done.stdout))


def _run(command: Sequence[str], output: Path) -> Measured:
    with output.open("wb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        process.returncode,
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _MAXRSS_BYTES,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_run(sys.argv[2:], Path(sys.argv[1])))))
