"""A filter of system calls that allows what a Python program needs to compute, and no more.

Calls that are not listed fail: with EPERM, or with ENOSYS if they are newer than Linux 5.0, so
that libraries fall back to the older ones. So there are no other processes, other programs,
sockets, IPC, watches, leases, locks, timers with owners, mounts, name spaces, device ioctls or
whatever a later kernel adds. Numbers are those of <asm/unistd.h>; see seccomp(2).
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable
from typing import NamedTuple

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 0, "aarch64": 1}
_FIRST_NEW = 424  # from here on, numbers are equal on all architectures and newer than Linux 5.0

Numbers = tuple[int | None, int | None]
"""Numbers of a system call on x86_64 and aarch64; None if there is none."""

_ALLOWED: dict[str, Numbers] = {
    # open descriptors
    "read": (0, 63),
    "pread64": (17, 67),
    "readv": (19, 65),
    "preadv": (295, 69),
    "write": (1, 64),
    "pwrite64": (18, 68),
    "writev": (20, 66),
    "pwritev": (296, 70),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "getdents64": (217, 61),
    "fstat": (5, 80),
    "fstatfs": (138, 44),
    # existing files
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "stat": (4, None),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "umask": (95, 166),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    # its own signals and timers
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
    "pause": (34, None),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "restart_syscall": (219, 128),
    # time and sleep
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "nanosleep": (35, 101),
    "sched_yield": (24, 124),
    # its threads and its end
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "getcpu": (309, 168),
    "sched_getaffinity": (204, 123),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # identity and location
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "getrandom": (318, 278),
}

_ALLOWED_IN_NAMESPACES: dict[str, Numbers] = {
    # its own files, in its own file system
    "creat": (85, None),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "fgetxattr": (193, 10),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "flistxattr": (196, 13),
}

_EVERY_BIT = 2**32 - 1
_O_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_DETACHED = 0x00400000  # musl's threads; the kernel ignores it


class _Rule(NamedTuple):
    """A call that is allowed if an argument, `mask`ed, is one of `values`.

    Only the low 32 bits are examined; the kernel uses no more of these arguments.
    """

    numbers: Numbers
    argument: int
    values: tuple[int, ...]
    mask: int = _EVERY_BIT


_RULES = (
    # clone: how the C library starts a thread (VM, FS, FILES, SIGHAND, THREAD, SYSVSEM,
    # SETTLS, PARENT_SETTID, CHILD_CLEARTID). clone3 has its flags in memory, which no filter sees;
    # it is left out, so that the C library uses clone.
    _Rule((56, 220), 0, (0x003D0F00,), _EVERY_BIT ^ _DETACHED),
    # fcntl: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
    _Rule((72, 25), 1, (0, 1, 2, 3, 1030)),
    # ioctl: TCGETS and TCGETS2 (is it a terminal?), FIOCLEX, FIONCLEX
    _Rule((16, 29), 1, (0x5401, 0x802C542A, 0x5451, 0x5450)),
    # futex: all but priority inheritance; the other bits say private and which clock
    _Rule((202, 98), 1, (0, 1, 3, 4, 5, 9, 10), 0x7F),
    # prctl: PR_SET_NAME, of its own thread, as Python's threads do from 3.14 on
    _Rule((157, 167), 0, (15,)),
    # prlimit64: its own
    _Rule((302, 261), 0, (0,)),
    # clock_gettime, clock_getres, clock_nanosleep: the system's clocks and its own, which are small
    # numbers; no other process's
    *(_Rule(call, 0, (0,), _EVERY_BIT ^ 0xF) for call in ((228, 113), (229, 114), (230, 115))),
)
_SIGNALS: tuple[Numbers, ...] = ((62, 129), (234, 131))  # kill, tgkill
_OPENS: tuple[tuple[Numbers, int], ...] = (((2, None), 1), ((257, 56), 2))  # open, openat: flags

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Step = tuple[int, int, int, int]
"""Of classic BPF: operation, jump if true, jump if false, operand."""


def supported() -> bool:
    """Return whether the table has this machine's system calls."""
    return platform.machine() in _COLUMN


def install(*, writes: bool, sealed: bool = False) -> None:
    """Install the filter on this process, for good; its future threads inherit it.

    Arguments are those of `filter_program`. The process must have no_new_privs.

    Raises:
        OSError: the kernel refuses, or the table lacks this machine.
    """
    if not supported():
        raise OSError(errno.ENOSYS, f"no seccomp filter for {platform.machine()}")
    steps = filter_program(platform.machine(), os.getpid(), writes=writes, sealed=sealed)
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(_MODE_FILTER), ctypes.c_char_p(header), *[ctypes.c_ulong(0)] * 2]
    if libc.prctl(_PR_SET_SECCOMP, *words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the filter of system calls (seccomp): {os.strerror(number)}")


def filter_program(machine: str, own: int, *, writes: bool, sealed: bool = False) -> list[Step]:
    """Return the filter in classic BPF.

    Args:
        own: the process id: it may signal only itself.
        writes: whether it may create and change files, which is meant for name spaces only.
        sealed: whether no file may be opened for writing either.
    """
    column = _COLUMN[machine]
    rules = [*_RULES, *(_Rule(call, 0, (own,)) for call in _SIGNALS)]
    free = [*_ALLOWED.values(), *(_ALLOWED_IN_NAMESPACES.values() if writes else ())]
    for call, flags in _OPENS:
        if sealed:
            rules.append(_Rule(call, flags, (0,), _O_CHANGES))
        else:
            free.append(call)
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _refuse(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        *_allowed(number for call in free if (number := call[column]) is not None),
        *(step for rule in rules for step in _judged(rule, rule.numbers[column])),
        # x32, the second set of numbers of x86_64, is far above.
        (_AT_LEAST, 0, 1, _FIRST_NEW),
        _refuse(errno.ENOSYS),
        _refuse(errno.EPERM),
    ]


def _allowed(values: Iterable[int]) -> list[Step]:
    """Allow the call if the loaded value is one of the values."""
    return [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW))]


def _judged(rule: _Rule, number: int | None) -> list[Step]:
    if number is None:
        return []
    body = [
        (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * rule.argument),
        (_AND, 0, 0, rule.mask),
        *_allowed(rule.values),
        _refuse(errno.EPERM),
    ]
    return [(_EQUAL, 0, len(body), number), *body]


def _refuse(number: int) -> Step:
    return (_RETURN, 0, 0, _ERRNO | number)
