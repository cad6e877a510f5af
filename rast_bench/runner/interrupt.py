"""Ctrl-C once: finish the write and say how to resume. Twice: leave at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_INTERRUPTED = 130
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def two_step_interrupt() -> Iterator[None]:
    """The first SIGINT raises KeyboardInterrupt, the second ends the process with exit code 130.

    Leaving at once is harmless: shards are written whole or not at all. Outside the main thread,
    where Python delivers no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
            os._exit(EXIT_INTERRUPTED)
        interrupted = True
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
