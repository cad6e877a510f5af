"""`rast-bench table` and `rast-bench figure`: what an experiment's samples say, no models."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rast_bench.config.compose import Job
from rast_bench.config.experiment import ExperimentConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import ConfigError
from rast_bench.ledger import Ledger
from rast_bench.reporting.report import Report, requested_results
from rast_bench.runner.plan import PlannedCell


def table(overrides: Sequence[str], config_dir: str | None) -> int:
    """Grades what is new, prints and saves the experiment's table. Generates nothing.

    Beside the paper's numbers, and of costs alone, it is printed as far as it goes, `not run` where
    it does not.
    Raises LedgerError where a cell of any other experiment is missing.
    """
    from rast_bench.reporting.save import landing_lines, save_report

    job = job_of_overrides(overrides, config_dir)
    experiment = _experiment(job)
    report = _report(job, experiment)
    print(report.terminal)
    command = f"rast-bench table {experiment.name} {shlex.join(overrides[1:])}".rstrip()
    if config_dir is not None:
        command += f" --config-dir {shlex.quote(config_dir)}"
    paths = save_report(report, Path(job.options.results_dir) / experiment.name, command)
    following = experiment.next_command or f"rast-bench figure {experiment.name}"
    print("\n".join(landing_lines(paths, following)), file=sys.stderr)
    return 0


def figure(overrides: Sequence[str], config_dir: str | None) -> int:
    """Prints the numbers of the experiment's figures; saves the figures as PNG, SVG and PDF.

    Raises as `table`, and LedgerError where an analysis that a figure needs was not run.
    """
    from rast_bench.reporting.analysis_figures import analysis_figures, analysis_pages
    from rast_bench.reporting.save import figure_files, folder_for, landing_lines, save_files

    job = job_of_overrides(overrides, config_dir)
    experiment = _experiment(job)
    results_dir = Path(job.options.results_dir)
    pages = analysis_pages(experiment, results_dir)
    report = _report(job, experiment)
    requested = requested_results(report.results)
    figures = {**report.figures, **analysis_figures(experiment, requested, results_dir)}
    if not (figures or pages) and experiment.figures:
        raise ConfigError(
            f"experiment {experiment.name}: nothing to draw, for none of its cells was run and no "
            "number was published",
            hint=f"`python run.py experiment={experiment.name}` makes the samples",
        )
    if not (figures or pages):
        raise ConfigError(
            f"experiment {experiment.name} has no figure",
            hint=f"`rast-bench table {experiment.name}` prints its table",
        )
    print(report.terminal)
    files = {**figure_files(figures, ("png", "svg", "pdf")), **pages}
    paths = save_files(files, folder_for(report, results_dir / experiment.name))
    print("\n".join(landing_lines(paths, f"rast-bench table {experiment.name}")), file=sys.stderr)
    return 0


def _experiment(job: Job) -> ExperimentConfig:
    if job.options.experiment is None:
        raise ConfigError("no experiment is named", hint="`rast-bench table EXPERIMENT`")
    return job.options.experiment


def _report(job: Job, experiment: ExperimentConfig) -> Report:
    """Grades what is here and builds the report."""
    from rast_bench.pipeline import grade_planned, plan_jobs
    from rast_bench.reporting.reports import experiment_report
    from rast_bench.results.experiment import plan_available

    ledger = Ledger(Path(job.options.results_dir))
    planned: Sequence[PlannedCell | None]
    if experiment.waits_for_all:
        planned = plan_jobs([job])[0].planned
    else:
        planned = plan_available(job.cells, ledger)
    available = [cell for cell in planned if cell is not None]
    grade_planned(available, ledger, job.options)
    return experiment_report(experiment, job.experiment_cells, planned, ledger, job.options.grader)
