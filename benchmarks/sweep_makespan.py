r"""Makespan and engine loads of a sweep: a process per cell, a submitit job per cell, our launcher.

    python benchmarks/sweep_makespan.py --out results/bench/sweep_makespan.json

24 cells of the tiny family (2 base models x 3 λ x 4 τ, two engine groups) on two slots of one
thread each. Every repetition runs, in turns and each in a fresh results folder, the three ways and
the ideal: warm engines that only generate, one process a slot, each its share of the requests; the
ideal is their seconds added up, divided by the slots. A makespan counts from the start of the first
process to the end of the last, with composing, loading, grading and the table. Engine loads are
noted by the engine's own process, whichever way started it. All ways must make the same tokens. A
Markdown table goes to stdout, progress to stderr, every repetition to --out.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from command_line import make_parser, positive, progress, read_options, run_benchmark
from makespan.sweep import AXES, Sweep
from makespan.ways import OURS, PLAIN, WAYS, Place, timed, warm_work
from spreads import between, spread

from rast_bench.errors import EngineError
from rast_bench.provenance import environment, now

FEWER_LOADS = 5  # times, the aim
NEAR_IDEAL = 1.2  # makespan over the ideal, the aim


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="sweep_makespan-") as folder:
        return run_benchmark(lambda: measure(options, Path(folder)), render, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", default="tiny-easy")
    parser.add_argument("--problems", type=positive, default=100, help="in each cell")
    parser.add_argument("--samples", type=positive, default=16, help="of each problem")
    for key, values in AXES.items():
        parser.add_argument(f"--{key}", dest=key, nargs="+", default=list(values), help="swept")
    parser.add_argument("--slots", type=positive, default=2, help="processes at once")
    parser.add_argument("--repeats", type=positive, default=3)
    parser.add_argument("--ways", choices=list(WAYS), nargs="+", default=list(WAYS))
    return read_options(parser, arguments, __file__)


def sweep_of(options: argparse.Namespace) -> Sweep:
    axes = {key: tuple(getattr(options, key)) for key in AXES}
    return Sweep(options.dataset, options.problems, options.samples, axes)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return every repetition of the ideal and of each way. Raises EngineError if one fails."""
    sweep, slots = sweep_of(options), options.slots
    result: dict[str, Any] = {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "settings": {k: v for k, v in vars(options).items() if k not in ("command", "out")},
        "cells": len(sweep.cells()),
        "load_average_before": os.getloadavg(),
        "work_of_one_process_alone": warm_work(sweep, Place(folder / "alone", slots), 1),
        "work": [],
        "runs": {name: [] for name in options.ways},
    }
    alone = result["work_of_one_process_alone"]
    progress(f"alone: {alone['seconds']:.1f} s of generation")
    for repeat in range(options.repeats):
        work = alone  # of the first repetition on one slot, where it is the same thing
        if repeat or slots > 1:
            work = warm_work(sweep, Place(folder / f"work-{repeat}", slots), slots)
        result["work"].append(work)
        progress(f"repetition {repeat + 1}: ideal {work['seconds'] / slots:.1f} s")
        for name in turn(options.ways, repeat):
            run = timed(WAYS[name], sweep, Place(folder / f"{name}-{repeat}", slots))
            result["runs"][name].append(run)
            progress(
                f"repetition {repeat + 1}: {name}: {run['makespan']:.1f} s, "
                f"{run['engine_loads']} engine loads"
            )
    result["load_average_after"] = os.getloadavg()
    check_equal_work(result)
    return result | summary(result, slots)


def turn(names: Sequence[str], repeat: int) -> list[str]:
    """Another way begins in each repetition."""
    first = repeat % len(names)
    return [*names[first:], *names[:first]]


def check_equal_work(result: dict[str, Any]) -> None:
    """Raise EngineError unless all runs made every cell, and the same tokens in it."""
    runs = [run for found in result["runs"].values() for run in found]
    if {run["cells"] for run in runs} != {result["cells"]}:
        raise EngineError("a way left cells out", hint="see `cells` of its runs")
    if len({run["tokens_sha256"] for run in runs}) > 1:
        raise EngineError("the ways made different tokens, so their times say nothing")
    work = [result["work_of_one_process_alone"], *result["work"]]
    if len({made["tokens"] for made in [*work, *runs]}) > 1:
        raise EngineError("the ideal was measured on other work than the ways'")


def summary(result: dict[str, Any], slots: int) -> dict[str, Any]:
    """Spreads over the repetitions, ratios within each of them, and the aims."""
    ideal = [work["seconds"] / slots for work in result["work"]]
    alone = result["work_of_one_process_alone"]["seconds"] / slots
    runs = result["runs"]
    found: dict[str, Any] = {
        "ideal_seconds": spread(ideal),
        "ideal_seconds_of_slots_that_do_not_slow_each_other": alone,
        "makespan_seconds": {n: spread([run["makespan"] for run in r]) for n, r in runs.items()},
        "engine_loads": {n: spread([run["engine_loads"] for run in r]) for n, r in runs.items()},
        "makespan_over_ideal": {
            name: spread([run["makespan"] / best for run, best in zip(r, ideal, strict=True)])
            for name, r in runs.items()
        },
    }
    if OURS in runs:
        others = {name: r for name, r in runs.items() if name != OURS}
        for key in ("makespan", "engine_loads"):
            found[f"{key}_over_ours"] = {
                name: spread([a[key] / b[key] for a, b in zip(r, runs[OURS], strict=True)])
                for name, r in others.items()
            }
        near = found["makespan_over_ideal"][OURS]["median"]
        found["aims"] = {f"makespan within {NEAR_IDEAL} of the ideal": near <= NEAR_IDEAL}
        if PLAIN in others:
            fewer = found["engine_loads_over_ours"][PLAIN]["min"]
            found["aims"][f"at least {FEWER_LOADS} times fewer engine loads"] = fewer >= FEWER_LOADS
    return found


def render(result: dict[str, Any]) -> str:
    """Markdown: one line per way; medians (min to max) over the repetitions."""
    settings, env = result["settings"], result["environment"]
    runs = next(iter(result["runs"].values()))
    lines = [
        f"{result['cells']} cells, {runs[0]['samples']:,} samples, {runs[0]['tokens']:,} tokens, "
        f"{settings['slots']} slots of one thread, {settings['repeats']} repetitions in turns, "
        f"{env['cpu']['model']}; the same tokens from all ways",
        "",
        "| | makespan, s | over the ideal | engine loads | makespan over ours | loads over ours |",
        "|---|---:|---:|---:|---:|---:|",
        f"| ideal: work / slots | {between(result['ideal_seconds'], 1)} | 1 | – | – | – |",
        *(way_line(name, result) for name in result["runs"]),
        "",
        "Ideal of slots that would not slow each other: "
        f"{result['ideal_seconds_of_slots_that_do_not_slow_each_other']:.1f} s.",
    ]
    for aim, met in result.get("aims", {}).items():
        lines.append(f"{'met' if met else 'NOT met'}: {aim}")
    return "\n".join(lines)


def way_line(name: str, result: dict[str, Any]) -> str:
    columns = [
        between(result["makespan_seconds"][name], 1),
        between(result["makespan_over_ideal"][name], 2),
        between(result["engine_loads"][name], 0),
    ]
    for key, digits in (("makespan_over_ours", 2), ("engine_loads_over_ours", 1)):
        over = result.get(key, {}).get(name)
        columns.append("–" if over is None else between(over, digits))
    return f"| {name} | {' | '.join(columns)} |"


if __name__ == "__main__":
    raise SystemExit(main())
