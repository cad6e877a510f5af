"""The filter of system calls, run here as the kernel would run it, for both architectures."""

import errno
import json
from pathlib import Path

import hostile
import pytest

from rast_bench.code_tests.inside import seccomp

OWN = 1234
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
LOAD, EQUAL, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
THREAD = 0x3D0F00
HOSTILE = json.loads(Path(hostile.__file__).with_name("calls.json").read_text())
JUDGED = ("clone", "fcntl", "futex", "ioctl", "kill", "prctl", "prlimit64", "tgkill")

each_machine = pytest.mark.parametrize("machine", ARCHITECTURES)


def judged(
    machine: str, number: int, *arguments: int, arch: int | None = None, **options: bool
) -> int:
    """What the filter returns for a call."""
    words = {0: number, 4: ARCHITECTURES[machine] if arch is None else arch}
    words |= {16 + 8 * place: word % 2**32 for place, word in enumerate(arguments)}
    steps = seccomp.filter_program(machine, OWN, **({"writes": False} | options))
    place, loaded = 0, 0
    while True:
        operation, if_true, if_false, operand = steps[place]
        place += 1
        if operation == RETURN:
            return operand
        if operation == LOAD:
            loaded = words.get(operand, 0)
        elif operation == AND:
            loaded &= operand
        else:
            holds = loaded == operand if operation == EQUAL else loaded >= operand
            assert operation in (EQUAL, AT_LEAST)
            place += if_true if holds else if_false


@each_machine
@pytest.mark.parametrize("writes", [True, False])
def test_the_kernel_takes_it(machine: str, writes: bool) -> None:
    steps = seccomp.filter_program(machine, OWN, writes=writes, sealed=not writes)

    assert len(steps) < 4096  # the kernel's limit
    for place, (_, first, second, operand) in enumerate(steps[:-1]):
        assert place + 1 + max(first, second) < len(steps)
        assert 0 <= max(first, second) < 256
        assert 0 <= operand < 2**32


@each_machine
@pytest.mark.parametrize("writes", [True, False])
def test_no_call_of_the_hostile_programs_is_let_through(machine: str, writes: bool) -> None:
    column = list(ARCHITECTURES).index(machine)
    for name, numbers in HOSTILE.items():
        if name not in JUDGED and numbers[column] is not None:
            assert judged(machine, numbers[column], writes=writes) in (EPERM, ENOSYS), name


@each_machine
def test_calls_of_later_kernels_are_not_there(machine: str) -> None:
    assert {judged(machine, number) for number in (435, 437, 470, 2**30, 2**32 - 1)} == {ENOSYS}


@each_machine
def test_other_architectures_calls_are_refused(machine: str) -> None:
    others = {*ARCHITECTURES.values(), 0x40000003} - {ARCHITECTURES[machine]}

    assert {judged(machine, 0, arch=arch) for arch in others} == {EPERM}


@each_machine
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("kill", (OWN, 9), [(0, 9), (-1, 9), (1, 9), (-OWN, 9)]),
        ("tgkill", (OWN, OWN + 1, 9), [(1, OWN, 9)]),
        ("clone", (THREAD,), [(17,), (THREAD | 1 << 28,), (THREAD | 1 << 12,), (1 << 16,), (0,)]),
        ("fcntl", (0, 1030), [(0, 4), (0, 8), (0, 10), (0, 15), (0, 6), (0, 1024), (0, 1026)]),
        ("ioctl", (0, 0x5401), [(0, 0x8901), (0, 0x5412), (0, 0x40086602), (0, 0x5452)]),
        ("futex", (0, 128), [(0, 6), (0, 128 | 11), (0, 256 | 12)]),
        ("prctl", (15,), [(1,), (4,), (22,), (36,), (38,)]),
        ("prlimit64", (0,), [(1,), (OWN,)]),
    ],
)
def test_arguments_decide(
    machine: str, name: str, good: tuple[int, ...], bad: list[tuple[int, ...]]
) -> None:
    number = HOSTILE[name][list(ARCHITECTURES).index(machine)]

    assert judged(machine, number, *good) == ALLOW
    assert {judged(machine, number, *arguments) for arguments in bad} == {EPERM}


@pytest.mark.parametrize(("machine", "mkdirat"), [("x86_64", 258), ("aarch64", 34)])
def test_files_change_in_name_spaces_only(machine: str, mkdirat: int) -> None:
    assert judged(machine, mkdirat, writes=True) == ALLOW
    assert judged(machine, mkdirat, writes=False) == EPERM


@pytest.mark.parametrize(("machine", "openat"), [("x86_64", 257), ("aarch64", 56)])
def test_sealed_lets_read_and_no_more(machine: str, openat: int) -> None:
    for flags, sealed in ((0, ALLOW), (1, EPERM), (2, EPERM), (0o100, EPERM), (0o1000, EPERM)):
        assert judged(machine, openat, 0, 0, flags) == ALLOW
        assert judged(machine, openat, 0, 0, flags, sealed=True) == sealed
