r"""Random kills during sweeps of the tiny family: what is lost, made twice, or comes out otherwise.

    python benchmarks/fault_campaign.py --out results/bench/fault_campaign.json

A sweep (3 base models x 2 λ, three engine groups) runs once undisturbed, then again and again, each
time in a fresh results folder: by two equal plain commands at the same time, by
`hydra/launcher=local`, and by `hydra/launcher=slurm` on a throw-away cluster (scripts/dev_slurm.sh;
left out where SLURM is not installed). At random moments SIGKILL hits one of the plain commands,
which then starts again; or a worker or the launching command, which is
then followed by `rast-bench resume`; on SLURM also a task by scancel, a task that scontrol
requeues, or a node's slurmd, which comes back after 2 to 25 s. Until --kills of them have ended
workers.

Samples are counted where they are finished: the workers' engines note every one, before the ledger
has it (faults/finish_log). One whose own process stored no row is lost, though it is made again
later. The random numbers are seeded; the moments in which they meet a sweep are not.

A Markdown table goes to stdout, progress to stderr, every sweep to --out. Exit code 1: something
that must hold does not.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from command_line import Result, make_parser, progress, read_options, run_benchmark
from faults.accounting import Account, Row, account, parse_log
from faults.cluster import Cluster, obstacle
from faults.disturbed import DisturbedSweep, Outcome, Plan
from faults.report import ALL, invariants, render, totals
from faults.ways import LocalWay, PlainWay, SlurmWay, Way
from makespan.sweep import Sweep
from makespan.ways import made

from rast_bench.ledger import Ledger
from rast_bench.ledger.codec import SAMPLES
from rast_bench.ledger.shards import read_shard, shard_names
from rast_bench.provenance import environment, now

WAYS = ("plain", "local", "slurm")
PLAIN_COMMANDS = 2
SLURM_TASKS = 3  # one per node
EXIT_VIOLATED = 1
ROW_COLUMNS = ("problem_id", "sample_index", "run_id")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with ExitStack() as stack:
        folder = options.folder
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        return run_benchmark(
            lambda: campaign(options, Path(folder).resolve()), render, options.out, exit_code
        )


def exit_code(result: Result) -> int:
    return 0 if all(result["invariants"].values()) else EXIT_VIOLATED


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of workers, over all ways")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ways", type=ways, default=list(WAYS), help="some of plain,local,slurm")
    parser.add_argument("--base_model", nargs="+", default=["tiny-s", "tiny-m", "tiny-l"])
    parser.add_argument("--problems", type=int, default=100, help="in each cell")
    parser.add_argument("--samples", type=int, default=16, help="of each problem")
    parser.add_argument("--slots", type=int, default=2, help="local workers at once")
    parser.add_argument("--per_sweep", type=float, default=14.0, help="kills in one, about")
    parser.add_argument("--folder", type=Path, help="keeps everything there; must not exist")
    return read_options(parser, arguments, __file__)


def ways(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in WAYS]:
        raise argparse.ArgumentTypeError(f"there is no way {unknown[0]}: {', '.join(WAYS)}")
    return names


def sweep_of(options: argparse.Namespace) -> Sweep:
    axes = {
        "base_model": tuple(options.base_model),
        "delta": ("tiny-xs",),
        "decoding.lambda": ("0.5", "1.0"),
    }
    return Sweep("tiny-easy", options.problems, options.samples, axes)


def campaign(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Raise EngineError if a sweep or the cluster does not work at all."""
    sweep = sweep_of(options)
    nothing = Plan(0, 1.0, Random())
    plain = run_sweep(sweep, LocalWay(options.slots), folder / "undisturbed", nothing)
    progress(f"undisturbed: {plain['wall_seconds']:.0f} s")
    skipped = {}
    if "slurm" in options.ways and (why := obstacle()):
        skipped["slurm"] = why
        progress(f"slurm: left out: {why}")
    names = [name for name in options.ways if name not in skipped]
    sweeps: list[dict[str, Any]] = []
    for name, kills in zip(names, shares(options.kills, len(names)), strict=True):
        with ExitStack() as stack:
            way: Way = LocalWay(options.slots)
            if name == "plain":
                way = PlainWay(PLAIN_COMMANDS)
            if name == "slurm":
                cluster = stack.enter_context(Cluster(folder / "cluster"))
                way = SlurmWay(cluster, SLURM_TASKS)
            apart = samples_in(sweep) / options.per_sweep
            plan = Plan(kills, apart, Random(f"{options.seed} {name}"))
            for record in until_killed(sweep, way, folder, plan):
                for what in ("table", "tokens"):
                    key = f"{what}_sha256"
                    record[f"same_{what}"] = record[key] == plain[key]
                sweeps.append(record)
    found = totals(sweeps)
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment(),
        "settings": {
            name: value
            for name, value in vars(options).items()
            if name not in ("command", "out", "folder")
        },
        "skipped": skipped,
        "undisturbed": plain,
        "totals": found,
        "invariants": invariants(found[ALL], options.kills),
        "sweeps": sweeps,
    }


