"""Ctrl-C or SIGTERM once: finish the write and say how to resume. Twice: exit at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
)  # Ctrl-C in a shell; a scheduler's warning before it kills
_SHOW_CURSOR = "\x1b[?25h"


def exit_code(number: int) -> int:
    """Return the exit code that shells report for a signal: 130 for SIGINT, 143 for SIGTERM."""
    return 128 + number


class Interrupted(KeyboardInterrupt):
    """A KeyboardInterrupt that knows its signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.exit_code = exit_code(number)


@contextmanager
def two_step_interrupt(signals: Sequence[int] = SIGNALS) -> Iterator[None]:
    """Raise Interrupted at the first of the signals; exit with its code at the second.

    Exiting at once is harmless: shards are written whole or not at all. Outside the main thread,
    where Python delivers no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
            os._exit(exit_code(number))
        interrupted = True
        raise Interrupted(number)

    previous = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def until_ctrl_c() -> Iterator[None]:
    """As `two_step_interrupt`, for what only Ctrl-C ends: that is no error. SIGTERM is."""
    try:
        with two_step_interrupt():
            yield
    except Interrupted as interrupt:
        if interrupt.number != signal.SIGINT:
            raise
