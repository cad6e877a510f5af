"""Two cells, or the cells of two experiments, on the same problems: the paired difference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rast_bench.api.named import NamedCell
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.metrics.accuracy import avg_at_n, mean_paired_difference
from rast_bench.metrics.estimate import BoolArray, Estimate

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger


@dataclass(frozen=True)
class Flip:
    """A problem and the share of correct samples in A and in B."""

    problem_id: str
    rate_a: float
    rate_b: float

    @property
    def change(self) -> float:
        return self.rate_b - self.rate_a


@dataclass(frozen=True)
class Comparison:
    """B − A over the problems that both have.

    Attributes:
        grader: Whose verdicts count.
        samples_a, samples_b: Per problem.
        difference: B − A, mean over problems with its standard error.
        low, high: Its 95 % interval, Student's over problems; None for one problem.
        p_value: Of the paired sign-flip test.
        flips: All problems whose rates differ, the largest change first.
        left_out: Problems that only one of the cells has, or that lack samples or verdicts.
        differs: What differs in the identities of the cells: name to (A, B).
    """

    a: NamedCell
    b: NamedCell
    grader: str
    problems: int
    samples_a: int
    samples_b: int
    accuracy_a: Estimate
    accuracy_b: Estimate
    difference: Estimate
    low: float | None
    high: float | None
    p_value: float
    flips: Sequence[Flip]
    left_out: int
    differs: Mapping[str, tuple[Any, Any]]

    @property
    def better(self) -> int:
        """How many problems have a larger share of correct samples in B."""
        return sum(flip.change > 0 for flip in self.flips)


def paired_cells(
    a: Sequence[NamedCell], b: Sequence[NamedCell], names: tuple[str, str], notes: list[str]
) -> list[tuple[NamedCell, NamedCell]]:
    """Return the pairs of A and B: by section, row and data set, in a grid by λ and τ, too.

    Where the rows have other labels (two rows of one experiment, say) by section and data set, else
    by data set alone.

    Args:
        names: What the user calls A and B, for messages.

    Raises:
        ConfigError: nothing can be paired, or the two are the same.
    """
    if {one.cell_id for one in a} == {one.cell_id for one in b}:
        raise ConfigError(
            f"{names[0]} and {names[1]} are the same samples", hint="name two different ones"
        )
    if len(a) == len(b) == 1:
        _check_same_problems(a[0], b[0])
        return [(a[0], b[0])]
    for key in (_by_row, _by_section, _by_dataset):
        first, second = _keyed(a, key), _keyed(b, key)
        if first is None or second is None or not first.keys() & second.keys():
            continue
        shared = [one for one in first if one in second]
        if lonely := len(first) + len(second) - 2 * len(shared):
            notes.append(f"{lonely} cells are left out: the other side has none in their place")
        pairs = [(first[one], second[one]) for one in shared]
        pairs = [(one, other) for one, other in pairs if one.cell_id != other.cell_id]
        if equal := len(shared) - len(pairs):
            notes.append(f"{equal} cells are left out: both sides have the same one")
        for one, other in pairs:
            _check_same_problems(one, other)
        if pairs:
            return pairs
    raise ConfigError(
        f"no cell of {names[0]} has its place in {names[1]}: the section and row, or the data set",
        hint="compare two rows, EXPERIMENT:ROW, or two cells by id",
    )


def _by_row(one: NamedCell) -> object:
    return one.section, one.row, one.grid, *_by_dataset(one)


def _by_section(one: NamedCell) -> object:
    return one.section, *_by_dataset(one)


def _by_dataset(one: NamedCell) -> tuple[object, ...]:
    own = one.cell.constants()
    setting = () if one.grid is None else (own["lambda"], own["temperature"])
    return one.cell.dataset, *setting


def _keyed(
    cells: Sequence[NamedCell], key: Callable[[NamedCell], object]
) -> dict[object, NamedCell] | None:
    """Return the cells by key; None if two have the same."""
    found = {key(one): one for one in cells}
    return found if len(found) == len(cells) else None


def _check_same_problems(a: NamedCell, b: NamedCell) -> None:
    """Raise ConfigError for cells of different data sets."""
    if a.cell.identity["dataset"] == b.cell.identity["dataset"]:
        return
    if a.cell.dataset != b.cell.dataset:
        why = f"cells of different data sets: {a.cell.dataset} and {b.cell.dataset}"
    else:
        why = f"data set {a.cell.dataset} had other content when one of the cells was made"
    raise ConfigError(
        f"{a.cell_id} and {b.cell_id} cannot be compared problem by problem: {why}",
        hint="compare cells of one data set",
    )


def compare(a: NamedCell, b: NamedCell, ledger: "Ledger", grader: str | None = None) -> Comparison:
    """Return the difference of two cells on the same problems.

    Args:
        grader: Whose verdicts count; by default the one that fills the tables of both.

    Raises:
        ConfigError: the cells have no grader in common.
        LedgerError: they have no problem in common, or the ledger cannot be read.
    """
    name = _shared_grader(a, b, grader)
    rows_a, rows_b = _verdicts(a, ledger, name), _verdicts(b, ledger, name)
    samples_a, samples_b = (max(map(len, rows.values()), default=0) for rows in (rows_a, rows_b))
    shared = [
        problem
        for problem, verdicts in rows_a.items()
        if len(verdicts) == samples_a and len(rows_b.get(problem, ())) == samples_b
    ]
    if not shared:
        raise LedgerError(
            f"cells {a.cell_id} and {b.cell_id} have no problem with verdicts of {name} in common",
            hint="`rast-bench table EXPERIMENT` grades what is stored",
        )
    correct_a = np.array([rows_a[problem] for problem in shared])
    correct_b = np.array([rows_b[problem] for problem in shared])
    found = mean_paired_difference([(correct_b, correct_a)])
    return Comparison(
        a,
        b,
        name,
        len(shared),
        samples_a,
        samples_b,
        avg_at_n(correct_a),
        avg_at_n(correct_b),
        Estimate(found.value, found.standard_error),
        found.low,
        found.high,
        found.p_value,
        _flips(shared, correct_a, correct_b),
        len(rows_a.keys() | rows_b.keys()) - len(shared),
        differences(a, b),
    )


def differences(a: NamedCell, b: NamedCell) -> dict[str, tuple[Any, Any]]:
    """Return what differs in what made the cells: name to (A, B), None for what one lacks."""
    first, second = (_flat(one.cell.display) | _flat(one.cell.identity) for one in (a, b))
    names = [*first, *(name for name in second if name not in first)]
    return {
        name: (first.get(name), second.get(name))
        for name in names
        if name != "title" and first.get(name) != second.get(name)
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            found |= _flat({str(place): one for place, one in enumerate(value)}, f"{prefix}{name}.")
        elif value != []:
            found[f"{prefix}{name}"] = value
    return found


def _shared_grader(a: NamedCell, b: NamedCell, chosen: str | None) -> str:
    both = [name for name in a.cell.graders if name in b.cell.graders]
    own = {a.cell.grader, b.cell.grader}
    if chosen is None and len(own) == 1 and None not in own:
        return str(a.cell.grader)
    if chosen is not None and chosen in both:
        return chosen
    if chosen is None and len(both) == 1:
        return both[0]
    wanted = "a grader" if chosen is None else f"grader {chosen!r}"
    raise ConfigError(
        f"cells {a.cell_id} and {b.cell_id} do not both have verdicts of {wanted}",
        hint=f"choose --grader {', '.join(both)}"
        if both
        else "`rast-bench table EXPERIMENT grader=NAME` grades what is stored",
    )


def _verdicts(one: NamedCell, ledger: "Ledger", grader: str) -> dict[str, list[bool]]:
    """Return whether each sample of a problem is correct, in the order of the samples."""
    frame = ledger.verdicts(one.cell_id, grader, ["problem_id", "sample_index", "kind"])
    found: dict[str, list[bool]] = {}
    for problem, kind in zip(frame["problem_id"], frame["kind"], strict=True):
        found.setdefault(problem, []).append(kind == "correct")
    return found


def _flips(problems: Sequence[str], a: BoolArray, b: BoolArray) -> list[Flip]:
    rates = zip(problems, a.mean(axis=1).tolist(), b.mean(axis=1).tolist(), strict=True)
    changed = [Flip(*one) for one in rates if one[1] != one[2]]
    return sorted(changed, key=lambda one: -abs(one.change))
