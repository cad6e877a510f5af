"""The input of measures: an experiment's cells in their rows and grids, with samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rast_bench.config.experiment import Role
from rast_bench.errors import ConfigError
from rast_bench.metrics.accuracy import accuracy_per_problem
from rast_bench.metrics.behaviour import (
    BehaviourFrequencies,
    by_list,
    frequencies_of,
    words_of_samples,
)
from rast_bench.metrics.estimate import BoolArray, FloatArray, IntArray
from rast_bench.metrics.lemmas import LemmaCounter, is_the_papers, lemma_counter
from rast_bench.metrics.length import ResponseLength, response_length
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.results.result import Measure, Status, UnavailableError, Value
from rast_bench.results.token_cost import TokenCost


@dataclass(frozen=True)
class PaperCell:
    """The cell of the paper that a cell corresponds to, in the terms of results/paper/."""

    model: str
    method: str
    delta: str | None
    dataset: str


@dataclass(frozen=True, eq=False)
class MeasuredCell:
    """One cell of an experiment, in its row or grid.

    `temperature` is 0 for greedy decoding, `lambda_` None without a ΔR. `policy` is the analyses'
    name for the models whose choices count for a PCR. A cell that is not `compared` has no
    published numbers. Without an outcome, `status` and `reason` say why. `also` holds outcomes of
    the same samples by other graders; `cost` is there if the experiment compares costs, and
    `small_share`, the share of tokens whose scores a small model changes, if it is known then.
    """

    section: str
    row: str
    role: Role
    dataset: str
    base_model: str
    stands_for: PaperCell
    lambda_: float | None = None
    temperature: float = 0.0
    grid: str | None = None
    policy: str = ""
    compared: bool = True
    outcome: CellOutcome | None = None
    status: Status = "not run"
    reason: str = ""
    also: Mapping[str, CellOutcome] = field(default_factory=dict)
    cost: TokenCost | None = None
    small_share: float | None = None


@dataclass(frozen=True)
class PathMean:
    """A mean PCR (a fraction), or cosine similarity of ΔR, over greedy paths of an RL model."""

    value: float
    standard_error: float | None
    paths: int


PathMeans = Mapping[tuple[str, str, str], PathMean]
"""Means by base model, data set and policy, as saved by `rast-bench analyse`."""


class CellSamples:
    """The graded samples of one complete cell; each of their numbers is computed once.

    Arrays are [problems, samples].
    """

    def __init__(
        self, outcome: CellOutcome, counter: LemmaCounter, seed: int, ks: frozenset[int]
    ) -> None:
        self.outcome = outcome
        self.seed = seed  # for the paper's draws
        self.published_ks = ks
        self._counter = counter
        self._values: dict[str, tuple[Value, ...]] = {}

    @cached_property
    def correct(self) -> BoolArray:
        return self.outcome.correct

    @cached_property
    def accuracy_per_problem(self) -> FloatArray:
        """Accuracy per problem, [problems]."""
        return accuracy_per_problem(self.correct)

    @property
    def problems(self) -> int:
        return int(self.outcome.kinds.shape[0])

    @property
    def samples(self) -> int:
        """Samples per problem."""
        return int(self.outcome.kinds.shape[1])

    @cached_property
    def length(self) -> ResponseLength:
        return response_length(self.outcome)

    @property
    def behaviour(self) -> BehaviourFrequencies:
        return self._lemmas[0]

    @property
    def lemmas_per_sample(self) -> dict[str, IntArray]:
        """Occurrences of the lemmas of each list, [problems, samples]."""
        return self._lemmas[1]

    @cached_property
    def _lemmas(self) -> tuple[BehaviourFrequencies, dict[str, IntArray]]:
        """Frequencies and counts per list; per-lemma counts, the largest arrays, are dropped."""
        counts = by_list(words_of_samples(self.outcome, self._counter))
        sums = {name: one.sum(axis=-1) for name, one in counts.items()}
        return frequencies_of(counts, self._counter.name), sums

    @property
    def counted_as_in_the_paper(self) -> bool:
        """Whether published frequencies are comparable with this lemmatizer's."""
        return is_the_papers(self._counter)

    def values(self, measure: Measure) -> tuple[Value, ...]:
        """Return the values of a measure.

        Raises:
            UnavailableError: the measure has no number here.
        """
        if measure.name not in self._values:
            self._values[measure.name] = tuple(measure.function(self))
        return self._values[measure.name]


