r"""Samples per second: the batched engine beside a loop that decodes one prompt at a time.

    python benchmarks/engine_throughput.py --out results/bench/engine_throughput.json

Both run the same cell (M_base + λ·(S_RL − S_base), sampled) in turns within one process: every
repetition times the loop, then the engine at each number of rows, so that a machine whose speed
drifts treats all alike. Requests come as in a run, the samples of one problem side by side, with
other problems in each repetition; the loop gets the first sample of some. Its outcomes are compared
with the engine's token by token, since two programs that do different work are not worth timing. A
Markdown table goes to stdout, progress to stderr, every repetition to --out.
"""

import argparse
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from command_line import make_parser, positive, read_options, run_benchmark
from sequential_loop import SequentialLoop
from spreads import between, spread
from transformers.utils import logging

from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey, sample_seed
from rast_bench.config.paths import ZOO_PREFIX
from rast_bench.config.schema import DatasetConfig, ModelRef, PairConfig, PromptConfig
from rast_bench.datasets.load import load_problems
from rast_bench.datasets.prompt import render_prompt
from rast_bench.domain import Problem, Request, Sample, SampleKey, SamplingParams
from rast_bench.engines.check import check_models
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.provenance import environment, now

LEAST_PROBLEMS = 16  # so that no measurement hangs on the lengths of one problem


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    return run_benchmark(lambda: measure(options), render_table, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--base-model", default="zoo:tiny-l/base", help="M_base")
    parser.add_argument("--rl", default="zoo:tiny-s/rl-0", help="S_RL")
    parser.add_argument("--small-base", default="zoo:tiny-s/base", help="S_base")
    parser.add_argument("--dataset", default="zoo:tiny-hard-test.jsonl", help="a JSONL file")
    parser.add_argument("--template", default="Problem : {question} Solution :")
    parser.add_argument("--rows", type=positive, nargs="+", default=[1, 8, 64, 256, 512])
    parser.add_argument("--samples", type=positive, default=2048, help="at the most rows")
    parser.add_argument("--least-samples", type=positive, default=32, help="at the fewest rows")
    parser.add_argument("--loop-samples", type=positive, default=16, help="one prompt at a time")
    parser.add_argument("--n", type=positive, default=32, help="samples of one problem at the most")
    parser.add_argument("--repeats", type=positive, default=5)
    parser.add_argument("--lambda", dest="lambda_", type=float, default=1.0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=0.95)
    parser.add_argument("--max-tokens", type=positive, default=192)
    parser.add_argument("--threads", type=positive, default=1)
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return every repetition of the loop and of the engine, with what they ran on."""
    pair = PairConfig(rl=ModelRef(path=options.rl), base=ModelRef(path=options.small_base))
    key = EngineKey(ModelRef(path=options.base_model), (pair,), None, "transformers", "float32")
    check_models(key)
    rows = sorted(set(options.rows))
    counts = {n: samples_at(n, rows, options.samples, options.least_samples) for n in rows}
    loop = SequentialLoop(key)
    engines = {n: TransformersEngine(key, engine_config(n, options.threads)) for n in rows}
    problems = load_problems(dataset_config(options.dataset))
    warm_up = requests(options, problems, max(rows))
    loop.generate(warm_up[0])  # lazy allocations, kernels chosen at first use
    for n, engine in engines.items():
        list(engine.generate(warm_up[:n]))
    result: dict[str, Any] = {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment() | {"threads": torch.get_num_threads()},
        "settings": {k: v for k, v in vars(options).items() if k not in ("command", "out")},
        "load_average_before": os.getloadavg(),
        "loop": [],
        "engine": {str(n): [] for n in rows},
        "equal_outcomes": [],
    }
    for repeat in range(options.repeats):
        shuffled = random.Random(repeat).sample(problems, len(problems))
        asked = requests(options, shuffled, options.loop_samples)
        tokens, seconds = timed(lambda part=asked: [loop.generate(item) for item in part])
        result["loop"].append(speed(tokens, seconds))
        progress(repeat, "loop", result["loop"][-1])
        for n in rows:
            part = requests(options, shuffled, counts[n])
            samples, seconds = timed(
                lambda engine=engines[n], part=part: list(engine.generate(part))
            )
            result["engine"][str(n)].append(speed([s.token_ids for s in samples], seconds))
            progress(repeat, f"engine, {n} rows", result["engine"][str(n)][-1])
        result["equal_outcomes"].append(equal_outcomes(asked, tokens, samples))
    result["load_average_after"] = os.getloadavg()
    result["ratio"] = ratios(result)
    return result


def engine_config(rows: int, threads: int) -> TransformersConfig:
    return TransformersConfig(device="cpu", max_num_seqs=rows, threads=threads)


def samples_at(rows: int, all_rows: Sequence[int], most: int, least: int) -> int:
    """Enough samples to keep `rows` rows busy: in proportion, from `least` to `most`."""
    return max(least, most * rows // max(all_rows))


def dataset_config(path: str) -> DatasetConfig:
    name = Path(path.removeprefix(ZOO_PREFIX)).stem
    return DatasetConfig(name=name, path=path, id_field="problem_id")


def requests(options: argparse.Namespace, problems: Sequence[Problem], count: int) -> list[Request]:
    """`count` requests, n samples of each problem in turn; n shrinks to have LEAST_PROBLEMS."""
    prompt = PromptConfig(name="benchmark", template=options.template)
    params = SamplingParams(
        options.lambda_, options.temperature, options.top_p, options.max_tokens, greedy=False
    )
    n = max(1, min(options.n, count // LEAST_PROBLEMS), math.ceil(count / len(problems)))
    made = []
    for i in range(count):
        problem = problems[i // n]
        key = SampleKey("benchmark", problem.problem_id, i % n)
        made.append(Request(key, render_prompt(prompt, problem), sample_seed(key), params))
    return made


def timed(work: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    outcome = work()
    return outcome, time.perf_counter() - start


def speed(outcomes: Sequence[Sequence[int]], seconds: float) -> dict[str, float]:
    tokens = sum(map(len, outcomes))
    return {
        "samples": len(outcomes),
        "tokens": tokens,
        "seconds": seconds,
        "samples_per_second": len(outcomes) / seconds,
        "tokens_per_second": tokens / seconds,
    }


def equal_outcomes(
    asked: Sequence[Request], tokens: Sequence[Sequence[int]], samples: Sequence[Sample]
) -> float | None:
    """Return the share of the loop's samples whose tokens the engine repeats; None without any.

    Rounding differs between the two, so occasionally a token at a boundary does too.
    """
    theirs = {sample.key: sample.token_ids for sample in samples}
    common = [
        theirs[item.key] == tuple(ids)
        for item, ids in zip(asked, tokens, strict=True)
        if item.key in theirs
    ]
    return sum(common) / len(common) if common else None


def ratios(result: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Engine over loop in samples per second, repetition by repetition."""
    return {
        rows: spread(
            [
                ours["samples_per_second"] / plain["samples_per_second"]
                for ours, plain in zip(runs, result["loop"], strict=True)
            ]
        )
        for rows, runs in result["engine"].items()
    }


def render_table(result: dict[str, Any]) -> str:
    """Markdown: one line for the loop and one for each number of rows."""
    env, settings = result["environment"], result["settings"]
    lines = [
        f"{settings['base_model']} + λ·({settings['rl']} − {settings['small_base']}), "
        f"{settings['dataset']}, λ = {settings['lambda_']:g}, τ = {settings['temperature']:g}; "
        f"{settings['repeats']} repetitions in turns, {env['threads']} thread(s), "
        f"{env['cpu']['model']}",
        "",
        "| | samples/s, median (min to max) | tokens/s, median | ratio to the loop, "
        "median (min to max) |",
        "|---|---:|---:|---:|",
        table_line("one prompt at a time", result["loop"], None),
    ]
    for rows, runs in result["engine"].items():
        name = f"engine, {rows} row{'s' if rows != '1' else ''}"
        lines.append(table_line(name, runs, result["ratio"][rows]))
    shares = [share for share in result["equal_outcomes"] if share is not None]
    if shares:
        lines += [
            "",
            f"Same tokens from both: {statistics.mean(shares):.1%} of the loop's samples.",
        ]
    return "\n".join(lines)


def table_line(name: str, runs: Sequence[dict[str, float]], ratio: dict[str, float] | None) -> str:
    samples = spread([run["samples_per_second"] for run in runs])
    tokens = statistics.median(run["tokens_per_second"] for run in runs)
    shown = "1" if ratio is None else between(ratio, 1)
    return f"| {name} | {between(samples, 2)} | {tokens:.0f} | {shown} |"


def progress(repeat: int, name: str, run: dict[str, float]) -> None:
    print(
        f"repetition {repeat + 1}: {name}: {run['samples_per_second']:.2f} samples/s "
        f"({run['samples']} in {run['seconds']:.1f} s)",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
