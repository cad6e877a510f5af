"""One cell's samples with their verdicts as a frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.api.cells import StoredCell
from rast_bench.api.columns import LEFT_OUT, SAMPLES, VERDICT_NAMES, Column, own_columns, typed
from rast_bench.api.problems import ProblemSource, prompt_of

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger

_SAMPLE = ["problem_id", "sample_index"]
_STORED = ("seed", "text", "finish_reason", "token_count", "run_id", "token_ids")
_RENAMED = {"text": "response"}  # columns with another name in the ledger
_OF_PROBLEM = ("question", "prompt", "gold")


def cell_samples(
    cell: StoredCell,
    ledger: "Ledger",
    columns: Sequence[Column],
    grader: str | None,
    source: ProblemSource,
    notes: list[str],
) -> "pd.DataFrame":
    """Return the samples of a cell in these columns, sorted by problem id and index.

    Only what the columns need is read: texts, verdicts and the data set only if named.

    Args:
        grader: of the plain columns; None for the cell's own.
        notes: sentences on what is partial or unavailable are added.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    wanted = {column.name for column in columns}
    needed = [name for name in _STORED if _RENAMED.get(name, name) in wanted]
    if "prompt" in wanted:
        needed.append("prompt_sha256")
    frame = ledger.samples(cell.cell_id, [*_SAMPLE, *needed]).rename(columns=_RENAMED)
    if cell.wanted is not None and len(frame) < cell.wanted:
        notes.append(f"{_name(cell)} is partial: {len(frame):,} of {cell.wanted:,} samples")
    for name, value in cell.constants().items():
        frame[name] = value
    if not wanted.isdisjoint(_OF_PROBLEM):
        _add_problems(frame, cell, wanted, source, notes)
    if not wanted.isdisjoint(("grader", *VERDICT_NAMES)):
        _add_main_verdicts(frame, cell, ledger, grader, notes)
    for other in sorted({name.partition(":")[2] for name in wanted if ":" in name}):
        _add_verdicts(frame, cell, ledger, other, f":{other}")
    return typed(frame, columns)


def sample_columns(
    cells: Sequence[StoredCell], grader: str | None, names: Sequence[str] | None
) -> tuple[list[Column], list[str]]:
    """Return the columns of a selection, in documented order, and the unknown names.

    If its cells have verdicts of several graders and none is chosen, each has its own columns.
    """
    graders = sorted({name for cell in cells for name in cell.graders})
    own = [
        column
        for name in (graders if grader is None and len(graders) > 1 else ())
        for column in own_columns(name)
    ]
    known = [*SAMPLES, *own]
    if names is None:
        return [column for column in known if column.name not in LEFT_OUT], []
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
            f"{_name(cell)}: prompts are left empty if they do not have the SHA-256 stored with "
            "the sample"
        )


def _add_main_verdicts(
    frame: "pd.DataFrame",
    cell: StoredCell,
    ledger: "Ledger",
    grader: str | None,
    notes: list[str],
) -> None:
    """Add `grader` and its verdicts, by default those of the grader that fills the tables."""
    chosen = grader or cell.grader
    judged = _add_verdicts(frame, cell, ledger, chosen, "")
    frame["grader"] = chosen if chosen in cell.graders else None
    if not cell.graders:
        if len(frame):
            notes.append(f"{_name(cell)}: no sample has been graded")
    elif chosen not in cell.graders:
        why = f"it has no verdicts of {chosen}" if chosen else "choose one of its graders"
        notes.append(f"{_name(cell)}: {why}; there are those of {', '.join(cell.graders)}")
    elif judged < len(frame):
        notes.append(f"{_name(cell)}: {judged:,} of {len(frame):,} samples have verdicts")


def _add_verdicts(
    frame: "pd.DataFrame", cell: StoredCell, ledger: "Ledger", grader: str | None, ending: str
) -> int:
    """Add a grader's verdicts in columns with this suffix; return how many samples have one."""
    if grader is None or grader not in cell.graders:
        for name in VERDICT_NAMES:
            frame[f"{name}{ending}"] = None
        return 0
    verdicts = ledger.verdicts(cell.cell_id, grader, [*_SAMPLE, "kind", *VERDICT_NAMES[1:]])
    beside = frame[_SAMPLE].merge(verdicts, on=_SAMPLE, how="left", validate="1:1")
    for name in VERDICT_NAMES:
        stored = "kind" if name == "verdict" else name
        frame[f"{name}{ending}"] = beside[stored].to_numpy(dtype=object)
    return int(beside["kind"].notna().sum())


def _name(cell: StoredCell) -> str:
    return f"cell {cell.cell_id} ({cell.title})"
