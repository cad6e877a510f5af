"""The hostile programs of programs/*.txt, and batches of them.

A file holds programs one after the other, each below a line `### name` or `### name (flags)`. A
program defines `f`, which gives x + 1 exactly where its attack gets through; so it passes the tests
of `SUCCESSOR` exactly then. Words between @ are put in by the world that it attacks. Flags:

* alone: it may end or spoil its process, so no batch holds it;
* timeout: it shall be ended by a limit of time, whatever it does about it.
"""

import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rast_bench.code_tests.tests import FunctionTests

SUCCESSOR = FunctionTests("f", ((1,), (2,)), (2, 3))

_FOLDER = Path(__file__).with_name("programs")
_HEADING = re.compile(r"^### (\w+)(?: \(([\w, ]+)\))?$", re.MULTILINE)
_NEVER_IN_BATCHES = ("verdict", "limits")
_COLUMN = {"x86_64": 0, "aarch64": 1}
_PRELUDE = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
SYS = {calls}
VICTIMS = {victims}
def raw(number, *args):
    "Whether the kernel takes the call, and does not refuse it unseen."
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in args]
    result = libc.syscall(ctypes.c_long(number), *words)
    return result >= 0 or ctypes.get_errno() not in (1, 38)  # EPERM, ENOSYS
def call(name, *args):
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in args]
    result = -1 if SYS[name] is None else libc.syscall(ctypes.c_long(SYS[name]), *words)
    if result < 0:
        raise OSError(ctypes.get_errno() or 38, name)
    return result
def tried(name, *args):
    try:
        return call(name, *args)
    except OSError:
        return None
def succeeds(name, *args):
    return tried(name, *args) is not None
def reached(name, *args):
    return SYS[name] is not None and raw(SYS[name], *args)
"""
_USES_PRELUDE = re.compile(r"\b(VICTIMS|SYS|(raw|call|tried|succeeds|reached)\()")
_BATCH = """\
PROGRAMS = {programs}
def f(x):
    for text in PROGRAMS:
        scope = dict(globals())
        try:
            exec(text, scope)
            if scope["f"](x) == x + 1:
                return x + 1
        except BaseException:
            pass
    return "tried {count}"
"""


@dataclass(frozen=True)
class Program:
    """One or, in a batch, many hostile programs; `names` are theirs."""

    names: tuple[str, ...]
    group: str
    text: str
    alone: bool = False
    timeout: bool = False


@cache
def read_programs() -> tuple[Program, ...]:
    """All of them. `group` is the file's name."""
    return tuple(
        Program(
            (name,),
            path.stem,
            text.strip() + "\n",
            path.stem in _NEVER_IN_BATCHES or "alone" in flags,
            "timeout" in flags,
        )
        for path in sorted(_FOLDER.glob("*.txt"))
        for name, flags, text in _split(path.read_text(encoding="utf-8"))
    )


def _split(text: str) -> Iterable[tuple[str, str, str]]:
    first, *parts = _HEADING.split(text)
    assert not first.strip(), first
    return zip(parts[::3], (flags or "" for flags in parts[1::3]), parts[2::3], strict=True)


def batched(programs: Iterable[Program]) -> list[Program]:
    """The same with those of a group that may share a process in one. A batch answers `tried N`
    where none of its N programs got through."""
    singles: list[Program] = []
    groups: dict[str, list[Program]] = {}
    for program in programs:
        if program.alone:
            singles.append(program)
        else:
            groups.setdefault(program.group, []).append(program)
    return [*(_batch(group, members) for group, members in groups.items()), *singles]


def _batch(group: str, members: Sequence[Program]) -> Program:
    texts = [program.text for program in members]
    names = tuple(name for program in members for name in program.names)
    return Program(names, group, _BATCH.format(programs=texts, count=len(texts)))


def aimed(program: Program, words: Mapping[str, str], victims: Sequence[int]) -> str:
    """The program's text with the world's words and, where it uses it, the prelude."""
    text = program.text
    if _USES_PRELUDE.search(text):
        text = _PRELUDE.format(calls=_calls(), victims=tuple(victims)) + text
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


@cache
def _calls() -> dict[str, int | None]:
    known = json.loads(Path(__file__).with_name("calls.json").read_text(encoding="utf-8"))
    column = _COLUMN[platform.machine()]
    return {name: numbers[column] for name, numbers in known.items()}
