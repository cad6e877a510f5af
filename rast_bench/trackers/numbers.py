"""The numbers of a run: a cell's results when there are some, what there is of it before."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rast_bench.metrics.estimate import Estimate, mean_estimate
from rast_bench.planning.cells import PlannedCell
from rast_bench.results.intervals import interval_of
from rast_bench.results.measures import table_ks
from rast_bench.results.registry import (
    ACCURACY,
    GAIN,
    LENGTH,
    MAJORITY_AT_K,
    PASS_AT_K,
    RECOVERY,
    TIMEOUT,
    TRUNCATED,
    UNPARSED,
)
from rast_bench.results.result import Result
from rast_bench.trackers.base import Scalar

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

_NAMES = {
    ACCURACY: "accuracy",
    GAIN: "gain",
    RECOVERY: "recovery",
    PASS_AT_K: "pass_at",
    MAJORITY_AT_K: "majority_at",
    LENGTH: "mean_tokens",
    TRUNCATED: "truncated_share",
    UNPARSED: "unparsed_share",
    TIMEOUT: "timeout_share",
}
"""What a cell's summary calls the measures that every cell has."""


@dataclass(frozen=True)
class CellNumbers:
    """Where a cell stands in an experiment, and its numbers there."""

    section: str
    row: str
    role: str
    grid: str | None
    summary: Mapping[str, Scalar]

    @property
    def place(self) -> dict[str, Scalar]:
        """Return what the place adds to the configuration of the cell's run."""
        return {"section": self.section, "row": self.row, "role": self.role, "grid": self.grid}


def cell_numbers(results: Iterable[Result]) -> dict[str, CellNumbers]:
    """Return the numbers by cell id.

    A cell that stands in several places has those of the place with most samples, in rows before
    grids.
    """
    places: dict[tuple[str, str, str, str | None], list[Result]] = {}
    for result in results:
        if result.dataset is not None and len(result.cell_ids) == 1:
            place = (result.cell_ids[0], result.section, result.row, result.grid)
            places.setdefault(place, []).append(result)
    sizes: dict[str, tuple[int, bool]] = {}
    found: dict[str, CellNumbers] = {}
    for (cell_id, section, row, grid), members in places.items():
        most = max((one.problems or 0) * (one.samples or 0) for one in members)
        size = (most, grid is None)
        if cell_id not in sizes or size > sizes[cell_id]:
            sizes[cell_id] = size
            found[cell_id] = CellNumbers(section, row, members[0].role, grid, _summary(members))
    return found


def _summary(results: Sequence[Result]) -> dict[str, Scalar]:
    """Return the numbers of a cell by the names of charts, rates as fractions."""
    first = next(one for one in results if one.problems)
    summary: dict[str, Scalar] = {
        "status": "complete",
        "problems": first.problems,
        "samples": (first.problems or 0) * (first.samples or 0),
    }
    shown_ks = {1, *table_ks(first.samples or 0)}
    for result in results:
        name = _NAMES.get(result.measure)
        if name is None and result.requested and result.k is None:
            name = re.sub(r"\W+", "_", result.measure.name)
        if name is None or not result.value.main or (result.k and result.k not in shown_ks):
            continue
        if result.k is not None:
            name = f"{name}_{result.k}"
        low, high = interval_of(result)
        summary[name] = result.estimate
        for ending, value in (("stderr", result.standard_error), ("low", low), ("high", high)):
            if value is not None:
                summary[f"{name}_{ending}"] = value
        if result.estimate is None or result.status != "measured":
            summary[f"{name}_status"] = result.status
    return summary


@dataclass(frozen=True)
class Running:
    """What there is of a cell: its wanted samples, and the verdicts that they have."""

    samples: int
    tokens: int
    truncated: int
    graded: int
    accuracy: Estimate | None  # mean over problems that have verdicts

    def summary(self, wanted: int) -> dict[str, Scalar]:
        """Return it as a run shows it before there are results."""
        shown: dict[str, Scalar] = {
            "status": "complete" if self.samples == wanted else "partial",
            "samples": self.samples,
        }
        if self.samples:
            shown["mean_tokens"] = self.tokens / self.samples
            shown["truncated_share"] = self.truncated / self.samples
        if self.accuracy is not None:
            shown["accuracy"] = self.accuracy.value
            shown["accuracy_stderr"] = self.accuracy.standard_error
        return shown


def running(planned: PlannedCell, ledger: "Ledger", grader: str) -> Running:
    """Read what there is of a cell. Raises LedgerError.

    Args:
        grader: The stored name of the one whose verdicts count.
    """
    from rast_bench.ledger.keys import plain

    problems = {problem.problem_id for problem in planned.problems}
    n = planned.cell.decoding.samples_per_problem
    columns = ("problem_id", "sample_index", "token_count", "finish_reason")
    samples = [
        one
        for one in plain(ledger.sample_table(planned.cell_id, columns)).to_pylist()
        if one["problem_id"] in problems and one["sample_index"] < n
    ]
    correct: dict[str, list[bool]] = {}
    for one in plain(ledger.verdict_table(planned.cell_id, grader)).to_pylist():
        if one["problem_id"] in problems and one["sample_index"] < n:
            correct.setdefault(one["problem_id"], []).append(one["kind"] == "correct")
    scores = np.array([sum(own) / len(own) for own in correct.values()])
    return Running(
        samples=len(samples),
        tokens=sum(one["token_count"] for one in samples),
        truncated=sum(one["finish_reason"] == "length" for one in samples),
        graded=sum(map(len, correct.values())),
        accuracy=mean_estimate(scores) if len(scores) else None,
    )


def finite(numbers: Mapping[str, float | None]) -> dict[str, float]:
    """Return the numbers that are there."""
    return {k: v for k, v in numbers.items() if v is not None and math.isfinite(v)}
