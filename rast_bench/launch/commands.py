"""`rast-bench status`, `cancel`, `resume` and `worker`: what people do with launches."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.errors import ConfigError
from rast_bench.ledger.atomic import ledger_errors
from rast_bench.run.folder import LAUNCHES, Launch, launches, read_launch
from rast_bench.surroundings import require_docstrings
from rast_bench.terminal import printable

if TYPE_CHECKING:
    from rast_bench.run.array import ArrayTask

FOLLOW_SECONDS = 2.0
CANCEL_SECONDS = 60.0
EXIT_INCOMPLETE = 2


def find_launch(name: str | None, results_dir: Path) -> Launch:
    """A launch by its folder or its id; the latest of `results_dir` where nothing is named.

    Raises ConfigError when there is none, LedgerError for a folder that cannot be read.
    """
    with ledger_errors(results_dir):
        return _found_launch(name, results_dir)


def _found_launch(name: str | None, results_dir: Path) -> Launch:
    if name is None:
        found = launches(results_dir)
        if not found:
            raise ConfigError(
                f"there is no launch in {results_dir / LAUNCHES}",
                hint="hydra/launcher=local and hydra/launcher=slurm make them; other results "
                "folders are named by --results-dir DIR",
            )
        return read_launch(found[-1])
    for path in (Path(name), results_dir / LAUNCHES / name):
        if (path / "launch.json").is_file():
            return read_launch(path)
    known = ", ".join(path.name for path in launches(results_dir)[-5:]) or "none"
    raise ConfigError(f"there is no launch {name}", hint=f"launches in {results_dir}: {known}")


def status(launch: Launch, *, follow: bool) -> int:
    """Prints the launch's state; with `follow`, anew until its workers have ended.

    Exit code 0, or 2 when it is over and cells are incomplete.
    """
    from rast_bench.run.outcome import causes_of_end, cell_failures, resume_command
    from rast_bench.run.status import launch_status, render_status

    seen = launch_status(launch)
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
    if not seen.over:
        return 0
    if seen.done == seen.wanted:
        print(f"complete; print the table with: {resume_command(launch)}", file=sys.stderr)
        return 0
    for failure in cell_failures(launch, causes_of_end(launch)):
        print(failure.render(), file=sys.stderr)
    return EXIT_INCOMPLETE


def cancel(launch: Launch) -> int:
    """Ends the launch's workers; what they finished is saved. Returns 0."""
    from rast_bench.run import slurm_jobs
    from rast_bench.run.notes import read_notes
    from rast_bench.run.outcome import command_runs, is_alive, resume_command, wait_for_end
    from rast_bench.run.status import launch_status

    if launch.record.cluster == "slurm":
        notes = read_notes(launch.notes, launch.workers)
        done = [worker for worker, note in notes.items() if note.state == "done"]
        slurm_jobs.require_answer(
            [job for worker, job in launch.jobs.items() if worker not in done]
        )
    if not is_alive(launch):
        print(f"launch {launch.launch_id} has ended already", file=sys.stderr)
        return 0
    if launch.record.cluster == "slurm":
        slurm_jobs.cancel(list(launch.jobs.values()))
    elif command_runs(launch):
        os.kill(launch.record.pid, signal.SIGTERM)  # it ends its workers
    else:
        raise ConfigError(
            f"launch {launch.launch_id} runs on {launch.record.host}", hint="cancel it there"
        )
    wait_for_end(launch, CANCEL_SECONDS)
    seen = launch_status(launch)
    print(
        f"cancelled launch {launch.launch_id}: {seen.done:,} of {seen.wanted:,} samples are saved; "
        f"resume with: {resume_command(launch)}",
        file=sys.stderr,
    )
    return 0


def resume(launch: Launch) -> int:
    """Runs the launch's command again where it was typed: it makes only what is missing."""
    from rast_bench.app import main
    from rast_bench.run.outcome import is_alive

    if is_alive(launch):
        raise ConfigError(
            f"launch {launch.launch_id} still runs",
            hint=f"rast-bench status {launch.path}, or rast-bench cancel {launch.path} first",
        )
    os.chdir(launch.record.folder)
    return main(launch.record.words, program=launch.record.program)


def worker(words: Sequence[str]) -> int:
    """One worker in this process: a task of an array shares the work with the others.

    The array's first task to come makes the launch. Exit code 0 done, 75 out of time (run the same
    again), 2 a mistake of the user or cells that failed.
    """
    from rast_bench.interrupt import Interrupted
    from rast_bench.run.array import place_in_array
    from rast_bench.run.signals import EXIT_OUT_OF_TIME, OUT_OF_TIME, worker_signals

    if not words:
        raise ConfigError(
            "`rast-bench worker` is one task of an sbatch script, and takes the words of "
            "`rast-bench run`",
            hint="slurm/ has such scripts; on one machine use `rast-bench run`",
        )
    require_docstrings()
    place = place_in_array(os.environ)
    try:
        with worker_signals(on_slurm=place.job_id is not None):
            return _work(words, place)
    except Interrupted as interruption:
        if interruption.number == OUT_OF_TIME:
            return EXIT_OUT_OF_TIME
        raise
    finally:
        signal.signal(OUT_OF_TIME, signal.SIG_IGN)  # it is ending anyway


def _work(words: Sequence[str], place: "ArrayTask") -> int:
    from rast_bench.pipeline import join_array
    from rast_bench.run.notes import Failures
    from rast_bench.run.worker import run_worker

    launch = join_array(words, place)
    if launch is None:
        return 0
    run_worker(launch, place.number, job_id=place.job_id, on_slurm=place.job_id is not None)
    return min((failure.exit_code for failure in Failures(launch.failures).all()), default=0)
