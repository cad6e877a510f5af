"""Gives up, for good, what the tested program shall not have. The last step before it runs."""

import ctypes
import math
import os
import platform
import resource
import signal
import struct
from collections.abc import Mapping, Sequence

from . import landlock, seccomp

_NPROC_PER_NAMESPACE = (5, 14)  # before it, the kernel counts all processes of the outer user
_MAIN_STACK = 64 * 2**20
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION = 0x20080522


def confine(
    limits: Mapping[str, float], cpu_seconds: float, outside: Mapping[str, Sequence[str]] | None
) -> None:
    """Limits of this process that nothing in it can raise again, and the system call filter.

    `outside` is None in name spaces. Without them it names the places that stay `readable` and
    `writable`, as far as the kernel can hide the others; no other file can be changed.

    Raises:
        OSError, ValueError: the kernel refuses one.
    """
    seconds = math.ceil(cpu_seconds) + 1
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    _limit(resource.RLIMIT_AS, int(limits["memory"]))
    _limit(resource.RLIMIT_FSIZE, 0 if outside else int(limits["disk"]))
    _limit(resource.RLIMIT_NOFILE, int(limits["open_files"]))
    _limit(resource.RLIMIT_STACK, _MAIN_STACK)
    for none in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        _limit(none, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))), "no_new_privs")
    if outside is None:
        # Outside of name spaces the kernel counts others' threads too: the harness looks instead.
        if _kernel() >= _NPROC_PER_NAMESPACE:
            _limit(resource.RLIMIT_NPROC, int(limits["threads"]))
        seccomp.install()
        return
    version = landlock.version()
    if version:
        landlock.restrict(outside["readable"], outside["writable"])
    _drop_capabilities(libc)
    seccomp.install(os.getpid(), sealed=version < landlock.SEALS_TRUNCATION)


def end_with(parent: int) -> None:
    """This process is killed as soon as its parent is gone. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = map(ctypes.c_ulong, (signal.SIGKILL, 0, 0, 0))
    _checked(libc.prctl(_PR_SET_PDEATHSIG, *words), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        os._exit(1)


def arm(cpu_seconds: float) -> None:
    """From now on so much CPU time until SIGPROF ends the process. Zero disarms."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root's rights beyond those of the files' owner."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(libc.capset(header, bytes(24)), "capset")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    """Lowers a limit; what is lower already stays."""
    outer = resource.getrlimit(kind)[1]
    hard = soft if hard is None else hard
    if outer != resource.RLIM_INFINITY:
        soft, hard = min(soft, outer), min(hard, outer)
    resource.setrlimit(kind, (soft, hard))


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
