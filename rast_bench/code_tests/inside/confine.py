"""Irrevocably drop what the tested program must not have. The last step before it runs."""

import contextlib
import ctypes
import errno
import math
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import landlock, seccomp

_NPROC_PER_NAMESPACE = (5, 14)  # older kernels count all processes of the outer user
_MORE_THREADS = 1000  # room for other processes the user may start meanwhile
_MAIN_STACK = 64 * 2**20
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 1, 8, 38
_CAPABILITY_VERSION = 0x20080522
_CAP_SETUID = 1 << 7
_NOBODY = 65534


def confine(
    limits: Mapping[str, float], cpu_seconds: float, outside: Mapping[str, Any] | None
) -> None:
    """Set limits that nothing in this process can raise again, and the system call filter.

    `outside` is None in name spaces. Without them it names the paths that stay `readable` and
    `writable` (the others are hidden as far as the kernel can), and the `parent` whose end ends
    this process; no other file can be changed, and a process of root becomes one of nobody.

    Raises:
        OSError, ValueError: the kernel rejects one of them.
    """
    seconds = math.ceil(cpu_seconds) + 1  # the harness, which watches the clock, acts first
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    _limit(resource.RLIMIT_AS, int(limits["memory"]))
    _limit(resource.RLIMIT_FSIZE, 0 if outside else int(limits["disk"]))
    _limit(resource.RLIMIT_NOFILE, int(limits["open_files"]))
    _limit(resource.RLIMIT_STACK, _MAIN_STACK)
    for none in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        _limit(none, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    if outside is None:
        if _kernel() >= _NPROC_PER_NAMESPACE:
            _limit(resource.RLIMIT_NPROC, int(limits["threads"]))
        seccomp.install(writes=True)
        return
    # The kernel counts the threads of all the user's processes, at most all on the machine. So this
    # only stops a fork bomb; the harness checks how many threads a program has.
    _limit(resource.RLIMIT_NPROC, _all_threads() + _MORE_THREADS)
    version = landlock.version()
    if os.geteuid() == 0:
        _leave_root(libc, hidden=version > 0)
    if version:
        landlock.restrict(outside["readable"], outside["writable"])
    _set_capabilities(libc, 0)
    _end_with(libc, outside["parent"])  # after the change of user, which clears it
    seccomp.install(writes=False, sealed=version < landlock.SEALS_TRUNCATION)


def _end_with(libc: ctypes.CDLL, parent: int) -> None:
    """Make the kernel kill this process as soon as its parent is gone."""
    _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _leave_root(libc: ctypes.CDLL, *, hidden: bool) -> None:
    """Turn this process into one of nobody.

    A Python environment that nobody may not read, such as below /root, is still read as root
    (fsuid), which counts for files only; so the other files must be `hidden` by Landlock.
    """
    if not _knows_nobody():
        return
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        as_root = not _nobody_can_read(libc)
        _prctl(libc, _PR_SET_KEEPCAPS, 1)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError as error:
        raise OSError(error.errno, f"root cannot become nobody here: {error.strerror}") from error
    if as_root and not hidden:
        raise OSError(
            errno.EACCES,
            f"the Python environment {sys.prefix} is readable by root alone, and this kernel has "
            "no Landlock to hide root's other files",
        )
    if as_root:
        _set_capabilities(libc, _CAP_SETUID)
        libc.setfsuid(0)


def _knows_nobody() -> bool:
    """Return whether this user name space has a nobody. If not, root must not stay root."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, outer, count = map(int, line.split())
        if first <= _NOBODY < first + count:
            return True
        if first == outer == 0:
            raise OSError(errno.EINVAL, "root cannot become nobody in this user name space")
    return False


def _nobody_can_read(libc: ctypes.CDLL) -> bool:
    """Return whether the paths that Python imports from are readable without root."""
    libc.setfsuid(_NOBODY)
    try:
        return all(map(_readable, sys.path))
    finally:
        libc.setfsuid(0)


def _readable(folder: str) -> bool:
    """Return whether a folder and its content can be opened, if they exist at all."""
    try:
        for place in (folder, *(entry.path for entry in os.scandir(folder))):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.close(os.open(place, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return True


def _set_capabilities(libc: ctypes.CDLL, wanted: int) -> None:
    """Keep no more of root's capabilities than these, all of which are below bit 32."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(libc.capset(header, struct.pack("=6I", wanted, wanted, 0, 0, 0, 0)), "capset")


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    words = map(ctypes.c_ulong, (value, 0, 0, 0))
    _checked(libc.prctl(option, *words), f"prctl({option})")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    """Lower a limit; one that is lower already stays."""
    outer = resource.getrlimit(kind)[1]
    hard = soft if hard is None else hard
    if outer != resource.RLIM_INFINITY:
        soft, hard = min(soft, outer), min(hard, outer)
    resource.setrlimit(kind, (soft, hard))


def _all_threads() -> int:
    """Return the number of threads on the machine: "… 3/512 …" in loadavg, see proc(5)."""
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
