"""Where programs run: bubblewrap, name spaces of our own, or a confined process of this machine.

The first two are equivalent: new process, network, mount, user, IPC and host name spaces, and a
file system in memory that holds the Python environment read-only, an empty /tmp and three devices.
The third, if the machine allows neither, keeps the rest: resource limits, the allow-list of system
calls (inside/seccomp.py), which then allows no changes of files either, an empty environment and
working directory, and the ids of nobody if root starts it; Landlock hides other files if the kernel
has it.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rast_bench.code_tests.inside import landlock, seccomp
from rast_bench.errors import ConfigError

SandboxKind = Literal["bubblewrap", "namespaces", "process"]

_NOBODY = "65534"
_HERE = Path(__file__).resolve().parent
_INSIDE = _HERE / "inside"
_PLACES = ("/usr", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store", "/gnu/store")
_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
_WRITABLE = "/dev/null"
_DEVICES = (_WRITABLE, "/dev/zero", "/dev/urandom")
_ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # the order of a set of strings must not change a verdict
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class SandboxError(ConfigError):
    """This machine cannot confine a program, so none is run."""


@dataclass(frozen=True)
class Layout:
    """The content of a sandbox's file system, everything at its outer path."""

    symlinks: dict[str, str]
    binds: tuple[str, ...]
    devices: tuple[str, ...]


def host_layout() -> Layout:
    """Return the system's libraries and this Python environment."""
    links = {path: str(Path(path).readlink()) for path in _TOP if Path(path).is_symlink()}
    folders = [path for path in _TOP if path not in links]
    wanted = [*_PLACES, *folders, sys.base_prefix, sys.base_exec_prefix, sys.prefix, str(_INSIDE)]
    binds: list[str] = []
    for path in sorted(filter(os.path.exists, wanted), key=len):
        if not any(Path(path).is_relative_to(outer) for outer in binds):
            binds.append(path)
    return Layout(links, tuple(binds), _DEVICES)


def inner_command(result_fd: int, job_fd: int) -> list[str]:
    """Return the command inside the sandbox. -P and -s: ignore modules of folder and user."""
    code = (
        f"import sys; sys.path.insert(0, {str(_HERE)!r}); from inside.program import main; "
        f"del sys.path[0]; main({result_fd}, {job_fd})"
    )
    return [sys.executable, "-s", "-P", "-B", "-c", code]


def outside_namespaces(kind: SandboxKind, layout: Layout, folder: str) -> dict[str, Any] | None:
    """Return what inside/confine.py needs without name spaces; None with them."""
    if kind != "process":
        return None
    readable = [path for path in (*layout.binds, *layout.devices, folder) if path != _WRITABLE]
    return {"readable": readable, "writable": [_WRITABLE], "parent": os.getpid()}


def outer_command(
    kind: SandboxKind, layout: Layout, disk: int, info_fd: int, command: Sequence[str]
) -> list[str]:
    """Return the command that runs `command` in a sandbox.

    With name spaces it writes {"child-pid": process 1 of the sandbox} to `info_fd` before the
    command starts.
    """
    if kind == "process":
        return list(command)
    if kind == "namespaces":
        spec = {
            "symlinks": layout.symlinks,
            "binds": layout.binds,
            "devices": layout.devices,
            "disk": disk,
            "info_fd": info_fd,
            "environment": _ENVIRONMENT,
            "command": command,
        }
        return [sys.executable, "-I", "-S", str(_HERE / "namespaces.py"), json.dumps(spec)]
    words = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net"]
    words += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--uid", _NOBODY, "--gid", _NOBODY]
    words += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"]
    words += ["--size", str(disk), "--tmpfs", "/tmp"]
    for name, value in _ENVIRONMENT.items():
        words += ["--setenv", name, value]
    for path, target in layout.symlinks.items():
        words += ["--symlink", target, path]
    for path in layout.binds:
        words += ["--ro-bind", path, path]
    for path in layout.devices:
        words += ["--dev-bind", path, path]
    words += ["--remount-ro", "/", "--chdir", "/tmp", "--info-fd", str(info_fd), "--"]
    return [*words, *command]


def outer_environment(kind: SandboxKind) -> dict[str, str]:
    """Return the environment of the outer command; the program's comes with the command."""
    return dict(_ENVIRONMENT) if kind == "process" else {}


def candidates() -> tuple[SandboxKind, ...]:
    """Return the sandboxes that may work here, best first; only starting one shows if it works.

    Raises:
        SandboxError: none can, whatever is installed.
    """
    if sys.platform != "linux":
        raise SandboxError(
            f"code tests need Linux, and this is {platform.system()}",
            hint="generate anywhere, then grade the ledger on a Linux machine",
        )
    if not seccomp.supported():
        raise SandboxError(f"code tests have no system call numbers for {platform.machine()}")
    if shutil.which("bwrap"):
        return ("bubblewrap", "namespaces", "process")
    return ("namespaces", "process")


def weakness(kind: SandboxKind) -> str | None:
    """Return what a sandbox of this kind lacks here, or None."""
    if kind != "process":
        return None
    readable = (
        "other files can be found, though not opened"
        if landlock.version()
        else "the program can read whatever you can read, as the kernel has no Landlock"
    )
    return f"no name spaces available: {readable}; programs cannot write files"
