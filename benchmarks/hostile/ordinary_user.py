"""Run code as an ordinary user if root runs the campaign."""

import ctypes
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile.world import NOBODY

_CLONE_NEWNS = 1 << 17
_MS_NOSUID, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4096, 16384, 1 << 18
_PR_SET_DUMPABLE = 4
_OTHERS_MAY_ENTER = 0o001
_LIBC = ctypes.CDLL(None, use_errno=True)


def as_nobody(function: Callable[[], Any]) -> Any:
    """Return the result of `function` from a forked child that is not root (see `in_child`)."""

    def run() -> Any:
        _become_nobody()
        return function()

    return in_child(run)


def in_child(function: Callable[[], Any]) -> Any:
    """Return the result of `function`, through JSON, from a forked child.

    Raises:
        RuntimeError: it failed; its traceback is the message.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            report = {"result": function()}
        except BaseException:
            report = {"failure": traceback.format_exc()}
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(report, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    report = json.loads(text)
    if "failure" in report:
        raise RuntimeError(report["failure"])
    return report["result"]


def _become_nobody() -> None:
    if os.geteuid() != 0:
        return
    closed = list(_closed_folders())
    if closed:
        _open_ways(closed)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def _needed() -> set[Path]:
    places = [sys.prefix, sys.base_prefix, *filter(None, sys.path), str(Path(__file__).parent)]
    return {Path(place).resolve() for place in places if Path(place).exists()}


def _closed_folders() -> Iterator[tuple[Path, Path]]:
    """(outermost folder that others may not enter, needed place below it), as with /root."""
    for place in _needed():
        for folder in reversed(place.parents):
            if not folder.stat().st_mode & _OTHERS_MAY_ENTER:
                yield folder, place
                break


def _open_ways(closed: list[tuple[Path, Path]]) -> None:
    """Puts an open folder over each closed one, in a mount name space of this process, with nothing
    in it but the ways to what Python needs."""
    _check(_LIBC.unshare(_CLONE_NEWNS), "unshare")
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    held = [(place, os.open(place, os.O_PATH)) for _, place in closed]
    for folder in {folder for folder, _ in closed}:
        _mount("tmpfs", str(folder), "tmpfs", _MS_NOSUID, "mode=755")
    for place, descriptor in held:
        source = f"/proc/self/fd/{descriptor}"
        if Path(source).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _mount(source, str(place), None, _MS_BIND)
        os.close(descriptor)


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind, options)]
    _check(_LIBC.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount({target})")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
