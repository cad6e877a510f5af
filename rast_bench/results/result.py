"""The types of a number: its definition (`Measure`), a formula's output (`Value`) and the number in
its place (`Result`).

All rates are fractions in [0, 1]; percent is for printing. A number that does not exist is None,
never nan or infinity, and `status` says why.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rast_bench.config.experiment import Role
from rast_bench.metrics.estimate import Estimate
from rast_bench.metrics.recovery import Method
from rast_bench.metrics.replication import Replication
from rast_bench.paper.published import Published

ROLE_ORDER: tuple[Role, ...] = ("base", "rast", "ceiling", "control")
"""The order of rows within a section, as in the paper's table 1."""

Status = Literal[
    "measured",
    "ceiling below base",  # a recovery rate that is measured, with a negative gap
    "not identified",  # a recovery rate whose gap may be 0: a number without an interval
    "undefined",  # the samples give no number: a ratio over 0, a mean over nothing
    "not run",
    "partial",
    "too few samples",
    "no reference",
]

Verdict = Literal["agrees", "differs", "not comparable", "not run", "open"]
"""On one published number. `open`: we have samples, but no number that could agree.
`not comparable`: ours was counted with another lemmatizer than the published one."""

Unit = Literal["fraction", "tokens", "occurrences", "cosine", "bytes", "FLOPs"]
"""Fractions are printed in percent or points; tokens and occurrences are per response, bytes and
FLOPs per token."""

Direction = Literal["higher", "lower", "neither"]
"""Which values are better."""

Level = Literal["cell", "comparison", "paths", "row"]
"""What a measure describes: a cell's own samples, a cell beside others of its section or grid,
saved paths of the cell's models, or all data sets of a row."""


@dataclass(frozen=True)
class Value:
    """The output of a measure's function, one for each k and estimator.

    `main` is False for a second estimator, or a second interval, of the same number. `problems` is
    for measures along paths, which have their own; `counted_by` names a lemmatizer, and the value
    is not `comparable` if the published numbers were counted with another.
    """

    estimate: float | None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    interval: Method | None = None
    k: int | None = None
    estimator: str = ""
    main: bool = True
    status: Status = "measured"
    reason: str = ""
    p_value: float | None = None
    problems: int | None = None
    counted_by: str = ""
    comparable: bool = True

    def __post_init__(self) -> None:
        numbers = (self.estimate, self.standard_error, self.low, self.high, self.p_value)
        if not all(one is None or math.isfinite(one) for one in numbers):
            raise ValueError("a value is finite; if there is none it is None, with a status")

    @staticmethod
    def of(estimate: Estimate, k: int | None = None, estimator: str = "") -> "Value":
        return Value(estimate.value, estimate.standard_error, k=k, estimator=estimator)


class UnavailableError(Exception):
    """A measure has no number here: its status and, if there is more to say, a short reason."""

    def __init__(self, status: Status, reason: str = "") -> None:
        super().__init__(reason or status)
        self.status: Status = status
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Measure:
    """The definition of a number.

    `function` returns its values, or raises UnavailableError. At the level `cell` it is called with
    the cell's samples (`CellSamples`), at all others with the cell (`MeasuredCell`; the first of a
    row) and the experiment (`Experiment`). `replicate` is called with the same, a value, and the
    number of published samples; it returns the range of published numbers (metrics/replication.py).

    `by_k`: there is a value for each k. `roles` are those of the rows that have the measure,
    `table_roles` those of the rows that show it in a table of the experiment. `optional` measures
    are computed only if an experiment requests them, and are not in numbers.csv; the others are
    there as `column`, by default the name with underscores. `title` heads its table.
    """

    name: str
    function: Callable[..., Sequence[Value]]
    unit: Unit = "fraction"
    direction: Direction = "neither"
    decimals: int = 1  # of a percentage if the unit is a fraction
    source: str = ""
    level: Level = "cell"
    replicate: Callable[..., Replication | None] | None = None
    by_k: bool = False
    roles: tuple[Role, ...] = ROLE_ORDER
    table_roles: tuple[Role, ...] = ROLE_ORDER
    rows: bool = True
    grids: bool = False
    optional: bool = False
    column: str = ""
    title: str = ""

    @property
    def scale(self) -> float:
        """The factor of a value when printed."""
        return 100.0 if self.unit == "fraction" else 1.0

    @property
    def csv_name(self) -> str:
        return self.column or self.name.replace(" ", "_")


@dataclass(frozen=True)
class Result:
    """One number of an experiment, or why there is none.

    Where: `section` and `row` of the table, or `grid` (its row is then the pair of models);
    `dataset` is None for a mean over all of them. `delta` is the ΔR in the terms of results/paper/.

    What: `measure`, `k`, `estimator`. `low` and `high` are the 95 % interval over problems by the
    method `interval`. `p_value` is of the paired sign-flip test of a difference, `holm_p_value`
    Holm's over all of that measure in the section or grid.

    Beside the paper: only a result that the experiment requests, `requested`, has `published`
    numbers. 95 % of such numbers lie in `replication` if both runs measure the same; `verdicts` is
    parallel to `published`.
    """

    experiment: str
    section: str
    row: str
    role: Role
    grid: str | None
    dataset: str | None
    cell_ids: tuple[str, ...]
    measure: Measure
    value: Value
    lambda_: float | None = None
    temperature: float | None = None
    problems: int | None = None
    samples: int | None = None
    holm_p_value: float | None = None
    requested: bool = False
    delta: str | None = None
    published: tuple[Published, ...] = ()
    replication: Replication | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def estimate(self) -> float | None:
        return self.value.estimate

    @property
    def standard_error(self) -> float | None:
        return self.value.standard_error

    @property
    def k(self) -> int | None:
        return self.value.k

    @property
    def status(self) -> Status:
        return self.value.status

    @property
    def missing(self) -> str:
        """Why there is no number, in a few words: `not run`, `240 of 3,200`."""
        return self.value.reason or self.value.status