def shares(kills: int, count: int) -> list[int]:
    """As even as can be, the first ones larger."""
    return [kills // count + (i < kills % count) for i in range(count)]


def until_killed(sweep: Sweep, way: Way, folder: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    """Sweeps in fresh folders until the planned kills have ended workers."""
    done = number = 0
    while done < plan.kills:
        left = replace(plan, kills=plan.kills - done)
        record = run_sweep(sweep, way, folder / f"{way.name}-{number}", left)
        done += sum(kill["of_workers"] for kill in record["kills"])
        number += 1
        progress(
            f"{way.name}: sweep {number}: {record['wall_seconds']:.0f} s, {done} of {plan.kills} "
            f"kills; {record['samples']}"
        )
        yield record


def run_sweep(sweep: Sweep, way: Way, folder: Path, plan: Plan) -> dict[str, Any]:
    disturbed = DisturbedSweep(sweep.multirun(), way, folder, plan)
    outcome = disturbed.run()
    ledger = Ledger(disturbed.results)
    return {
        "way": way.name,
        "wall_seconds": outcome.seconds,
        "kills": [asdict(kill) for kill in outcome.kills],
        "restarts": outcome.restarts,
        "resumes": outcome.resumes,
        "worker_processes": len(outcome.ends),
        "samples": asdict(samples_of(sweep, ledger, outcome)),
        "cells": len(ledger.cells()),
        "table_sha256": hashlib.sha256(outcome.table.encode()).hexdigest(),
        "tokens_sha256": made(ledger)["tokens_sha256"],
    }


def samples_in(sweep: Sweep) -> int:
    return len(sweep.cells()) * sweep.problems * sweep.samples


def samples_of(sweep: Sweep, ledger: Ledger, outcome: Outcome) -> Account:
    read = []
    for cell_id in ledger.cells():
        frame = ledger.samples(cell_id)
        keys = zip(frame["problem_id"], frame["sample_index"], strict=True)
        read += [(cell_id, problem, int(index)) for problem, index in keys]
    log = parse_log(outcome.finish_log.splitlines())
    return account(log, stored_rows(ledger), read, outcome.ends, samples_in(sweep))


def stored_rows(ledger: Ledger) -> list[Row]:
    """Return every row of every shard."""
    rows = []
    for cell_id in ledger.cells():
        folder = ledger.cell_folder(cell_id)
        for name in shard_names(folder, SAMPLES):
            table = read_shard(folder / name, SAMPLES, ROW_COLUMNS)
            if table is not None:  # a broken shard: its samples count as lost
                columns = (table[column].to_pylist() for column in ROW_COLUMNS)
                rows += [
                    ((cell_id, problem, index), run)
                    for problem, index, run in zip(*columns, strict=True)
                ]
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
