r"""Decoding speed of RAST inside vLLM beside its bound, beside plain vLLM and the other engine.

    python benchmarks/vllm_throughput.py --out results/bench/vllm_throughput.json

M_base and the small models are random checkpoints of some tens of millions of parameters, made
here. A decoding step multiplies every row with every weight, so that at best the composite runs at
params(M) / params(M + 2 S) of plain M. Every repetition times all variants in turns: plain vLLM on
M; the composite with one λ, with several λ in one batch, with λ = 0 on half of its rows and on all;
and the transformers engine. A step's time is the difference between two lengths of generation, so
that prompts do not count. Runs on CPUs and on GPUs. A Markdown table goes to stdout, progress to
stderr, every repetition to --out.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from command_line import make_parser, read_options, run_benchmark
from gpu_checks.checkpoints import save_tokenizer
from gpu_checks.engine_process import EngineProcess, EngineSpec
from spreads import between, steady_spread
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM
from transformers.utils import logging

from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.domain import Request, SampleKey, SamplingParams
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.provenance import environment, now

SHAPES = {
    "main": {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 12},
    "small": {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 8},
}
VOCABULARY = 16384
HEAD_SIZE = 64
PROMPT_TOKENS = 8
SHORT, LONG = 4, 36  # generated tokens; a step's time is what lies between
HOUR = 3600.0

LAMBDAS: dict[str, Callable[[int], float]] = {
    "composite, λ = 1": lambda _row: 1.0,
    "composite, λ = 0.3, 0.7 and 1 in one batch": lambda row: (0.3, 0.7, 1.0)[row % 3],
    "composite, λ = 0 on half of the rows": lambda row: float(row % 2),
    "composite, λ = 0": lambda _row: 0.0,
}
PLAIN, TRANSFORMERS = "plain vLLM on M", "transformers engine, λ = 1"
COMPOSITE, MIXED, *_ = LAMBDAS

Steps = Callable[[list[list[int]], int], tuple[int, float]]
"""Generate so many tokens after each prompt: all tokens made, seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        return run_benchmark(lambda: measure(options, Path(folder)), render, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 32], help="batch sizes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return every repetition of every variant, with what they ran on."""
    print("making checkpoints and starting engines", file=sys.stderr)
    models = {
        name: save_checkpoint(folder / name, SHAPES[name.split("-")[0]], seed)
        for seed, name in enumerate(("main", "small-rl", "small-base"))
    }
    paths = {name: str(folder / name) for name in models}
    pair = (paths["small-rl"], paths["small-base"])
    most = max(options.rows)
    with ExitStack() as stack:
        plain, composite = (
            stack.enter_context(
                EngineProcess(
                    vllm_spec(paths["main"], pairs, most, options.threads),
                    folder / f"{i}.log",
                    time.monotonic() + HOUR,
                )
            )
            for i, pairs in enumerate((None, [pair]))
        )
        variants: dict[str, Steps] = {PLAIN: vllm_steps(plain, None)}
        variants |= {name: vllm_steps(composite, of_row) for name, of_row in LAMBDAS.items()}
        variants[TRANSFORMERS] = transformers_steps(paths["main"], pair, most, options.threads)
        runs = run_in_turns(variants, options)
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment() | {"threads": options.threads},
        "parameters": models,
        "bound": bound(models),
        "tokens_per_second": runs,
        "ratios": {rows: ratios(found, bound(models)) for rows, found in runs.items()},
        "load_average": os.getloadavg(),
    }


def save_checkpoint(folder: Path, shape: dict[str, int], seed: int) -> int:
    """Return a Qwen2 with random weights and tied embeddings; returns its number of parameters.

    Tied, so that every parameter is multiplied with once a step.
    """
    torch.manual_seed(seed)
    heads = shape["hidden_size"] // HEAD_SIZE
    config = Qwen2Config(
        **shape,
        vocab_size=VOCABULARY,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=1,
    )
    model = Qwen2ForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=1)
    model.save_pretrained(folder)
    save_tokenizer(folder, VOCABULARY)
    return int(sum(parameter.numel() for parameter in model.parameters()))


def bound(parameters: dict[str, int]) -> float:
    """params(M) / params(M + 2 S): composite over plain, if weights were all that a step costs."""
    return parameters["main"] / sum(parameters.values())


