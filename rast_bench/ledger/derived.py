"""Arrays computed from a cell's shards and kept beside them: no table computes them twice.

A file may be deleted at any time. Its name tells all that its content depends on: the shards (their
names identify their bytes), the code and what was asked for. So a file is never out of date, only
no longer used.
"""

import hashlib
import io
import json
import logging
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from rast_bench.hardware import usable_cores
from rast_bench.ledger.atomic import write_durably

Counts = npt.NDArray[np.int64]  # none is negative

log = logging.getLogger(__name__)

KEPT = 4  # files of one name in a cell: tables of some problems or samples take turns with all
_UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error),
    RuntimeError,  # zipfile, of a file that seems to be encrypted or compressed in another way
)


@dataclass(frozen=True)
class Derived:
    """The arrays of one cell. Create it before its samples are read: what they are is what the
    shards of that moment hold.

    Args:
        folder: the cell's.
        shards: returns the names of the shards that the arrays depend on.
        request: which problems and samples are asked for.
    """

    folder: Path
    shards: Callable[[], Sequence[str]]
    request: str
    _first: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", tuple(self.shards()))

    def array(self, name: str, code: str, compute: Callable[[], Counts]) -> Counts:
        """Return a stored array, or compute and store it.

        Args:
            name: of the array.
            code: what its computation depends on (`code_version`).
        """
        path = self._path(name, code)
        begun = _begun.pop(path, None)
        if begun is not None and not begun.cancel():
            return begun.result().astype(np.int64)
        found = _read(path) if self._unchanged() else None
        return self._computed(path, name, compute) if found is None else found

    def begin(self, name: str, code: str, compute: Callable[[], Counts]) -> None:
        """Let a second thread compute an array that is not stored, where there is one
        (`computing_ahead`). `array` takes its values, or computes if it has not begun yet.

        Args:
            name, code: as for `array`.
            compute: mostly releases the GIL.
        """
        path = self._path(name, code)
        if not _tasks or path in _begun or self.stored(name, code):
            return
        begun = _begun[path] = Future()

        def run() -> None:
            if begun.set_running_or_notify_cancel():
                try:
                    begun.set_result(_in_few_bytes(self._computed(path, name, compute)))
                except BaseException as error:  # for who wants the array
                    begun.set_exception(error)

        _tasks[-1].put(run)

    def stored(self, name: str, code: str) -> bool:
        """Return whether `array` need not compute."""
        return self._unchanged() and self._path(name, code).is_file()

    def _computed(self, path: Path, name: str, compute: Callable[[], Counts]) -> Counts:
        values = compute()
        if self._unchanged():
            _store(path, name, values)
        return values

    def _unchanged(self) -> bool:
        """Return whether no shard came or went since the samples were read: what is computed from
        both old and new samples is that of neither.
        """
        return tuple(self.shards()) == self._first

    def _path(self, name: str, code: str) -> Path:
        key = json.dumps([code, self.request, *self._first])
        return self.folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"


_Tasks = SimpleQueue[Callable[[], None] | None]

_tasks: list[_Tasks] = []  # those of the thread of `computing_ahead`, or none
_begun: dict[Path, Future[npt.NDArray[Any]]] = {}
_SWITCH_SECONDS = 0.0002  # by default, a thread waits 5 ms for the GIL after every call of Arrow


@contextmanager
def computing_ahead() -> Iterator[None]:
    """Have arrays computed that are begun meanwhile, in a second thread if there is a core for it.

    What the thread has not begun at the end is dropped; what it has, nobody waits for.
    """
    if usable_cores() < 2 or _tasks:
        yield
        return
    from rast_bench.ledger.shards import keeping_texts

    tasks: _Tasks = SimpleQueue()
    thread = Thread(target=_work, args=(tasks,), name="arrays", daemon=True)
    before = sys.getswitchinterval()
    with keeping_texts():
        try:
            sys.setswitchinterval(_SWITCH_SECONDS)
            _tasks.append(tasks)
            thread.start()
            yield
        finally:
            sys.setswitchinterval(before)
            _tasks.clear()
            for begun in _begun.values():
                begun.cancel()
            _begun.clear()
            tasks.put(None)


def _work(tasks: _Tasks) -> None:
    while (task := tasks.get()) is not None:
        task()


def _read(path: Path) -> Counts | None:
    """Return the array; None if there is none or its checksum (zip's CRC-32) is wrong."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["values"], dtype=np.int64)
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        log.debug("%s is computed again: %s", path, error)
        return None


def _store(path: Path, name: str, values: Counts) -> None:
    buffer = io.BytesIO()
    # As numpy's savez_compressed, which compresses five times as long for a third less.
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("values.npy", "w") as array,
    ):
        np.save(array, _in_few_bytes(values), allow_pickle=False)
    try:
        write_durably(path, buffer.getvalue())
        files = sorted(path.parent.glob(f"{name}-*.npz"), key=lambda one: one.stat().st_mtime_ns)
        for old in files[:-KEPT]:
            with suppress(FileNotFoundError):
                old.unlink()
    except OSError as error:  # a results folder of somebody else may be read-only
        log.debug("%s is not kept: %s", path, error)


def _in_few_bytes(values: Counts) -> npt.NDArray[Any]:
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


_LIBRARIES = ("mpmath", "numpy", "pint", "python-flint", "simplemma", "spacy", "sympy")


@cache
def code_version(*parts: str) -> str:
    """Return what identifies the code of some of rast_bench's folders and of their libraries."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(f"Unicode {unicodedata.unidata_version}\0".encode())  # Python's letters
    for path in sorted(path for part in parts for path in (root / part).rglob("*")):
        if path.suffix in (".py", ".json", ".txt"):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            digest.update(f"{library} {version(library)}\0".encode())
    return digest.hexdigest()
