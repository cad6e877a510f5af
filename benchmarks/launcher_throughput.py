r"""Samples a second of each launcher with its defaults, against one process per core.

    python benchmarks/launcher_throughput.py --out results/bench/launcher_throughput.json

One sweep of the tiny family is made by one command without a launcher, with hydra/launcher=local
and with hydra/launcher=slurm on a throw-away cluster (scripts/dev_slurm.sh; left out where SLURM is
not installed). Nothing is said of threads or cores, and OMP_NUM_THREADS is not set; SLURM, whose
default is one task for 50,000 samples, is asked for a task per core. The yardstick is warm engines
that only generate, one process per core, each with one thread and its share of the requests.

A launcher's samples per second are counted from the first that any of its engines finishes to the
last: starting, loading, grading and the table are sweep_makespan.py's business. All repetitions run
in turns. A launcher that hands out threads badly is many times slower than the yardstick; the aim
is a loose one. `--quick` takes a minute or two and shows such a loss, no more.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import make_parser, positive, progress, read_options, run_benchmark
from faults.accounting import parse_log
from faults.cluster import Cluster, obstacle
from faults.finish_log.sitecustomize import VARIABLE
from makespan.sweep import Sweep
from makespan.ways import Place, made, one_command, warm_work
from spreads import between, spread

from rast_bench.errors import EngineError
from rast_bench.hardware import usable_cores
from rast_bench.ledger import Ledger
from rast_bench.provenance import environment, now

AXES = {
    "base_model": ("tiny-m",),
    "delta": ("tiny-xs",),
    "decoding.lambda": ("0.5", "1.0"),
    "decoding.temperature": ("0.7", "1.0"),
}
"""One engine group: a worker loads once."""

FINISH_LOG = Path(__file__).parent / "faults" / "finish_log"
SLURM = "slurm"
LEAST_SHARE = 0.5  # of one process per core, the aim


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="launchers-") as folder:
        return run_benchmark(lambda: measure(options, Path(folder)), render, options.out, failed)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", default="tiny-easy")
    parser.add_argument("--problems", type=positive, default=100, help="in each cell")
    parser.add_argument("--samples", type=positive, default=16, help="of each problem")
    parser.add_argument("--cores", type=positive, default=usable_cores(), help="to compare with")
    parser.add_argument("--repeats", type=positive, default=3)
    ways = ("in-process", "local", SLURM)
    parser.add_argument("--ways", choices=ways, nargs="+", default=list(ways))
    parser.add_argument("--quick", action="store_true", help="40 problems, 8 samples, once")
    options = read_options(parser, arguments, __file__)
    if options.quick:
        options.problems, options.samples, options.repeats = 40, 8, 1
    return options


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return every repetition of the yardstick and of each launcher.

    Raises:
        EngineError: one of them fails.
    """
    sweep = Sweep(options.dataset, options.problems, options.samples, AXES)
    reason = obstacle() if SLURM in options.ways else None
    ways = [name for name in options.ways if name != SLURM or reason is None]
    if reason is not None:
        progress(f"without SLURM: {reason}")
    result: dict[str, Any] = {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "settings": {k: v for k, v in vars(options).items() if k not in ("command", "out")},
        "without": {} if reason is None else {SLURM: reason},
        "load_average_before": os.getloadavg(),
        "yardstick": [],
        "runs": {name: [] for name in ways},
    }
    with cluster(folder / "cluster", wanted=SLURM in ways):
        for repeat in range(options.repeats):
            work = warm_work(sweep, Place(folder / f"warm-{repeat}", options.cores), options.cores)
            rate = options.cores * work["samples"] / work["seconds"]
            result["yardstick"].append(work | {"samples_per_second": rate})
            progress(f"repetition {repeat + 1}: one process per core: {rate:,.0f} samples/s")
            for name in ways:
                place = DefaultPlace(folder / f"{name}-{repeat}", options.cores)
                run = launched(name, sweep, place)
                result["runs"][name].append(run)
                progress(
                    f"repetition {repeat + 1}: {name}: {run['samples_per_second']:,.0f} samples/s"
                )
    result["load_average_after"] = os.getloadavg()
    check_equal_work(result)
    return result | summary(result)


