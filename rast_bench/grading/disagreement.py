"""How often two graders call the same sample correct and not: a table's footnote."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger
    from rast_bench.runner.plan import PlannedCell

_SAMPLE = ["problem_id", "sample_index"]


@dataclass(frozen=True)
class Disagreement:
    """Samples that both graders judged, and those that only one of them calls correct."""

    samples: int = 0
    first_only: int = 0
    second_only: int = 0

    @property
    def share(self) -> float:
        return (self.first_only + self.second_only) / self.samples if self.samples else 0.0

    def __add__(self, other: "Disagreement") -> "Disagreement":
        return Disagreement(
            self.samples + other.samples,
            self.first_only + other.first_only,
            self.second_only + other.second_only,
        )


def disagreement_notes(
    planned: Iterable["PlannedCell"], ledger: "Ledger", chosen: str | None = None
) -> tuple[str, ...]:
    """A sentence for each pair of graders: the one that fills the tables, and one beside it.

    Cells that came twice count once, and so do cells of one grader not at all. `chosen` is the
    grader that a command chose over those of the data sets.

    Raises:
        LedgerError: verdicts cannot be read.
    """
    found: dict[tuple[str, str], dict[str, Disagreement]] = {}
    for cell in {(cell.cell_id, cell.wanted): cell for cell in planned}.values():
        first, *others = cell.cell.graders(chosen)
        for second in others:
            by_dataset = found.setdefault((first, second), {})
            name = cell.cell.dataset.name
            before = by_dataset.get(name, Disagreement())
            by_dataset[name] = before + cell_disagreement(cell, ledger, first, second)
    return tuple(note(*names, by_dataset) for names, by_dataset in found.items())


def cell_disagreement(
    cell: "PlannedCell", ledger: "Ledger", first: str, second: str
) -> Disagreement:
    """Over the cell's own samples that both graders judged. Raises LedgerError."""
    both = _correct(cell, ledger, first).merge(
        _correct(cell, ledger, second), on=_SAMPLE, suffixes=("_first", "_second")
    )
    one, other = both["correct_first"], both["correct_second"]
    return Disagreement(len(both), int((one & ~other).sum()), int((other & ~one).sum()))


def _correct(cell: "PlannedCell", ledger: "Ledger", grader: str) -> "pd.DataFrame":
    """Columns problem_id, sample_index and correct; the ledger may hold more than was planned."""
    verdicts = ledger.verdicts(cell.cell_id, grader)
    problems = [problem.problem_id for problem in cell.problems]
    wanted = verdicts["problem_id"].isin(problems) & (
        verdicts["sample_index"] < cell.cell.decoding.samples_per_problem
    )
    mine = verdicts.loc[wanted]
    return mine[_SAMPLE].assign(correct=mine["kind"] == "correct")


def note(first: str, second: str, by_dataset: dict[str, Disagreement]) -> str:
    """The footnote, with the share of each data set where there are several."""
    total = sum(by_dataset.values(), Disagreement())
    return (
        f"Graders {first} and {second} disagree on {total.share:.2%} of {total.samples:,} samples"
        f"{_shares(list(by_dataset.items()))}; correct to {first} alone: {total.first_only:,}, "
        f"to {second} alone: {total.second_only:,}."
    )


def _shares(by_dataset: Sequence[tuple[str, Disagreement]]) -> str:
    if len(by_dataset) < 2:
        return ""
    return f" ({', '.join(f'{name} {each.share:.2%}' for name, each in by_dataset)})"
