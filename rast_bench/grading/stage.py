"""The grading stage: reads samples without a verdict, writes verdict shards. Needs no model."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rast_bench.domain import FinishReason, SampleKey, Verdict, VerdictKind
from rast_bench.grading.base import Answer, Grader
from rast_bench.grading.registry import check_nothing_missing, get_grader, is_retired

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger
    from rast_bench.planning.cells import PlannedCell

SHARD_SAMPLES = 16_384  # verdicts lost by a kill, at most


@dataclass(frozen=True)
class GradingSummary:
    """Result of one call of the stage. `kinds` counts the new verdicts only."""

    grader: str
    cells: int
    graded: int
    kinds: Mapping[VerdictKind, int]


def grade_cells(
    planned: Iterable["PlannedCell"],
    ledger: "Ledger",
    grader_name: str,
    *,
    allow_code_execution: bool = False,
    graded: Callable[["PlannedCell", str], None] = lambda _cell, _grader: None,
) -> GradingSummary:
    """Give every planned sample in the ledger a verdict of this grader, once.

    A partial cell is graded as far as it goes; a second call grades only what is new. A retired
    grader has nothing to do if its verdicts are stored.

    Args:
        graded: is told each cell, and the grader's stored name, once its samples have verdicts.

    Raises:
        ConfigError: no grader has this name, it is retired and verdicts are missing, or it runs
            programs and is not allowed to.
        LedgerError: the ledger cannot be read or written. Verdicts written before that stay.
    """
    cells = list(planned)
    if is_retired(grader_name):
        for cell in cells:
            check_nothing_missing(grader_name, cell, len(_missing(cell, ledger, grader_name)))
            graded(cell, grader_name)
        return GradingSummary(grader_name, len(cells), 0, {})
    grader = get_grader(
        grader_name,
        datasets=list(dict.fromkeys(cell.cell.dataset for cell in cells)),
        allow_code_execution=allow_code_execution,
    )
    kinds: Counter[VerdictKind] = Counter()
    for cell in cells:
        kinds.update(grade_cell(cell, ledger, grader))
        graded(cell, grader.name)
    return GradingSummary(grader.name, len(cells), kinds.total(), dict(kinds))


def grade_cell(cell: "PlannedCell", ledger: "Ledger", grader: Grader) -> Counter[VerdictKind]:
    """What `grade_cells` does with one cell; how many new verdicts there are of each kind."""
    kinds: Counter[VerdictKind] = Counter()
    missing = _samples_without_verdict(cell, ledger, grader.name)
    for start in range(0, len(missing), SHARD_SAMPLES):
        shard = missing[start : start + SHARD_SAMPLES]
        judgements = grader.grade_many([answer for _, answer in shard])
        verdicts = [
            Verdict(key, *judgement) for (key, _), judgement in zip(shard, judgements, strict=True)
        ]
        ledger.write_verdicts(cell.cell_id, grader.name, verdicts)
        kinds.update(verdict.kind for verdict in verdicts)
    return kinds


def _missing(cell: "PlannedCell", ledger: "Ledger", grader_name: str) -> set[tuple[str, int]]:
    """Return only samples of the cell's own problems and indices: a ledger may hold more."""
    problems = {problem.problem_id for problem in cell.problems}
    count = cell.cell.decoding.samples_per_problem
    unjudged = ledger.unjudged(cell.cell_id, grader_name)
    return {(id_, index) for id_, index in unjudged if id_ in problems and index < count}


def _samples_without_verdict(
    cell: "PlannedCell", ledger: "Ledger", grader_name: str
) -> Sequence[tuple[SampleKey, Answer]]:
    gold = {problem.problem_id: problem.gold for problem in cell.problems}
    dataset = cell.cell.dataset.name
    missing = _missing(cell, ledger, grader_name)
    if not missing:
        return []  # do not read the texts, the bulk of a ledger, for every table
    samples = ledger.samples(
        cell.cell_id, columns=("problem_id", "sample_index", "text", "finish_reason")
    )
    return [
        (SampleKey(cell.cell_id, problem, index), Answer(text, gold[problem], reason, dataset))
        for problem, index, text, reason in zip(
            samples["problem_id"].tolist(),
            samples["sample_index"].tolist(),
            samples["text"].tolist(),
            cast(list[FinishReason], samples["finish_reason"].tolist()),
            strict=True,
        )
        if (problem, index) in missing
    ]
