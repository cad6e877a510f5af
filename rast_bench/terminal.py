"""Output to terminals: no control characters, any encoding, any stream.

Labels, problem ids, file names and responses come from others. Everything printed passes through
here, so no print statement needs to escape it.
"""

import codecs
import errno
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rast_bench.errors import OutputError

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line separators, marks that turn direction
    "\ud800-\udfff]"  # halves of surrogate pairs
)
_BAR = re.compile(
    "\r|(?:\x1b\\[A)+$"
)  # how progress bars of other libraries start a write: see `write`

_SIGNS = {
    "─": "-",
    "╌": "-",
    "–": "-",
    "•": "*",
    "·": "*",
    "×": "x",
    "±": "+-",
    "…": "...",
    "λ": "lambda",
    "τ": "tau",
    "Δ": "Delta",
    "−": "-",
    "≥": ">=",
    "≤": "<=",
}
_ERRORS = "rast_bench_signs"


def printable(text: str) -> str:
    """Return the text with every character that would control a terminal escaped: `\\x1b`,
    `\\u202e`.

    Tabs and line feeds stay.
    """
    return _UNSAFE.sub(lambda match: _escaped(match[0]), text)


def printable_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in ASCII, which `Output` prints as it is in any encoding."""
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _signs(error: UnicodeError) -> tuple[str, int]:
    """Replace our own signs by ASCII and anything else by an escape, if the encoding lacks it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    words = (_SIGNS.get(one) or one.encode("ascii", "backslashreplace").decode() for one in text)
    return "".join(words), error.end


codecs.register_error(_ERRORS, _signs)


def stdout_width() -> int | None:
    """Return the columns of the terminal that stdout is; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


class Output(io.TextIOBase):
    """A text stream that writes only what is safe to print.

    `strict` is for data: what cannot be written raises OutputError. Messages that cannot be written
    are dropped, and `lost` says why, so that a full stderr costs no samples.
    """

    def __init__(self, stream: TextIO | None, name: str, *, strict: bool) -> None:
        self.raw_stream = stream
        self.lost: OutputError | None = None
        self._name = name
        self._strict = strict
        self._in_bar = False

    def write(self, text: str) -> int:
        """Write the text. Raise OutputError if `strict`, and BrokenPipeError."""
        # A bar overwrites its own line. Our own writes never start with text of others.
        bar = None if self._strict else _BAR.match(text)
        head = bar[0] if bar else ""
        self._do(lambda stream: stream.write(head + self._encodable(printable(text[len(head) :]))))
        return len(text)

    def flush(self) -> None:
        """Flush the stream. Raise as `write`."""
        self._do(lambda stream: stream.flush())

    def isatty(self) -> bool:
        return self.raw_stream is not None and self.raw_stream.isatty()

    def fileno(self) -> int:
        if self.raw_stream is None:
            raise io.UnsupportedOperation(f"{self._name} is closed")
        return self.raw_stream.fileno()

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:  # buffer, encoding, …
        return getattr(self.raw_stream, name)

    def _encodable(self, text: str) -> str:
        encoding = getattr(self.raw_stream, "encoding", None)
        if encoding is None or encoding.lower() in ("utf-8", "utf8"):
            return text
        return text.encode(encoding, _ERRORS).decode(encoding)

    def _do(self, action: Any) -> None:
        if self.lost is None:
            try:
                if self.raw_stream is None:
                    raise OSError(errno.EBADF, "it is closed")
                action(self.raw_stream)
            except BrokenPipeError:
                raise
            except (OSError, ValueError) as error:  # ValueError: closed within the process
                reason = (getattr(error, "strerror", None) or str(error)).lower()
                self.lost = OutputError(
                    f"cannot write to {self._name}: {reason}",
                    hint="samples that were made are saved; run the same command again with "
                    f"{self._name} open and room for it",
                )
                _forget(self.raw_stream)
            else:
                return
        if self._strict:
            raise self.lost


def _forget(stream: TextIO | None) -> None:
    """Discard what is buffered: Python would try to write it again at exit, and complain."""
    try:
        descriptor = stream.fileno() if stream is not None else -1
        if descriptor >= 0:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, descriptor)
            os.close(null)
    except (OSError, ValueError):  # no file descriptor
        pass


def forget_stdout() -> None:
    """Discard buffered output for a reader of stdout that has left."""
    _forget(getattr(sys.stdout, "raw_stream", sys.stdout))


@contextmanager
def safe_streams() -> Iterator[None]:
    """Make sys.stdout and sys.stderr `Output`s in the body. May be nested."""
    before = sys.stdout, sys.stderr
    if not isinstance(sys.stderr, Output):
        _occupy_closed_descriptors()
        sys.stdout = Output(sys.stdout, "stdout", strict=True)
        sys.stderr = Output(sys.stderr, "stderr", strict=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _occupy_closed_descriptors() -> None:
    """Open /dev/null for closed standard streams, so that no shard is opened with descriptor 1 or
    2.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
