"""The graded samples of one complete cell as arrays: the input of every metric."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rast_bench.errors import LedgerError
from rast_bench.metrics.estimate import BoolArray, IntArray
from rast_bench.metrics.lemmas import text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from rast_bench.ledger import Ledger
    from rast_bench.ledger.derived import Derived
    from rast_bench.planning.cells import PlannedCell

ObjectArray = npt.NDArray[np.object_]
CountTexts = Callable[["pa.ChunkedArray"], IntArray]
"""Returns a row of numbers for each text."""


@dataclass(frozen=True, eq=False)
class CellOutcome:
    """Every array is [problems, samples]: problems in plan order, samples by index."""

    cell_id: str
    problem_ids: tuple[str, ...]
    kinds: ObjectArray  # VerdictKind
    answers: ObjectArray  # str, or None if the grader found no answer
    token_counts: IntArray
    finish_reasons: ObjectArray  # FinishReason
    text_source: ObjectArray | Callable[[], ObjectArray]
    counts_source: Callable[[CountTexts], IntArray] | None = None
    steps_source: Callable[[], IntArray | None] = lambda: None
    of_samples: "Derived | None" = None  # what the ledger keeps of earlier computations
    of_verdicts: "Derived | None" = None  # the same, of samples and verdicts

    @property
    def correct(self) -> BoolArray:
        return np.asarray(self.kinds == "correct", dtype=np.bool_)

    @cached_property
    def answer_numbers(self) -> IntArray:
        """Return the number of each answer among its problem's distinct ones, in the order of their
        first samples; −1 for no answer.
        """
        return _numbered(self.answers)

    @property
    def texts(self) -> ObjectArray:
        """Return str, read from the ledger at each call: a table's texts would fill the memory."""
        source = self.text_source
        return source() if callable(source) else source

    def counted(self, count: CountTexts) -> IntArray:
        """Return the numbers that `count` gives each text, [problems, samples, numbers].

        Texts from the ledger are counted as they are stored, one shard after another: as Python
        objects in the plan's order they would cost as much again.
        """
        if self.counts_source is not None:
            return self.counts_source(count)
        return count(text_array(self.texts.ravel().tolist())).reshape(*self.texts.shape, -1)

    @property
    def small_steps(self) -> IntArray | None:
        """Return each sample's tokens that were drawn while a gated method's gate was open, read
        from the ledger at each call; None unless they were counted for all samples.
        """
        return self.steps_source()


def _numbered(answers: ObjectArray) -> IntArray:
    numbers = np.full(answers.shape, -1, dtype=np.int64)
    distinct: dict[str | None, int] = {None: 0}
    of_cell = [distinct.setdefault(answer, len(distinct)) for answer in answers.ravel().tolist()]
    codes = np.array(of_cell, dtype=np.int64).reshape(answers.shape)
    problems, samples = np.nonzero(codes)
    keys = problems * len(distinct) + codes[problems, samples]
    _, first, same = np.unique(keys, return_index=True, return_inverse=True)
    places = np.empty_like(first)
    places[np.argsort(first)] = np.arange(len(first))  # of each answer, over all problems
    before = np.searchsorted(np.sort(problems[first]), problems)
    numbers[problems, samples] = places[same] - before
    return numbers


def load_outcome(planned: "PlannedCell", ledger: "Ledger", grader: str) -> CellOutcome:
    """Return the outcome of a complete cell under the grader of that name.

    Raises:
        LedgerError: samples or verdicts are missing, or the ledger cannot be read.
    """
    from rast_bench.ledger.keys import numbers_of

    of_samples, of_verdicts = kept_of(planned, ledger, grader)
    sampled = _placed(ledger.sample_table(planned.cell_id, (*_KEY, *_SHORT)), planned)
    _check_complete(sampled.missing, planned, "samples", _GENERATE)
    judged = _placed(ledger.verdict_table(planned.cell_id, grader), planned)
    _check_complete(judged.missing, planned, f"verdicts of {grader}", f"{_GRADE} {grader}")
    return CellOutcome(
        cell_id=planned.cell_id,
        problem_ids=tuple(problem.problem_id for problem in planned.problems),
        kinds=judged.texts("kind"),
        answers=judged.texts("extracted"),
        token_counts=numbers_of(sampled.table["token_count"])[sampled.rows],
        finish_reasons=sampled.texts("finish_reason"),
        text_source=partial(_read_texts, planned, ledger),
        counts_source=partial(_count_texts, planned, ledger),
        steps_source=partial(_read_small_steps, planned, ledger),
        of_samples=of_samples,
        of_verdicts=of_verdicts,
    )


