r"""Does engine=transformers keep its promises on this GPU, and what does ΔR cost there?

    python benchmarks/gpu_kit.py --out results/bench/gpu_kit.json

Needs PyTorch, transformers and a checkout, and neither vLLM, a network nor the harness's other
packages. On one card, in at most six minutes: engine=transformers against float32 on the CPU, the
composed decoding step at Qwen2.5's shapes (M, and M + 2 S) with random weights, static caches and
CUDA graphs, equation 3 and the draw alone at a whole vocabulary. What is measured is written to
--out part by part, with a table beside it (.md); another call goes on where this one ended. Without
a GPU a miniature of every part runs on the CPU, which measures nothing and shows that all works.
"""

import argparse
import gc
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from command_line import read_options
from gpu_checks import report
from gpu_checks.bandwidth import copy_bandwidth
from gpu_kit_parts import engine, sampling, step
from gpu_kit_parts.plan import Part, parts
from gpu_kit_parts.render import render
from transformers.utils import logging

from rast_bench.engines.transformers_engine import pick_device
from rast_bench.errors import ConfigError, EngineError, RastBenchError
from rast_bench.provenance import environment, now

MEASURE = {"engine": engine.run, "step": step.run, "sampling": sampling.run}
DRIVER = Path("/proc/driver/nvidia/version")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    logging.disable_progress_bar()
    try:
        device = "cpu" if options.device == "cpu" else pick_device(options.device).type
        if device == "cpu":
            torch.set_num_threads(1)  # a miniature has no work for more
        result = report.read(options.out, "gpu_kit")
        planned = chosen(parts(device), options.only)
        refuse_other_device(result, device, options.out)
        names = report.missing(result, [part.name for part in planned])
        if names:
            result["runs"].append(describe(options, device))
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    deadline = time.monotonic() + 60 * options.budget_minutes
    interrupted = False
    try:
        with tempfile.TemporaryDirectory(prefix="gpu_kit-") as scratch:
            for part in planned:
                if part.name not in names or time.monotonic() + 60 * part.minutes > deadline:
                    continue
                print(f"{part.name} …", file=sys.stderr, flush=True)
                found = measure(part, device, Path(scratch))
                result["jobs"][part.name] = found | {"run": len(result["runs"]) - 1}
                write(options.out, result)
                print(f"  {found['status']}, {found['seconds']:.0f} s", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        interrupted = True
    print(render(result))
    left = report.missing(result, [part.name for part in planned])
    if left:
        print(f"not measured: {', '.join(left)}; call again to go on", file=sys.stderr)
    if interrupted:
        return 130
    statuses = {result["jobs"][part.name]["status"] for part in planned if part.name not in left}
    return 1 if "failed" in statuses or any(n in result["jobs"] for n in left) else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the report, JSON")
    parser.add_argument("--only", nargs="+", metavar="PART", help="parts, or kinds of them")
    parser.add_argument(
        "--budget-minutes", type=float, default=6.0, help="start no part that would outlast this"
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cuda", "cpu"), help="auto: the GPU, else cpu"
    )
    parser.add_argument("--commit", help="of the code, where there is no git to ask")
    return read_options(parser, arguments, __file__)


def chosen(planned: list[Part], only: Sequence[str] | None) -> list[Part]:
    """Return the parts with these names or of these kinds.

    Raises:
        ConfigError: a name is neither.
    """
    for name in only or ():
        if not any(name in (part.name, part.kind) for part in planned):
            raise ConfigError(
                f"--only {name}: no such part here",
                hint=f"choose from {', '.join(part.name for part in planned)}, "
                f"or {', '.join(MEASURE)}",
            )
    return [part for part in planned if not only or {part.name, part.kind} & set(only)]


def refuse_other_device(result: dict[str, Any], device: str, out: Path) -> None:
    """One report tells of one card. Raises ConfigError."""
    here = device_name(device)
    for run in result["runs"]:
        if run["device"]["name"] != here:
            raise ConfigError(
                f"{out} holds measurements of {run['device']['name']}, this is {here}",
                hint="give another --out",
            )


def device_name(device: str) -> str:
    return "CPU" if device == "cpu" else torch.cuda.get_device_name()


def describe(options: argparse.Namespace, device: str) -> dict[str, Any]:
    """Return a call of the kit: what ran where.

    Raises:
        EngineError: the card's memory is taken.
    """
    found: dict[str, Any] = {"name": device_name(device)}
    try:
        found["bandwidth_bytes_per_second"] = copy_bandwidth(
            device, 0.0625 if device == "cpu" else 4.0
        )
    except torch.OutOfMemoryError:
        raise EngineError(
            f"{found['name']} has no 8 GiB of free memory",
            hint="nvidia-smi shows who uses it; wait, or choose another with CUDA_VISIBLE_DEVICES",
        ) from None
    if device != "cpu":
        torch.cuda.empty_cache()
        found["memory_gib"] = torch.cuda.get_device_properties(0).total_memory / 2**30
        found["cuda"] = torch.version.cuda
        found["driver"] = DRIVER.read_text().splitlines()[0] if DRIVER.is_file() else None
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "commit": options.commit,
        "device": found,
        "environment": environment(),
    }


def measure(part: Part, device: str, folder: Path) -> dict[str, Any]:
    """One part's entry in the report, whatever happens to it but an interruption."""
    entry = asdict(part) | {"time": now().isoformat(timespec="seconds")}
    start = time.monotonic()
    try:
        outcome = MEASURE[part.kind](part.settings, device, folder)
        entry |= {"status": "passed" if outcome.passed else "failed"}
        entry |= {"checks": outcome.checks, "data": outcome.data}
    except RastBenchError as error:
        entry |= {"status": "refused", "error": error.message}
    except torch.OutOfMemoryError as error:
        entry |= {"status": "refused", "error": str(error).splitlines()[0]}
    except Exception as error:  # one part's failure must not affect the others
        traceback.print_exc()
        entry |= {"status": "error", "error": repr(error), "trace": traceback.format_exc()}
    finally:
        gc.collect()
        if device != "cpu":
            torch.cuda.empty_cache()
    return entry | {"seconds": time.monotonic() - start}


def write(path: Path, result: dict[str, Any]) -> None:
    """Write the report and its table."""
    report.write(path, result)
    path.with_suffix(".md").write_text(render(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
