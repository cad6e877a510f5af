r"""Wall time and peak memory of a full-size table: 72 cells, 32 samples, 1.2 million verdicts.

    python benchmarks/aggregate.py --out results/bench/aggregate.json

Generates a table 1 of synthetic responses (12 rows x 6 data sets, 3,120 problems per row) with its
ledger in a temporary folder, then runs `rast-bench table` on it in its own process, from reading
the shards to the saved files: the first time, when behaviour words and votes are counted, and
again, when they are read (ledger/derived.py). A synthetic response has a realistic length and an
answer that the grader has judged. A Markdown table goes to stdout, progress to stderr, every
repetition to --out.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aggregation.measured import run_measured
from aggregation.table1 import EXPERIMENT, config_dir, make_table, overrides
from command_line import make_parser, progress, read_options, run_benchmark
from spreads import between, spread

from rast_bench.errors import EngineError
from rast_bench.provenance import environment, now

MOST_SECONDS = 20
MOST_BYTES = 2 * 10**9
TIMES = ("first", "again")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="aggregate-", dir=options.folder) as folder:
        return run_benchmark(lambda: measure(Path(folder), options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--samples", type=int, default=32, help="of each problem")
    parser.add_argument("--share", type=float, default=1.0, help="of every data set's problems")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the ledger is made, for a while")
    return read_options(parser, arguments, __file__)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Create the ledger once and the table `repeats` times.

    Raises:
        EngineError: a run fails.
    """
    start = time.perf_counter()
    verdicts = make_table(folder, options.samples, options.share)
    progress(f"{verdicts:,} verdicts made in {time.perf_counter() - start:.0f} s")
    command = [sys.executable, "-m", "rast_bench", "table", EXPERIMENT]
    command += [*overrides(folder, options.samples), f"--config-dir={config_dir(folder)}"]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in TIMES}
    for repeat in range(options.repeats):
        for path in (folder / "results" / "ledger").glob("*/*.npz"):
            path.unlink()
        for name in TIMES:
            run = run_measured(command, folder / "output.txt")
            if run.exit_code:
                output = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
                raise EngineError(f"rast-bench table failed: {output.strip()[-400:]}")
            runs[name].append(
                {
                    "seconds": run.seconds,
                    "cpu_seconds": run.cpu_seconds,
                    "peak_bytes": run.peak_bytes,
                }
            )
            progress(
                f"{repeat + 1}/{options.repeats}, {name}: {run.seconds:.1f} s, "
                f"{run.cpu_seconds:.1f} s of CPU, {run.peak_bytes / 1e9:.2f} GB"
            )
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "load_average": os.getloadavg(),
        "nice": os.nice(0),
        "cells": 72,
        "samples": options.samples,
        "verdicts": verdicts,
        "runs": runs,
        **{
            name: {value: spread([run[value] for run in made]) for value in made[0]}
            for name, made in runs.items()
        },
    }


def render_table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['cells']} cells, {result['verdicts']:,} verdicts; median (lowest to highest)",
        "",
        "| table | wall seconds | CPU seconds | peak memory, GB |",
        "|---|---:|---:|---:|",
    ]
    for name in TIMES:
        found = result[name]
        gigabytes = {end: value / 1e9 for end, value in found["peak_bytes"].items()}
        cells = (
            between(found["seconds"], 1),
            between(found["cpu_seconds"], 1),
            between(gigabytes, 2),
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, f"| aim | {MOST_SECONDS} | | {MOST_BYTES / 1e9:.0f} |"])


if __name__ == "__main__":
    sys.exit(main())
