"""Tables of samples: a choice of each cell's, and all methods beside each other by problem."""

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rast_bench.grading import graders_of
from rast_bench.planning.cells import PlannedCell
from rast_bench.trackers.base import Scalar, TableData
from rast_bench.trackers.numbers import CellNumbers

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

LONGEST_TEXT = 100_000  # characters of a response in a table; W&B takes 1 MB a value


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def chosen_samples(planned: PlannedCell, count: int) -> list[tuple[str, int]]:
    """Return keys of `count` samples: the same ones each time, and of every cell of a data set."""
    keys = heapq.nsmallest(count, planned.wanted_keys(), key=lambda key: _digest(*key))
    places = {problem.problem_id: place for place, problem in enumerate(planned.problems)}
    return sorted(keys, key=lambda key: (places[key[0]], key[1]))


def chosen_problems(planned: PlannedCell, count: int) -> list[str]:
    """Return ids of `count` problems, the same ones each time, in the order of the data set."""
    ids = [problem.problem_id for problem in planned.problems]
    chosen = set(heapq.nsmallest(count, ids, key=_digest))
    return [problem_id for problem_id in ids if problem_id in chosen]


ByProblem = Mapping[str, tuple[float | None, str | None]]
"""Share of correct samples and the first response, by problem id."""


@dataclass(frozen=True)
class CellSampleRows:
    """The samples of one cell that tables show.

    Attributes:
        samples: One row per chosen sample.
        by_problem: Of the chosen problems.
    """

    samples: TableData
    by_problem: ByProblem


def sample_rows(
    planned: PlannedCell, ledger: "Ledger", grader: str | None, count: int
) -> CellSampleRows:
    """Read the samples that tables show, `count` of each kind at most. Raises LedgerError."""
    from rast_bench.ledger.keys import plain, take

    keys = chosen_samples(planned, count)
    problems = chosen_problems(planned, count)
    wanted = {*keys, *((problem_id, 0) for problem_id in problems)}
    columns = ("problem_id", "sample_index", "text", "token_count", "finish_reason")
    table = ledger.sample_table(planned.cell_id, columns)
    names = plain(table.select(["problem_id", "sample_index"])).to_pylist()
    stored = [(one["problem_id"], one["sample_index"]) for one in names]
    places = np.array([i for i, key in enumerate(stored) if key in wanted], dtype=np.int64)
    shown = {
        (one["problem_id"], one["sample_index"]): one
        for one in plain(take(table, places)).to_pylist()
    }
    graders = graders_of(planned.cell, grader)
    verdicts = {name: _verdicts(planned, ledger, name) for name in graders}
    main = verdicts[graders[0]]
    texts = {one.problem_id: one for one in planned.problems}
    rows: list[list[Scalar]] = []
    for key in keys:
        sample, problem = shown.get(key), texts[key[0]]
        if sample is None:
            continue
        rows.append(
            [
                *key,
                problem.question,
                _cut(sample["text"]),
                problem.gold,
                main.get(key, (None, None))[1],
                *(verdicts[name].get(key, (None, None))[0] for name in graders),
                sample["token_count"],
                sample["finish_reason"],
            ]
        )
    heads = ("problem", "sample", "question", "response", "gold", "extracted")
    kinds = tuple(f"verdict {name}" for name in graders)
    table_data = TableData((*heads, *kinds, "tokens", "finish_reason"), rows)
    shares: dict[str, list[bool]] = {}
    n = planned.cell.decoding.samples_per_problem
    for (problem_id, index), (kind, _) in main.items():
        if index < n:
            shares.setdefault(problem_id, []).append(kind == "correct")
    by_problem = {
        problem_id: (
            sum(share) / len(share) if (share := shares.get(problem_id)) else None,
            _cut(first["text"]) if (first := shown.get((problem_id, 0))) else None,
        )
        for problem_id in problems
    }
    return CellSampleRows(table_data, by_problem)


def _verdicts(
    planned: PlannedCell, ledger: "Ledger", grader: str
) -> dict[tuple[str, int], tuple[str, str | None]]:
    from rast_bench.ledger.keys import plain

    table = plain(ledger.verdict_table(planned.cell_id, grader))
    return {
        (one["problem_id"], one["sample_index"]): (one["kind"], one["extracted"])
        for one in table.to_pylist()
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def problem_tables(
    cells: Iterable[tuple[CellNumbers, PlannedCell, ByProblem]],
) -> dict[str, TableData]:
    """Return a table per section: one row per problem, its base, RAST and RL rows side by side.

    Grids and controls are left out; cells without a base or a ceiling stand there all the same.
    """
    sections: dict[str, dict[str, dict[str, ByProblem]]] = {}
    problems: dict[tuple[str, str], tuple[str, str]] = {}
    for numbers, planned, rows in cells:
        if numbers.grid is None and numbers.role != "control":
            dataset = planned.cell.dataset.name
            by_dataset = sections.setdefault(numbers.section, {})
            by_dataset.setdefault(dataset, {})[numbers.row] = rows
            for problem in planned.problems:
                problems[dataset, problem.problem_id] = problem.question, problem.gold
    found = {}
    for section, by_dataset in sections.items():
        labels = list(dict.fromkeys(label for rows in by_dataset.values() for label in rows))
        lines: list[list[Scalar]] = []
        for dataset, by_row in by_dataset.items():
            ids = dict.fromkeys(name for rows in by_row.values() for name in rows)
            for problem_id in ids:
                line: list[Scalar] = [dataset, problem_id, *problems[dataset, problem_id]]
                for label in labels:
                    own = by_row.get(label)
                    line += own.get(problem_id, (None, None)) if own else (None, None)
                lines.append(line)
        heads = [f"{label}: {what}" for label in labels for what in ("correct", "response")]
        columns = ("dataset", "problem", "question", "gold", *heads)
        found[f"problems {section}"] = TableData(columns, lines)
    return found
