r"""Pairs per second of one core: our graders beside math-verify called plainly.

    python benchmarks/grading.py --data-dir DIR --out results/bench/grading.json

DIR holds grader_dev.jsonl (real responses with gold answers). Every repetition grades the whole
corpus in turns within one process tied to one core: each of our graders, new each time, with one
worker process and its start included; and math-verify, once a response as its documentation shows
(parse both, verify). Reading the answer out of the response belongs to all of them. Seconds are CPU
time of all processes, so what else the machine does hardly counts; wall time is kept beside them.
Our graders also run without their fast paths, and their verdicts must not change by it. A Markdown
table goes to stdout, progress to stderr, every repetition to --out.
"""

import argparse
import gc
import json
import logging
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from command_line import make_parser, read_options, run_benchmark
from spreads import between, spread

from rast_bench.errors import DatasetError
from rast_bench.grading import Answer
from rast_bench.grading.pooled import PooledGrader
from rast_bench.grading.robust.grader import RobustGrader
from rast_bench.grading.simplerl.grader import SimpleRLGrader
from rast_bench.ledger.manifest import environment, now

CORPUS = "grader_dev.jsonl"
MATH_VERIFY = "math-verify"

Verdicts = list[str]


class Seconds(NamedTuple):
    """What one way took: CPU time of this process and its children, and wall time."""

    cpu: float
    wall: float


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    tie_to_one_core()
    return run_benchmark(lambda: measure(options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--limit", type=int, help="only so many responses")
    parser.add_argument("--repeats", type=int, default=3)
    return read_options(parser, arguments, __file__)


def tie_to_one_core() -> None:
    """This process and those it starts, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def read_answers(folder: Path) -> list[Answer]:
    """The corpus's responses with their gold answers. Raises DatasetError."""
    path = folder / CORPUS
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        return [Answer(row["response"], row["gold"], "eos", row["dataset"]) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(
            f"cannot read {path}",
            hint=f"{CORPUS} has dataset, gold and response in every line",
        ) from error


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds and verdicts of each way, every way once in each repetition. Raises DatasetError."""
    answers = read_answers(options.data_dir)[: options.limit]
    ways = {
        "simplerl": lambda: by_ours(SimpleRLGrader, answers),
        "simplerl without fast paths": lambda: by_ours(SimpleRLGrader, answers, fast_paths=False),
        "robust": lambda: by_ours(RobustGrader, answers),
        "robust without fast paths": lambda: by_ours(RobustGrader, answers, fast_paths=False),
        MATH_VERIFY: lambda: by_math_verify(answers),
    }
    runs: dict[str, list[Seconds]] = {name: [] for name in ways}
    verdicts: dict[str, Verdicts] = {}
    for repeat in range(options.repeats):
        for name, way in ways.items():
            seconds, verdicts[name] = timed(way)
            runs[name].append(seconds)
            told = f"{seconds.cpu:.1f} s of CPU time, {seconds.wall:.1f} s"
            print(f"{repeat + 1}/{options.repeats} {name}: {told}", file=sys.stderr)
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "responses": len(answers),
        "seconds": {
            name: [seconds._asdict() for seconds in values] for name, values in runs.items()
        },
        "pairs_per_second": {
            name: spread([len(answers) / seconds.cpu for seconds in values])
            for name, values in runs.items()
        },
        "ratio": {
            name: spread(
                [
                    plain.cpu / ours.cpu
                    for ours, plain in zip(values, runs[MATH_VERIFY], strict=True)
                ]
            )
            for name, values in runs.items()
        },
        "verdicts": {name: dict(Counter(kinds)) for name, kinds in verdicts.items()},
        "changed_by_fast_paths": {
            name: sum(
                one != other
                for one, other in zip(
                    verdicts[name], verdicts[f"{name} without fast paths"], strict=True
                )
            )
            for name in ("simplerl", "robust")
        },
    }


def timed(way: Callable[[], Verdicts]) -> tuple[Seconds, Verdicts]:
    cpu, wall = cpu_seconds(), time.perf_counter()
    verdicts = way()
    gc.collect()  # ends a grader's worker, whose time counts from then on
    return Seconds(cpu_seconds() - cpu, time.perf_counter() - wall), verdicts


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def by_ours(
    grader: type[PooledGrader], answers: Sequence[Answer], *, fast_paths: bool = True
) -> Verdicts:
    """A new grader with empty caches and one worker."""
    made = grader(workers=1, fast_paths=fast_paths)
    return [judgement.kind for judgement in made.grade_many(answers)]


def by_math_verify(answers: Sequence[Answer]) -> Verdicts:
    """As its documentation shows: gold in dollars, default settings and limits."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs responses whole
    return [
        "correct" if verify(parse(f"${answer.gold}$"), parse(answer.text)) else "wrong"
        for answer in answers
    ]


def render_table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['responses']:,} responses, one core, CPU time; median (lowest to highest)",
        "",
        "| grader | pairs/s | times math-verify |",
        "|---|---:|---:|",
    ]
    for name, speed in result["pairs_per_second"].items():
        lines.append(f"| {name} | {between(speed, 0)} | {between(result['ratio'][name], 1)} |")
    changed = ", ".join(f"{name} {n}" for name, n in result["changed_by_fast_paths"].items())
    lines += ["", f"verdicts changed by the fast paths: {changed}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