@contextmanager
def cluster(folder: Path, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    with Cluster(folder):
        yield


@dataclass(frozen=True)
class DefaultPlace(Place):
    """Where nobody says a word of threads; every finished sample is noted."""

    @property
    def finish_log(self) -> Path:
        return self.folder / "finished.jsonl"

    def environment(self) -> dict[str, str]:
        paths = [str(FINISH_LOG), os.environ.get("PYTHONPATH", "")]
        inherited = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
        return {
            **inherited,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            VARIABLE: str(self.finish_log),
        }


def launched(name: str, sweep: Sweep, place: DefaultPlace) -> dict[str, Any]:
    """One run of a launcher: what it made and how fast. Raises EngineError if it fails."""
    words = {
        "in-process": (),
        "local": ("hydra/launcher=local",),
        SLURM: (f"hydra/launcher={SLURM}", "launcher.gpus=0", f"launcher.tasks={place.slots}"),
    }
    place.folder.mkdir(parents=True)
    begin = time.monotonic()
    one_command(sweep, place, *words[name])
    makespan = time.monotonic() - begin
    ledger = Ledger(place.results)
    manifests = [manifest for cell in ledger.cells() for manifest in ledger.manifests(cell)]
    log = parse_log(place.finish_log.read_text(encoding="utf-8").splitlines())
    return {
        "makespan": makespan,
        "samples_per_second": samples_per_second([sample.at for sample in log.finished]),
        "workers": len({manifest["run_id"] for manifest in manifests}),
        "threads": sorted({manifest["threads"] for manifest in manifests}),
        **made(ledger),
    }


def samples_per_second(times: Sequence[float]) -> float:
    """Those after the first, whichever process finished them.

    Args:
        times: seconds at which samples were finished; at least two.
    """
    return (len(times) - 1) / (max(times) - min(times))


def check_equal_work(result: Mapping[str, Any]) -> None:
    """Raise EngineError unless all made as many tokens, and the launchers the same ones."""
    runs = [run for found in result["runs"].values() for run in found]
    if len({run["tokens_sha256"] for run in runs}) > 1:
        raise EngineError("the launchers made different tokens, so their times say nothing")
    if len({work["tokens"] for work in (*result["yardstick"], *runs)}) > 1:
        raise EngineError("the yardstick was measured on other work than the launchers'")


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """Spreads over the repetitions, the share of the yardstick within each of them, the aims."""
    best = [work["samples_per_second"] for work in result["yardstick"]]
    rates = {
        name: [run["samples_per_second"] for run in runs] for name, runs in result["runs"].items()
    }
    shares = {
        name: spread([rate / ideal for rate, ideal in zip(found, best, strict=True)])
        for name, found in rates.items()
    }
    return {
        "yardstick_samples_per_second": spread(best),
        "samples_per_second": {name: spread(found) for name, found in rates.items()},
        "share_of_one_process_per_core": shares,
        "aims": {
            f"{name}: at least {LEAST_SHARE} of one process per core": (
                share["median"] >= LEAST_SHARE
            )
            for name, share in shares.items()
        },
    }


def render(result: Mapping[str, Any]) -> str:
    """Markdown: one line per launcher; medians (min to max) over the repetitions."""
    settings = result["settings"]
    lines = [
        f"{result['yardstick'][0]['samples']:,} samples, {settings['cores']} cores, "
        f"{settings['repeats']} repetition(s) in turns, {result['environment']['cpu']['model']}",
        "",
        "| | samples/s | share of one process per core | workers × threads |",
        "|---|---:|---:|---:|",
        f"| one process per core | {between(result['yardstick_samples_per_second'], 0)} | 1 "
        f"| {settings['cores']} × 1 |",
    ]
    for name, runs in result["runs"].items():
        threads = "/".join(map(str, runs[-1]["threads"]))
        lines.append(
            f"| {name} | {between(result['samples_per_second'][name], 0)} "
            f"| {between(result['share_of_one_process_per_core'][name], 2)} "
            f"| {runs[-1]['workers']} × {threads} |"
        )
    lines += ["", *(f"not measured: {name}: {why}" for name, why in result["without"].items())]
    lines += [f"{'met' if met else 'NOT met'}: {aim}" for aim, met in result["aims"].items()]
    return "\n".join(lines)


def failed(result: Mapping[str, Any]) -> int:
    """1 where a launcher misses its aim."""
    return int(not all(result["aims"].values()))


if __name__ == "__main__":
    raise SystemExit(main())
