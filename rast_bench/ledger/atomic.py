"""Files that exist whole or not at all: temporary name, fsync, rename, fsync of the folder."""

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
LEFTOVER_AGE_SECONDS = 3600.0  # a write takes seconds, so an older temporary file has no writer

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def ledger_error(error: OSError, place: Path) -> LedgerError:
    """The one line a user sees when `place` could not be written or read."""
    reason = (error.strerror or type(error).__name__).lower()
    if error.errno in _FULL:
        return LedgerError(
            f"no room to write {place}: {reason}",
            hint="free some space (or raise the quota) and run the same command again: "
            "what is saved is kept",
        )
    if error.errno in _FORBIDDEN:
        return LedgerError(
            f"no permission to use {place}: {reason}",
            hint="choose another results folder or correct its permissions",
        )
    return LedgerError(
        f"cannot use {place}: {reason}",
        hint="choose another results folder, or see why this one is not usable",
    )


@contextmanager
def ledger_errors(place: Path) -> Iterator[None]:
    """Turns an OSError of the body into a LedgerError that names `place`."""
    try:
        yield
    except OSError as error:
        raise ledger_error(error, place) from error


def make_folder(folder: Path) -> None:
    """`mkdir -p` whose new entries survive a power cut. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes the folder's entries (renames, removals) durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which is `path` once the body has ended, and survives a crash then.

    Whatever goes wrong, `path` is as it was or holds all that was written, and no temporary file
    stays behind (except after a kill: see `remove_leftovers`). Raises OSError.
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
        with suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Writes or replaces `path` as `durable_file` does; when this returns, `data` is safe.

    Raises OSError.
    """
    with durable_file(path) as file:
        file.write(data)


def remove_leftovers(folder: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> None:
    """Removes temporary files that a killed writer left more than `age_seconds` ago.

    Raises OSError.
    """
    for path in leftovers(folder, age_seconds=age_seconds):
        with suppress(FileNotFoundError):  # another process cleans up as well
            path.unlink()


def leftovers(folder: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> list[Path]:
    """Temporary files that nobody writes any more. Raises OSError."""
    paths = sorted(folder.glob(f"{TEMPORARY_PREFIX}*"))
    return [path for path in paths if is_old(path, age_seconds=age_seconds)]


def is_old(path: Path, *, age_seconds: float = LEFTOVER_AGE_SECONDS) -> bool:
    """Whether no writer is at work on the file. Raises OSError.

    A time as far ahead in the future is a clock's fault, and no writer's either.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return not S_ISDIR(status.st_mode) and abs(time.time() - status.st_mtime) > age_seconds
