"""How an error that ends a process is shown to the user, in every command and worker."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rast_bench.errors import OutputError
from rast_bench.interrupt import Interrupted, exit_code
from rast_bench.startup import (
    check_working_folder,
    collect_garbage_rarely,
    tolerate_warnings,
)
from rast_bench.terminal import Output, forget_stdout, safe_streams
from rast_bench.unexpected import as_user_error, one_line_warnings, results_folder

EXIT_BROKEN_PIPE = 141  # as a shell reports SIGPIPE


def guarded(action: Callable[[], int], words: Sequence[str] = ()) -> int:
    """Run the action; return its exit code, or print its error as one line and a hint on stderr.

    An unexpected exception exits with 1, with its stack trace in a file (unexpected.py).

    Args:
        words: the command line, which may name the results folder.

    Raises:
        SystemExit: from argparse, for `--help` and `--version`.
    """
    results = results_folder(words)
    with safe_streams(), one_line_warnings(results):
        try:
            collect_garbage_rarely()
            check_working_folder()
            tolerate_warnings()
            code = _finished(action)
        except BaseException as error:
            code = _told(error, results)
        lost = sys.stderr.lost if isinstance(sys.stderr, Output) else None
        return OutputError.exit_code if lost and code == 0 else code


def end_process(code: int) -> NoReturn:
    """End this process as `sys.exit` does, but let the system free the memory.

    Python would first take PyTorch's and transformers' modules apart: 1 to 2 s per process.
    """
    if sys.getprofile() or sys.gettrace():  # a profiler reports after the program
        sys.exit(code)
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed; `guarded` has reported it
            continue
    os._exit(code)


def _finished(action: Callable[[], int]) -> int:
    """Return the exit code after everything printed has been written."""
    try:
        code = action()
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def _told(error: BaseException, results: Path) -> int:
    """Print the error and return its exit code.

    Raises:
        SystemExit: the error is one.
    """
    match error:
        case SystemExit():
            raise error
        case Interrupted():
            return error.exit_code
        case KeyboardInterrupt():
            return exit_code(signal.SIGINT)
        case BrokenPipeError():  # `… | head`: the reader has left, and everything is saved
            forget_stdout()
            return EXIT_BROKEN_PIPE
    known = as_user_error(error, results)
    print(known.render(), file=sys.stderr)
    sys.stderr.flush()
    return known.exit_code
