"""Which samples planned cells want, which of them are missing, and the requests for those.

Cells with the same id share their samples; each sample belongs to the first cell that wants it.
Missing samples are never listed, so a plan of millions of samples stays cheap.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rast_bench.config.identity import sample_seed
from rast_bench.domain import Request, SampleKey, SamplingParams
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell

Key = tuple[str, int]
"""(problem id, sample index) within a cell."""

State = Literal["complete", "partial", "new"]


@dataclass(frozen=True)
class DisjointSamples:
    """The samples that a cell wants and no earlier cell with its id does."""

    planned: PlannedCell
    taken: Mapping[str, int]  # samples per problem that earlier cells want; 0 if left out

    @property
    def count(self) -> int:
        n = self.planned.cell.decoding.samples_per_problem
        if not self.taken:
            return self.planned.wanted
        return sum(max(0, n - self.taken.get(p.problem_id, 0)) for p in self.planned.problems)

    def wanted_keys(self) -> Iterator[Key]:
        """Yield the keys, all samples of a problem consecutively."""
        for problem in self.planned.problems:
            first = self.taken.get(problem.problem_id, 0)
            for index in range(first, self.planned.cell.decoding.samples_per_problem):
                yield problem.problem_id, index

    def missing(self, durable: Collection[Key]) -> int:
        """Return how many of these samples are not durable, given the durable keys of the cell's
        id.
        """
        return self.count - self._count(durable, self.taken)

    def done(self, durable: Collection[Key]) -> int:
        """Return how many samples that the cell wants are durable, whichever cell they belong
        to.
        """
        return self._count(durable, {})

    def _count(self, durable: Collection[Key], taken: Mapping[str, int]) -> int:
        n = self.planned.cell.decoding.samples_per_problem
        wanted = {problem.problem_id for problem in self.planned.problems}
        return sum(p in wanted and taken.get(p, 0) <= i < n for p, i in durable)


def disjoint_samples(cells: Sequence[PlannedCell]) -> list[DisjointSamples]:
    """Return the samples of each cell, in the order given, each sample once."""
    repeated = {cell_id for cell_id, n in Counter(cell.cell_id for cell in cells).items() if n > 1}
    asked: defaultdict[str, dict[str, int]] = defaultdict(dict)  # samples per problem, by cell id
    found = []
    for cell in cells:
        if cell.cell_id not in repeated:
            found.append(DisjointSamples(cell, {}))
            continue
        before = asked[cell.cell_id]
        found.append(DisjointSamples(cell, dict(before)))
        n = cell.cell.decoding.samples_per_problem
        for problem in cell.problems:
            before[problem.problem_id] = max(n, before.get(problem.problem_id, 0))
    return found


@dataclass(frozen=True)
class CellWork:
    """The number of a cell's samples by state."""

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
    """Return the work of every cell, in the order given.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    durable = cache(ledger.completed)
    return [
        CellWork(own.planned, own.done(stored), own.missing(stored))
        for own in disjoint_samples(cells)
        for stored in [durable(own.planned.cell_id)]
    ]


def requests_for(planned: PlannedCell, keys: Iterable[tuple[str, int]]) -> Iterator[Request]:
    """Yield a request for each (problem id, sample index) of the cell, in the order given.

    λ is 0 where the cell's method has none. The samples of a problem should be consecutive: an
    engine then shares the prefill of equal prompts.

    Raises:
        KeyError: the cell does not have the problem.
    """
    from rast_bench.datasets import render_prompt

    decoding = planned.cell.decoding
    params = SamplingParams(
        lambda_=planned.cell.weight or 0.0,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        max_tokens=decoding.max_tokens,
        greedy=decoding.greedy,
        stop=planned.cell.prompt.stop,
        parameters=tuple(planned.cell.method.parameters.values()),
        repetition_penalty=decoding.repetition_penalty,
    )
    problems = {problem.problem_id: problem for problem in planned.problems}
    prompt, prompt_of = "", None
    for problem_id, index in keys:
        if problem_id != prompt_of:
            prompt = render_prompt(planned.cell.prompt, problems[problem_id])
            prompt_of = problem_id
        key = SampleKey(planned.cell_id, problem_id, index)
        yield Request(
            key=key,
            prompt=prompt,
            seed=sample_seed(key),
            params=params,
            forced_prefix=planned.cell.prompt.forced_prefix or "",
        )
