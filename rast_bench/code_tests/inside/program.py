"""Run one program inside the sandbox and send its answers.

What is sent is not trusted: the program shares this process and may send anything. It knows the
inputs but no expected answer, so only correct answers can look correct.
"""

import atexit
import json
import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .confine import confine
from .needed import needed_part
from .values import decode, encode

RESULT_FD = 3
OUT_OF_MEMORY = 77  # exit status if not even a message can be created
_UNCONFINED = 125


def main(result_fd: int, job_fd: int) -> None:
    """Read the job, drop all privileges, run the program. Does not return."""
    with os.fdopen(job_fd, "rb") as file:
        job = json.loads(file.readline())
        calls = file.read()
    if result_fd != RESULT_FD:
        os.dup2(result_fd, RESULT_FD)
    os.closerange(RESULT_FD + 1, 2**20)
    nowhere = os.open("/dev/null", os.O_WRONLY)
    try:
        confine(job["limits"], job["cpu_seconds"], job["outside"])
    except (OSError, ValueError) as error:
        _send({"unconfined": getattr(error, "strerror", None) or str(error)})
        os._exit(_UNCONFINED)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    _send({"ready": True})
    try:
        if job["style"] == "function":
            _calls(job, calls)
        else:
            _whole_program(job)
    except MemoryError:
        _memory()
    except BaseException as error:
        _send({"error": _describe(error)})
    # Skip the interpreter's shutdown, in which the program's threads and hooks take part.
    os._exit(0)


def _calls(job: dict[str, Any], calls: bytes) -> None:
    function = _function(_run(job, "solution"), job["entry_point"])
    for line in calls.splitlines():
        arguments: Any = decode(json.loads(line))
        _send({"answer": encode(function(*arguments))})
    _send({"ended": True})


def _whole_program(job: dict[str, Any]) -> None:
    try:
        _run(job, "__main__")
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    except SystemExit:
        pass
    atexit._run_exitfuncs()  # some programs print there
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            stream.flush()
    _send({"ended": True})


def _run(job: dict[str, Any], name: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses and pickle look it up
    exec(compile(job["preamble"], "preamble.py", "exec"), module.__dict__)
    program = job["program"]
    part = needed_part(program, job["entry_point"]) if job.get("only_needed") else None
    exec(compile(part or program, "solution.py", "exec"), module.__dict__)
    return module


def _function(module: ModuleType, entry_point: str) -> Callable[..., object]:
    owner, _, method = entry_point.rpartition(".")
    if not owner:
        return getattr(module, method)  # type: ignore[no-any-return]
    return getattr(getattr(module, owner)(), method)  # type: ignore[no-any-return]


def _describe(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _send(message: dict[str, object]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(RESULT_FD, data) :]


def _memory() -> None:
    try:
        _send({"memory": True})
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
