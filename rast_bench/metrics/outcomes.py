"""The graded samples of one complete cell as arrays: what every metric is a function of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rast_bench.errors import LedgerError
from rast_bench.metrics.estimate import BoolArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger
    from rast_bench.planning.cells import PlannedCell

ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class CellOutcome:
    """Every array is [problems, samples]: problems in the order of the plan, samples by index."""

    cell_id: str
    problem_ids: tuple[str, ...]
    kinds: ObjectArray  # VerdictKind
    answers: ObjectArray  # str, or None where the grader found no answer
    token_counts: IntArray
    finish_reasons: ObjectArray  # FinishReason
    texts: ObjectArray  # str

    @property
    def correct(self) -> BoolArray:
        return np.asarray(self.kinds == "correct", dtype=np.bool_)


def load_outcome(planned: "PlannedCell", ledger: "Ledger", grader: str) -> CellOutcome:
    """The outcome of a complete cell under the grader of that name.

    Raises:
        LedgerError: samples or verdicts are missing, or the ledger cannot be read.
    """
    samples = ledger.samples(
        planned.cell_id,
        columns=("problem_id", "sample_index", "text", "finish_reason", "token_count"),
    )
    sampled = _pivot(samples, planned)
    _check_complete(sampled.missing, planned, "samples", _GENERATE)
    judged = _pivot(ledger.verdicts(planned.cell_id, grader), planned)
    _check_complete(judged.missing, planned, f"verdicts of {grader}", f"{_GRADE} {grader}")
    return CellOutcome(
        cell_id=planned.cell_id,
        problem_ids=tuple(problem.problem_id for problem in planned.problems),
        kinds=judged.array("kind"),
        answers=judged.array("extracted"),
        token_counts=sampled.array("token_count").astype(np.int64),
        finish_reasons=sampled.array("finish_reason"),
        texts=sampled.array("text"),
    )


_GENERATE = "`python run.py` with the same words makes what is missing, and only that"
_GRADE = "grade the cell first: `rast-bench grade` with the grader"


@dataclass(frozen=True, eq=False)
class _Pivot:
    """The rows of a frame by place in the plan. `rows[i, j]` is −1 where there is none."""

    frame: "pd.DataFrame"
    rows: IntArray

    @property
    def missing(self) -> BoolArray:
        return self.rows < 0

    def array(self, column: str) -> Any:
        """The column as an object array [problems, samples], rows as they are in the frame."""
        values = np.empty(len(self.frame), dtype=np.object_)
        values[:] = self.frame[column].tolist()
        return values[self.rows]


def _pivot(frame: "pd.DataFrame", planned: "PlannedCell") -> _Pivot:
    """The rows that the plan asks for; the ledger may hold more problems and samples."""
    place = {problem.problem_id: i for i, problem in enumerate(planned.problems)}
    samples = planned.cell.decoding.samples_per_problem
    rows = np.full((len(place), samples), -1, dtype=np.int64)
    keys = zip(frame["problem_id"].tolist(), frame["sample_index"].tolist(), strict=True)
    for row, (problem, sample) in enumerate(keys):
        if sample < samples and problem in place:
            rows[place[problem], sample] = row
    return _Pivot(frame, rows)


def _check_complete(missing: BoolArray, planned: "PlannedCell", what: str, hint: str) -> None:
    count = int(missing.sum())
    if not count:
        return
    problem, sample = np.argwhere(missing)[0].tolist()
    raise LedgerError(
        f"cell {planned.cell_id} ({_title(planned)}) is partial: {count} of {missing.size} {what} "
        f"are missing, first sample {sample} of problem {planned.problems[problem].problem_id!r}",
        hint=hint,
    )


def _title(planned: "PlannedCell") -> str:
    cell = planned.cell
    return f"{cell.label or cell.method.name} on {cell.dataset.name}"
