"""Comparisons that misbehave, by the answer. Worker processes import them by name."""

import os
import signal
import time
from pathlib import Path

from rast_bench.grading.decision import Decision, decided, undecided
from rast_bench.grading.expressions.errors import OversizedError, WorkLimitError


def peak_bytes() -> int:
    """Of this program. Not ru_maxrss: that of a child begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def misbehave(answer: str, gold: str) -> Decision:
    if answer == "loop":
        while True:
            try:
                sum(range(1000))
            except Exception:  # what sympy does; the limit must get through
                continue
    if answer == "swallow":
        while True:
            try:
                sum(range(1000))
            except BaseException:  # the second reminder comes
                time.process_time()
                break
        while True:
            sum(range(1000))
    if answer == "one long step in C":
        return decided(pow(9, 9**9) == 0)
    if answer == "memory":
        return decided(bool(bytearray(1 << 40)))
    if answer == "fill":
        room = []
        try:
            while True:
                room.append(bytearray(b"x") * 2**24)
        except MemoryError:
            return decided(len(room) >= 16 and peak_bytes() < 2**30)
    if answer == "death":
        os.kill(os.getpid(), signal.SIGKILL)
    if answer == "sleep":
        time.sleep(1.5)
    if answer == "work":
        raise WorkLimitError("too much")
    if answer == "oversized":
        raise OversizedError("too long")
    if answer == "odd":
        raise AttributeError("as sympy does")
    if answer == "fault":
        raise ImportError("ours")
    if answer == "perhaps":
        return undecided("numeric", "no proof")
    return decided(answer == gold)
