"""A worker process: takes requests from the parent, sends finished samples back.

Messages to a worker: a Job, then a list of requests for each More (an empty list ends the job),
None to quit. Messages from a worker: More, Sample, FailedCell, and one Done at the end of each job.
"""

import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request
from rast_bench.errors import RastBenchError, UnforeseenError
from rast_bench.run.isolate import IsolatedStream
from rast_bench.terminal import safe_streams
from rast_bench.unforeseen import as_known

if TYPE_CHECKING:
    from rast_bench.engines.base import Engine

    LoadEngine = Callable[[EngineKey, EngineConfig], Engine]
    Pipe = Connection[Any, Any]


@dataclass(frozen=True)
class Job:
    """Serve one engine group until the requests end."""

    key: EngineKey
    config: EngineConfig


@dataclass(frozen=True)
class More:
    """The engine has room for further requests."""


@dataclass(frozen=True)
class FailedCell:
    """The cell's requests make the engine fail; those that the worker still had are dropped."""

    cell_id: str
    error: Exception  # as in Done


@dataclass(frozen=True)
class Done:
    """The job is over; `error` says how it failed, with the worker's stack trace as a note."""

    error: Exception | None = None


class _ParentGoneError(Exception):
    """The parent has closed the pipe. Not an EOFError: a broken checkpoint may raise that."""


class WorkerError(Exception):
    """An unforeseen exception in a worker, told in words: not every exception can be sent."""

    told = True  # the words begin with the exception's own type


def serve(pipe: "Pipe", load_engine: "LoadEngine") -> None:
    """The process's main function: ends when the parent says so or is gone."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, which is later
    _die_with_parent()
    with safe_streams():
        try:
            _serve_jobs(pipe, load_engine)
        except _ParentGoneError:
            pass
        except Exception as error:  # between jobs; the parent sees that the process is gone
            print(as_known(error).render(), file=sys.stderr, flush=True)
            sys.exit(UnforeseenError.exit_code)


def _serve_jobs(pipe: "Pipe", load_engine: "LoadEngine") -> None:
    """Keeps the engine while jobs ask for the same one."""

    def tell_failed_cell(cell_id: str, error: Exception) -> None:
        _send(pipe, FailedCell(cell_id, _sendable(error)))

    kept: Job | None = None
    isolated: IsolatedStream | None = None
    while (job := _receive(pipe)) is not None:
        error: Exception | None = None
        try:
            if isolated is None or job != kept:
                if isolated is not None:
                    isolated.close()
                isolated = IsolatedStream(partial(load_engine, job.key, job.config))
                kept = job
            for sample in isolated.stream(_requests(pipe), on_failed_cell=tell_failed_cell):
                _send(pipe, sample)
        except _ParentGoneError:
            raise
        except Exception as caught:  # the parent reports it
            error = _sendable(caught)
        _send(pipe, Done(error))
    if isolated is not None:
        isolated.close()


def _sendable(error: Exception) -> Exception:
    if isinstance(error, RastBenchError):
        return error
    told = WorkerError(f"{type(error).__name__}: {error}")
    told.add_note("".join(traceback.format_exception(error)))
    return told


def _requests(pipe: "Pipe") -> Iterator[Request]:
    while True:
        _send(pipe, More())
        chunk: list[Request] = _receive(pipe)
        if not chunk:
            return
        yield from chunk


def _send(pipe: "Pipe", message: Any) -> None:
    try:
        pipe.send(message)
    except ConnectionError as error:
        raise _ParentGoneError from error


def _receive(pipe: "Pipe") -> Any:
    try:
        return pipe.recv()
    except (EOFError, ConnectionError) as error:
        raise _ParentGoneError from error


def _die_with_parent() -> None:
    """A worker whose parent was killed would compute for nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
