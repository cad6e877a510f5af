r"""RAST's identities, memory and speed at the size of a real vocabulary: 151,936 ids.

    python scripts/make_real_models.py
    python benchmarks/real_models.py --data-dir DIR --out results/bench/real_models.json

M is Qwen2.5-Coder-0.5B-Instruct, and every S is the same checkpoint: a pair of two copies of it,
each loaded by itself, and a pair of M itself, loaded once. Then ΔR is 0, so that every λ must give
the greedy tokens of plain vLLM on M. They are compared on questions of GSM8K (--data-dir holds
gsm8k.jsonl) in the model's chat markup. With two copies a step multiplies with three times M's
parameters: params(M) / params(M + 2 S) = 1/3 bounds memory and speed. Speed is in tokens per second
of CPU time, plain vLLM and the composite in turns, since a busy machine slows that down too. An S
with another tokenizer must be refused: SmolLM2's. Runs on CPUs and needs 11 GB.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from command_line import make_parser, read_options, run_benchmark
from gpu_checks.engine_process import EngineProcess
from spreads import between, spread
from vllm_throughput import HOUR, Steps, run_in_turns, vllm_spec, vllm_steps

from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.engines.check import check_models
from rast_bench.errors import ModelError
from rast_bench.provenance import environment, now

FOLDER = Path("~/.cache/rast-bench/real_models")
MAIN, OTHER = "qwen2.5-coder-0.5b-instruct", "smollm2-135m-instruct"
PLAIN, COPIES, ITSELF = "plain vLLM on M", "RAST, S = copies of M", "RAST, S = M itself"
LAMBDAS = (0.0, 0.5, 1.0)
CACHE_BYTES = 1 << 28
POSITIONS = 512


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as folder:
        return run_benchmark(lambda: measure(options, Path(folder)), render, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--models", type=Path, default=FOLDER)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64, help="compared after each prompt")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 32], help="batch sizes")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the refusal; tokens and memory of each engine; speed of the first two, in turns."""
    models = options.models.expanduser()
    main = str(models / MAIN)
    copies = (linked_copy(Path(main), folder / "rl"), linked_copy(Path(main), folder / "base"))
    refused = refusal(main, str(models / OTHER))
    prompts = chat_prompts(main, options)
    tokens: dict[str, list[list[int]]] = {}
    memory: dict[str, int] = {}

    def started(stack: ExitStack, name: str, pairs: list[tuple[str, str]] | None) -> EngineProcess:
        """Return an engine whose memory and greedy tokens are noted."""
        print(f"starting {name}", file=sys.stderr)
        spec = vllm_spec(main, pairs, max(*options.rows, options.prompts), options.threads)
        args = {"dtype": options.dtype, "max_model_len": POSITIONS}
        args["kv_cache_memory_bytes"] = CACHE_BYTES
        # A prompt of which a part is cached is computed in other shapes, and bfloat16 rounds anew.
        args["enable_prefix_caching"] = False
        spec = replace(spec, engine_args=spec.engine_args | args)
        log = folder / f"{len(memory)}.log"
        engine = stack.enter_context(EngineProcess(spec, log, time.monotonic() + HOUR))
        for lambda_ in (None,) if pairs is None else LAMBDAS:
            label = name if lambda_ is None else f"{name}, λ = {lambda_:g}"
            tokens[label] = greedy(engine, prompts, options.tokens, lambda_)
        if pairs is None:
            tokens[f"{name}, asked again"] = greedy(engine, prompts, options.tokens, None)
        memory[name] = anonymous_bytes(engine)
        return engine

    with ExitStack() as stack:
        plain, composite = started(stack, PLAIN, None), started(stack, COPIES, [copies])
        steps = {
            PLAIN: in_cpu_time(plain, vllm_steps(plain, None)),
            COPIES: in_cpu_time(composite, vllm_steps(composite, lambda _row: 1.0)),
        }
        speeds = run_in_turns(steps, options)
    with ExitStack() as stack:
        started(stack, ITSELF, [(main, main)])
    expected = tokens.pop(PLAIN)
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment() | {"threads": options.threads},
        "load_average": os.getloadavg(),
        "model": MAIN,
        "dtype": options.dtype,
        "vocabulary": json.loads((models / MAIN / "config.json").read_text())["vocab_size"],
        "weights_bytes": (models / MAIN / "model.safetensors").stat().st_size,
        "bound": 1 / 3,
        "prompts": options.prompts,
        "tokens": options.tokens,
        "greedy_texts_equal_to_plain": {
            label: sum(ours == theirs for ours, theirs in zip(found, expected, strict=True))
            for label, found in tokens.items()
        },
        "anonymous_bytes": memory,
        "tokens_per_cpu_second": speeds,
        "refused": refused,
    }


