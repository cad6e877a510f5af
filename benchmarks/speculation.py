r"""Drafts by S_RL: how many the composition accepts, and what they gain in speed.

    python benchmarks/speculation.py --out results/bench/speculation.json

First the acceptance of the tiny family on each data set, greedily and sampled, with the reference
engine. Then the speed of M_base alone, of RAST and of RAST with drafts, in both engines and for
several batch sizes: every repetition times all variants in turns, in tokens per second of CPU time,
so that a busy machine slows all alike; each engine uses one thread. The models are the tiny family,
whose steps consist of fixed costs, and the random checkpoints of vllm_throughput.py, M_base with
ten times the parameters of a small model; there the composition is made of 0.9 S_RL and 0.1 M_base,
so that most drafts are accepted, and costs what any pair would. Last, what the formula of
`rast_bench.compose.speculation` expects for the paper's models. Markdown tables go to stdout,
progress to stderr, every repetition to --out.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from command_line import make_parser, positive, progress, read_options, run_benchmark
from engine_throughput import dataset_config, engine_config, requests
from gpu_checks.engine_process import EngineProcess
from spreads import between, steady_spread
from transformers.utils import logging
from vllm_throughput import PROMPT_TOKENS, SHAPES, save_checkpoint, vllm_spec

from rast_bench.compose.speculation import (
    best_drafts,
    expected_gain,
    expected_gain_over_main,
)
from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.datasets.load import load_problems
from rast_bench.domain import Problem, Request, SampleKey, SamplingParams
from rast_bench.engines.check import check_models
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.known.models import known_model
from rast_bench.paper.cost import multiplied_parameters
from rast_bench.provenance import environment, now

HOUR = 3600.0
PLAIN, RAST = "M_base alone", "RAST"
ACCEPTANCES = (0.6, 0.7, 0.8, 0.9, 0.95)
PAPER = (  # M_base, S_RL
    ("Qwen/Qwen2.5-32B", "Qwen/Qwen2.5-14B"),
    ("Qwen/Qwen2.5-32B", "Qwen/Qwen2.5-7B"),
    ("Qwen/Qwen2.5-32B", "Qwen/Qwen2.5-1.5B"),
    ("Qwen/Qwen2.5-14B", "Qwen/Qwen2.5-7B"),
    ("Qwen/Qwen2.5-14B", "Qwen/Qwen2.5-1.5B"),
    ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-1.5B"),
)

RANDOM_TOKENS = 32  # new ones
S_RL_SHARE = 0.9

Run = Callable[[Sequence[Request]], dict[str, float]]
"""Decode requests: tokens, seconds of CPU and wall time."""

MakeRequests = Callable[[int, int], list[Request]]
"""So many requests, others for every repetition."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    return run_benchmark(lambda: measure(options), render, options.out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--base-model", default="zoo:tiny-l/base", help="M_base")
    parser.add_argument("--rl", default="zoo:tiny-s/rl-0", help="S_RL")
    parser.add_argument("--small-base", default="zoo:tiny-s/base", help="S_base")
    parser.add_argument(
        "--datasets", nargs="+", default=["tiny-easy", "tiny-medium", "tiny-hard", "tiny-olympiad"]
    )
    parser.add_argument("--template", default="Problem : {question} Solution :")
    parser.add_argument("--drafts", type=positive, nargs="+", default=[3, 7])
    parser.add_argument("--problems", type=positive, default=50, help="per data set")
    parser.add_argument("--n", type=positive, default=4, help="sampled responses per problem")
    parser.add_argument("--rows", type=positive, nargs="+", default=[1, 8, 32])
    parser.add_argument("--samples", type=positive, default=8, help="at least, per repetition")
    parser.add_argument("--repeats", type=positive, default=5)
    parser.add_argument("--engines", nargs="+", default=["transformers", "vllm"])
    parser.add_argument("--models", nargs="+", default=["tiny", "random"])
    parser.add_argument("--lambda", dest="lambda_", type=float, default=1.0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=0.95)
    parser.add_argument("--max-tokens", type=positive, default=192)
    return read_options(parser, arguments, __file__)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    pair = PairConfig(rl=ModelRef(path=options.rl), base=ModelRef(path=options.small_base))
    key = EngineKey(ModelRef(path=options.base_model), (pair,), None, "transformers", "float32")
    check_models(key)
    problems = {
        name: load_problems(dataset_config(f"zoo:{name}-test.jsonl")) for name in options.datasets
    }
    return {
        "command": options.command,
        "time": now().isoformat(timespec="seconds"),
        "environment": environment() | {"threads": 1},
        "settings": {k: v for k, v in vars(options).items() if k not in ("command", "out")},
        "acceptance": acceptance(key, problems, options),
        "speed": all_speeds(key, [one for part in problems.values() for one in part], options),
        "expected": expected_gains(),
        "load_average": os.getloadavg(),
    }


