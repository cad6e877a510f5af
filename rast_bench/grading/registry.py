"""Graders by name."""

from collections.abc import Sequence
from difflib import get_close_matches

from rast_bench.code_tests.consent import GRADER as CODE_TESTS
from rast_bench.config.schema import DatasetConfig
from rast_bench.errors import ConfigError
from rast_bench.grading.base import Grader
from rast_bench.grading.boxed import BoxedGrader
from rast_bench.grading.pooled import PooledGrader
from rast_bench.grading.robust.grader import RobustGrader
from rast_bench.grading.simplerl.grader import SimpleRLGrader

_POOLED: dict[str, type[PooledGrader]] = {
    grader.name: grader for grader in (RobustGrader, SimpleRLGrader)
}
_NAMES = (BoxedGrader.name, CODE_TESTS, *_POOLED)


def grader_names() -> tuple[str, ...]:
    """Every known name, sorted."""
    return tuple(sorted(_NAMES))


def newest_version(name: str) -> str:
    """The full name of a grader whose version may be left out; other names as they are."""
    versions = [known for known in _NAMES if known.rpartition("-")[0] == name]
    return max(versions, key=lambda known: int(known.rpartition("-")[2]), default=name)


def get_grader(
    name: str,
    *,
    workers: int | None = None,
    datasets: Sequence[DatasetConfig] = (),
    allow_code_execution: bool = False,
) -> Grader:
    """A new grader of that name, version included.

    `workers` is the most processes that it may use; one per core where it is None. A grader of
    programs reads its tests from `datasets`, and runs programs only where the user allows it.

    Raises:
        ConfigError: there is none.
    """
    if name in _POOLED:
        return _POOLED[name](workers=workers)
    if name == BoxedGrader.name:
        return BoxedGrader()
    if name == CODE_TESTS:
        from rast_bench.code_tests.grader import CodeTestsGrader  # imports this package's base

        return CodeTestsGrader(datasets, allow_code_execution=allow_code_execution, workers=workers)
    known = grader_names()
    families = [full.rpartition("-")[0] for full in known]
    close = get_close_matches(name.lower(), [*known, *families], n=1)
    guess = f"did you mean {newest_version(close[0])!r}? " if close else ""
    raise ConfigError(f"unknown grader {name!r}", hint=f"{guess}known graders: {', '.join(known)}")
