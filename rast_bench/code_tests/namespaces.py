"""Start a command in new Linux name spaces: the sandbox if bubblewrap is not installed.

Run as a script with the standard library only: `python -I -S namespaces.py SPEC`. SPEC is JSON:

    {"symlinks": {path: target}, "binds": [path], "devices": [path], "disk": bytes,
     "info_fd": number, "environment": {name: value}, "command": [word]}

Three processes: the outer one stays in the harness's process name space and waits; process 1 of
the new one builds the file system, drops its privileges and reaps; its child is the command. When
process 1 ends, the kernel kills whatever is left in the name space. The command's exit status is
passed on as in a shell: 128 + the signal's number if one ended it.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOBODY = 65534

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = sum(1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_MOUNT_SETATTR = 442  # the same number on every architecture; Linux 5.12
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_ROOT_INODES = 4096
_WORK_INODES = 16384
_EVERY_FD = 2**20
_FAILED = 125

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Build the sandbox, run the command, and exit with its status."""
    spec = json.loads(sys.argv[1])
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _enter_namespaces()
    first = os.fork()
    if first == 0:
        _guarded(_process_one, spec)
    os.write(spec["info_fd"], json.dumps({"child-pid": first}).encode())
    os.closerange(0, _EVERY_FD)
    os._exit(_wait(first))


def _enter_namespaces() -> None:
    """Enter new user, mount, process, network, IPC, host name and cgroup name spaces, mapping ids.

    The real root becomes "nobody" outside too, once it has built the file system; other users stay
    themselves outside and are called "nobody" inside.
    """
    user, group = os.geteuid(), os.getegid()
    entered, written = os.pipe(), os.pipe()
    helper = os.fork() if user == 0 else None
    if helper == 0:
        os.close(entered[1])
        os.read(entered[0], 1)
        _guarded(_map_root, os.getppid())
    _check(_libc.unshare(_NEW_NAMESPACES), "unshare")
    if helper is None:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{NOBODY} {user} 1")
        _write("/proc/self/gid_map", f"{NOBODY} {group} 1")
    else:
        os.close(entered[1])
        if _wait(helper) != 0:
            raise OSError("cannot map user ids into the sandbox")
    for end in (entered[0], *written):
        os.close(end)


def _map_root(process: int) -> None:
    for kind in ("uid", "gid"):
        _write(f"/proc/{process}/{kind}_map", f"0 0 1\n{NOBODY} {NOBODY} 1")
    os._exit(0)


def _process_one(spec: dict[str, Any]) -> None:
    _build_root(spec)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # changing ids has cleared it
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    os.chdir("/tmp")
    command = os.fork()
    if command == 0:
        _guarded(_execute, spec)
    os.closerange(0, _EVERY_FD)
    os._exit(_wait(command))


def _build_root(spec: dict[str, Any]) -> None:
    """Build a new root in memory: read-only except for /tmp, holding only what the spec names."""
    sources = {path: os.path.realpath(path) for path in (*spec["binds"], *spec["devices"])}
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    base = "/tmp"  # any existing folder
    _mount("tmpfs", base, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=755,nr_inodes={_ROOT_INODES}")
    Path(base, "old").mkdir()
    number = _PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(number, base.encode(), f"{base}/old".encode()), "pivot_root")
    os.chdir("/")
    Path("/tmp").mkdir()
    options = f"mode=1777,size={spec['disk']},nr_inodes={_WORK_INODES}"
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)
    for path, target in spec["symlinks"].items():
        Path(path).symlink_to(target)
    for path, source in sources.items():
        device = 0 if path in spec["devices"] else _ATTR_NODEV
        _bind(f"/old{source}", path, _ATTR_RDONLY | _ATTR_NOSUID | device)
    _check(_libc.umount2(b"/old", _MNT_DETACH), "umount")
    Path("/old").rmdir()
    _set_attributes("/", _ATTR_RDONLY, recursive=False)


def _bind(source: str, path: str, attributes: int) -> None:
    place = Path(path)
    if Path(source).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, path, None, _MS_BIND | _MS_REC)
    _set_attributes(path, attributes, recursive=True)


def _execute(spec: dict[str, Any]) -> None:
    os.close(spec["info_fd"])
    os.execve(spec["command"][0], spec["command"], spec["environment"])


def _set_attributes(path: str, attributes: int, *, recursive: bool) -> None:
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.sizeof(wanted)
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, wanted, size)
    _check(result, f"mount_setattr({path})")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind, options)]
    result = _libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3])
    _check(result, f"mount({target})")


def _prctl(option: int, value: int) -> None:
    words = [ctypes.c_ulong(word) for word in (value, 0, 0, 0)]
    _check(_libc.prctl(option, *words), f"prctl({option})")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def _wait(process: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code if code >= 0 else 128 - code


def _guarded(function: Callable[..., None], *arguments: object) -> None:
    """Run the rest of a forked child, which must never return into its parent's code."""
    try:
        function(*arguments)
    except BaseException as error:
        os.write(2, f"{error}\n".encode())
    os._exit(_FAILED)


if __name__ == "__main__":
    _guarded(main)
