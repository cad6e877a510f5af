"""What the output layer's rounding to bfloat16 costs, beside what the layers' costs, on a CPU.

engine=transformers in bfloat16 against float32, on texts that float32 samples; then with output
layers whose products stay float32. Only the second row would be gained by float32 heads.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from command_line import Result, make_parser, read_options, run_benchmark
from gpu_checks.measures import deviation
from gpu_kit_parts import engine
from torch import Tensor

from rast_bench.provenance import environment

LAMBDAS = (0.0, 1.0, 3.0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=64)
    options = read_options(parser, arguments, __file__)

    def measure() -> Result:
        torch.set_num_threads(1)
        with tempfile.TemporaryDirectory() as folder:
            found = {
                trio: compare(trio, Path(folder), options.prompts, options.tokens)
                for trio in ("tiny", "qwen2")
            }
        return {"command": options.command, "environment": environment(), "deviation": found}

    return run_benchmark(measure, render, options.out)


def compare(trio: str, folder: Path, prompts: int, tokens: int) -> dict[str, Any]:
    """Deviations of log-probabilities in nats by λ: `rounded` and `unrounded` output layers."""
    paths = engine.checkpoints(trio, folder)
    asked = engine.requests(engine.prompts_of(trio, prompts), tokens, LAMBDAS)
    asked = [item for item in asked if not item.params.greedy]
    with engine.engine(paths, "cpu", "float32") as exact:
        texts = engine.generate(exact, asked)
        wanted = [engine.score(exact, item, texts[item.key].token_ids) for item in asked]
    found: dict[str, Any] = {}
    with engine.engine(paths, "cpu", "bfloat16") as half:
        for name in ("rounded", "unrounded"):
            if name == "unrounded":
                for model in half.models:
                    head = model.model.get_output_embeddings()
                    head.forward = partial(float32_product, head.weight.float())
            rows = [engine.score(half, item, texts[item.key].token_ids) for item in asked]
            found[name] = {
                f"{lambda_:g}": deviation(
                    [
                        ours - theirs
                        for item, row, exact_row in zip(asked, rows, wanted, strict=True)
                        if item.params.lambda_ == lambda_
                        for ours, theirs in zip(row, exact_row, strict=True)
                    ]
                )
                for lambda_ in LAMBDAS
            }
    return found


def float32_product(weight: Tensor, hidden: Tensor) -> Tensor:
    return F.linear(hidden.float(), weight)


def render(result: Result) -> str:
    columns = " | ".join(f"λ = {lambda_:g}" for lambda_ in LAMBDAS)
    lines = [f"| models | output layer | {columns} |", "|---|---|" + "---|" * len(LAMBDAS)]
    for trio, found in result["deviation"].items():
        for name, by_lambda in found.items():
            cells = " | ".join(f"{entry['rms']:.4f}" for entry in by_lambda.values())
            lines.append(f"| {trio} | {name} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