def vllm_spec(
    model: str, pairs: Sequence[tuple[Any, ...]] | None, most: int, threads: int
) -> EngineSpec:
    args: dict[str, Any] = {"dtype": "float32", "max_num_seqs": most, "max_model_len": 256}
    surroundings = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
    if not torch.cuda.is_available():
        args |= {"enforce_eager": True, "kv_cache_memory_bytes": 1 << 29, "block_size": 32}
        surroundings |= {
            "OMP_NUM_THREADS": str(threads),
            "TORCH_COMPILE_DISABLE": "1",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
    return EngineSpec(model, pairs, args, surroundings)


def vllm_steps(engine: EngineProcess, lambda_of_row: Callable[[int], float] | None) -> Steps:
    def run(prompts: list[list[int]], tokens: int) -> tuple[int, float]:
        params: list[dict[str, Any]] = [
            {"temperature": 1.0, "max_tokens": tokens, "ignore_eos": True} for _ in prompts
        ]
        if lambda_of_row is not None:
            for row, entry in enumerate(params):
                entry["lambda_"] = lambda_of_row(row)
        answer = engine.generate(prompts, params, brief=True)
        return answer["tokens"], answer["seconds"]

    return run


def transformers_steps(main: str, pair: tuple[str, str], most: int, threads: int) -> Steps:
    rl, base = (ModelRef(path=path) for path in pair)
    pairs = (PairConfig(rl=rl, base=base),)
    key = EngineKey(ModelRef(path=main), pairs, None, "transformers", "float32")
    engine = TransformersEngine(key, TransformersConfig(max_num_seqs=most, threads=threads))

    def run(prompts: list[list[int]], tokens: int) -> tuple[int, float]:
        params = SamplingParams(1.0, 1.0, 1.0, tokens, greedy=False)
        asked = [
            Request(SampleKey("", str(i), 0), " ".join(f"w{t}" for t in prompt), i, params)
            for i, prompt in enumerate(prompts)
        ]
        start = time.perf_counter()
        samples = list(engine.generate(asked))
        return sum(len(s.token_ids) for s in samples), time.perf_counter() - start

    return run


def run_in_turns(
    variants: dict[str, Steps], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Decoded tokens per second by number of rows, variant and repetition."""
    found: dict[str, dict[str, list[float]]] = {}
    generator = random.Random(0)
    for rows in options.rows:
        speeds: dict[str, list[float]] = {name: [] for name in variants}
        for repeat in range(-1, options.repeats):  # the first one warms up
            prompts = [generator.choices(range(3, 1000), k=PROMPT_TOKENS) for _ in range(rows)]
            for name, run in variants.items():
                (few, short), (many, long) = run(prompts, SHORT), run(prompts, LONG)
                if repeat >= 0:
                    speeds[name].append(speed_between(many - few, long - short))
            print(f"{rows} rows: {repeat + 1} of {options.repeats} repetitions", file=sys.stderr)
        found[str(rows)] = speeds
    return found


def speed_between(tokens: int, seconds: float) -> float:
    """Tokens a second of what the long generation has more; 0, no speed, where it took less time.

    On a busy machine it may: the difference is then noise, and a table says so.
    """
    return tokens / seconds if tokens > 0 and seconds > 0 else 0.0


def ratios(speeds: dict[str, list[float]], best: float) -> dict[str, dict[str, float] | None]:
    """Repetition by repetition, then their spread; None if a speed was too noisy."""

    def over(name: str, other: str, scale: float = 1.0) -> dict[str, float] | None:
        if steady_spread(speeds[name]) is None or steady_spread(speeds[other]) is None:
            return None
        pairs = zip(speeds[name], speeds[other], strict=True)
        return steady_spread([scale * ours / theirs for ours, theirs in pairs])

    return {
        "composite over plain": over(COMPOSITE, PLAIN),
        "share of the bound": over(COMPOSITE, PLAIN, 1 / best),
        "composite over the transformers engine": over(COMPOSITE, TRANSFORMERS),
        "mixed λ over one λ": over(MIXED, COMPOSITE),
        "half λ = 0 over λ = 1": over("composite, λ = 0 on half of the rows", COMPOSITE),
        "all λ = 0 over λ = 1": over("composite, λ = 0", COMPOSITE),
    }


def render(result: dict[str, Any]) -> str:
    """Markdown: tokens per second by variant, then the ratios; medians (min to max)."""
    runs, env = result["tokens_per_second"], result["environment"]
    millions = {name: f"{count / 1e6:.1f}M" for name, count in result["parameters"].items()}
    header = " | ".join(f"{rows} row{'s' if rows != '1' else ''}" for rows in runs)
    rule = f"|---|{'---:|' * len(runs)}"
    place = ", ".join(env["gpus"]) or env["cpu"]["model"]
    lines = [
        f"M {millions['main']} + λ·({millions['small-rl']} − {millions['small-base']}) parameters, "
        f"float32, {env['threads']} thread(s), {place}; bound {result['bound']:.3f}",
        "",
        f"| decoded tokens/s | {header} |",
        rule,
    ]
    for name in next(iter(runs.values())):
        cells = [between(steady_spread(found[name]), 0) for found in runs.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"| ratio | {header} |", rule]
    for name in next(iter(result["ratios"].values())):
        cells = [between(found[name], 2) for found in result["ratios"].values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
