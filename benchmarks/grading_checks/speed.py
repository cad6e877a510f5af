"""Pairs per second of one core: our graders beside math-verify called plainly.

Every repetition grades the whole corpus in turns within one process tied to one core: each of our
graders, new each time, with one worker process and its start included; and math-verify, once a
response as its documentation shows (parse both, verify). Reading the answer out of the response
belongs to all of them. Seconds are CPU time of all processes, so what else the machine does hardly
counts; wall time is kept beside them. Our graders also run without their fast paths, and their
verdicts must not change by it. What starting a worker costs is measured too: the warm pace is
without it.
"""

import gc
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from spreads import between, spread

from grading_checks.cases import Verdicts
from rast_bench.grading import Answer, get_grader
from rast_bench.grading.math_verify_grader import MATH_VERIFY, math_verify_verdicts
from rast_bench.grading.pooled import PooledGrader

NEEDS_ALGEBRA = Answer("\\boxed{(x+1)^2}", "x^2+2x+1", "eos")


class Seconds(NamedTuple):
    """What one way took: CPU time of this process and its children, and wall time."""

    cpu: float
    wall: float


@contextmanager
def tied_to_one_core() -> Iterator[None]:
    """This process and those it starts, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure_speed(
    answers: Sequence[Answer], graders: dict[str, str], repeats: int
) -> dict[str, Any]:
    """Seconds and verdicts of each way, every way once in each repetition.

    Args:
        graders: by the name to show, the full name of a grader.
    """
    ways: dict[str, Callable[[], Verdicts]] = {}
    for shown, name in graders.items():
        ways[f"{shown}, start alone"] = partial(by_ours, name, [NEEDS_ALGEBRA])
        ways[shown] = partial(by_ours, name, answers)
        ways[f"{shown} without fast paths"] = partial(by_ours, name, answers, fast_paths=False)
    ways[MATH_VERIFY] = lambda: list(math_verify_verdicts(answers))
    runs: dict[str, list[Seconds]] = {name: [] for name in ways}
    verdicts: dict[str, Verdicts] = {}
    with tied_to_one_core():
        math_verify_verdicts([NEEDS_ALGEBRA])  # its import is no part of its pace
        for repeat in range(repeats):
            for name, way in ways.items():
                seconds, verdicts[name] = timed(way)
                runs[name].append(seconds)
                told = f"{seconds.cpu:.1f} s of CPU time, {seconds.wall:.1f} s"
                print(f"{repeat + 1}/{repeats} {name}: {told}", file=sys.stderr)
    plain = [seconds.cpu for seconds in runs[MATH_VERIFY]]
    cpu = {name: [s.cpu for s in runs[name]] for name in ways if not name.endswith("alone")}
    for shown in graders:
        starts = (seconds.cpu for seconds in runs[f"{shown}, start alone"])
        cpu[f"{shown}, warm"] = [
            max(whole - start, 1e-9) for whole, start in zip(cpu[shown], starts, strict=True)
        ]
    return {
        "responses": len(answers),
        "seconds": {name: [each._asdict() for each in values] for name, values in runs.items()},
        "pairs_per_second": {
            name: spread([len(answers) / value for value in values]) for name, values in cpu.items()
        },
        "ratio": {
            name: spread([theirs / ours for ours, theirs in zip(values, plain, strict=True)])
            for name, values in cpu.items()
        },
        "verdicts": {
            name: dict(Counter(verdicts[name])) for name in ways if not name.endswith("alone")
        },
        "changed_by_fast_paths": {
            shown: sum(
                one != other
                for one, other in zip(
                    verdicts[shown], verdicts[f"{shown} without fast paths"], strict=True
                )
            )
            for shown in graders
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


def by_ours(name: str, answers: Sequence[Answer], *, fast_paths: bool = True) -> Verdicts:
    """Return a new grader with empty caches and one worker."""
    kind = type(get_grader(name, workers=1))
    assert issubclass(kind, PooledGrader), f"{name} has no fast paths"
    return [
        judgement.kind for judgement in kind(workers=1, fast_paths=fast_paths).grade_many(answers)
    ]


def render_speed(result: dict[str, Any]) -> str:
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
