"""Unexpected exceptions: one line for the user, the full report in a file."""

import errno
import platform
import secrets
import shlex
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rast_bench import __version__
from rast_bench.errors import RastBenchError, UnexpectedError, first_line

BUGS = "bugs"  # a folder in the results folder
_PACKAGE = Path(__file__).parent
_SHOWN_CHARACTERS = 200

# Errors of the machine that the user can correct, whatever the program does.
_MACHINE_ERRORS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE),
}


def as_user_error(error: BaseException, results: Path | None = None) -> RastBenchError:
    """Return the error in the form shown to users; the report of an unexpected one is saved first.

    Args:
        results: the results folder, whose folder `bugs` takes the file; a temporary folder if
            it is unknown or not writable.
    """
    if isinstance(error, RastBenchError):
        return error
    if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS and error.filename is not None:
        return RastBenchError(
            f"cannot use {error.filename}: {(error.strerror or type(error).__name__).lower()}",
            hint="check that the path is correct, that you may use it, and that there is room",
        )
    report = _report(error)
    places = (_bugs_folder(results) if results is not None else None, _temporary_folder)
    written = next((path for make in places if make and (path := _written(report, make))), None)
    words = _message(error)
    if written is None:
        hint = "please report it; no folder could take the full report: set TMPDIR to one that can"
        return UnexpectedError(words, hint=hint)
    return UnexpectedError(
        f"{words}; the full report is in {written}",
        hint="please report it with that file; samples that were made are saved, and the same "
        "command goes on from them",
    )


def _message(error: BaseException) -> str:
    """Return what failed, and where."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # its own __str__ may fail
        text = ""
    if len(text) > _SHOWN_CHARACTERS:
        text = text[: _SHOWN_CHARACTERS - 1] + "…"
    name = type(error).__name__ + (": " if text else "")
    location = _location(error)
    return f"unexpected {name}{text}" + (f" ({location})" if location else "")


def _location(error: BaseException) -> str:
    """Return the innermost line of this package in the traceback."""
    location = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            module = file.relative_to(_PACKAGE.parent)
            location = f"{module} line {line}, {frame.f_code.co_name}"
    return location


def _report(error: BaseException) -> str:
    try:
        trace = "".join(traceback.format_exception(error))
    except Exception as second:  # for example out of memory
        trace = f"{type(error).__name__}; its trace could not be written: {first_line(second)}"
    lines = (
        f"rast-bench {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {shlex.join(sys.argv)}",
        "",
        trace,
    )
    return "\n".join(lines)


def _bugs_folder(results: Path) -> Callable[[], Path]:
    def make() -> Path:
        folder = results / BUGS
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    return make


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir())


def _written(report: str, folder: Callable[[], Path]) -> Path | None:
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}.txt"
    try:
        path = folder() / f"rast-bench-{name}"
        with path.open("xb") as file:  # may contain what UTF-8 cannot encode
            file.write(report.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError):
        return None
    return path


def results_folder(words: Sequence[str]) -> Path:
    """Return the results folder named by a command line, before it is parsed."""
    found = "results"
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, sign, value = word.partition("=")
        if name.lstrip("+-").replace("-", "_") == "results_dir":
            found = (value if sign else following).strip("'\"") or found
    return Path(found)


@contextmanager
def one_line_warnings(results: Path) -> Iterator[None]:
    """Report errors in threads and in object deletion as one-line warnings in the body."""
    hooks = threading.excepthook, sys.unraisablehook

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            _warn(args.exc_value, results)

    def unraisable(args: Any) -> None:
        if args.exc_value is not None:
            _warn(args.exc_value, results)

    threading.excepthook, sys.unraisablehook = in_thread, unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = hooks


def _warn(error: BaseException, results: Path) -> None:
    print(f"warning: {as_user_error(error, results).message}", file=sys.stderr, flush=True)
