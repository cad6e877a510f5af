"""Files of unknown origin: inspected before they are opened, parsed as JSON without surprises.

Opening a named pipe blocks for ever, a device never ends, and Python's errors for the rest differ
between releases. So whoever reads a data set or a checkpoint checks here first.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SHOWN = 200  # characters of a path in a message
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_MARKS = {  # the longer ones first: UTF-32 starts like UTF-16
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


def file_problem(path: Path) -> str | None:
    """Return why `path` cannot be read as a regular file, in a few words; None if it can.

    Symbolic links are followed, as a loader does. An empty file is not an error here.
    """
    return _problem(path, lambda mode: _KINDS.get(stat.S_IFMT(mode)))


def folder_problem(path: Path) -> str | None:
    """Return why the entries of `path` cannot be listed and read; None if they can."""
    problem = _problem(path, lambda mode: None if stat.S_ISDIR(mode) else "it is not a folder")
    if problem is None and not os.access(path, os.X_OK):
        return "permission denied"
    return problem


def is_there(path: Path) -> bool:
    """Return whether something has this name; True also if that cannot be determined."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def is_folder(path: Path) -> bool:
    """Return whether it is a folder; True also if that is hidden from this user."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def os_problem(error: OSError, path: Path) -> str:
    """Return the reason of an operating system error on `path`, with the folder that is closed."""
    match error.errno:
        case errno.ENOENT:
            return "it does not exist" if not path.is_symlink() else "it is a broken link"
        case errno.EACCES | errno.EPERM:
            closed = _closed_folder(path)
            return "permission denied" if closed is None else f"permission denied for {closed}"
        case errno.ELOOP:
            return "its symbolic links form a loop"
        case errno.ENAMETOOLONG:
            return "its name is too long"
        case errno.ENOTDIR:
            return "a part of its path is a file, not a folder"
    return error.strerror or type(error).__name__


def shown(path: Path | str) -> str:
    """Return a path for a message: on one line, shortened in the middle if it is very long."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))
    if len(text) <= _SHOWN:
        return text
    return f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 4 :]} ({len(text):,} characters)"


def parse_json(text: str | bytes) -> Any:
    """Return the Python objects of a JSON document; a leading byte order mark is skipped.

    Raises:
        ValueError: the document cannot be used: it is not UTF-8, the syntax is broken, nesting
            or integers are too large for Python, or it contains half of a surrogate pair, which
            neither a tokenizer nor a file accepts. The one-line message continues after the
            document's name ("is not JSON: …").
    """
    if isinstance(text, bytes):
        text = decoded(text)
    if not text.strip():
        raise ValueError("is empty")
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        position = f"column {error.colno}"
        if error.lineno > 1 or "\n" in text.strip():
            position = f"line {error.lineno}, {position}"
        raise ValueError(f"is not JSON: {error.msg.removesuffix(' at')} at {position}") from None
    except RecursionError:
        raise ValueError("has lists or objects that are nested too deeply") from None
    except ValueError:  # from int(), which limits the number of digits
        raise ValueError("has an integer with thousands of digits") from None
    if "\\u" in text and (half := half_pair(content)) is not None:
        raise ValueError(f"has half of a surrogate pair, {half}, which is not a character")
    return content


def decoded(content: bytes) -> str:
    """Return UTF-8 text without its byte order mark. Raise ValueError as `parse_json`."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            raise ValueError(f"is {encoding} text, not UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = f"byte 0x{content[error.start]:02x} at position {error.start:,}"
        raise ValueError(f"is not UTF-8 text: {position}") from None


def half_pair(value: Any) -> str | None:
    """Return the first half of a surrogate pair in a text, list or object, as JSON writes it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and (found := _HALF_PAIR.search(one)):
            return f"\\u{ord(found[0]):x}"
    return None


def _problem(path: Path, of_kind: Callable[[int], str | None]) -> str | None:
    try:
        problem = of_kind(path.stat().st_mode)
        if problem is None:
            # A pipe created there in the meantime does not block this either.
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return os_problem(error, path)
    except ValueError:
        return "its name contains a NUL character"
    return problem


def _closed_folder(path: Path) -> Path | None:
    """Return the outermost folder on the way to `path` that this user may not enter."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK):
            return folder
    return None
