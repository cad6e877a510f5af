"""What the subcommands of `rast-bench` do, beside `run`. Each returns an exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import ConfigError
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import ledger_errors

EXIT_CORRUPT = 1

_FIRST = {"limit": 1, "limit_seed": None}  # problem of a data set


def show_prompt(overrides: Sequence[str], config_dir: str | None) -> int:
    """Prints each distinct prompt of the job's cells, on the data set's first problem.

    stdout has exactly what the model reads, stderr what it belongs to.
    """
    from rast_bench.datasets import render_prompt, with_rendered_chat
    from rast_bench.planning.cells import CellReader

    reader = CellReader()
    shown = set()
    for cell in map(with_rendered_chat, job_of_overrides(overrides, config_dir).cells):
        dataset, prompt = cell.dataset.model_copy(update=_FIRST), cell.prompt
        if (dataset, prompt) in shown:
            continue
        shown.add((dataset, prompt))
        (problem,), _ = reader.read_set(dataset)
        print(render_prompt(prompt, problem), flush=True)
        stops = ", ".join(map(repr, prompt.stop)) or "none"
        print(
            f"problem {problem.problem_id} of {dataset.name}, gold answer {problem.gold!r}, "
            f"prompt {prompt.name}, stop strings: {stops}",
            file=sys.stderr,
        )
    return 0


def status(overrides: Sequence[str], config_dir: str | None) -> int:
    """Prints each distinct cell of the experiment with its samples, then how many are complete.

    What is still to be made is counted as `rast-bench plan` counts it: cells that share samples
    ask for them once.
    """
    from rast_bench.pipeline import plan_jobs
    from rast_bench.planning.cells import cell_title, completeness
    from rast_bench.planning.work import cell_work

    job = job_of_overrides(overrides, config_dir)
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


def names_launch(name: str | None, results_dir: str) -> bool:
    """Whether `status NAME` means a launch: its folder, its id, or nothing for the latest."""
    from rast_bench.run.folder import LAUNCHES

    if name is None:
        return True
    folders = (Path(name), Path(results_dir) / LAUNCHES / name)
    with ledger_errors(Path(results_dir)):
        return any((folder / "launch.json").is_file() for folder in folders)


def launch_status(name: str | None, results_dir: str, *, follow: bool) -> int:
    """Prints what has become of a launch."""
    from rast_bench.launch import commands

    return commands.status(commands.find_launch(name, Path(results_dir)), follow=follow)


def end_or_resume(command: str, name: str | None, results_dir: str) -> int:
    """`cancel` or `resume` of a launch."""
    from rast_bench.launch import commands

    launch = commands.find_launch(name, Path(results_dir))
    return commands.cancel(launch) if command == "cancel" else commands.resume(launch)


def verify(results_dir: str) -> int:
    """Reads every stored file; exit code 1 when one was corrupt or something is missing.

    Corrupt files are set aside, with a line on stderr each; the next run makes their content anew.
    """
    from rast_bench.ledger.verify import verify as verify_ledger

    ledger = Ledger(results_dir)
    with ledger_errors(ledger.root):
        is_there = ledger.root.is_dir()
    if not is_there:
        raise ConfigError(
            f"there is no ledger in {results_dir}", hint="name the folder given as results_dir="
        )
    found = verify_ledger(ledger)
    faults = len(found.faults)
    line = f"{found.cells} cells, {found.samples:,} samples, {faults} corrupt files"
    if found.unstamped:
        line += f"; {found.unstamped:,} files of an earlier version, without a stamp"
    print(line)
    return EXIT_CORRUPT if faults else 0
