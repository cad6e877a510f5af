"""Which samples of planned cells are missing, counted without listing what nobody has made."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rast_bench.ledger import Ledger
from rast_bench.runner.plan import PlannedCell

State = Literal["complete", "partial", "new"]


@dataclass(frozen=True)
class CellWork:
    """A cell's samples. What another cell of the plan asks for as well is missing only there."""

    planned: PlannedCell
    done: int  # of `wanted`, durable
    missing: int  # to be made for this cell

    @property
    def wanted(self) -> int:
        return self.planned.wanted

    @property
    def state(self) -> State:
        if self.done == self.wanted:
            return "complete"
        return "partial" if self.done else "new"


def cell_work(cells: Sequence[PlannedCell], ledger: Ledger) -> list[CellWork]:
    """The work of every cell, in order. Cells of one id share their samples: the first asks.

    Raises LedgerError.
    """
    done_of: dict[str, set[tuple[str, int]]] = {}
    asked: defaultdict[str, dict[str, int]] = defaultdict(dict)  # samples per problem, by cell id
    works = []
    for cell in cells:
        if cell.cell_id not in done_of:
            done_of[cell.cell_id] = ledger.completed(cell.cell_id)
        works.append(_work(cell, done_of[cell.cell_id], asked[cell.cell_id]))
    return works


def _work(cell: PlannedCell, done: set[tuple[str, int]], asked: dict[str, int]) -> CellWork:
    samples = cell.cell.decoding.samples_per_problem
    before = {problem.problem_id: asked.get(problem.problem_id, 0) for problem in cell.problems}
    asked.update({problem: max(samples, count) for problem, count in before.items()})
    unasked = sum(max(0, samples - count) for count in before.values())
    durable = [(problem, i) for problem, i in done if i < samples and problem in before]
    mine = sum(i >= before[problem] for problem, i in durable)
    return CellWork(cell, len(durable), unasked - mine)
