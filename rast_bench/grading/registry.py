"""Graders by name."""

from collections.abc import Callable
from difflib import get_close_matches

from rast_bench.errors import ConfigError
from rast_bench.grading.base import Grader
from rast_bench.grading.boxed import BoxedGrader

_GRADERS: dict[str, Callable[[], Grader]] = {BoxedGrader.name: BoxedGrader}


def grader_names() -> tuple[str, ...]:
    """Every known name, sorted."""
    return tuple(sorted(_GRADERS))


def get_grader(name: str) -> Grader:
    """A new grader of that name, version included.

    Raises:
        ConfigError: there is none.
    """
    if name in _GRADERS:
        return _GRADERS[name]()
    known = grader_names()
    close = get_close_matches(name.lower(), known, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    raise ConfigError(f"unknown grader {name!r}", hint=f"{guess}known graders: {', '.join(known)}")
