"""Errors of transformers while loading, with a hint that fits."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from rast_bench.config.paths import local_model_dir
from rast_bench.errors import ModelError, RastBenchError

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef

_MAX_CHARACTERS = 300
_LIBRARY = re.compile(r"(?:site|dist)-packages/([A-Za-z]\w*)/[^\s'\"]*\.so\b")
_LOADING = re.compile(r"could not load this library|failed to import|undefined symbol|\.so\b", re.I)


def load_error(ref: ModelRef, what: str, error: Exception) -> RastBenchError:
    """Return the error for a part of a checkpoint (`what`, a phrase) that transformers could not
    load.

    An error of ours is returned unchanged.
    """
    if isinstance(error, RastBenchError):
        return error
    package = broken_package(error)
    if package is not None:
        hint = (
            f"the error is in the Python package {package}, not in the checkpoint: "
            f"`python -c 'import {package}'` shows it; install it again, or uninstall it if "
            "nothing needs it"
        )
    elif local_model_dir(ref) is not None:
        hint = (
            f"its folder exists but transformers {version('transformers')} cannot use it: "
            "download or save the checkpoint again, tokenizer and weights in one folder"
        )
    else:
        hint = "check the hub id and its revision, and that the hub or its cache can be reached"
    message = f"{what} cannot be loaded: {one_line(error)}"
    return ModelError(message, hint=hint, here_only=package is not None)


def broken_package(error: BaseException) -> str | None:
    """Return the Python package whose import failed, in an error or its causes; else None."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        one = one.__cause__ or one.__context__
    for one in reversed(seen):  # the first cause is the most specific
        text = str(one)
        if (library := _LIBRARY.search(text)) is not None:
            return library[1]
        if isinstance(one, ImportError) or _LOADING.search(text):
            if isinstance(one, ImportError) and one.name:
                return one.name.partition(".")[0]
            named = re.search(r"No module named '(\w+)|requires? (?:the )?`?(\w+)", text)
            if named is not None:
                return named[1] or named[2]
            if isinstance(one, ImportError):
                return "transformers"
    return None


def one_line(error: BaseException) -> str:
    """Return another library's message on one line, shortened; the error's type if it is empty."""
    text = " ".join(str(error).split())
    if not text:
        return type(error).__name__
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
