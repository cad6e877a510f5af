"""`rast-bench wandb`: an experiment of the ledger to Weights & Biases, and a report of it there."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from rast_bench.cli.experiment import add_experiment, named_experiment
from rast_bench.config.arguments import CommandParser, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rast_bench.config.compose import Job
    from rast_bench.config.experiment import ExperimentConfig
    from rast_bench.config.trackers import WandbConfig
    from rast_bench.ledger import Ledger
    from rast_bench.planning.cells import PlannedCell
    from rast_bench.reporting.report import Report
    from rast_bench.trackers.publish import RunGroup

SUMMARY = "send an experiment to Weights & Biases, or make its report there"

ACTIONS = ("push", "report")

_DESCRIPTION = """\
Send what the ledger holds of an experiment to Weights & Biases, as often as you like: a run per
cell and one of the whole, whose ids stay the same. Generates nothing.

  push     runs with their numbers, tables of samples, tables, charts and figures
  report   make or update the report of an experiment that was pushed, and print its address"""

_EPILOG = """\
examples:
  rast-bench wandb push table1
  rast-bench wandb push table1 --project rast --entity my-team
  rast-bench wandb push table1 tracker.sample_rows=20 tracker.artifacts=false
  WANDB_MODE=offline rast-bench wandb push table1     then: wandb sync results/wandb/offline-run-*
  rast-bench wandb report table1

conf/tracker/wandb.yaml has all keys, docs/wandb.md what is sent and what is not."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument(
        "action",
        metavar="ACTION",
        type=one_of("action", "actions", ACTIONS),
        help=", ".join(ACTIONS),
    )
    add_experiment(parser)
    parser.add_argument("--project", metavar="P", help="the same as tracker.project=P")
    parser.add_argument("--entity", metavar="E", help="the same as tracker.entity=E")


def run(args: Namespace) -> int:
    """Push or report; prints the address on stdout.

    Raises RastBenchError: TrackerError where W&B cannot be used.
    """
    from rast_bench.config.trackers import WandbConfig
    from rast_bench.errors import ConfigError
    from rast_bench.trackers.base import check_tracker

    flags = (("project", args.project), ("entity", args.entity))
    own = [f"tracker.{key}='{value}'" for key, value in flags if value is not None]
    args.overrides = ["tracker=wandb", *args.overrides, *own]
    job, experiment = named_experiment(args)
    config = job.options.tracker
    if not isinstance(config, WandbConfig):
        raise ConfigError(
            f"tracker={config.name}: this command sends to W&B", hint="leave tracker= out"
        )
    check_tracker(config)
    act = push if args.action == "push" else report
    return act(job, experiment, config)


def push(job: "Job", experiment: "ExperimentConfig", config: "WandbConfig") -> int:
    """Show what is complete with all its numbers, and of the other cells how far they are."""
    from pathlib import Path

    from rast_bench.interrupt import two_step_interrupt
    from rast_bench.ledger import Ledger
    from rast_bench.reporting.save import save_without_origin
    from rast_bench.trackers.base import make_tracker
    from rast_bench.trackers.publish import only_writer, publication, publish, repair_command

    results = Path(job.options.results_dir)
    ledger = Ledger(results)
    group, report = stored_report(job, experiment, config, ledger)
    folder = results / "wandb" / "reports" / group.name
    with only_writer(results, "wandb", group.name), two_step_interrupt():
        saved = save_without_origin(report, folder, results / experiment.name)
        tracker = make_tracker(
            config,
            results,
            lambda line: print(f"warning: {line}", file=sys.stderr),
            repair=repair_command([job], config, ""),
            strict=True,
        )
        tracker.start()
        exit_code = 1
        try:
            shown = publication(
                group,
                report,
                folder,
                saved,
                ledger,
                job.options.grader,
                pages=results / experiment.name,
            )
            for done, name in enumerate(publish(tracker, shown, ledger, config), 1):
                print(f"{done}/{len(group.cells) + 1}  {name}", file=sys.stderr, flush=True)
            exit_code = 0
        finally:
            tracker.close(exit_code)
    print(tracker.address or f"written to {results / 'wandb'}; send it with `wandb sync`")
    return 0


def report(job: "Job", experiment: "ExperimentConfig", config: "WandbConfig") -> int:
    """Make or update the report."""
    from pathlib import Path

    from rast_bench.ledger import Ledger
    from rast_bench.trackers.wandb_report import save_report_of

    results = Path(job.options.results_dir)
    group, made = stored_report(job, experiment, config, Ledger(results))
    print(save_report_of(group, made, config, results))
    return 0


def stored_report(
    job: "Job", experiment: "ExperimentConfig", config: "WandbConfig", ledger: "Ledger"
) -> "tuple[RunGroup, Report]":
    """The runs of an experiment, and the report of what is complete of it.

    Raises LedgerError where the ledger has none of its samples.
    """
    from rast_bench.errors import LedgerError
    from rast_bench.reporting.reports import experiment_report
    from rast_bench.trackers.publish import experiment_group

    planned, complete = stored_cells(job, experiment, ledger)
    if not any(planned):
        raise LedgerError(
            f"nothing of experiment {experiment.name} is in {ledger.root}",
            hint=f"rast-bench run experiment={experiment.name}",
        )
    made = experiment_report(experiment, job.experiment_cells, complete, ledger, job.options.grader)
    return experiment_group(job, planned, config), made


def stored_cells(
    job: "Job", experiment: "ExperimentConfig", ledger: "Ledger"
) -> "tuple[Sequence[PlannedCell | None], Sequence[PlannedCell | None]]":
    """The cells of which the ledger has samples, graded, and those that are complete.

    Both are parallel to the job's cells, with None for all others.
    """
    from rast_bench.pipeline import grade_planned
    from rast_bench.planning.cells import completeness
    from rast_bench.results.experiment import plan_available

    planned = plan_available(job.cells, ledger)
    counts = [(0, 0) if one is None else completeness(one, ledger) for one in planned]
    stored = [one if done else None for one, (done, _) in zip(planned, counts, strict=True)]
    grade_planned([one for one in stored if one is not None], ledger, job.options)
    if not experiment.waits_for_all:
        return stored, stored
    complete = [
        one if done == wanted else None for one, (done, wanted) in zip(stored, counts, strict=True)
    ]
    return stored, complete
