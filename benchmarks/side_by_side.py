r"""What a command that decodes nothing costs, here and in another checkout, as ratios.

    git worktree add /tmp/before COMMIT
    python benchmarks/side_by_side.py --before /tmp/before --out results/bench/side_by_side.json

Three commands run in processes of their own, alternating between the two checkouts so that a busy
machine slows both: `rast-bench table` on the made-up table 1 of benchmarks/aggregate.py, a second
`python run.py experiment=demo`, which makes nothing, and `rast-bench --help`. Each ratio compares
the CPU seconds of two successive runs, child processes included. A Markdown table goes to stdout,
progress to stderr, every repetition to --out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from aggregation.measured import Measured, run_measured
from aggregation.table1 import EXPERIMENT, config_dir, make_table, overrides
from command_line import make_parser, positive, read_options, run_benchmark
from spreads import between, spread

from rast_bench.errors import ConfigError, EngineError
from rast_bench.provenance import environment, now

HERE = Path(__file__).resolve().parents[1]
CASES = {
    "table": "table of the made-up table 1",
    "nothing": "experiment=demo with nothing to make",
    "help": "rast-bench --help",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    return run_benchmark(lambda: measure(options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--samples", type=positive, default=32, help="of a problem in the table")
    parser.add_argument("--share", type=float, default=1.0, help="of every data set's problems")
    parser.add_argument("--limit", type=positive, default=2, help="problems of a set in the demo")
    parser.add_argument("--repeats", type=positive, default=3)
    parser.add_argument("--folder", type=Path, help="kept, and used again; else a passing one")
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Raise ConfigError without the other checkout, EngineError when a command fails."""
    if not (options.before / "rast_bench").is_dir():
        raise ConfigError(f"{options.before} is no checkout", hint="git worktree add makes one")
    with _folder(options.folder) as folder:
        cases = {name: _measure_case(name, folder, options) for name in options.cases}
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "before": _commit(options.before),
        "load_average": os.getloadavg(),
        "nice": os.nice(0),
        "samples": options.samples,
        "share": options.share,
        "cases": cases,
    }


def _folder(kept: Path | None) -> Any:
    if kept is None:
        return tempfile.TemporaryDirectory(prefix="side-by-side-")
    kept.mkdir(parents=True, exist_ok=True)
    return nullcontext(kept)


def _measure_case(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = _prepared(name, Path(folder), options)
    turns: list[dict[str, Any]] = []
    for turn in range(options.repeats):
        runs = {
            side: _run(command, checkout, Path(folder))
            for side, checkout in (("before", options.before), ("after", HERE))
        }
        ratio = runs["after"].cpu_seconds / runs["before"].cpu_seconds
        turns.append({side: vars(run) for side, run in runs.items()} | {"ratio": ratio})
        told = ", ".join(
            f"{side} {run.cpu_seconds:.1f} s of CPU, {run.peak_bytes / 1e9:.2f} GB"
            for side, run in runs.items()
        )
        print(f"{name} {turn + 1}/{options.repeats}: {told}; {ratio:.2f}", file=sys.stderr)
    sides = {
        side: {key: spread([turn[side][key] for turn in turns]) for key in _MEASURED}
        for side in ("before", "after")
    }
    return {"turns": turns, **sides, "ratio": spread([turn["ratio"] for turn in turns])}


_MEASURED = ("seconds", "cpu_seconds", "peak_bytes")


def _prepared(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Return the command, once what it reads is there."""
    if name == "help":
        return ["-m", "rast_bench.cli", "--help"]
    if name == "nothing":
        command = ["run.py", "experiment=demo", f"experiment.limit={options.limit}"]
        command.append(f"results_dir={folder.resolve() / 'demo'}")
        _run(command, HERE, folder)
        return command
    made = folder.resolve() / f"table-{options.samples}-{options.share}"
    if not (made / "complete").is_file():
        print(f"{make_table(made, options.samples, options.share):,} verdicts", file=sys.stderr)
        (made / "complete").touch()
    words = [EXPERIMENT, *overrides(made, options.samples), f"--config-dir={config_dir(made)}"]
    return ["-m", "rast_bench.cli", "table", *words]


def _run(command: Sequence[str], checkout: Path, folder: Path) -> Measured:
    output = folder.resolve() / "output.txt"
    with _within(checkout):
        run = run_measured([sys.executable, *command], output)
    if run.exit_code:
        told = output.read_text(encoding="utf-8", errors="replace").strip()[-400:]
        raise EngineError(f"{' '.join(command)} failed in {checkout}: {told}")
    return run


@contextmanager
def _within(checkout: Path) -> Iterator[None]:
    """The working folder, and the package that is imported, are those of the checkout."""
    folder, path = Path.cwd(), os.environ.get("PYTHONPATH")
    os.chdir(checkout)
    os.environ["PYTHONPATH"] = str(checkout.resolve())
    try:
        yield
    finally:
        os.chdir(folder)
        if path is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = path


def _commit(checkout: Path) -> str | None:
    asked = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def render_table(result: dict[str, Any]) -> str:
    lines = [
        f"median (lowest to highest); before: {(result['before'] or 'unknown')[:12]}",
        "",
        "| command | CPU s before | CPU s after | ratio | wall s after | GB before | GB after |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, case in result["cases"].items():
        memory = [case[side]["peak_bytes"]["median"] / 1e9 for side in ("before", "after")]
        lines.append(
            f"| {CASES[name]} | {between(case['before']['cpu_seconds'], 1)} "
            f"| {between(case['after']['cpu_seconds'], 1)} | {between(case['ratio'], 2)} "
            f"| {between(case['after']['seconds'], 1)} | {memory[0]:.2f} | {memory[1]:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
