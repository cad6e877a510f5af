"""Run one analysis of some cells, from the ledger to per-token records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.analysis.kinds import PAPER_TRAJECTORIES, PLAUSIBLE_SHARE, Analysis, PathSource
from rast_bench.analysis.records import (
    coverage_policies,
    kl_records,
    needed_models,
    path_coverage_records,
    similarity_records,
)
from rast_bench.analysis.scored import ScoredStudy, scored
from rast_bench.analysis.studies import Study, studies_of
from rast_bench.analysis.trajectories import read_trajectories, with_drawn_problems
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.plan import plan_cells

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.ledger import Ledger


@dataclass(frozen=True)
class Settings:
    """Settings of an analysis.

    `limit` paths of each greedy cell are drawn with `seed`; None takes all. `scratch` is the folder
    for temporary logits.
    """

    limit: int | None = PAPER_TRAJECTORIES
    seed: int = 0
    plausible_share: float = PLAUSIBLE_SHARE
    scratch: Path | None = None


@dataclass(frozen=True)
class PlannedStudy:
    """A study, and its greedy cell planned with only the problems that are read."""

    study: Study
    planned: PlannedCell


def plan_studies(
    analysis: Analysis, cells: Sequence[CellConfig], path_source: PathSource, settings: Settings
) -> list[PlannedStudy]:
    """Plan what an analysis of the cells reads. Reads data sets and checks files, loads no weights.

    Raises:
        ConfigError: nothing can be compared.
        DatasetError, ModelError: as `plan_cells`.
    """
    studies = studies_of(cells, path_source)
    fruitful = [study for study in studies if not _lack(analysis, study)]
    if not fruitful:
        name = studies[0].greedy.base_model.name
        raise ConfigError(
            f"base_model {name}: {_lack(analysis, studies[0])}",
            hint="choose delta=…, or an experiment with RAST rows",
        )
    planned = plan_cells([study.greedy for study in fruitful])
    return [
        PlannedStudy(study, with_drawn_problems(item, settings.limit, settings.seed))
        for study, item in zip(fruitful, planned, strict=True)
    ]


def analyse(
    analysis: Analysis,
    planned: Sequence[PlannedStudy],
    ledger: "Ledger",
    settings: Settings,
    *,
    tell: Callable[[str], None] = lambda _: None,
    keep: Callable[[ScoredStudy], None] = lambda _: None,
) -> "pd.DataFrame":
    """Return the per-token records of all studies: see `records`.

    Args:
        tell: called with each model's name as it is loaded.
        keep: called with each study while its logits are there.

    Raises:
        LedgerError: a greedy sample is missing, or the disk has no room for the logits.
        ModelError, EngineError: a model cannot be loaded or cannot hold a path.
    """
    import pandas as pd

    paths = [read_trajectories(item.planned, ledger) for item in planned]
    frames = []
    for item, trajectories in zip(planned, paths, strict=True):
        with scored(
            item.study,
            item.planned.cell_id,
            trajectories,
            needed_models(item.study, analysis),
            scratch=settings.scratch,
            tell=tell,
        ) as ready:
            frames.append(_records(analysis, ready, settings))
            keep(ready)
    return pd.concat(frames, ignore_index=True)


def _lack(analysis: Analysis, study: Study) -> str | None:
    """Return what a study lacks for a comparison, or None."""
    if analysis == "similarity" and len(study.shifts) < 2:
        return f"a similarity is between two ΔR, there is {'one' if study.shifts else 'none'}"
    if analysis == "pcr" and not coverage_policies(study):
        return "there is no other model to follow its paths"
    if analysis == "kl" and len(study.policies) < 2:
        return "there is nothing to compare M_base with"
    return None


def _records(analysis: Analysis, ready: ScoredStudy, settings: Settings) -> "pd.DataFrame":
    if analysis == "pcr":
        return path_coverage_records(ready)
    if analysis == "kl":
        return kl_records(ready)
    return similarity_records(ready, plausible_share=settings.plausible_share)
