"""The experiment that `table` and `figure` name, and the report on its stored samples."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.arguments import CommandParser, add_arguments, arguments_of
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    from rast_bench.config.compose import Job
    from rast_bench.config.experiment import ExperimentConfig
    from rast_bench.ledger import Ledger
    from rast_bench.planning.cells import PlannedCell
    from rast_bench.reporting.report import Report


def add_experiment(parser: CommandParser) -> None:
    parser.add_argument("experiment", metavar="EXPERIMENT", help="as in experiment=…")
    add_arguments(parser)


def named_experiment(args: Namespace) -> "tuple[Job, ExperimentConfig]":
    """Return the experiment and its job.

    Raises:
        ConfigError: there is no such experiment.
    """
    from rast_bench.config.frontend import job_of

    words = arguments_of(args)
    job = job_of(replace(words, overrides=(f"experiment={args.experiment}", *words.overrides)))
    if job.options.experiment is None:
        raise ConfigError("no experiment is named", hint="`rast-bench table EXPERIMENT`")
    return job, job.options.experiment


def report_available(
    job: "Job", experiment: "ExperimentConfig"
) -> "tuple[Sequence[PlannedCell | None], Report]":
    """Grade what is stored; return the cells, parallel to the job's, and the report.

    A cell is None if it is not to be had, where the experiment does not wait for all.
    """
    from rast_bench.ledger import Ledger
    from rast_bench.ledger.derived import computing_ahead
    from rast_bench.reporting.reports import experiment_report

    ledger, grader = Ledger(Path(job.options.results_dir)), job.options.grader
    with computing_ahead():
        planned = _graded_cells(job, experiment, ledger)
        report = experiment_report(experiment, job.experiment_cells, planned, ledger, grader)
    return planned, report


def _graded_cells(
    job: "Job", experiment: "ExperimentConfig", ledger: "Ledger"
) -> "Sequence[PlannedCell | None]":
    from rast_bench.pipeline import grade_planned, plan_jobs, voting_cells
    from rast_bench.results.experiment import plan_available

    planned: Sequence[PlannedCell | None]
    if experiment.waits_for_all:
        planned = plan_jobs([job])[0].planned
    else:
        planned = plan_available(job.cells, ledger)
    grade_planned(
        [cell for cell in planned if cell is not None],
        ledger,
        job.options,
        voting_cells(job, planned),
    )
    return planned
