"""Restrict the visible file system to given paths with Landlock; see landlock(7).

Needs Linux 5.13, but no privilege and no name space. Other paths can be neither opened nor listed;
that a file exists, and its size, can still be found out. If the kernel's Landlock supports it, the
process is also kept from connecting and from signalling others: a second barrier behind the filter
of system calls.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

SEALS_TRUNCATION = 3  # the first version that prevents truncating files

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # on every architecture
_ASK_VERSION = 1
_PATH_BENEATH = 1
# By minimum version: the number of file rights, network rights and scopes.
_RIGHTS_OF_VERSION = (
    *((1, 13, 0, 0), (2, 14, 0, 0), (3, 15, 0, 0)),
    *((4, 15, 2, 0), (5, 16, 2, 0), (6, 16, 2, 2)),
)
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8


def version() -> int:
    """Return the kernel's version of Landlock, 0 without it."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Restrict this process to these files and folders. It must have no_new_privs.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    known = [counts for first, *counts in _RIGHTS_OF_VERSION if first <= version()]
    if not known:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    words = [2**count - 1 for count in known[-1]]
    while not words[-1]:  # an older kernel knows a shorter structure
        words.pop()
    handled = struct.pack(f"={len(words)}Q", *words)
    rules = _checked(libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0))
    try:
        for path in readable:
            _allow(libc, rules, path, _EXECUTE | _READ_FILE)
        for path in writable:
            _allow(libc, rules, path, _READ_FILE | _WRITE_FILE)
        _checked(libc.syscall(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    if Path(path).is_dir():
        rights |= _READ_DIR
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(
            libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        )
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
