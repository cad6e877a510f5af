"""What a hostile program would like to reach: processes, IPC objects, files, sockets, a terminal.

All of it belongs to the user who runs the campaign and is open to everybody, so that nothing but
the sandbox protects it.
"""

import contextlib
import ctypes
import fcntl
import os
import pty
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NOBODY = 65534
_CREATE, _EVERYBODY = 0o1000, 0o666
_REMOVE, _SET_VALUE, _GET_VALUE = 0, 16, 12
_PR_SET_CHILD_SUBREAPER = 36
_FS_IOC_GETFLAGS = 0x80086601
_FIONREAD = 0x541B
_SECRET = "mellon"
_LIBC = ctypes.CDLL(None, use_errno=True)


class World:
    """A context manager. `words` and `victims` are for the programs; `touched` names what is no
    longer as it was."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._mark = f"rast-bench-hostile-{os.getpid()}"

    def __enter__(self) -> "World":
        with contextlib.ExitStack() as stack:
            self._home = Path(tempfile.mkdtemp(prefix="rast-bench-home-"))
            stack.callback(shutil.rmtree, self._home)
            self._home.chmod(0o755)
            self._secret = self._home / "secret"
            self._secret.write_text(_SECRET)
            self._secret.chmod(0o666)
            stack.enter_context(_environment(HOME=str(self._home), SECRET_TOKEN=_SECRET))
            stack.enter_context(_subreaper())
            self._processes = [stack.enter_context(_victim(user)) for user in _users()]
            self.victims = [process.pid for process in self._processes]
            self._ipc = stack.enter_context(_SystemV())
            self._posix = stack.enter_context(_Posix(self._mark))
            self._sockets = stack.enter_context(_Sockets(self._home, self._mark))
            self._terminal = stack.enter_context(_Terminal())
            self._stack = stack.pop_all()
        self.words = {
            "HOME": str(self._home),
            "SECRET": str(self._secret),
            "PID": str(os.getpid()),
            "MARK": self._mark,
            "PORT": str(self._sockets.port),
            "SHM": str(self._ipc.memory),
            "SEM": str(self._ipc.semaphores),
            "MSG": str(self._ipc.messages),
            "TTY": self._terminal.path,
        }
        self._before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def touched(self) -> list[str]:
        """Return the names of what has changed since the beginning."""
        after = self._state()
        return sorted(name for name, state in self._before.items() if after[name] != state)

    def _state(self) -> dict[str, object]:
        state: dict[str, object] = {
            "the harness": _process_state(os.getpid()),
            "children": _children(),
            "home": sorted(path.name for path in self._home.iterdir()),
            "secret": (_file_state(self._secret), self._secret.read_bytes()),
            "interpreter": _file_state(Path(os.__file__)),
            "traces": [str(path) for path in Path("/tmp").glob(f"{self._mark}*")],
            "terminal": self._terminal.state(),
            **self._ipc.state(),
            **self._posix.state(),
            **self._sockets.state(),
        }
        for process in self._processes:
            state[f"process {process.pid}"] = (process.poll(), _process_state(process.pid))
        return state


def _users() -> list[int]:
    """Whose victims there are: beside root's, those of the user that a program becomes."""
    return [os.geteuid(), NOBODY] if os.geteuid() == 0 else [os.geteuid()]


@contextlib.contextmanager
def _victim(user: int) -> Iterator[subprocess.Popen[bytes]]:
    as_user: dict[str, Any] = {}
    if user != os.geteuid():
        as_user = {"user": user, "group": user, "extra_groups": []}
    with subprocess.Popen(["/bin/sleep", "86400"], start_new_session=True, **as_user) as process:
        try:
            yield process
        finally:
            process.kill()


def _process_state(process: int) -> tuple[object, ...]:
    folder = Path("/proc", str(process))
    try:
        words = (folder / "stat").read_text().rpartition(")")[2].split()
        stopped = words[0] in "TtZX"
        return (
            stopped,
            *(words[place] for place in (15, 16, 38)),  # priority, nice, policy
            (folder / "limits").read_text(),
            (folder / "oom_score_adj").read_text(),
            (folder / "comm").read_text(),
            sorted(os.sched_getaffinity(process)),
        )
    except OSError as error:
        return (error.errno,)


def _children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()}


def _file_state(path: Path) -> tuple[object, ...]:
    found = path.stat()
    attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return (
        *(found.st_mode, found.st_uid, found.st_gid, found.st_nlink, found.st_size),
        *(found.st_mtime_ns, found.st_ctime_ns, attributes, _flags(path)),
    )


