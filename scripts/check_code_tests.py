"""Do the canonical solutions of HumanEval+ and MBPP+ pass their own tests here?

    python scripts/check_code_tests.py --data-dir DIR

DIR holds humanevalplus.jsonl and mbppplus.jsonl in the hub's format. The solutions run in the best
sandbox of this machine, or in each one named with --sandbox. A program that defines nothing runs
against every problem too: it must pass none. Exit code 1 when a solution fails or the empty program
passes. The few calls of rast_bench/code_tests/left_out_calls.json are not made.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rast_bench.code_tests import CodeVerdict, run_many
from rast_bench.code_tests.references import solution_of, tests_of
from rast_bench.code_tests.run import working_sandbox
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.code_tests.tests import CodeTests
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import iter_references
from rast_bench.errors import RastBenchError

DATASETS = ("humanevalplus", "mbppplus")
SANDBOXES: tuple[SandboxKind, ...] = ("bubblewrap", "namespaces", "process")
EMPTY = "pass"


class Case(NamedTuple):
    """A problem with its canonical program."""

    task_id: str
    solution: str
    tests: CodeTests


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        kinds = options.sandbox or [working_sandbox()]
        faults = [
            fault
            for name in options.dataset or DATASETS
            for kind in kinds
            for fault in check(name, options.data_dir, kind, options.workers)
        ]
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data-dir", required=True, metavar="DIR")
    parser.add_argument("--dataset", action="append", choices=DATASETS, help="only this one")
    parser.add_argument("--sandbox", action="append", choices=SANDBOXES)
    parser.add_argument("--workers", type=int, help="programs at a time (default: one per core)")
    return parser.parse_args(arguments)


def check(name: str, data_dir: str, kind: SandboxKind, workers: int | None) -> list[str]:
    """Return what is not as it should be; a line with the counts goes to stdout."""
    cfg = job_of_overrides([f"dataset={name}"]).cells[0].dataset
    cfg = cfg.model_copy(update={"data_dir": data_dir})
    started = time.perf_counter()
    names = [case.task_id for case in cases(cfg)]
    solutions = run_all(((case.solution, case.tests) for case in cases(cfg)), kind, workers)
    verdicts = dict(zip(names, solutions, strict=True))
    seconds = time.perf_counter() - started
    slowest = max(names, key=lambda task: verdicts[task].cpu_seconds)
    failed = {task for task, verdict in verdicts.items() if verdict.kind != "passed"}
    print(
        f"{name} in {kind}: {len(names) - len(failed)} of {len(names)} canonical solutions pass "
        f"in {seconds:.0f} s; most CPU time: {slowest} {verdicts[slowest].cpu_seconds:.1f} s"
    )
    empty = run_all(((EMPTY, case.tests) for case in cases(cfg)), kind, workers)
    passed = [task for task, verdict in zip(names, empty, strict=True) if verdict.kind == "passed"]
    fails = (f"{task} fails: {verdicts[task].kind}, {verdicts[task].detail}" for task in failed)
    return [*sorted(fails), *(f"{task} is passed by the empty program" for task in passed)]


def cases(cfg: DatasetConfig) -> Iterator[Case]:
    for _, reference in iter_references(cfg):
        yield Case(reference["task_id"], solution_of(reference) or "", tests_of(reference))


def run_all(
    pairs: Iterator[tuple[str, CodeTests]], kind: SandboxKind, workers: int | None
) -> Iterator[CodeVerdict]:
    return run_many(pairs, allow_code_execution=True, sandbox=kind, workers=workers)


if __name__ == "__main__":
    sys.exit(main())
