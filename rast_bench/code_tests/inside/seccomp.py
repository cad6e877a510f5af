"""A filter of system calls: one process, no other program, no network, little of the kernel.

A process without name spaces of its own also shall not change files or touch other processes.
Everything else is allowed. Numbers are those of <asm/unistd.h>; see seccomp(2).
"""

import ctypes
import errno
import os
import platform
import struct

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 0, "aarch64": 1}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_X32 = 0x40000000  # the second set of numbers of x86_64
_CLONE_THREAD = 0x00010000

_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes and programs
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # network
    "socket": (41, 198),
    # memory that no limit counts
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # mounts and name spaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # parts of the kernel that no solution needs and that have had many faults
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "syslog": (103, 116),
    "personality": (135, 92),
}

_DENIED_OUTSIDE_NAMESPACES: dict[str, tuple[int | None, int | None]] = {
    # files: new, renamed, removed, cut, or with other attributes
    "creat": (85, None),
    "openat2": (437, 437),  # its flags lie in memory
    "mknod": (133, None),
    "mknodat": (259, 33),
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
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    # other processes of the same user
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
}
_SIGNALS = ((62, 129), (234, 131))  # kill, tgkill: to the process itself only
_PRLIMIT, _FCNTL, _PRCTL = (302, 261), (72, 25), (157, 167)
_F_SETOWN, _F_SETOWN_EX, _PR_SET_PDEATHSIG = 8, 15, 1
_OPENS = ((2, None, 1), (257, 56, 2))  # open, openat, and which argument holds the flags
_O_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Step = tuple[int, int, int, int]
"""Of classic BPF: operation, jump if true, jump if false, operand."""


def supported() -> bool:
    """Whether this machine's system calls are in the table."""
    return platform.machine() in _COLUMN


def install(own: int | None = None, *, sealed: bool = False) -> None:
    """Puts the filter on this process, for good; its future threads have it too.

    Arguments as of `filter_program`. The process must have no_new_privs.

    Raises:
        OSError: the kernel refuses, or the table lacks this machine.
    """
    if not supported():
        raise OSError(errno.ENOSYS, f"no seccomp filter for {platform.machine()}")
    steps = filter_program(platform.machine(), own, sealed=sealed)
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(_MODE_FILTER), ctypes.c_char_p(header), *[ctypes.c_ulong(0)] * 2]
    if libc.prctl(_PR_SET_SECCOMP, *words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def filter_program(machine: str, own: int | None = None, *, sealed: bool = False) -> list[Step]:
    """The filter in classic BPF.

    Args:
        own: the process's number where it shares the host's name spaces: it then changes no file,
            and signals only itself.
        sealed: whether no file may be opened for writing either.
    """
    column = _COLUMN[machine]
    steps = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _refuse(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        _refuse(errno.ENOSYS),
        # Its flags lie in memory, where no filter looks. The C library then takes clone.
        (_EQUAL, 0, 1, _CLONE3),
        _refuse(errno.ENOSYS),
        *_judged(_CLONE[machine], 0, (_BITS, _CLONE_THREAD), allows=True),
    ]
    denied = dict(_DENIED)
    if own is not None:
        denied |= _DENIED_OUTSIDE_NAMESPACES
        for call in _SIGNALS:
            steps += _judged(call[column], 0, (_EQUAL, own), allows=True)
        steps += _judged(_PRLIMIT[column], 0, (_EQUAL, 0), allows=True)
        steps += _judged(_PRCTL[column], 0, (_EQUAL, _PR_SET_PDEATHSIG), allows=False)
        owners = ((_EQUAL, _F_SETOWN), (_EQUAL, _F_SETOWN_EX))
        steps += _judged(_FCNTL[column], 1, *owners, allows=False)
    if sealed:
        for *opens, argument in _OPENS:
            steps += _judged(opens[column], argument, (_BITS, _O_CHANGES), allows=False)
    for numbers in denied.values():
        number = numbers[column]
        if number is not None:
            steps += [(_EQUAL, 0, 1, number), _refuse(errno.EPERM)]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _judged(number: int | None, argument: int, *tests: tuple[int, int], allows: bool) -> list[Step]:
    """One system call decided by the low word of an argument: any test that holds allows it, or
    refuses it; none, the other way round."""
    if number is None:
        return []
    allow, refuse = (_RETURN, 0, 0, _ALLOW), _refuse(errno.EPERM)
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument)]
    for operation, operand in tests:
        body += [(operation, 0, 1, operand), allow if allows else refuse]
    body.append(refuse if allows else allow)
    return [(_EQUAL, 0, len(body), number), *body]


def _refuse(number: int) -> Step:
    return (_RETURN, 0, 0, _ERRNO | number)
