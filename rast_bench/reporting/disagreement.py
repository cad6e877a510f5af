"""Footnotes on how often two graders disagree, and on what they leave undecided."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rast_bench.grading.registry import graders_of

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger
    from rast_bench.metrics.outcomes import CellOutcome
    from rast_bench.planning.cells import PlannedCell

_SAMPLE = ["problem_id", "sample_index"]


@dataclass(frozen=True)
class Disagreement:
    """Samples judged by both graders, and those that only one of them calls correct.

    Those that one leaves undecided count as not correct, and are also counted separately.
    """

    samples: int = 0
    first_only: int = 0
    second_only: int = 0
    first_undecided: int = 0
    second_undecided: int = 0

    @property
    def share(self) -> float:
        return (self.first_only + self.second_only) / self.samples if self.samples else 0.0

    def __add__(self, other: "Disagreement") -> "Disagreement":
        return Disagreement(
            self.samples + other.samples,
            self.first_only + other.first_only,
            self.second_only + other.second_only,
            self.first_undecided + other.first_undecided,
            self.second_undecided + other.second_undecided,
        )


def disagreement_notes(
    planned: Iterable["PlannedCell"], ledger: "Ledger", chosen: str | None = None
) -> tuple[str, ...]:
    """Return a sentence for each pair of graders: the one that fills the tables, and another.

    Repeated cells count once, cells of one grader not at all. `chosen` is the grader that a command
    chose over those of the data sets.

    Raises:
        LedgerError: verdicts cannot be read.
    """
    found: dict[tuple[str, str], dict[str, Disagreement]] = {}
    for cell in {(cell.cell_id, cell.wanted): cell for cell in planned}.values():
        first, *others = graders_of(cell.cell, chosen)
        for second in others:
            by_dataset = found.setdefault((first, second), {})
            name = cell.cell.dataset.name
            before = by_dataset.get(name, Disagreement())
            by_dataset[name] = before + cell_disagreement(cell, ledger, first, second)
    return tuple(note(*names, by_dataset) for names, by_dataset in found.items())


def cell_disagreement(
    cell: "PlannedCell", ledger: "Ledger", first: str, second: str
) -> Disagreement:
    """Return the disagreement on the cell's own samples judged by both graders.

    Raises:
        LedgerError: verdicts cannot be read.
    """
    both = _kinds(cell, ledger, first).merge(
        _kinds(cell, ledger, second), on=_SAMPLE, suffixes=("_first", "_second")
    )
    kinds = both["kind_first"], both["kind_second"]
    one, other = (kind == "correct" for kind in kinds)
    return Disagreement(
        len(both),
        int((one & ~other).sum()),
        int((other & ~one).sum()),
        *(int((kind == "undecided").sum()) for kind in kinds),
    )


def _kinds(cell: "PlannedCell", ledger: "Ledger", grader: str) -> "pd.DataFrame":
    """Return problem_id, sample_index and kind; the ledger may hold more than was planned."""
    verdicts = ledger.verdicts(cell.cell_id, grader)
    problems = [problem.problem_id for problem in cell.problems]
    wanted = verdicts["problem_id"].isin(problems) & (
        verdicts["sample_index"] < cell.cell.decoding.samples_per_problem
    )
    return verdicts.loc[wanted, [*_SAMPLE, "kind"]]


def note(first: str, second: str, by_dataset: dict[str, Disagreement]) -> str:
    """Return the footnote, with the share of each data set if there are several."""
    total = sum(by_dataset.values(), Disagreement())
    return (
        f"Graders {first} and {second} disagree on {total.share:.2%} of {total.samples:,} samples"
        f"{_shares(list(by_dataset.items()))}; correct to {first} alone: {total.first_only:,}, "
        f"to {second} alone: {total.second_only:,}"
        + "".join(
            f"; undecided by {name}: {count:,}"
            for name, count in ((first, total.first_undecided), (second, total.second_undecided))
            if count
        )
        + "."
    )


def undecided_notes(judged: Iterable[tuple[str, "CellOutcome"]]) -> tuple[str, ...]:
    """Return a sentence for each grader that left samples of a table undecided.

    Args:
        judged: graders and what they judged; a repeated cell counts once.
    """
    distinct = {(name, outcome.cell_id, outcome.kinds.shape): outcome for name, outcome in judged}
    samples: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    for (name, *_), outcome in distinct.items():
        samples[name] += outcome.kinds.size
        undecided[name] += int((outcome.kinds == "undecided").sum())
    return tuple(
        f"{name} left {count:,} of {samples[name]:,} samples ({count / samples[name]:.2%}) "
        "undecided: they count as not correct."
        for name, count in undecided.items()
        if count
    )


def _shares(by_dataset: Sequence[tuple[str, Disagreement]]) -> str:
    if len(by_dataset) < 2:
        return ""
    return f" ({', '.join(f'{name} {each.share:.2%}' for name, each in by_dataset)})"
