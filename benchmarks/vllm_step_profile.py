r"""Where a decoding step of RAST inside vLLM spends its time.

    python benchmarks/vllm_step_profile.py --out results/bench/vllm_step_profile.json

Clocks around the parts of one engine in this process, on the checkpoints of vllm_throughput.py.
For CPUs: on a GPU kernels run behind the clock's back; use vLLM's own profiler there.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from command_line import Result, make_parser, positive, read_options, run_benchmark

SURROUNDINGS = {
    "OMP_NUM_THREADS": "1",
    "TORCH_COMPILE_DISABLE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
}
STEPS = 40


class Clocks:
    """Seconds by part. A part inside another one is not counted twice."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[float] = []

    def wrap(self, holder: Any, method: str, part: str) -> None:
        """Replace a method by itself with a clock around it."""
        inner: Callable[..., Any] = getattr(holder, method)

        def clocked(*args: Any, **kwargs: Any) -> Any:
            self._open.append(0.0)
            start = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                elapsed = time.perf_counter() - start
                self.seconds[part] += elapsed - self._open.pop()
                if self._open:
                    self._open[-1] += elapsed

        setattr(holder, method, clocked)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--rows", type=positive, nargs="+", default=[1, 8, 32])
    options = read_options(parser, arguments, __file__)
    os.environ.update(SURROUNDINGS)  # before PyTorch is imported
    return run_benchmark(
        lambda: report(options), lambda result: render(result["milliseconds_a_step"]), options.out
    )


def report(options: argparse.Namespace) -> Result:
    from rast_bench.provenance import environment, now

    with tempfile.TemporaryDirectory() as folder:
        return {
            "command": options.command,
            "time": now().isoformat(timespec="seconds"),
            "environment": environment(),
            "milliseconds_a_step": measure(options.rows, Path(folder)),
        }


def measure(batches: Sequence[int], folder: Path) -> dict[str, dict[str, float]]:
    """Milliseconds of one decoding step, by number of rows and part."""
    from vllm import LLM
    from vllm_throughput import SHAPES, save_checkpoint

    from rast_bench.vllm_plugin import Pair, model, rast_engine_args, rast_sampling_params

    for seed, name in enumerate(("main", "small-rl", "small-base")):
        save_checkpoint(folder / name, SHAPES[name.split("-")[0]], seed)
    pair = Pair(str(folder / "small-rl"), str(folder / "small-base"))
    llm: Any = LLM(
        **rast_engine_args(
            str(folder / "main"),
            [pair],
            dtype="float32",
            enforce_eager=True,
            kv_cache_memory_bytes=1 << 29,
            block_size=32,
            max_num_seqs=max(batches),
            max_model_len=256,
        )
    )
    clocks = Clocks()
    core = llm.llm_engine.engine_core.engine_core
    runner = core.model_executor.driver_worker.worker.model_runner
    rast = runner.get_model()
    clocks.wrap(rast, "forward", "joining hidden states")
    clocks.wrap(rast, "compute_logits", "splitting hidden states")
    for name, part in zip(("M_base", "S_RL", "S_base"), rast.models, strict=True):
        clocks.wrap(part, "forward", f"{name}: layers")
        clocks.wrap(part, "compute_logits", f"{name}: head")
    clocks.wrap(model, "compose_logits", "equation 3")
    clocks.wrap(runner, "_model_forward", "λ of every token")
    clocks.wrap(runner, "_sample", "sampling")
    clocks.wrap(runner, "execute_model", "vLLM's runner: inputs, attention metadata")
    clocks.wrap(runner, "sample_tokens", "vLLM's runner: outputs")
    clocks.wrap(core, "step_fn", "vLLM's scheduler")
    clocks.wrap(llm.llm_engine, "step", "vLLM's front end")
    found = {}
    for rows in batches:
        params = rast_sampling_params(
            1.0, temperature=1.0, seed=1, ignore_eos=True, max_tokens=STEPS, detokenize=False
        )
        for i in range(rows):
            llm.llm_engine.add_request(f"{rows}-{i}", {"prompt_token_ids": [5, 6, 7 + i]}, params)
        for _ in range(4):  # prompts, and what happens only once
            llm.llm_engine.step()
        clocks.seconds.clear()
        steps = 0
        while llm.llm_engine.has_unfinished_requests():
            llm.llm_engine.step()
            steps += 1
        found[str(rows)] = {
            part: 1000 * seconds / steps for part, seconds in clocks.seconds.items()
        }
    llm.llm_engine.engine_core.shutdown()
    return found


def render(found: dict[str, dict[str, float]]) -> str:
    """Markdown: milliseconds and shares by part, the largest first."""
    totals = {rows: sum(parts.values()) for rows, parts in found.items()}
    last = list(found)[-1]
    order = sorted(found[last], key=lambda part: -found[last][part])
    lines = [
        f"| ms a step | {' | '.join(f'{rows} rows' for rows in found)} |",
        f"|---|{'---:|' * len(found)}",
    ]
    for part in order:
        cells = [f"{found[r][part]:.2f} ({found[r][part] / totals[r]:.1%})" for r in found]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    lines.append(f"| all | {' | '.join(f'{total:.2f}' for total in totals.values())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
