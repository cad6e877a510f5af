"""Stored files of unknown state: read with care, and set aside if they are not sound."""

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

VANISHED = {errno.ENOENT, errno.ESTALE}
"""Errors that say that a file is not there (any more)."""
_NOT_OPENED = {errno.ELOOP: "it is a symbolic link", errno.ENXIO: "it is a socket or a named pipe"}
_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a named pipe"),
)


class UnsoundFileError(Exception):
    """A file is not what it should be; the message says why, for `set_aside`."""


@dataclass(frozen=True)
class Corruption:
    """One thing that is wrong in a ledger."""

    path: Path
    reason: str


def read_file(path: Path) -> bytes | None:
    """Return the bytes of a regular file; None if there is nothing (any more).

    Only regular files are read: a named pipe would never end, and a link may lead anywhere.

    Raises:
        UnsoundFileError: it is not a regular file, or a file of this user without read
            permission.
        LedgerError: it cannot be read: a disk error, or a file of somebody else.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in VANISHED:
            return None
        if error.errno in _NOT_OPENED:
            raise UnsoundFileError(_NOT_OPENED[error.errno]) from error
        if isinstance(error, PermissionError) and _is_ours(path):
            raise UnsoundFileError("it has no read permission") from error
        raise ledger_error(error, path) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kinds = (words for is_kind, words in _KINDS if is_kind(found.st_mode))
            raise UnsoundFileError(next(kinds, "it is a device"))
        if found.st_size > MAX_FILE_BYTES:
            raise UnsoundFileError("it is larger than any ledger file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        if error.errno in VANISHED:
            return None
        raise ledger_error(error, path) from error
    finally:
        os.close(descriptor)


def set_aside(path: Path, reason: str, outlook: str, *, what: str = "file") -> None:
    """Rename a corrupt file, never over another file, and say so once in one line on stderr.

    Args:
        outlook: what happens next, at the end of the line: `its samples are computed again`.
        what: what the file should have been.
    """
    aside = _free_name(path)
    try:
        path.rename(aside)
        outcome = f"set aside as {aside.name}"
    except FileNotFoundError:  # another reader has set it aside and said so
        return
    except OSError as error:
        outcome = f"ignored ({(error.strerror or 'not renamed').lower()})"
    warn_once(path, reason, f"warning: corrupt {what} {path}: {reason}; {outcome}, {outlook}")


def warn_once(path: Path, reason: str, line: str) -> None:
    """Record the corruption, and print the line on stderr once per path and process."""
    for corruptions in _recorders:
        corruptions.append(Corruption(path, reason))
    if path not in _reported:
        _reported.add(path)
        print(line, file=sys.stderr, flush=True)


@contextmanager
def recorded_corruptions() -> Iterator[list[Corruption]]:
    """Collect what is reported in the body, repeated or not."""
    corruptions: list[Corruption] = []
    _recorders.append(corruptions)
    try:
        yield corruptions
    finally:
        _recorders.remove(corruptions)


def is_aside(name: str) -> bool:
    return name.endswith(ASIDE)


_reported: set[Path] = set()
_recorders: list[list[Corruption]] = []


def _free_name(path: Path) -> Path:
    """Return `x.corrupt`, or `x.2.corrupt` if an earlier one has that name."""
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
