"""One cell's samples with their verdicts as a frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.api.cells import StoredCell
from rast_bench.api.columns import SAMPLES, VERDICT_NAMES, Column, own_columns, typed
from rast_bench.api.problems import ProblemSource, prompt_of

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger

_SAMPLE = ["problem_id", "sample_index"]
_STORED = {
    "problem_id": "problem_id",
    "sample_index": "sample_index",
    "seed": "seed",
    "response": "text",
    "finish_reason": "finish_reason",
    "token_count": "token_count",
    "run_id": "run_id",
    "token_ids": "token_ids",
}
"""Columns that stand in the ledger, by what they are called there."""

_OF_PROBLEM = ("question", "prompt", "gold")


def chosen_grader(cell: StoredCell, grader: str | None) -> str | None:
    """The grader of the plain columns; None where the cell has no verdicts of it."""
    if grader is None:
        return cell.grader
    return grader if grader in cell.graders else None


def cell_samples(
    cell: StoredCell,
    ledger: "Ledger",
    columns: Sequence[Column],
    grader: str | None,
    source: ProblemSource,
    notes: list[str],
) -> "pd.DataFrame":
    """The samples of a cell in these columns, sorted by problem id and index.

    Only what the columns need is read: texts, verdicts and the data set where they are named.

    Args:
        grader: of the plain columns; the cell's own where it is None.
        notes: sentences on what is partial or not at hand are added.

    Raises LedgerError.
    """
    wanted = {column.name for column in columns}
    needed = [stored for name, stored in _STORED.items() if name in {*wanted, *_SAMPLE}]
    if "prompt" in wanted:
        needed.append("prompt_sha256")
    stored = ledger.samples(cell.cell_id, needed)
    frame = stored.rename(columns={old: new for new, old in _STORED.items()})
    _note_partial(cell, len(frame), notes)
    for name, value in cell.constants().items():
        frame[name] = value
    if not wanted.isdisjoint(_OF_PROBLEM):
        _add_problems(frame, cell, wanted, source, notes)
    if not wanted.isdisjoint(("grader", *VERDICT_NAMES)):
        main = chosen_grader(cell, grader)
        frame["grader"] = main
        asked = [name for name in VERDICT_NAMES if name in wanted]
        judged = _add_verdicts(frame, cell, ledger, main, asked, {name: name for name in asked})
        if main is None and cell.graders:
            why = f"it has no verdicts of {grader}" if grader else "choose one of its graders"
            notes.append(f"{_name(cell)}: {why}; there are those of {', '.join(cell.graders)}")
        elif main is None and len(frame):
            notes.append(f"{_name(cell)}: no sample has been graded")
        elif judged < len(frame):
            notes.append(f"{_name(cell)}: {judged:,} of {len(frame):,} samples have verdicts")
    for other in sorted({name.partition(":")[2] for name in wanted if ":" in name}):
        names = {f"{name}:{other}": name for name in VERDICT_NAMES if f"{name}:{other}" in wanted}
        present = other if other in cell.graders else None
        _add_verdicts(
            frame, cell, ledger, present, list(names.values()), {v: k for k, v in names.items()}
        )
    return typed(frame, columns)


def sample_columns(
    cells: Sequence[StoredCell], grader: str | None, names: Sequence[str] | None
) -> tuple[list[Column], list[str]]:
    """The columns of a selection, in documented order, and the names that it does not have.

    Where its cells have verdicts of several graders and none is chosen, each has its own columns.
    """
    graders = sorted({name for cell in cells for name in cell.graders})
    own = [
        column
        for name in (graders if grader is None and len(graders) > 1 else ())
        for column in own_columns(name)
    ]
    known = [*SAMPLES, *own]
    if names is None:
        return [column for column in known if column.name != "token_ids"], []
    chosen = [column for column in known if column.name in names]
    return chosen, sorted(set(names) - {column.name for column in known})


def _add_problems(
    frame: "pd.DataFrame",
    cell: StoredCell,
    wanted: set[str],
    source: ProblemSource,
    notes: list[str],
) -> None:
    problems = source.problems(cell, notes)
    ids = frame["problem_id"]
    frame["question"] = ids.map({name: one.question for name, one in problems.items()})
    frame["gold"] = ids.map({name: one.gold for name, one in problems.items()})
    if "prompt" not in wanted:
        return
    told = dict(zip(ids, frame["prompt_sha256"], strict=True))
    prompts = {
        name: prompt_of(cell, problems[name], sha256)
        for name, sha256 in told.items()
        if name in problems
    }
    frame["prompt"] = ids.map(prompts)
    if any(prompt is None for prompt in prompts.values()):
        notes.append(
            f"{_name(cell)}: prompts are left empty where they have not the SHA-256 that stands "
            "beside the sample"
        )


def _add_verdicts(
    frame: "pd.DataFrame",
    cell: StoredCell,
    ledger: "Ledger",
    grader: str | None,
    names: Sequence[str],
    columns: dict[str, str],
) -> int:
    """Adds a grader's verdicts as the columns by `names`; how many samples have one."""
    if grader is None:
        for name in names:
            frame[columns[name]] = None
        return 0
    stored = ["kind" if name == "verdict" else name for name in names]
    read = ledger.verdicts(cell.cell_id, grader, [*_SAMPLE, *dict.fromkeys(["kind", *stored])])
    beside = frame[_SAMPLE].merge(read, on=_SAMPLE, how="left", validate="1:1")
    for name, column in zip(names, stored, strict=True):
        frame[columns[name]] = beside[column].to_numpy(dtype=object)
    return int(beside["kind"].notna().sum())


def _note_partial(cell: StoredCell, samples: int, notes: list[str]) -> None:
    if cell.wanted is not None and samples < cell.wanted:
        notes.append(f"{_name(cell)} is partial: {samples:,} of {cell.wanted:,} samples")


def _name(cell: StoredCell) -> str:
    return f"cell {cell.cell_id} ({cell.title})"
