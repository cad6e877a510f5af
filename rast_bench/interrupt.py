"""Ctrl-C or SIGTERM once: finish the write and say how to resume. Twice: leave at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # a shell's Ctrl-C; schedulers before they kill
_SHOW_CURSOR = "\x1b[?25h"


def exit_code(number: int) -> int:
    """As shells report a process that a signal ended: 130 for SIGINT, 143 for SIGTERM."""
    return 128 + number


class Interrupted(KeyboardInterrupt):
    """A KeyboardInterrupt that knows its signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.exit_code = exit_code(number)


@contextmanager
def two_step_interrupt(signals: Sequence[int] = SIGNALS) -> Iterator[None]:
    """The first of the signals raises Interrupted, the second ends the process with its exit code.

    Leaving at once is harmless: shards are written whole or not at all. Outside the main thread,
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
