"""The command to suggest next: a shell line that names the same results and options."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from rast_bench.config.arguments import RESULTS, is_results_dir
from rast_bench.config.compose import Job

_WITHOUT_OPTIONS = "audit-paper"  # it takes no --config-dir


def next_command(job: Job, command: str, *, own: bool = True) -> str:
    """Return the experiment's own next command, or `command` with its name and what was typed.

    Args:
        job: a job of an experiment.
        command: a command that takes an experiment's name: `status`, `table`, `figure`.
        own: whether the experiment's own next command takes precedence.
    """
    experiment = job.options.experiment
    assert experiment is not None
    following = experiment.next_command if own else None
    if following is None:
        typed = {word.partition("=")[0]: word for word in job.overrides}
        name = typed.pop("experiment", "").partition("=")[2] or experiment.name
        words = [command, name, *(word for word in typed.values() if not is_results_dir(word))]
    else:
        first, *words = shlex.split(following)
        if first == "python":
            words[0] = "run"  # of run.py
        elif first != "rast-bench":
            return following
    if job.options.results_dir != RESULTS:
        words += ["--results-dir", job.options.results_dir]
    if job.config_dir is not None and words[0] != _WITHOUT_OPTIONS:
        words += ["--config-dir", job.config_dir]
    return f"{_program()} {shlex.join(words)}"


def _program() -> str:
    """Return how this installation is started from a shell."""
    script = shutil.which("rast-bench")
    folder = Path(sys.executable).parent
    if script is not None and Path(script).parent == folder:
        return "rast-bench"
    near = os.path.relpath(sys.executable)
    python = sys.executable if near.startswith("..") else near
    return f"{shlex.quote(python)} -m rast_bench"
