"""How cells and experiments look in a tracker: ids, configuration, summaries, tables, charts.

Pure functions of planned cells, results and the ledger. Nothing here knows a tracker, and nothing
of it tells hosts, folders, environments or command lines.
"""

import csv
import hashlib
import heapq
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rast_bench.config.schema import GROUPS
from rast_bench.config.trackers import LONGEST_TAG
from rast_bench.grading import graders_of
from rast_bench.metrics.estimate import Estimate, mean_estimate
from rast_bench.metrics.student_t import student_t_quantile
from rast_bench.planning.cells import PlannedCell, cell_title
from rast_bench.reporting.numbers import cell_text
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
from rast_bench.trackers.base import LineChart, Scalar, TableData, TrackedRun

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger
    from rast_bench.reporting.table import Table

LONGEST_ID = 64  # characters
LONGEST_TEXT = 100_000  # characters of a response in a table; W&B takes 1 MB a value
INTERVAL = 0.95

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


def slug(*parts: str) -> str:
    """Return an id of a run: letters, digits, `.`, `_` and `-`, cut with a hash where too long."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts))
    if len(text) <= LONGEST_ID and text == "-".join(parts):
        return text
    digits = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
    return f"{text[: LONGEST_ID - 9]}-{digits}"


def cell_run(planned: PlannedCell, experiment: str, group: str, tags: Sequence[str]) -> TrackedRun:
    """Return the run of a cell in an experiment, or in a sweep."""
    cell = planned.cell
    own = (cell.method.name, cell.dataset.name)
    return TrackedRun(
        run_id=slug(planned.cell_id, experiment),
        name=cell_title(cell),
        group=group,
        kind="cell",
        config={"experiment": experiment, **cell_config(planned)},
        tags=tuple(dict.fromkeys(tag[:LONGEST_TAG] for tag in (*own, *tags))),
    )


def cell_config(planned: PlannedCell) -> dict[str, Any]:
    """Return what made the cell: flat, so that charts and filters find it, and its identity."""
    cell, identity = planned.cell, planned.identity
    decoding, models = cell.decoding, identity["models"]
    steered, drawn = cell.method.name == "rast", not cell.decoding.greedy
    return {
        "cell_id": planned.cell_id,
        "base_model": cell.base_model.name,
        "delta": cell.delta.name if steered else "none",
        "method": cell.method.name,
        "dataset": cell.dataset.name,
        "prompt": cell.prompt.name,
        "lambda": decoding.lambda_ if steered else None,
        "temperature": decoding.temperature if drawn else 0.0,
        "greedy": decoding.greedy,
        "top_p": decoding.top_p if drawn else None,
        "n": decoding.samples_per_problem,
        "max_tokens": decoding.max_tokens,
        "seed": decoding.seed if drawn else None,
        "problems": len(planned.problems),
        "engine": cell.engine.name,
        "dtype": cell.engine.dtype,
        "model_hash": models["main"],
        "delta_hashes": [pair[role] for pair in models["pairs"] for role in ("rl", "base")],
        "identity": identity,
    }


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
        low, high = ends(result)
        summary[name] = result.estimate
        for ending, value in (("stderr", result.standard_error), ("low", low), ("high", high)):
            if value is not None:
                summary[f"{name}_{ending}"] = value
        if result.estimate is None or result.status != "measured":
            summary[f"{name}_status"] = result.status
    return summary


def ends(result: Result) -> tuple[float | None, float | None]:
    """Return the 95 % interval: the result's own, else Student's over problems.

    Of a rate it stays within [0, 1].
    """
    value, error, problems = result.value, result.standard_error, result.problems or 0
    if value.low is not None or value.high is not None:
        return value.low, value.high
    if value.estimate is None or error is None or problems < 2:
        return None, None
    reach = student_t_quantile(INTERVAL, problems - 1) * error
    low, high = value.estimate - reach, value.estimate + reach
    if result.measure in (ACCURACY, PASS_AT_K, MAJORITY_AT_K):
        return max(low, 0.0), min(high, 1.0)
    return low, high


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


# Samples.


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


# Experiments.


def text_table(table: "Table") -> TableData:
    """Return a printed table as text, its sections in a column of their own."""
    columns = ("section", *(column.heading or " " for column in table.columns))
    rows = [
        [section.title, *map(cell_text, row.cells)]
        for section in table.sections
        for row in section.rows
    ]
    return TableData(_distinct(columns), rows)


def interval_table(results: Iterable[Result]) -> TableData:
    """Return the accuracies of rows with their 95 % intervals, as fractions."""
    rows = [
        [f"{one.section}, {one.dataset}", one.row, one.role, one.estimate, *ends(one)]
        for one in results
        if one.measure == ACCURACY and one.grid is None and one.estimate is not None
    ]
    return TableData(("panel", "row", "role", "accuracy", "low", "high"), rows)


def csv_table(text: str) -> TableData:
    """Return a CSV file of the report; columns all of whose values are numbers hold numbers."""
    head, *lines = csv.reader(io.StringIO(text))
    columns: list[list[Scalar]] = []
    for place in range(len(head)):
        values = [line[place] for line in lines]
        try:
            columns.append([float(value) if value else None for value in values])
        except ValueError:
            columns.append(list(values))
    return TableData(tuple(head), [list(row) for row in zip(*columns, strict=True)])


def charts(results: Sequence[Result]) -> dict[str, LineChart]:
    """Return pass@k against k, and accuracy against λ and τ where a grid has several of them."""
    found: dict[str, LineChart] = {}
    for (section, dataset), members in _by(
        (one for one in results if one.measure == PASS_AT_K and one.k and one.value.main),
        lambda one: (one.section, str(one.dataset)),
    ).items():
        lines = _lines(members, lambda one: one.row, lambda one: float(one.k or 0))
        if any(len(line) > 1 for line in lines.values()):
            title = f"pass@k of {section} on {dataset} (%)"
            found[f"charts/pass_at_k {section} {dataset}"] = LineChart(title, "k", lines)
    axes: dict[str, tuple[str, Callable[[Result], float], str, Callable[[Result], float]]] = {
        "lambda": ("λ", _lambda, "τ", _temperature),
        "temperature": ("τ", _temperature, "λ", _lambda),
    }
    in_grids = [one for one in results if one.measure == ACCURACY and one.grid is not None]
    for (grid, dataset), members in _by(
        in_grids, lambda one: (str(one.grid), str(one.dataset))
    ).items():
        for axis, (sign, x_of, other, series_of) in axes.items():
            lines = _lines(members, lambda one: f"{other} = {series_of(one):g}", x_of)  # noqa: B023
            if any(len(line) > 1 for line in lines.values()):
                title = f"accuracy against {sign}: {grid} on {dataset} (%)"
                found[f"charts/{axis} {grid} {dataset}"] = LineChart(title, sign, lines)
    return found


def _lambda(result: Result) -> float:
    return result.lambda_ or 0.0


def _temperature(result: Result) -> float:
    return result.temperature or 0.0


def _by(
    results: Iterable[Result], key: Callable[[Result], tuple[str, str]]
) -> dict[tuple[str, str], list[Result]]:
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.estimate is not None:
            found.setdefault(key(result), []).append(result)
    return found


def _lines(
    results: Iterable[Result], name: Callable[[Result], str], x_of: Callable[[Result], float]
) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {}
    for result in results:
        if result.estimate is not None:
            lines.setdefault(name(result), []).append((x_of(result), 100 * result.estimate))
    return {label: sorted(points) for label, points in lines.items()}


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        count, own = 2, name
        while own in found:
            own, count = f"{name} {count}", count + 1
        found[own] = None
    return tuple(found)


_SHORT = re.compile(r"[^/\\@~]{1,100}")


def shown_command(overrides: Iterable[str]) -> str:
    """Return a command that may be shown to others: what chose the cells, and no more.

    Launchers, folders and trackers are left out. A value that may be a path, an address or a text
    stands as `…`.
    """
    words = []
    for override in overrides:
        key, _, value = override.partition("=")
        group = key.lstrip("+~").partition(".")[0]
        if group in (*GROUPS, "experiment", "grader", "pool"):
            words.append(f"{key}={value if _SHORT.fullmatch(value) else '…'}")
    return " ".join(["rast-bench run", *words])


def finite(numbers: Mapping[str, float | None]) -> dict[str, float]:
    """Return the numbers that are there."""
    return {k: v for k, v in numbers.items() if v is not None and math.isfinite(v)}
