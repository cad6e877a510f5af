r"""GPU-hours of the paper's table 1: an engine for each cell, or one stream for each engine group.

    python benchmarks/table1_simulation.py --out results/bench/table1_simulation.json

A simulation: nothing is run. Cell by cell, each of the 72 cells loads its models and drains its
batch, so that the long tail of its responses runs nearly alone. Merged, as rast-bench does it, the
cells of one row share one load and one stream, and the next cell fills the tail of the last. Both
ways get the same drawn response lengths. Every assumption, with its source, is in the report;
options change some, and a table of sensitivities changes each alone. Markdown goes to stdout, all
numbers to --out.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from command_line import Result, make_parser, read_options, run_benchmark
from simulation.report import assumptions, outcome_json, render, sensitivity_json
from simulation.scenario import Scenario, simulate
from simulation.sensitivity import variations
from simulation.step_time import KNOWN_CARDS, StepTime, fit_step_time

from rast_bench.errors import ConfigError
from rast_bench.ledger.manifest import environment, now

MEASURED = Path(__file__).parents[1] / "results" / "bench" / "vllm_throughput.json"
VARIANT = "composite, λ = 1"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    return run_benchmark(lambda: timed(options), render, options.out)


def timed(options: argparse.Namespace) -> Result:
    """The report with the seconds that it took."""
    begin = time.monotonic()
    result = simulated(options, measured_step_time(options.measured))
    return {**result, "seconds": time.monotonic() - begin}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Scenario()
    parser = make_parser(__doc__)
    parser.add_argument("--card", choices=sorted(KNOWN_CARDS), default=default.card)
    parser.add_argument("--cards-an-engine", type=int, default=default.cards_an_engine)
    parser.add_argument("--devices", type=int, default=default.devices, help="engines at once")
    parser.add_argument("--load-seconds", type=float, default=default.load_seconds)
    parser.add_argument("--max-rows", type=int, default=default.max_rows)
    parser.add_argument("--samples", type=int, default=default.samples, help="a problem")
    parser.add_argument(
        "--runaway-tokens",
        type=float,
        default=default.runaway_tokens,
        help="share of all tokens that lies in responses at the limit",
    )
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument(
        "--measured", type=Path, default=MEASURED, help="report of vllm_throughput.py"
    )
    options = read_options(parser, arguments, __file__)
    for name in ("cards_an_engine", "devices", "max_rows", "samples"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if not 0 <= options.runaway_tokens < 1 or options.load_seconds < 0:
        parser.error("--runaway-tokens must lie in [0, 1), --load-seconds not below 0")
    return options


def simulated(options: argparse.Namespace, measured: StepTime) -> dict[str, Any]:
    """The report. Raises ConfigError for models that do not fit on the cards."""
    names = ("card", "cards_an_engine", "devices", "load_seconds", "max_rows", "samples")
    given = {name: getattr(options, name) for name in (*names, "runaway_tokens", "seed")}
    scenario = Scenario(**given)
    varied = list(variations(scenario, measured.per_row / measured.fixed))
    source = f"fit to {options.measured.name}, {VARIANT}; used for one line of the sensitivities"
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "assumptions": assumptions(scenario, measured, source),
        **outcome_json(simulate(scenario)),
        "sensitivity": sensitivity_json(varied),
    }


def measured_step_time(path: Path) -> StepTime:
    """The line through the median speeds of RAST in vLLM. Raises ConfigError for no such report."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        speeds = {
            int(rows): statistics.median(found[VARIANT])
            for rows, found in report["tokens_per_second"].items()
        }
        return fit_step_time(list(speeds), list(speeds.values()))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"{path} holds no speeds of {VARIANT!r}",
            hint="make it with benchmarks/vllm_throughput.py --out",
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