def linked_copy(model: Path, target: Path) -> str:
    """Another folder with the same files: to the engine it is another checkpoint."""
    target.mkdir()
    for file in model.iterdir():
        (target / file.name).symlink_to(file)
    return str(target)


def refusal(main: str, other: str) -> str:
    """Return what a run says of a pair with another tokenizer, before it loads anything."""
    ref = ModelRef(path=other)
    key = EngineKey(ModelRef(path=main), (PairConfig(rl=ref, base=ref),), None, "vllm", "bfloat16")
    try:
        check_models(key)
    except ModelError as error:
        return error.render()
    raise SystemExit("a pair with another tokenizer was not refused")


def chat_prompts(model: str, options: argparse.Namespace) -> list[list[int]]:
    """Return the first questions of GSM8K as the model's users ask them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    with (options.data_dir / "gsm8k.jsonl").open() as file:
        rows = [json.loads(next(file)) for _ in range(options.prompts)]
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": row["question"]}],
            tokenize=False,
            add_generation_prompt=True,
        )
        for row in rows
    ]
    return [tokenizer(text)["input_ids"] for text in texts]


def greedy(
    engine: EngineProcess, prompts: list[list[int]], tokens: int, lambda_: float | None
) -> list[list[int]]:
    """Return the greedy tokens after each prompt; λ is None for plain vLLM."""
    params: dict[str, Any] = {"temperature": 0.0, "max_tokens": tokens, "ignore_eos": True}
    if lambda_ is not None:
        params["lambda_"] = lambda_
    answer = engine.generate(prompts, [params] * len(prompts))
    return [output["completions"][0]["tokens"] for output in answer["outputs"]]


def in_cpu_time(engine: EngineProcess, steps: Steps) -> Steps:
    """Return the same, with the engine's CPU time in the place of wall-clock time."""

    def run(prompts: list[list[int]], tokens: int) -> tuple[int, float]:
        before = cpu_seconds(engine)
        made, _ = steps(prompts, tokens)
        return made, cpu_seconds(engine) - before

    return run


def cpu_seconds(engine: EngineProcess) -> float:
    fields = Path(f"/proc/{engine.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous_bytes(engine: EngineProcess) -> int:
    """Return what the engine's process holds in memory, files that it maps aside."""
    for line in Path(f"/proc/{engine.process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise ValueError("this kernel does not tell a process's anonymous memory")


def render(result: dict[str, Any]) -> str:
    """Markdown: identities, then memory and speed beside the bound."""
    env, speeds = result["environment"], result["tokens_per_cpu_second"]
    plain, composite = (result["anonymous_bytes"][name] for name in (PLAIN, COPIES))
    lines = [
        f"{result['model']}, {result['vocabulary']:,} ids, {result['dtype']}, {env['threads']} "
        f"thread(s), {env['cpu']['model']}",
        "",
        f"| greedy, {result['tokens']} tokens | texts equal to plain vLLM's |",
        "|---|--:|",
    ]
    lines += [
        f"| {name} | {count} of {result['prompts']} |"
        for name, count in result["greedy_texts_equal_to_plain"].items()
    ]
    header = " | ".join(f"{rows} row{'s' if rows != '1' else ''}" for rows in speeds)
    lines += ["", f"| tokens per second of CPU time | {header} |", f"|---|{'--:|' * len(speeds)}"]
    for name in (PLAIN, COPIES):
        cells = [between(spread(found[name]), 1) for found in speeds.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    shares = [
        between(spread(share_of_bound(found, result["bound"])), 2) for found in speeds.values()
    ]
    lines += [f"| {COPIES}: share of the bound | {' | '.join(shares)} |", ""]
    lines += [
        f"memory: {PLAIN} {gib(plain)} GiB, {COPIES} {gib(composite)}; the two copies' weights are "
        f"{gib(2 * result['weights_bytes'])} GiB of that",
        "",
        "S with another tokenizer:",
        *(f"    {line}" for line in result["refused"].splitlines()),
    ]
    return "\n".join(lines)


def share_of_bound(speeds: dict[str, list[float]], bound: float) -> list[float]:
    """Repetition by repetition."""
    pairs = zip(speeds[COPIES], speeds[PLAIN], strict=True)
    return [ours / theirs / bound for ours, theirs in pairs]


def gib(size: int) -> str:
    return f"{size / 2**30:.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
