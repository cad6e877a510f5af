"""Stored files as they are found: read with care, and set aside where they are not sound."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rast_bench.ledger.atomic import ledger_error

ASIDE = ".corrupt"
MAX_FILE_BYTES = 4 * 2**30  # far beyond any shard: compaction makes them of 64 MiB

_VANISHED = {errno.ENOENT, errno.ESTALE}
_NOT_OPENED = {errno.ELOOP: "it is a symbolic link", errno.ENXIO: "it is a socket or a named pipe"}
_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a named pipe"),
)


class UnsoundFileError(Exception):
    """What stands here is not what belongs here; the message says why, for `set_aside`."""


@dataclass(frozen=True)
class Corruption:
    """One thing that is wrong in a ledger."""

    path: Path
    reason: str


def read_file(path: Path) -> bytes | None:
    """The bytes of a regular file; None when there is nothing (any more).

    Nothing but a regular file is opened to the end: a named pipe would never end, and a link may
    lead to anything.

    Raises:
        UnsoundFileError: something else stands there, or a file of this user that nobody may read.
        LedgerError: it cannot be read: a fault of the disk, or a file of somebody else.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        if error.errno in _NOT_OPENED:
            raise UnsoundFileError(_NOT_OPENED[error.errno]) from error
        if isinstance(error, PermissionError) and _is_ours(path):
            raise UnsoundFileError("it has no permission to be read") from error
        raise ledger_error(error, path) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kinds = (words for is_kind, words in _KINDS if is_kind(found.st_mode))
            raise UnsoundFileError(next(kinds, "it is a device"))
        if found.st_size > MAX_FILE_BYTES:
            raise UnsoundFileError("it is larger than any file of a ledger")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        raise ledger_error(error, path) from error
    finally:
        os.close(descriptor)


def set_aside(path: Path, reason: str, outlook: str, *, what: str = "file") -> None:
    """Renames what is corrupt, never over another file, and says so once in one line on stderr.

    Args:
        outlook: what happens next, at the end of the line: `its samples are computed again`.
        what: what it should have been.
    """
    aside = _free_name(path)
    try:
        path.rename(aside)
        outcome = f"set aside as {aside.name}"
    except FileNotFoundError:  # another reader has set it aside and said so
        return
    except OSError as error:
        outcome = f"ignored ({(error.strerror or 'not renamed').lower()})"
    tell(path, reason, f"warning: corrupt {what} {path}: {reason}; {outcome}, {outlook}")


def tell(path: Path, reason: str, line: str) -> None:
    """Prints the line on stderr unless this process has told of the path, and records the fault."""
    for faults in _recorders:
        faults.append(Corruption(path, reason))
    if path not in _told:
        _told.add(path)
        print(line, file=sys.stderr, flush=True)


@contextmanager
def recorded_corruptions() -> Iterator[list[Corruption]]:
    """Collects what is told within the context, repeated or not."""
    faults: list[Corruption] = []
    _recorders.append(faults)
    try:
        yield faults
    finally:
        _recorders.remove(faults)


def is_aside(name: str) -> bool:
    return name.endswith(ASIDE)


_told: set[Path] = set()
_recorders: list[list[Corruption]] = []


def _free_name(path: Path) -> Path:
    """`x.corrupt`, or `x.2.corrupt` where an earlier one is called so."""
    aside = path.with_name(path.name + ASIDE)
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.name}.{number}{ASIDE}")
    return aside


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