@dataclass
class Experiment:
    """All cells of an experiment, for comparisons and means.

    `paths` holds saved analyses, by measure. `seed` is for the paper's draws and the bootstrap.
    `published_ks` are those of published numbers. `compare_with` is the label of the row that all
    others of its section are compared with.
    """

    cells: Sequence[MeasuredCell]
    paths: Mapping[str, PathMeans] = field(default_factory=dict)
    counter: LemmaCounter = field(default_factory=lemma_counter)
    seed: int = 0
    published_ks: frozenset[int] = frozenset()
    compare_with: str | None = None

    def __post_init__(self) -> None:
        self._samples: dict[object, CellSamples] = {}
        self._values: dict[tuple[str, MeasuredCell], tuple[Value, ...]] = {}
        self.datasets = tuple(dict.fromkeys(one.dataset for one in self.cells if one.grid is None))

    def samples(self, cell: MeasuredCell) -> CellSamples:
        """Return the samples of a cell.

        Raises:
            UnavailableError: the cell is not complete.
        """
        outcome = cell.outcome
        if outcome is None:
            raise UnavailableError(cell.status, cell.reason)
        # One cell may be in several sections, as a small RL model alone is; its id does not tell
        # how many of its problems and samples are requested.
        key = (outcome.cell_id, outcome.problem_ids, outcome.kinds.shape)
        if key not in self._samples:
            self._samples[key] = CellSamples(outcome, self.counter, self.seed, self.published_ks)
        return self._samples[key]

    def values(self, measure: Measure, cell: MeasuredCell) -> tuple[Value, ...]:
        """Return the values of a measure, each computed once.

        Raises:
            UnavailableError: the measure has no number here.
        """
        if measure.level == "cell":
            return self.samples(cell).values(measure)
        key = (measure.name, cell)
        if key not in self._values:
            self._values[key] = tuple(measure.function(cell, self))
        return self._values[key]

    def reference(self, cell: MeasuredCell, role: Role) -> MeasuredCell:
        """Return the base or ceiling of the cell's section.

        Raises:
            UnavailableError: the section has none.
        """
        place = (cell.section, cell.dataset, role)
        for one in self.cells:
            if one.grid is None and (one.section, one.dataset, one.role) == place:
                return one
        raise UnavailableError("no reference")

    def compared_row(self, cell: MeasuredCell) -> MeasuredCell | None:
        """Return the cell of the row `compare_with` in the cell's section; None without one."""
        place = (cell.section, cell.dataset, self.compare_with)
        for one in self.cells:
            if one.grid is None and (one.section, one.dataset, one.row) == place:
                return one
        return None

    def row(self, cell: MeasuredCell) -> list[MeasuredCell]:
        """Return the cells of a row, one for each data set.

        Raises:
            UnavailableError: the row lacks one of the experiment's data sets.
        """
        row = self.cells_of_row(cell)
        if {one.dataset for one in row} != set(self.datasets):
            raise UnavailableError("not run")
        return row

    def cells_of_row(self, cell: MeasuredCell) -> list[MeasuredCell]:
        """Return the cells of a row that exist."""
        place = (cell.section, cell.row)
        return [one for one in self.cells if one.grid is None and (one.section, one.row) == place]

    def highest_of_grid(self, cell: MeasuredCell) -> MeasuredCell:
        """Return the cell with the highest accuracy in the grid, the first of equal ones."""
        place = (cell.grid, cell.dataset)
        run = [one for one in self.cells if (one.grid, one.dataset) == place and one.outcome]
        return max(run, key=lambda one: self.samples(one).accuracy_per_problem.mean())


def check_cells(cells: Sequence[MeasuredCell]) -> None:
    """Raise ConfigError for cells that do not form a table.

    A section needs at most one base and one ceiling (a recovery rate would be ambiguous), one cell
    per row and data set, and the same problems of a data set in all rows; a grid needs every point
    once, over the same problems and numbers of samples.
    """
    run = [cell for cell in cells if cell.outcome is not None]
    rows: dict[str, list[MeasuredCell]] = {}
    grids: dict[tuple[str, str], list[MeasuredCell]] = {}
    for cell in run:
        if cell.grid is None:
            rows.setdefault(cell.section, []).append(cell)
        else:
            grids.setdefault((cell.grid, cell.dataset), []).append(cell)
    for section, members in rows.items():
        _check_section(section, members)
    for (grid, _), members in grids.items():
        _check_grid(grid, members)


def _check_section(section: str, cells: Sequence[MeasuredCell]) -> None:
    places: set[tuple[str, str]] = set()
    for cell in cells:
        if (cell.row, cell.dataset) in places:
            raise ConfigError(
                f"section {section}: two rows are labelled {cell.row!r}",
                hint="give every row of a section a label of its own",
            )
        places.add((cell.row, cell.dataset))
    for role in ("base", "ceiling"):
        labels = list(dict.fromkeys(cell.row for cell in cells if cell.role == role))
        if len(labels) > 1:
            raise ConfigError(
                f"section {section}: {len(labels)} rows have the role {role!r} "
                f"({', '.join(labels)})",
                hint="recovery rates need one reference: give the others the role 'control'",
            )
    first: dict[str, MeasuredCell] = {}
    for cell in cells:
        other = first.setdefault(cell.dataset, cell)
        assert cell.outcome is not None and other.outcome is not None, "cells that were run"
        if cell.outcome.problem_ids != other.outcome.problem_ids:
            raise ConfigError(
                f"section {section}: {cell.row!r} and {other.row!r} are over different "
                f"problems of {cell.dataset}",
                hint="give all rows of a section the same dataset with the same limit",
            )


def _check_grid(grid: str, cells: Sequence[MeasuredCell]) -> None:
    place = f"grid {grid} on {cells[0].dataset}"
    if len({(cell.lambda_, cell.temperature) for cell in cells}) < len(cells):
        raise ConfigError(f"{place} has a point twice", hint="name every λ and every τ once")
    outcomes = [cell.outcome for cell in cells if cell.outcome is not None]
    if len({(one.problem_ids, one.kinds.shape) for one in outcomes}) > 1:
        raise ConfigError(
            f"{place}: its points differ in their problems or numbers of samples",
            hint="give all points of a grid one dataset, one limit and one n",
        )
