"""Progress on stderr: a bar on a terminal, a line every few seconds elsewhere."""

import os
import sys
import time
from typing import TYPE_CHECKING, Protocol, TextIO

from rast_bench.terminal import printable

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

PLAIN_SECONDS = 5.0


class Progress(Protocol):
    """Receives the events of a run. `start` comes first, `stop` last and always."""

    def start(self, *, total: int, done: int) -> None: ...
    def describe(self, text: str) -> None: ...
    def advance(self, samples: int = 1) -> None: ...
    def stop(self) -> None: ...


class NoProgress:
    """Prints nothing."""

    def start(self, *, total: int, done: int) -> None:
        pass

    def describe(self, text: str) -> None:
        pass

    def advance(self, samples: int = 1) -> None:
        pass

    def stop(self) -> None:
        pass


class PlainProgress:
    """Whole lines, at most one every `interval` seconds and one at the end."""

    def __init__(self, stream: TextIO | None = None, *, interval: float = PLAIN_SECONDS) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._interval = interval
        self._total = self._reused = self._made = 0
        self._text = ""
        self._begin = self._told = time.monotonic()
        self._told_made = -1

    def start(self, *, total: int, done: int) -> None:
        self._total, self._reused, self._made = total, done, 0
        self._begin = self._told = time.monotonic()
        self._tell()

    def describe(self, text: str) -> None:
        self._text = text

    def advance(self, samples: int = 1) -> None:
        self._made += samples
        if time.monotonic() - self._told >= self._interval:
            self._tell()

    def stop(self) -> None:
        if self._told_made != self._made:
            self._tell()

    def _tell(self) -> None:
        self._told, self._told_made = time.monotonic(), self._made
        done = self._reused + self._made
        share = 100 * done // self._total if self._total else 100
        line = f"{done:,}/{self._total:,} samples ({share}%)"
        seconds = self._told - self._begin
        if self._made and seconds > 0:
            rate = self._made / seconds
            left = (self._total - done) / rate
            line += f", {rate:.1f} samples/s, {duration(left)} left"
        if self._text:
            line += f": {self._text}"
        print(line, file=self._stream, flush=True)


class RichProgress:
    """A bar with finished samples, samples/s, time left and the current cell."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: "Task") -> "Text":
                return Text(f"{task.speed:.1f}/s" if task.speed else "–/s")

        self._bar = Bar(
            MofNCompleteColumn(),
            BarColumn(bar_width=30),
            Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            # Bypasses terminal.py, which would remove the control characters that draw the bar.
            console=Console(file=getattr(sys.stderr, "raw_stream", sys.stderr)),
        )
        self._task = self._bar.add_task("", total=None)

    def start(self, *, total: int, done: int) -> None:
        self._bar.reset(self._task, total=total, completed=done)
        self._bar.start()

    def describe(self, text: str) -> None:
        self._bar.update(self._task, description=printable(text))

    def advance(self, samples: int = 1) -> None:
        self._bar.advance(self._task, samples)

    def stop(self) -> None:
        self._bar.stop()


def stderr_progress() -> Progress:
    """Return a bar if stderr is a terminal, else plain lines."""
    bar = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "")
    return RichProgress() if bar else PlainProgress()


def duration(seconds: float) -> str:
    """Return a duration for people: `2 h 5 min`, `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