def _flags(path: Path) -> bytes | int | None:
    with path.open("rb") as file:
        try:
            return fcntl.ioctl(file, _FS_IOC_GETFLAGS, bytes(8))
        except OSError as error:  # no such flags on this file system
            return error.errno


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _subreaper() -> Iterator[None]:
    """What a program leaves behind becomes a child of this process, and so can be seen."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class _SystemV:
    """Shared memory, two semaphores and a queue with one message."""

    def __enter__(self) -> "_SystemV":
        self.memory = _LIBC.shmget(0, 4096, _CREATE | _EVERYBODY)
        self.semaphores = _LIBC.semget(0, 2, _CREATE | _EVERYBODY)
        self.messages = _LIBC.msgget(0, _CREATE | _EVERYBODY)
        _LIBC.shmat.restype = ctypes.c_void_p
        self._address = _LIBC.shmat(self.memory, None, 0)
        ctypes.memmove(self._address, _SECRET.encode(), len(_SECRET))
        _LIBC.semctl(self.semaphores, 0, _SET_VALUE, ctypes.c_long(3))
        _LIBC.msgsnd(self.messages, struct.pack("l6s", 1, _SECRET.encode()), 6, 0)
        return self

    def __exit__(self, *_: object) -> None:
        _LIBC.shmdt(ctypes.c_void_p(self._address))
        _LIBC.shmctl(self.memory, _REMOVE, None)
        _LIBC.semctl(self.semaphores, 0, _REMOVE, 0)
        _LIBC.msgctl(self.messages, _REMOVE, None)

    def state(self) -> Mapping[str, object]:
        return {
            "shared memory": (
                _table_row("shm", self.memory),
                ctypes.string_at(self._address, len(_SECRET)),
            ),
            "semaphores": (
                _table_row("sem", self.semaphores),
                [_LIBC.semctl(self.semaphores, place, _GET_VALUE, 0) for place in (0, 1)],
            ),
            "messages": _table_row("msg", self.messages),
        }


def _table_row(kind: str, number: int) -> str | None:
    """Return the kernel's row of an IPC object: rights, users, last processes, times."""
    for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]:
        if int(line.split()[1]) == number:
            return line
    return None


class _Posix:
    """A message queue and a file of shared memory, both of the world's name."""

    def __init__(self, mark: str) -> None:
        self._name = f"/{mark}".encode()
        self._shared = Path("/dev/shm", mark)
        self._calls = _LIBC if hasattr(_LIBC, "mq_open") else ctypes.CDLL("librt.so.1")

    def __enter__(self) -> "_Posix":
        self._queue = self._calls.mq_open(self._name, os.O_CREAT | os.O_RDWR, _EVERYBODY, None)
        self._shared.write_text(_SECRET)
        self._shared.chmod(0o666)
        return self

    def __exit__(self, *_: object) -> None:
        self._shared.unlink(missing_ok=True)
        if self._queue >= 0:
            self._calls.mq_unlink(self._name)
            self._calls.mq_close(self._queue)

    def state(self) -> Mapping[str, object]:
        attributes = ctypes.create_string_buffer(64)
        again = self._calls.mq_open(self._name, os.O_RDONLY)
        found = self._calls.mq_getattr(again, attributes) if again >= 0 else None
        if again >= 0:
            self._calls.mq_close(again)
        return {
            "posix queue": (found, attributes.raw),
            "posix shared memory": (_file_state(self._shared), self._shared.read_bytes()),
        }


class _Sockets:
    """Listeners that nobody shall reach: TCP, UDP, an abstract name and a name in a file."""

    def __init__(self, home: Path, mark: str) -> None:
        self._names = (str(home / "socket"), f"\0{mark}")
        self._all: list[socket.socket] = []
        self.port = 0

    def __enter__(self) -> "_Sockets":
        stream = socket.create_server(("127.0.0.1", 0))
        self.port = stream.getsockname()[1]
        packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        packets.bind(("127.0.0.1", self.port))
        self._all = [stream, packets]
        for name in self._names:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(name)
            listener.listen()
            self._all.append(listener)
        for one in self._all:
            one.setblocking(False)
        Path(self._names[0]).chmod(0o777)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._all:
            one.close()

    def state(self) -> Mapping[str, object]:
        return {"sockets": [_has_news(one) for one in self._all]}


def _has_news(one: socket.socket) -> bool:
    try:
        if one.type == socket.SOCK_DGRAM:
            one.recv(1)
        else:
            one.accept()[0].close()
    except BlockingIOError:
        return False
    return True


class _Terminal:
    """A terminal with nothing typed into it."""

    def __enter__(self) -> "_Terminal":
        self._master, self._slave = pty.openpty()
        self.path = os.ttyname(self._slave)
        with contextlib.suppress(OSError):  # an ordinary user's is their own, and open to them
            Path(self.path).chmod(0o666)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._master)
        os.close(self._slave)

    def state(self) -> bytes:
        return fcntl.ioctl(self._slave, _FIONREAD, bytes(4))
