"""Results by section, row, data set and measure; rows, data sets and grids that were run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rast_bench.config.experiment import Role
from rast_bench.metrics.estimate import Estimate
from rast_bench.results.registry import ACCURACY, DIFFERENCE_FROM_HIGHEST
from rast_bench.results.result import ROLE_ORDER, Measure, Result, Status

SIGNIFICANCE = 0.05
NEAR_BEST_TEST = "exact paired sign-flip test over problems, Holm-corrected, 5 %"

WITHOUT_SAMPLES: frozenset[Status] = frozenset(
    {"not run", "partial", "too few samples", "no reference"}
)


class Row(NamedTuple):
    section: str
    label: str
    role: Role


class ResultIndex:
    """The results of rows that were run: sections as given, within them by role, else as given.

    `datasets` are those of any row.
    """

    def __init__(self, results: Iterable[Result]) -> None:
        self._by_place: dict[tuple[Row, str | None], list[Result]] = {}
        run: list[tuple[Row, str | None]] = []  # every cell that was run has an accuracy
        for result in results:
            if result.grid is None and result.status not in WITHOUT_SAMPLES:
                place = Row(result.section, result.row, result.role), result.dataset
                self._by_place.setdefault(place, []).append(result)
                if result.measure == ACCURACY:
                    run.append(place)
        self._found = {
            (place, *_key(result)): result
            for place, members in self._by_place.items()
            for result in members
        }
        self.datasets = tuple(dict.fromkeys(name for _, name in run if name is not None))
        rows = dict.fromkeys(row for row, _ in run)
        self.rows = tuple(
            row
            for section in dict.fromkeys(row.section for row in rows)
            for row in sorted(rows, key=lambda one: ROLE_ORDER.index(one.role))
            if row.section == section
        )

    def section_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.section for row in self.rows))

    def section(self, name: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.section == name)

    def datasets_of(self, row: Row) -> tuple[str, ...]:
        """Return the data sets that the row was run on."""
        return tuple(one for one in self.datasets if self.get(row, one, ACCURACY))

    def at(self, row: Row, dataset: str | None) -> list[Result]:
        return self._by_place.get((row, dataset), [])

    def get(
        self,
        row: Row,
        dataset: str | None,
        measure: Measure,
        k: int | None = None,
        estimator: str = "",
    ) -> Result | None:
        """Return the result of the main or the named estimator, or None."""
        return self._found.get(((row, dataset), measure.name, k, estimator))

    def curve(
        self, row: Row, dataset: str, measure: Measure, estimator: str = ""
    ) -> dict[int, Estimate]:
        """Return the estimates of one estimator by k."""
        return {
            result.k: estimate_of(result)
            for result in self.at(row, dataset)
            if result.measure == measure
            and result.k is not None
            and estimator == _estimator(result)
        }


def estimate_of(result: Result) -> Estimate:
    assert result.estimate is not None, f"{result.measure.name} is there"
    return Estimate(result.estimate, result.standard_error)


def _key(result: Result) -> tuple[str, int | None, str]:
    return result.measure.name, result.k, _estimator(result)


def _estimator(result: Result) -> str:
    """Return the estimator that identifies the result: none for the main one."""
    return "" if result.value.main else result.value.estimator


@dataclass(frozen=True)
class Grid:
    """The accuracies of a λ × τ grid of one pair on one data set; cells may be missing.

    By (λ, τ). `differences` are from the highest cell, which has none itself.
    """

    label: str
    dataset: str
    accuracies: Mapping[tuple[float, float], Result]
    differences: Mapping[tuple[float, float], Result]

    @property
    def problems(self) -> int:
        return next(iter(self.accuracies.values())).problems or 0

    @property
    def samples(self) -> int:
        return next(iter(self.accuracies.values())).samples or 0

    @property
    def lambdas(self) -> tuple[float, ...]:
        return tuple(sorted({lambda_ for lambda_, _ in self.accuracies}))

    @property
    def temperatures(self) -> tuple[float, ...]:
        return tuple(sorted({temperature for _, temperature in self.accuracies}))

    def near_best(self, point: tuple[float, float]) -> bool:
        """Return whether the cell is not significantly below the highest."""
        difference = self.differences.get(point)
        if difference is None or difference.holm_p_value is None:
            return True
        return difference.holm_p_value > SIGNIFICANCE


def grids_of(results: Iterable[Result]) -> list[Grid]:
    """Return the grids of which any cell was run."""
    accuracies: dict[tuple[str, str], dict[tuple[float, float], Result]] = {}
    differences: dict[tuple[str, str], dict[tuple[float, float], Result]] = {}
    numbers = {ACCURACY: accuracies, DIFFERENCE_FROM_HIGHEST: differences}
    for result in results:
        by_place = numbers.get(result.measure)
        if by_place is None or result.grid is None or result.dataset is None:
            continue
        if result.estimate is not None:
            point = (result.lambda_ or 0.0, result.temperature or 0.0)
            by_place.setdefault((result.grid, result.dataset), {})[point] = result
    return [Grid(*place, found, differences.get(place, {})) for place, found in accuracies.items()]
