"""`rast-bench status`: progress of a launch, of an experiment or of single cells."""

import sys
import time
from argparse import Namespace
from contextlib import AbstractContextManager, chdir, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.cli.launches import find_launch, names_launch
from rast_bench.config.arguments import (
    CommandArguments,
    CommandParser,
    add_arguments,
    arguments_of,
    is_results_dir,
    results_folder_of,
)
from rast_bench.terminal import printable

if TYPE_CHECKING:
    from rast_bench.run.folder import Launch
    from rast_bench.run.status import LaunchStatus

SUMMARY = "show what is done of a launch or an experiment"

FOLLOW_SECONDS = 2.0
EXIT_INCOMPLETE = 2

_DESCRIPTION = """\
Show what is done and what is missing: of the latest launch, of a named launch or experiment, or of
the cells that key=value arguments describe as for `rast-bench run`."""
_EPILOG = "Exit code 2: a launch is over and cells are incomplete."


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an experiment or a launch; none: the latest launch"
    )
    add_arguments(parser)
    parser.add_argument("--follow", action="store_true", help="until the launch's workers end")


def run(args: Namespace) -> int:
    """Print the state; 2 if a launch is over and cells are incomplete."""
    if args.name is not None and "=" in args.name:
        args.overrides, args.name = [args.name, *args.overrides], None
    words = arguments_of(args)
    results_dir = results_folder_of(words)
    if args.name is None and all(is_results_dir(word) for word in words.overrides):
        return launch_state(find_launch(None, results_dir), follow=args.follow)
    if args.name is not None:
        if names_launch(args.name, results_dir):
            return launch_state(find_launch(args.name, results_dir), follow=args.follow)
        words = replace(words, overrides=(f"experiment={args.name}", *words.overrides))
    return cell_states(words)


def cell_states(words: CommandArguments) -> int:
    """Print each distinct cell with its samples, then how many are complete.

    Missing samples are counted as by `rast-bench plan`: cells that share samples request them once.
    """
    from rast_bench.config.frontend import job_of
    from rast_bench.ledger import Ledger
    from rast_bench.pipeline import plan_jobs
    from rast_bench.planning.cells import cell_title, completeness
    from rast_bench.planning.work import cell_work

    job = job_of(words)
    ledger = Ledger(job.options.results_dir)
    cells = plan_jobs([job])[0].planned
    planned = {(cell.cell_id, cell.wanted): cell for cell in cells}
    states = []
    for cell in planned.values():
        done, wanted = completeness(cell, ledger)
        states.append("complete" if done == wanted else "partial" if done else "new")
        print(f"{cell.cell_id}  {states[-1]:<8}  {done:>7,}/{wanted:<7,}  {cell_title(cell.cell)}")
    counts = [f"{states.count(state)} {state}" for state in ("complete", "partial", "new")]
    missing = sum(work.missing for work in cell_work(cells, ledger))
    print(f"{len(states)} cells: {', '.join(counts)}; {missing:,} samples to make", file=sys.stderr)
    return 0


def launch_state(launch: "Launch", *, follow: bool) -> int:
    """Print the launch's state; with `follow`, repeatedly until its workers have ended.

    Exit code 0, or 2 if it is over and cells are incomplete.
    """
    from rast_bench.run.outcome import causes_of_end, cell_failures, resume_command
    from rast_bench.run.status import launch_status

    seen = launch_status(launch)
    with _tracked(launch) if follow and not seen.over else nullcontext():
        seen = _shown(launch, seen, follow=follow)
    if not seen.over:
        return 0
    if seen.done == seen.wanted:
        print(f"complete; print the table with: {resume_command(launch)}", file=sys.stderr)
        return 0
    for failure in cell_failures(launch, causes_of_end(launch)):
        print(failure.render(), file=sys.stderr)
    return EXIT_INCOMPLETE


def _shown(launch: "Launch", seen: "LaunchStatus", *, follow: bool) -> "LaunchStatus":
    """Print what was seen and, with `follow`, what is seen until the workers end."""
    from rast_bench.run.status import launch_status, render_status

    if follow and sys.stdout.isatty():
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(file=getattr(sys.stdout, "raw_stream", sys.stdout))
        with Live(Text(printable(render_status(seen))), console=console, screen=False) as live:
            while not seen.over:
                time.sleep(FOLLOW_SECONDS)
                seen = launch_status(launch)
                live.update(Text(printable(render_status(seen))))
    else:
        print(render_status(seen), end="", flush=True)
        while follow and not seen.over:
            time.sleep(FOLLOW_SECONDS)
            seen = launch_status(launch)
            print(render_status(seen).splitlines()[-1], flush=True)
    return seen


def _tracked(launch: "Launch") -> "AbstractContextManager[object]":
    """What follows the launch for its command's `tracker=…`, if that command did not wait."""
    from rast_bench.config.frontend import jobs_of_command_line
    from rast_bench.pipeline import live_task, plan_jobs, shared_options
    from rast_bench.run.status import typed
    from rast_bench.trackers.base import check_tracker
    from rast_bench.trackers.live import tracked

    record = launch.record
    if record.settings.get("wait") is not False:
        return nullcontext()
    with chdir(record.folder):  # paths in the words may be relative
        jobs = jobs_of_command_line(record.words)
        options = shared_options(jobs)
        if options.tracker.name == "none":
            return nullcontext()
        check_tracker(options.tracker)
        task = live_task(plan_jobs(jobs), options, typed(launch), launched=True)
    assert task is not None
    return tracked(replace(task, results=Path(record.results_dir)))
