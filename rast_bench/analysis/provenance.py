"""Provenance of an analysis: paths, models, settings, code and machine."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rast_bench.analysis.kinds import Analysis, PathSource
from rast_bench.analysis.records import needed_models
from rast_bench.analysis.run import PlannedStudy, Settings
from rast_bench.config.identity import model_fingerprint
from rast_bench.planning.cells import cell_title
from rast_bench.provenance import environment, now


def provenance(
    analysis: Analysis,
    path_source: PathSource,
    planned: Sequence[PlannedStudy],
    settings: Settings,
    started: datetime,
) -> dict[str, Any]:
    """Return JSON values. Models have the fingerprints that identify cells.

    Raises:
        ModelError: a checkpoint's files cannot be read.
    """
    ended = now()
    scratch = None if settings.scratch is None else str(settings.scratch)
    return {
        "analysis": analysis,
        "path": path_source,
        "settings": {**asdict(settings), "scratch": scratch},
        "studies": [_study(analysis, item) for item in planned],
        **environment(),
        "started": started.isoformat(),
        "ended": ended.isoformat(),
        "seconds": round((ended - started).total_seconds(), 3),
    }


def _study(analysis: Analysis, item: PlannedStudy) -> dict[str, Any]:
    cell = item.planned.cell
    return {
        "cell_id": item.planned.cell_id,
        "title": cell_title(cell),
        "base_model": cell.base_model.name,
        "dataset": cell.dataset.name,
        "prompt": cell.prompt.name,
        "dtype": cell.engine.dtype,
        "problems": [problem.problem_id for problem in item.planned.problems],
        "models": {
            ref.path: model_fingerprint(ref)
            for ref in (item.study.path.main, *needed_models(item.study, analysis))
        },
    }