def kept_of(planned: "PlannedCell", ledger: "Ledger", grader: str) -> "tuple[Derived, Derived]":
    """Return what the ledger keeps of computations from the cell's samples, and from its samples
    and verdicts.
    """
    from rast_bench.ledger.codec import SAMPLES, verdict_family

    verdicts = verdict_family(grader).prefix
    return (
        _derived(planned, ledger, SAMPLES.prefix),
        _derived(planned, ledger, SAMPLES.prefix, verdicts),
    )


def _derived(planned: "PlannedCell", ledger: "Ledger", *prefixes: str) -> "Derived":
    from rast_bench.ledger.derived import Derived

    ids = [problem.problem_id for problem in planned.problems]
    return Derived(
        ledger.cell_folder(planned.cell_id),
        partial(ledger.shards, planned.cell_id, *prefixes),
        json.dumps([planned.cell.decoding.samples_per_problem, *ids]),
    )


_KEY = ("problem_id", "sample_index")
_ROW = "row"
_SHORT = ("finish_reason", "token_count")


def _read_texts(planned: "PlannedCell", ledger: "Ledger") -> ObjectArray:
    """Return the texts.

    Raises:
        LedgerError: as when samples have vanished since the outcome was loaded.
    """
    sampled = _placed(ledger.sample_table(planned.cell_id, (*_KEY, "text")), planned)
    _check_complete(sampled.missing, planned, "samples", _GENERATE)
    texts = np.empty(sampled.table.num_rows, dtype=np.object_)
    texts[:] = sampled.table["text"].to_pylist()
    return texts[sampled.rows]


def _count_texts(planned: "PlannedCell", ledger: "Ledger", count: CountTexts) -> IntArray:
    """Return `CellOutcome.counted`.

    Raises:
        LedgerError: as when samples have vanished since the outcome was loaded.
    """
    from rast_bench.ledger.keys import column_of, numbers_of

    parts: list[IntArray] = []

    def counted(table: "pa.Table") -> "pa.Table":
        before = sum(map(len, parts))
        parts.append(count(table["text"]))
        rows = np.arange(before, before + table.num_rows)
        return table.drop_columns("text").append_column(_ROW, column_of(rows))

    table = ledger.sample_table(planned.cell_id, (*_KEY, "text"), counted)
    sampled = _placed(table, planned)
    _check_complete(sampled.missing, planned, "samples", _GENERATE)
    return np.concatenate(parts)[numbers_of(table[_ROW])[sampled.rows]]


def _read_small_steps(planned: "PlannedCell", ledger: "Ledger") -> IntArray | None:
    """Return `CellOutcome.small_steps`.

    Raises:
        LedgerError: as when samples have vanished since the outcome was loaded.
    """
    from rast_bench.ledger.codec import SMALL_STEPS
    from rast_bench.ledger.keys import numbers_of

    sampled = _placed(ledger.sample_table(planned.cell_id, (*_KEY, SMALL_STEPS)), planned)
    _check_complete(sampled.missing, planned, "samples", _GENERATE)
    column = sampled.table[SMALL_STEPS]
    if column.null_count:
        column = column.fill_null(-1)
    steps = numbers_of(column)[sampled.rows]
    return None if (steps < 0).any() else steps


@dataclass(frozen=True, eq=False)
class _Placed:
    """The rows of a table by position in the plan. `rows[i, j]` is −1 if there is none."""

    table: "pa.Table"
    rows: IntArray

    @property
    def missing(self) -> BoolArray:
        return self.rows < 0

    def texts(self, column: str) -> ObjectArray:
        """Return the column, [problems, samples]."""
        from rast_bench.ledger.keys import texts_of

        return texts_of(self.table[column])[self.rows]


def _placed(table: "pa.Table", planned: "PlannedCell") -> _Placed:
    """Return the rows that the plan asks for; the ledger may hold more problems and samples."""
    from rast_bench.ledger.keys import codes_of, numbers_of

    place = {problem.problem_id: i for i, problem in enumerate(planned.problems)}
    samples = planned.cell.decoding.samples_per_problem
    codes, names = codes_of(table["problem_id"])
    problems = np.array([*(place.get(name, -1) for name in names), -1])[codes]
    indices = numbers_of(table["sample_index"])
    asked = np.flatnonzero((problems >= 0) & (indices < samples))
    rows = np.full((len(place), samples), -1, dtype=np.int64)
    rows[problems[asked], indices[asked]] = asked
    return _Placed(table, rows)


_GENERATE = "`python run.py` with the same arguments generates only what is missing"
_GRADE = "grade the cell first: `rast-bench grade` with the grader"


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
