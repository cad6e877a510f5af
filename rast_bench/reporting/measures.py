"""The numbers of a report, once, as plain records: every table, CSV line and figure reads these.

All rates are fractions in [0, 1]; only the renderers speak of percent. A number that does not exist
is None, never nan or infinity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rast_bench.domain import VerdictKind
from rast_bench.metrics.estimate import Estimate
from rast_bench.metrics.recovery import Interval
from rast_bench.reporting.records import Role

RecoveryStatus = Literal["identified", "not identified", "undefined"]


@dataclass(frozen=True)
class Recovery:
    """Eq. 5 with its 95 % interval.

    `undefined`: ceiling and base are equal, so there is no number. `not identified`: their
    difference may be 0; the number has no interval then. `inverted`: identified, but the ceiling is
    below the base.
    `fieller` and `bootstrap` are the intervals of both methods, the one that `low` and `high` come
    from among them; None where the method cannot tell the ceiling from the base.
    """

    status: RecoveryStatus
    value: float | None = None
    low: float | None = None
    high: float | None = None
    inverted: bool = False
    fieller: Interval | None = None
    bootstrap: Interval | None = None


@dataclass(frozen=True)
class Lengths:
    """Output tokens per sample; a mean over no sample is None.

    `wrong_mean` is over answers judged wrong: samples with any other verdict are in neither mean.
    """

    mean: Estimate
    median: float
    correct_mean: float | None
    wrong_mean: float | None


@dataclass(frozen=True)
class VerdictLengths:
    """The samples of one verdict: their share of all, and output tokens per sample."""

    share: float
    mean: float
    median: float


@dataclass(frozen=True)
class Difference:
    """A cell's avg@n less another's on the same problems, as a fraction.

    `p_value` is that of the paired sign-flip test, `adjusted_p_value` Holm's over the family of
    comparisons that it belongs to.
    """

    value: float
    standard_error: float | None
    p_value: float
    adjusted_p_value: float


@dataclass(frozen=True)
class CellMeasures:
    """One row × data set. Mappings are by k; `paper_*` is the paper's own protocol.

    `pass_at_k` holds every k from 1 to `samples`; the others hold the k of the detail tables.
    `truncated_share` counts the samples that max_tokens ended; `unparsed_share`, `timeout_share`
    and `undecided_share` count verdicts. `behaviour` is by name: occurrences per sample.
    `by_verdict` has the verdicts that occur. `difference` is from the section's base, Holm's family
    all such cells of the section.
    """

    cell_id: str
    problems: int
    samples: int
    avg: Estimate
    rerun_standard_error: float | None
    pass_at_k: Mapping[int, Estimate]
    paper_pass_at_k: Mapping[int, float]
    majority_at_k: Mapping[int, Estimate]
    paper_majority_at_k: Mapping[int, float]
    lengths: Lengths
    truncated_share: float
    unparsed_share: float
    timeout_share: float
    behaviour: Mapping[str, Estimate]
    recovery: Recovery | None = None
    by_verdict: Mapping[VerdictKind, VerdictLengths] = field(default_factory=dict)
    difference: Difference | None = None

    @property
    def undecided_share(self) -> float:
        undecided = self.by_verdict.get("undecided")
        return undecided.share if undecided else 0.0


@dataclass(frozen=True)
class RowMeasures:
    """One row; the means are over all data sets, None where one is missing.

    `ratio_of_means` is eq. 5 of the mean accuracies, `mean_of_ratios` the mean of the data sets'
    recovery rates, as the paper's table 4 has it: without an interval, undefined where one of them
    is, and identified where all are.
    """

    label: str
    section: str
    role: Role
    cells: Mapping[str, CellMeasures]
    mean: Estimate | None
    ratio_of_means: Recovery | None
    mean_of_ratios: Recovery | None = None


@dataclass(frozen=True)
class Measurements:
    """All rows, grouped by section in the order of `records.sections`.

    `lemmatizer` names and versions what counted the behaviour lemmas.
    """

    datasets: tuple[str, ...]
    rows: tuple[RowMeasures, ...]
    lemmatizer: str

    def section_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.section for row in self.rows))

    def section(self, name: str) -> tuple[RowMeasures, ...]:
        return tuple(row for row in self.rows if row.section == name)


NEAR_BEST_TEST = "exact paired sign-flip test over problems, Holm-corrected, 5 %"


@dataclass(frozen=True)
class GridCell:
    """avg@n at one (λ, τ). `near_best`: not significantly below the grid's highest cell.

    `difference` is from that cell (None for itself), Holm's family all the others of the grid.
    """

    lambda_: float
    temperature: float
    avg: Estimate
    near_best: bool
    difference: Difference | None = None


@dataclass(frozen=True)
class GridMeasures:
    """A λ × τ grid of one pair on one data set; cells may be missing."""

    label: str
    dataset: str
    problems: int
    samples: int
    cells: tuple[GridCell, ...]

    def lambdas(self) -> tuple[float, ...]:
        return tuple(sorted({cell.lambda_ for cell in self.cells}))

    def temperatures(self) -> tuple[float, ...]:
        return tuple(sorted({cell.temperature for cell in self.cells}))
