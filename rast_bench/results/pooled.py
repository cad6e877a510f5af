"""Accuracies over runs that differ only by a seed: their mean and standard deviation.

A standard error over problems does not tell how different another seed's number would be.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NoReturn

from rast_bench.config.experiment import Role
from rast_bench.results.registry import ACCURACY, MEAN_ACCURACY
from rast_bench.results.result import Measure, Result, Value


def _made_from_results(*_: object) -> NoReturn:
    raise AssertionError("pooled measures are made from other results: pooled_results")


POOLED_MEAN = Measure(
    "mean accuracy over runs",
    _made_from_results,
    direction="higher",
    level="row",
    optional=True,
    column="pooled_avg",
)
POOLED_SD = Measure(
    "standard deviation of the accuracy over runs",
    _made_from_results,
    direction="lower",
    level="row",
    optional=True,
    column="pooled_sd",
)


@dataclass(frozen=True)
class Pool:
    """Rows of a section that are runs of the same thing, in the order of the table."""

    section: str
    name: str
    rows: tuple[str, ...]


def pools_of(rows: Iterable[tuple[str, str, str | None]]) -> list[Pool]:
    """Return the pools of (section, row, name of its pool or None); a single row makes none."""
    members: dict[tuple[str, str], dict[str, None]] = {}
    for section, row, name in rows:
        if name is not None:
            members.setdefault((section, name), {})[row] = None
    return [
        Pool(section, name, tuple(found))
        for (section, name), found in members.items()
        if len(found) > 1
    ]


def pooled_results(results: Sequence[Result], pools: Iterable[Pool]) -> list[Result]:
    """Return mean and standard deviation (n − 1) over the runs of each pool, for each data set.

    Also of the mean over data sets, whose `dataset` is None. If a run has no number there is no
    result.
    """
    found = []
    for pool in pools:
        runs = [one for one in results if one.section == pool.section and one.row in pool.rows]
        for dataset in _datasets(runs):
            measure = MEAN_ACCURACY if dataset is None else ACCURACY
            numbers = {
                one.row: one.estimate
                for one in runs
                if (one.dataset, one.measure, one.grid) == (dataset, measure, None)
            }
            values = [one for one in numbers.values() if one is not None]
            if len(values) == len(pool.rows):
                place = _place(runs[0], pool, dataset)
                found += [
                    place(POOLED_MEAN, fmean(values)),
                    place(POOLED_SD, stdev(values)),
                ]
    return found


def _datasets(runs: Iterable[Result]) -> list[str | None]:
    measures = (ACCURACY, MEAN_ACCURACY)
    names = dict.fromkeys(
        one.dataset for one in runs if one.grid is None and one.measure in measures
    )
    several = len(set(names) - {None}) > 1  # otherwise the mean over data sets is the same number
    return [name for name in names if name is not None] + ([None] if several else [])


def _place(first: Result, pool: Pool, dataset: str | None) -> Callable[[Measure, float], Result]:
    role: Role = first.role

    def result(measure: Measure, estimate: float) -> Result:
        return Result(
            experiment=first.experiment,
            section=pool.section,
            row=pool.name,
            role=role,
            grid=None,
            dataset=dataset,
            cell_ids=(),
            measure=measure,
            value=Value(estimate),
            samples=len(pool.rows),
        )

    return result
