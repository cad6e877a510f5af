"""`rast-bench cancel`: end a launch's workers."""

import os
import signal
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from rast_bench.cli.launches import add_launch, named_launch
from rast_bench.config.arguments import CommandParser
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    from rast_bench.run.folder import Launch

SUMMARY = "end a launch's workers; finished samples are kept"

CANCEL_SECONDS = 60.0


def configure(parser: CommandParser) -> None:
    parser.description = "End a launch's workers. Finished samples are kept."
    add_launch(parser)


def run(args: Namespace) -> int:
    return cancel(named_launch(args))


def cancel(launch: "Launch") -> int:
    """End the launch's workers; finished samples are kept. Return 0."""
    from rast_bench.run import slurm_jobs
    from rast_bench.run.heartbeats import read_heartbeats
    from rast_bench.run.outcome import command_runs, is_alive, resume_command, wait_for_end
    from rast_bench.run.status import launch_status

    if launch.record.cluster == "slurm":
        heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
        done = [worker for worker, heartbeat in heartbeats.items() if heartbeat.state == "done"]
        slurm_jobs.require_answer(
            [job for worker, job in launch.jobs.items() if worker not in done]
        )
    if not is_alive(launch):
        print(f"launch {launch.launch_id} has already ended", file=sys.stderr)
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