def acceptance(
    key: EngineKey, problems: dict[str, list[Problem]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Counts by data set, decoding and number of drafts."""
    found = []
    for drafts in options.drafts:
        engine = TransformersEngine(replace(key, draft_tokens=drafts), engine_config(64, 1))
        assert engine.speculation is not None
        for name, part in problems.items():
            sampled = requests(options, part, min(options.problems, len(part)) * options.n)
            greedy = [
                replace(one, params=replace(one.params, greedy=True))
                for one in sampled[:: options.n]
            ]
            for decoding, asked in (("greedy", greedy), ("sampled", sampled)):
                engine.speculation.counts.clear()
                for _ in engine.generate(asked):
                    pass
                counts = engine.speculation.counts
                entry = {"dataset": name, "decoding": decoding, "drafts": drafts}
                entry |= {"responses": len(asked), **asdict(counts)}
                entry |= {"rate": counts.acceptance, "tokens_per_pass": counts.tokens_per_pass}
                found.append(entry)
                progress(f"{name}, {decoding}, {drafts} drafts: {counts.acceptance:.3f}")
        engine.close()
    return found


@dataclass(frozen=True)
class Variant:
    """What is timed."""

    name: str
    drafts: int | None = None  # None: M_base alone

    def key(self, key: EngineKey) -> EngineKey:
        return (
            replace(key, pairs=())
            if self.drafts is None
            else replace(key, draft_tokens=self.drafts)
        )


def variants(options: argparse.Namespace) -> list[Variant]:
    drafting = [Variant(f"RAST, {k} drafts", k) for k in options.drafts]
    return [Variant(PLAIN), Variant(RAST, 0), *drafting]


def all_speeds(
    key: EngineKey, problems: list[Problem], options: argparse.Namespace
) -> dict[str, Any]:
    """Every repetition by models, engine, rows and variant."""

    def of_problems(count: int, repeat: int) -> list[Request]:
        return requests(options, random.Random(repeat).sample(problems, len(problems)), count)

    def of_words(count: int, repeat: int) -> list[Request]:
        generator = random.Random(repeat)
        params = SamplingParams(
            options.lambda_, options.temperature, options.top_p, RANDOM_TOKENS, greedy=False
        )
        prompts = [generator.choices(range(3, 1000), k=PROMPT_TOKENS) for _ in range(count)]
        return [
            Request(SampleKey("", str(i), 0), " ".join(f"w{t}" for t in prompt), i, params)
            for i, prompt in enumerate(prompts)
        ]

    found: dict[str, Any] = {}
    if "tiny" in options.models:
        found["tiny"] = speeds(key, of_problems, options)
    if "random" in options.models:
        with tempfile.TemporaryDirectory() as folder:
            found["random"] = speeds(random_models(Path(folder)), of_words, options)
    return found


def random_models(folder: Path) -> EngineKey:
    """M + 0.9 · (S_RL − M) + (S_base − S_base): the cost of M, S_RL and S_base."""
    for seed, name in enumerate(("main", "small-rl", "small-base")):
        save_checkpoint(folder / name, SHAPES[name.split("-")[0]], seed)
    main, rl, base = (
        ModelRef(path=str(folder / name)) for name in ("main", "small-rl", "small-base")
    )
    pairs = (PairConfig(rl=rl, base=main, weight=S_RL_SHARE), PairConfig(rl=base, base=base))
    return EngineKey(main, pairs, None, "transformers", "float32")


def speeds(
    key: EngineKey, make: MakeRequests, options: argparse.Namespace
) -> dict[str, dict[str, dict[str, list[dict[str, float]]]]]:
    """Every repetition by engine, rows and variant."""
    makers = {"transformers": transformers_runs, "vllm": vllm_runs}
    result: dict[str, Any] = {}
    for engine in options.engines:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            runs = makers[engine](key, Path(folder), stack, options)
            result[engine] = {
                str(rows): in_turns(runs, make, rows, f"{engine}, {rows} rows", options)
                for rows in options.rows
            }
    return result


def in_turns(
    runs: dict[str, Run], make: MakeRequests, rows: int, title: str, options: argparse.Namespace
) -> dict[str, list[dict[str, float]]]:
    """Batches of `rows` requests, one after another until there are `samples`, per repetition."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for repeat in range(-1, options.repeats):  # the first one warms up
        asked = make(rows * max(1, options.samples // rows), repeat)
        batches = [asked[start : start + rows] for start in range(0, len(asked), rows)]
        for name, run in runs.items():
            made = [run(batch) for batch in (batches if repeat >= 0 else batches[:1])]
            if repeat >= 0:
                found[name].append({one: sum(part[one] for part in made) for one in made[0]})
        progress(f"{title}: {repeat + 1} of {options.repeats}")
    return found


def transformers_runs(
    key: EngineKey, _folder: Path, stack: ExitStack, options: argparse.Namespace
) -> dict[str, Run]:
    def timed(engine: TransformersEngine) -> Run:
        def run(asked: Sequence[Request]) -> dict[str, float]:
            start, cpu_start = time.perf_counter(), time.process_time()
            tokens = sum(sample.token_count for sample in engine.generate(asked))
            cost = {
                "tokens": tokens,
                "seconds": time.perf_counter() - start,
                "cpu_seconds": time.process_time() - cpu_start,
            }
            if engine.speculation is not None:
                counts = engine.speculation.counts
                cost |= {"accepted": counts.accepted, "judged": counts.judged}
                counts.clear()
            return cost

        return run

    made: dict[str, Run] = {}
    for one in variants(options):
        engine = TransformersEngine(one.key(key), engine_config(max(options.rows), 1))
        stack.callback(engine.close)
        made[one.name] = timed(engine)
    return made


def vllm_runs(
    key: EngineKey, folder: Path, stack: ExitStack, options: argparse.Namespace
) -> dict[str, Run]:
    """vLLM in a process of its own for every variant."""
    pairs = [
        (str(resolve_model(pair.rl)), str(resolve_model(pair.base)), pair.weight)
        for pair in key.pairs
    ]
    encode = TransformersEngine(replace(key, pairs=()), engine_config(1, 1))._encode

    def timed(engine: EngineProcess, one: Variant) -> Run:
        def run(asked: Sequence[Request]) -> dict[str, float]:
            own = {} if one.drafts is None else {"lambda_": options.lambda_}
            params = [
                {
                    "temperature": item.params.temperature,
                    "top_p": item.params.top_p,
                    "max_tokens": item.params.max_tokens,
                    "seed": item.seed,
                    **own,
                }
                for item in asked
            ]
            answer = engine.generate([encode(item.prompt) for item in asked], params, brief=True)
            return {name: answer[name] for name in ("tokens", "seconds", "cpu_seconds")}

        return run

    made: dict[str, Run] = {}
    for one in variants(options):
        main = str(resolve_model(key.main))
        spec = vllm_spec(main, None if one.drafts is None else pairs, max(options.rows), 1)
        spec.engine_args["max_model_len"] = 512
        if one.drafts:
            spec.engine_args["draft_tokens"] = one.drafts
            spec.environment["VLLM_USE_V2_MODEL_RUNNER"] = "0"
        engine = EngineProcess(spec, folder / f"{one.drafts}.log", time.monotonic() + HOUR)
        made[one.name] = timed(stack.enter_context(engine), one)
    return made


def ratios(found: dict[str, list[dict[str, float]]], name: str, other: str) -> Any:
    """Tokens per CPU second of one variant over another's, by repetition; their spread."""
    pairs = zip(found[name], found[other], strict=True)
    return steady_spread([rate(ours) / rate(theirs) for ours, theirs in pairs])


def rate(run: dict[str, float]) -> float:
    return run["tokens"] / run["cpu_seconds"]


def expected_gains() -> list[dict[str, Any]]:
    """For the paper's models, by the parameters that a step reads."""
    found = []
    for main, small in PAPER:
        sizes = [read_parameters(path) for path in (main, small)]
        for acceptance_ in ACCEPTANCES:
            k = best_drafts(acceptance_, *sizes)
            found.append(
                {
                    "main": main,
                    "small": small,
                    "parameters": sizes,
                    "acceptance": acceptance_,
                    "drafts": k,
                    "over_rast": expected_gain(acceptance_, k, *sizes),
                    "over_main": expected_gain_over_main(acceptance_, k, *sizes),
                }
            )
    return found


def read_parameters(path: str) -> int:
    known = known_model(ModelRef(path=path))
    assert known is not None, path
    return multiplied_parameters(known.config)


def render(result: dict[str, Any]) -> str:
    """Markdown: acceptance, speed, expected gains."""
    settings, env = result["settings"], result["environment"]
    lines = [
        f"{settings['base_model']} + λ·({settings['rl']} − {settings['small_base']}), "
        f"λ = {settings['lambda_']:g}; sampled: τ = {settings['temperature']:g}, "
        f"top-p = {settings['top_p']:g}; one thread, {env['cpu']['model']}",
        "",
        "| data set | decoding | drafts | accepted | tokens per pass |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {one['dataset']} | {one['decoding']} | {one['drafts']} | {one['rate']:.3f} "
        f"| {one['tokens_per_pass']:.2f} |"
        for one in result["acceptance"]
    ]
    for models, by_engine in result["speed"].items():
        for engine, by_rows in by_engine.items():
            lines += ["", *speed_table(f"{models} models, {engine}", by_rows)]
    return "\n".join([*lines, "", *expected_table(result["expected"])])


def speed_table(title: str, by_rows: dict[str, dict[str, list[dict[str, float]]]]) -> list[str]:
    """Tokens per CPU second, median (lowest to highest), and their ratios."""
    titles = [f"{rows} row{'s' if rows != '1' else ''}" for rows in by_rows]
    lines = [f"| {title}, tokens per CPU second | {' | '.join(titles)} |"]
    lines.append(f"|---|{'---:|' * len(titles)}")
    names = list(next(iter(by_rows.values())))
    for name in names:
        cells = [
            between(steady_spread([rate(run) for run in found[name]]), 0)
            for found in by_rows.values()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for name in names:
        judged = [run for found in by_rows.values() for run in found[name] if "judged" in run]
        if judged:
            share = sum(run["accepted"] for run in judged) / sum(run["judged"] for run in judged)
            lines[0] = lines[0].replace(",", f", {name.split(', ')[1]} accepted {share:.3f},", 1)
    for name in names[1:]:
        for other in (RAST, PLAIN):
            if name != other:
                cells = [between(ratios(found, name, other), 2) for found in by_rows.values()]
                lines.append(f"| {name} over {other} | {' | '.join(cells)} |")
    return lines


def expected_table(expected: list[dict[str, Any]]) -> list[str]:
    """Drafts: gain over RAST without drafts / over M_base alone, by acceptance."""
    lines = [
        f"| M_base + ΔR | {' | '.join(f'a = {a:g}' for a in ACCEPTANCES)} |",
        f"|---|{'---:|' * len(ACCEPTANCES)}",
    ]
    for main, small in dict.fromkeys((one["main"], one["small"]) for one in expected):
        cells = [
            f"{one['drafts']}: {one['over_rast']:.2f} / {one['over_main']:.2f}"
            for one in expected
            if (one["main"], one["small"]) == (main, small)
        ]
        names = " + ".join(path.split("-")[-1] for path in (main, small))
        lines.append(f"| {names} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
