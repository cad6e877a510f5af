"""Graders by name: built-in ones, and a user's own as `module:Class`."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from rast_bench.errors import ConfigError, first_line
from rast_bench.grading.base import Grader
from rast_bench.grading.pooled import PooledGrader
from rast_bench.importing import import_object

if TYPE_CHECKING:
    from rast_bench.config.schema import CellConfig, DatasetConfig
    from rast_bench.ledger import Ledger
    from rast_bench.planning.cells import PlannedCell

CODE_TESTS = "code-tests-2"
_OURS = {
    "boxed-1": "rast_bench.grading.boxed:BoxedGrader",
    CODE_TESTS: "rast_bench.code_tests.grader:CodeTestsGrader",
    "robust-2": "rast_bench.grading.robust.grader:RobustGrader",
    "simplerl-1": "rast_bench.grading.simplerl.grader:SimpleRLGrader",
}
"""Imported when they are asked for: each process of a pool imports this package."""

_RETIRED = {"robust-1": "robust-2"}
"""Graders whose stored verdicts are read, and by what they were replaced."""

_VERSIONED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*-[0-9]+")


def grader_names() -> tuple[str, ...]:
    """Return every known name, sorted."""
    return tuple(sorted(_OURS))


def newest_version(name: str) -> str:
    """Return the full name of a grader whose version may be left out; other names unchanged."""
    versions = [known for known in _OURS if _family(known) == name]
    return max(versions, key=lambda known: int(known.rpartition("-")[2]), default=name)


def get_grader(
    name: str,
    *,
    workers: int | None = None,
    datasets: Sequence["DatasetConfig"] = (),
    allow_code_execution: bool = False,
) -> Grader:
    """Return a new grader of that name, version included, or of a user's own class, `module:Class`.

    Args:
        workers: maximum number of processes; one per core if None.
        datasets: where a grader of programs finds its tests.
        allow_code_execution: whether a grader of programs may run them.

    Raises:
        ConfigError: there is no such grader, it is retired, or the class is not a grader.
    """
    if ":" in name:
        return _own_grader(name, workers)
    if name in _OURS:
        kind = import_object(_OURS[name], f"grader {name}")
        options: dict[str, Any] = {"workers": workers} if issubclass(kind, PooledGrader) else {}
        if name == CODE_TESTS:
            options = {"datasets": datasets, "allow_code_execution": allow_code_execution}
            options["workers"] = workers
        grader: Grader = kind(**options)
        return grader
    if is_retired(name):
        raise _no_longer(name, "it no longer grades")
    known = grader_names()
    close = get_close_matches(name.lower(), [*known, *map(_family, known)], n=1)
    guess = f"did you mean {newest_version(close[0])!r}? " if close else ""
    raise ConfigError(
        f"unknown grader {name!r}",
        hint=f"{guess}known graders: {', '.join(known)}; your own is module:Class",
    )


def stored_name(name: str) -> str:
    """Return the name that keys a grader's stored verdicts; for `module:Class`, the class's own.

    Raises:
        ConfigError: as `get_grader`.
    """
    return _own_name(name) if ":" in name else name


def graders_of(cell: "CellConfig", chosen: str | None) -> tuple[str, ...]:
    """Return the stored names of the graders of a cell's samples.

    Raises:
        ConfigError: as `get_grader`.
    """
    return tuple(map(stored_name, cell.graders(chosen)))


def check_graders(names: Iterable[str]) -> None:
    """Raise ConfigError for an unknown grader, and for two with the same name.

    A retired one passes: see `check_retired`.
    """
    by_name: dict[str, str] = {}
    for name in sorted(set(names)):
        if is_retired(name):
            continue
        stored = get_grader(name).name
        other = by_name.setdefault(stored, name)
        if other != name:
            raise ConfigError(
                f"graders {other} and {name} both call themselves {stored!r}",
                hint="a name is the key of stored verdicts: give one of them another",
            )


def is_retired(name: str) -> bool:
    """Return whether this grader's stored verdicts are read but no new ones are made."""
    return name in _RETIRED


def check_retired(
    planned: Iterable["PlannedCell"], ledger: "Ledger", chosen: str | None = None
) -> None:
    """Raise ConfigError if a retired grader is requested and a planned verdict is not stored.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for cell in planned:
        for name in filter(is_retired, cell.cell.graders(chosen)):
            count = cell.cell.decoding.samples_per_problem
            stored = ledger.judged(cell.cell_id, name)
            missing = sum(
                (problem.problem_id, index) not in stored
                for problem in cell.problems
                for index in range(count)
            )
            check_nothing_missing(name, cell, missing)


def check_nothing_missing(name: str, cell: "PlannedCell", missing: int) -> None:
    """Raise ConfigError if samples of a cell lack a verdict of a retired grader."""
    if missing:
        raise _no_longer(
            name,
            f"it no longer grades, and {missing:,} samples on {cell.cell.dataset.name} lack its "
            "verdict",
        )


def _no_longer(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"grader {name}: {why}",
        hint=f"{_RETIRED[name]} replaced it: name that one in graders or grader=; "
        f"stored verdicts of {name} are still read",
    )


@cache
def _own_name(path: str) -> str:
    return _own_grader(path, None).name


def _own_grader(path: str, workers: int | None) -> Grader:
    place = f"grader {path}"
    made: Any = import_object(path, place)
    pooled = isinstance(made, type) and issubclass(made, PooledGrader)
    if callable(made):
        try:
            made = made(workers=workers) if pooled else made()
        except Exception as error:
            raise ConfigError(
                f"{place}: creating it fails with {type(error).__name__}: {first_line(error)}",
                hint="the class is called without arguments; docs/add_a_grader.md shows one",
            ) from error
    if not isinstance(made, Grader):
        lacking = [part for part in _PARTS if not hasattr(made, part)]
        raise ConfigError(
            f"{place} is not a grader: it lacks {', '.join(lacking)}",
            hint="subclass rast_bench.grading.AnswerGrader; docs/add_a_grader.md shows how",
        )
    name = made.name
    if not isinstance(name, str) or not _VERSIONED.fullmatch(name):
        raise ConfigError(
            f"{place}: its name {name!r} has no version",
            hint="set name = 'mine-1': letters, digits, . _ + - and the version at the end",
        )
    if _family(name) in {_family(known) for known in (*_OURS, *_RETIRED)}:
        raise ConfigError(
            f"{place}: the name {name!r} belongs to a grader of rast-bench",
            hint="a name is the key of stored verdicts: choose one of your own",
        )
    return made


_PARTS = ("name", "grade", "grade_many", "explain", "reading")


def _family(name: str) -> str:
    return name.rpartition("-")[0]
