"""Which samples' tokens are read, and the reading: stored samples of any cell, not only greedy."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.analysis.scored import ScoredStudy, scored
from rast_bench.analysis.studies import Study, steered_policies, why_unreadable
from rast_bench.analysis.token_measures import SampleTokens, token_measures
from rast_bench.analysis.trajectories import Trajectory, read_trajectories
from rast_bench.config.schema import CellConfig, ModelRef
from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.planning.cells import PlannedCell, cell_title
from rast_bench.planning.plan import plan_cells

if TYPE_CHECKING:
    from rast_bench.analysis.policies import Policy
    from rast_bench.ledger import Ledger


@dataclass(frozen=True)
class Chosen:
    """Samples of one cell, and the composition that they are read with."""

    planned: PlannedCell
    policy: "Policy"
    keys: tuple[tuple[str, int], ...]

    @property
    def models(self) -> tuple[ModelRef, ...]:
        return tuple(dict.fromkeys(self.policy.models))


def choose_samples(
    cells: Mapping[str, CellConfig],
    ledger: "Ledger",
    *,
    problems: Sequence[str] = (),
    samples: Sequence[int] = (0,),
    limit: int | None = None,
    seed: int = 0,
) -> list[Chosen]:
    """Return what is read of each cell. Reads data sets and checks models, loads no weights.

    A cell of another method than RAST is read with the ΔR of the first RAST cell of its base model
    and data set; if there is none, it is left out. So are cells with a forced start or a repetition
    penalty.

    Args:
        cells: By id, as the ledger has them.
        problems: By id; without any, `limit` of those stored are drawn with `seed`.
        samples: Indices of the samples of each problem.

    Raises:
        ConfigError: no cell has a ΔR or can be read, or no cell has a named problem or sample.
        LedgerError: a cell's checkpoints or data set are others than those of its samples.
        DatasetError, ModelError: as `plan_cells`.
    """
    refusals = {key: why_unreadable(cell) for key, cell in cells.items()}
    first = next(iter(refusals.values()), None)
    if first is not None and all(refusals.values()):
        raise first
    cells = {key: cell for key, cell in cells.items() if refusals[key] is None}
    policies = {cell_id: _policy_for(cell, cells.values()) for cell_id, cell in cells.items()}
    if not any(policies.values()):
        raise ConfigError(
            f"no RAST cell is among {', '.join(list(cells)[:3])}",
            hint="name a RAST cell beside it: its ΔR is applied to the samples of the others",
        )
    read = {cell_id: policy for cell_id, policy in policies.items() if policy}
    planned_cells = plan_cells([_whole(cells[cell_id]) for cell_id in read])
    found, known, counts = [], set(), set()
    for (cell_id, policy), planned in zip(read.items(), planned_cells, strict=True):
        if planned.cell_id != cell_id:
            raise LedgerError(
                f"cell {cell_id} ({cell_title(planned.cell)}): its checkpoints or its data set are "
                "not those that its samples were made with",
                hint="put them back, or generate its samples again",
            )
        stored = ledger.completed(cell_id)
        counts |= {index for _, index in stored}
        ids = [one.problem_id for one in planned.problems]
        ready = [one for one in ids if all((one, index) in stored for index in samples)]
        known |= set(ready)
        if problems:
            ready = [one for one in ready if one in problems]
        elif limit is not None and limit < len(ready):
            places = sorted(random.Random(seed).sample(range(len(ready)), limit))
            ready = [ready[place] for place in places]
        keys = tuple((problem, index) for problem in ready for index in samples)
        found.append(Chosen(planned, policy, keys))
    for index in samples:
        if index not in counts:
            raise ConfigError(
                f"none of these cells has a sample {index} of a problem",
                hint=f"samples are numbered from 0 to {max(counts, default=0)}",
            )
    for problem in problems:
        if problem not in known:
            raise ConfigError(
                f"none of these cells has the samples of a problem {problem!r}",
                hint=did_you_mean(problem, known, "problems"),
            )
    chosen = [one for one in found if one.keys]
    if not chosen:
        raise ConfigError(
            f"no problem has all of the samples {', '.join(map(str, samples))}",
            hint="name one of them alone",
        )
    return chosen


def _policy_for(cell: CellConfig, cells: Iterable[CellConfig]) -> "Policy | None":
    own = steered_policies([cell])
    if own:
        return own[0]
    beside = (
        one
        for one in cells
        if one.base_model == cell.base_model and one.dataset.name == cell.dataset.name
    )
    return next(iter(steered_policies(beside)), None)


def _whole(cell: CellConfig) -> CellConfig:
    """Return the cell with all problems of its data set; its id is the same."""
    return cell.model_copy(update={"dataset": cell.dataset.model_copy(update={"limit": None})})


def read_tokens_of(
    chosen: Sequence[Chosen],
    ledger: "Ledger",
    *,
    scratch: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Chosen, SampleTokens]]:
    """Yield each sample with its cell. Cells of the same models share one reading of each model.

    Raises:
        LedgerError, ModelError, EngineError: as `analyse`.
    """
    groups: dict[object, list[Chosen]] = {}
    for one in chosen:
        groups.setdefault((one.models, one.planned.cell.engine), []).append(one)
    for group in groups.values():
        owners: list[Chosen] = []
        paths: list[Trajectory] = []
        for one in group:
            own = read_trajectories(one.planned, ledger, one.keys)
            owners += [one] * len(own)
            paths += own
        first = group[0]
        study = Study(
            greedy=first.planned.cell,
            path_source="rast",
            base=first.policy,
            rl=None,
            steered=(first.policy,),
            shifts=(),
        )
        with scored(
            study, first.planned.cell_id, paths, first.models, scratch=scratch, tell=tell
        ) as ready:
            policies = [one.policy for one in owners]
            yield from zip(owners, token_measures(ready, policies), strict=True)


def tokens_of_paths(ready: ScoredStudy) -> Iterator[SampleTokens]:
    """Yield the token measures of greedy paths, with the first ΔR of their study, if it has one."""
    for policy in ready.study.steered[:1]:
        yield from token_measures(ready, [policy] * len(ready.paths))


def title_of(one: Chosen) -> str:
    return cell_title(one.planned.cell)
