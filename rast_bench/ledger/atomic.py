"""Files that exist completely or not at all: temporary name, fsync, rename, fsync of the folder."""

import errno
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import BinaryIO

from rast_bench.errors import LedgerError

TEMPORARY_PREFIX = ".tmp-"
LEFTOVER_AGE_SECONDS = (
    3600.0  # a write takes seconds, so an older temporary file has lost its writer
)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def ledger_error(error: OSError, path: Path) -> LedgerError:
    """Return the error that a user sees if `path` could not be written or read."""
    reason = (error.strerror or type(error).__name__).lower()
    if error.errno in _FULL:
        return LedgerError(
            f"no room to write {path}: {reason}",
            hint="free some space (or raise the quota) and run the same command again: "
            "what was saved is kept",
        )
    if error.errno in _FORBIDDEN:
        return LedgerError(
            f"no permission to use {path}: {reason}",
            hint="choose another results folder or correct its permissions",
        )
    return LedgerError(
        f"cannot use {path}: {reason}",
        hint="choose another results folder, or find out why this one cannot be used",
    )


@contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the body into a LedgerError that names `path`."""
    try:
        yield
    except OSError as error:
        raise ledger_error(error, path) from error


def make_folder(folder: Path) -> None:
    """Create the folder and its parents so that they survive a power failure. Raise OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries (renames, removals) durable. Raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Provide a file that becomes `path` when the body ends, and then survives a crash.

    Whatever goes wrong, `path` is unchanged or complete, and no temporary file remains (except
    after a kill: see `remove_leftovers`).

    Raises:
        OSError: the file cannot be written.
    """
    name = f"{TEMPORARY_PREFIX}{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.parent / name
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (Path.replace hides the system call's name)
    except BaseException:
        with suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Write or replace `path` as `durable_file` does; when this returns, `data` is safe.

    Raises:
        OSError: the file cannot be written.
    """
    with durable_file(path) as file:
        file.write(data)


def remove_leftovers(folder: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> None:
    """Remove temporary files that a killed writer left more than `age_seconds` ago. Raise
    OSError.
    """
    for path in leftovers(folder, age_seconds=age_seconds):
        with suppress(FileNotFoundError):  # another process is also cleaning up
            path.unlink()


def leftovers(folder: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> list[Path]:
    """Return temporary files that have lost their writer. Raise OSError."""
    paths = sorted(folder.glob(f"{TEMPORARY_PREFIX}*"))
    return [path for path in paths if is_old(path, age_seconds=age_seconds)]


def is_old(path: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> bool:
    """Return whether no writer is working on the file.

    A time equally far in the future comes from a wrong clock, and has no writer either.

    Raises:
        OSError: the file cannot be examined.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return not S_ISDIR(status.st_mode) and abs(time.time() - status.st_mtime) > age_seconds
