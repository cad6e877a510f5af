r"""What `tracker=wandb` costs: a push of 72 cells, and a sweep that is followed live. No network.

    python benchmarks/tracking_cost.py --out results/bench/tracking_cost.json

The push is `rast-bench wandb push` of the made-up table 1 of aggregate.py, offline, with 100 rows
of samples per cell; what W&B's server takes comes on top. `rast-bench table` of the same is timed
beside it: a push makes the same report. The sweep is three cells of the tiny family, each time in
a new results folder, without and with a tracker in turn; its seconds are those of generating, and
the CPU time is that of the whole command with its children.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aggregation.measured import Measured, run_measured
from aggregation.table1 import EXPERIMENT, config_dir, make_table, overrides
from command_line import make_parser, positive, progress, read_options, run_benchmark
from spreads import between, spread

from rast_bench.errors import EngineError
from rast_bench.ledger import Ledger
from rast_bench.provenance import environment, now

MOST_SECONDS, MOST_BYTES, MOST_SLOWER = 30, 250 * 10**6, 0.01
SWEEP = (
    *("base_model=tiny-l", "delta=tiny-s", "dataset=tiny-hard", "dataset.limit=100"),
    *("decoding.n=16", "workers=1", "engine.threads=1"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    os.environ["WANDB_MODE"] = "offline"
    with tempfile.TemporaryDirectory(prefix="tracking-") as folder:
        return run_benchmark(lambda: measure(Path(folder), options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--samples", type=positive, default=4, help="of each problem")
    parser.add_argument("--share", type=float, default=1.0, help="of every data set's problems")
    parser.add_argument("--repeats", type=positive, default=3)
    parser.add_argument("--sweep", nargs="*", default=["decoding.lambda=0.3,0.5,1"])
    return read_options(parser, arguments, __file__)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Raises EngineError when a command fails."""
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "load_average": os.getloadavg(),
        "nice": os.nice(0),
        "push": measure_push(folder / "push", options),
        "live": measure_live(folder / "live", options),
    }


def measure_push(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir()
    make_table(folder, options.samples, options.share)
    words = [*overrides(folder, options.samples), f"--config-dir={config_dir(folder)}"]
    shown = folder / "results" / "wandb"
    names = ("table_seconds", "seconds", "cpu_seconds", "bytes", "peak")
    found: dict[str, list[float]] = {name: [] for name in names}
    for repeat in range(options.repeats):
        table = run(["table", EXPERIMENT, *words], folder)
        push = run(["wandb", "push", EXPERIMENT, *words], folder)
        found["table_seconds"].append(table.seconds)
        found["seconds"].append(push.seconds)
        found["cpu_seconds"].append(push.cpu_seconds)
        found["peak"].append(push.peak_bytes)
        files = [path for path in shown.rglob("*") if path.is_file() and not path.is_symlink()]
        found["bytes"].append(sum(path.stat().st_size for path in files))
        shutil.rmtree(shown)
        progress(f"push {repeat + 1}/{options.repeats}: {push.seconds:.1f} s")
    return {"cells": 72, "runs": found, **{name: spread(of) for name, of in found.items()}}


def measure_live(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir()
    found: dict[str, list[float]] = {"none": [], "wandb": []}
    cpu: dict[str, list[float]] = {"none": [], "wandb": []}
    for repeat in range(options.repeats):
        for tracker, seconds in found.items():
            results = folder / "results"
            words = ["run", "-m", *SWEEP, *options.sweep, f"results_dir={results}"]
            done = run([*words, f"tracker={tracker}"], folder)
            cpu[tracker].append(done.cpu_seconds)
            ledger = Ledger(results)
            runs = [ledger.manifests(cell)[-1] for cell in ledger.cells()]
            seconds.append(sum(float(one["seconds"]) for one in runs))
            shutil.rmtree(results)
        progress(f"sweep {repeat + 1}/{options.repeats}: {found}")
    slower, more = (
        spread([wandb / none - 1 for none, wandb in zip(*one.values(), strict=True)])
        for one in (found, cpu)
    )
    spreads = {name: spread(values) for name, values in found.items()}
    return {"runs": found, "cpu_runs": cpu, "slower": slower, "more_cpu": more, **spreads}


def run(words: Sequence[str], folder: Path) -> Measured:
    done = run_measured([sys.executable, "-m", "rast_bench", *words], folder / "output.txt")
    if done.exit_code:
        output = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        raise EngineError(f"rast-bench {words[0]} failed: {output.strip()[-400:]}")
    return done


def render_table(result: dict[str, Any]) -> str:
    push, live = result["push"], result["live"]
    megabytes = {name: value / 1e6 for name, value in push["bytes"].items()}
    peak = {name: value / 1e6 for name, value in push["peak"].items()}
    percent, cpu = (
        {name: 100 * value for name, value in live[key].items()} for key in ("slower", "more_cpu")
    )
    return "\n".join(
        [
            "Median (lowest to highest)",
            "",
            "| measure | value | aim |",
            "|---|---:|---:|",
            f"| push of 72 cells, s | {between(push['seconds'], 1)} | {MOST_SECONDS} |",
            f"| its CPU time, s | {between(push['cpu_seconds'], 1)} | |",
            f"| table of the same, s | {between(push['table_seconds'], 1)} | |",
            f"| on disk, MB | {between(megabytes, 0)} | {MOST_BYTES / 1e6:.0f} |",
            f"| peak memory, MB | {between(peak, 0)} | |",
            f"| sweep without tracker, s | {between(live['none'], 1)} | |",
            f"| sweep with tracker=wandb, s | {between(live['wandb'], 1)} | |",
            f"| slower by, % | {between(percent, 1)} | {100 * MOST_SLOWER:.0f} |",
            f"| more CPU time of the whole command, % | {between(cpu, 1)} | |",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
