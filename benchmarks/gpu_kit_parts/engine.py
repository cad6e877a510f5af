"""engine=transformers on the device against itself on the CPU in float32."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from gpu_checks.checkpoints import WORDS, make_trio
from gpu_checks.job import Outcome
from gpu_checks.measures import deviation, first_difference

from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import ZOO_DATA_DIR
from rast_bench.domain import Request, Sample, SampleKey, SamplingParams
from rast_bench.engines.transformers_engine import TransformersEngine

LAMBDAS = (0.0, 0.5, 1.0)
FLOAT32_BOUND = 1e-3  # nats, as gpu_check has it
TINY = ("zoo:tiny-l/base", "zoo:tiny-s/rl-0", "zoo:tiny-s/base")


@dataclass(frozen=True)
class Checkpoint:
    """What the engine reads of a ModelRef, whose pydantic may be missing here."""

    path: str
    revision: None = None


@dataclass(frozen=True)
class Pair:
    rl: Checkpoint
    base: Checkpoint
    weight: float = 1.0


def run(settings: dict[str, Any], device: str, folder: Path) -> Outcome:
    """Greedy tokens, log-probabilities of the reference's tokens, and a second run of the same."""
    trio, on_cpu = settings["trio"], device == "cpu"
    paths = checkpoints(trio, folder)
    tokens = 8 if on_cpu else 96
    prompts = prompts_of(trio, 1 if on_cpu else 12)
    asked = requests(prompts, tokens)
    outcome = Outcome()
    with engine(paths, "cpu", "float32") as reference:
        expected = generate(reference, asked)
        scores = [score(reference, item, expected[item.key].token_ids) for item in asked]
        for dtype in ("float32", "bfloat16"):
            with engine(paths, device, dtype) as ours:
                if not on_cpu:
                    torch.cuda.reset_peak_memory_stats()
                found = generate(ours, asked)
                again = generate(ours, asked)
                differences = [
                    ours_at - theirs
                    for item, row in zip(asked, scores, strict=True)
                    for ours_at, theirs in zip(
                        score(ours, item, expected[item.key].token_ids), row, strict=True
                    )
                ]
                peak = None if on_cpu else torch.cuda.max_memory_allocated() / 2**30
            entry: dict[str, Any] = {
                "deviation": deviation(differences),
                "greedy": _greedy(reference, asked, found, expected),
                "sampled_equal": _equal(asked, found, expected, greedy=False),
                "repeated_equal": sum(found[i.key] == again[i.key] for i in asked),
                "requests": len(asked),
                "peak_gib": peak,
            }
            outcome.data[dtype] = entry
            if dtype == "float32":
                name = "float32: max deviation of log-probabilities"
                outcome.check(name, entry["deviation"]["max"], FLOAT32_BOUND)
                regret = entry["greedy"]["regret"]
                outcome.check("float32: greedy regret", regret, FLOAT32_BOUND)
    return outcome


@contextmanager
def engine(paths: tuple[str, ...], device: str, dtype: str) -> Iterator[TransformersEngine]:
    main, rl, base = (Checkpoint(path) for path in paths)
    key: Any = EngineKey(main, (Pair(rl, base),), None, "transformers", dtype)  # type: ignore[arg-type]
    config: Any = SimpleNamespace(device=device, dtype=dtype, max_num_seqs=64, threads=None)
    loaded = TransformersEngine(key, config)
    try:
        yield loaded
    finally:
        loaded.close()


def requests(
    prompts: list[str], tokens: int, lambdas: tuple[float, ...] = LAMBDAS
) -> list[Request]:
    """Return every prompt under every λ, greedy and sampled."""
    made = []
    for place, prompt in enumerate(prompts):
        for i, lambda_ in enumerate(lambdas):
            for greedy in (True, False):
                key = SampleKey(f"{lambda_}", f"p{place}", 2 * i + greedy)
                params = SamplingParams(lambda_, 1.0, 0.95, tokens, greedy)
                made.append(Request(key, prompt, 1000 * place + i, params))
    return made


def generate(engine: TransformersEngine, asked: list[Request]) -> dict[SampleKey, Sample]:
    return {sample.key: sample for sample in engine.generate(asked)}


def _greedy(
    reference: TransformersEngine,
    asked: list[Request],
    found: dict[SampleKey, Sample],
    expected: dict[SampleKey, Sample],
) -> dict[str, float]:
    """Return how many greedy sequences are equal, and what the first other token costs at most.

    The regret is in nats by the reference: 0 where the two tokens are equally likely to it.
    """
    regret = 0.0
    for item in (item for item in asked if item.params.greedy):
        ours, theirs = found[item.key].token_ids, expected[item.key].token_ids
        place = first_difference(ours, theirs)
        if place is not None:
            at = [score(reference, item, ids[: place + 1])[place] for ids in (ours, theirs)]
            regret = max(regret, at[1] - at[0])
    return {"equal": _equal(asked, found, expected, greedy=True), "regret": regret}


def _equal(
    asked: list[Request],
    found: dict[SampleKey, Sample],
    expected: dict[SampleKey, Sample],
    *,
    greedy: bool,
) -> int:
    keys = [item.key for item in asked if item.params.greedy == greedy]
    return sum(found[key].token_ids == expected[key].token_ids for key in keys)


def score(engine: TransformersEngine, item: Request, ids: tuple[int, ...]) -> tuple[float, ...]:
    return engine.score(item.prompt, ids, item.params.lambda_).log_probabilities


def checkpoints(trio: str, folder: Path) -> tuple[str, str, str]:
    """M_base, S_RL and S_base of a trio: of the tiny family, or random ones made in `folder`."""
    if trio == "tiny":
        return TINY
    made = make_trio(trio, folder)
    return made.main, made.rl, made.base


def prompts_of(trio: str, count: int) -> list[str]:
    """Problems of the tiny family, or words of the random checkpoints, 1 to 150."""
    if trio == "tiny":
        lines = (ZOO_DATA_DIR / "tiny-hard-test.jsonl").read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["question"] for line in lines[:count]]
        return [f"Problem : {question} Solution :" for question in questions]
    generator = torch.Generator().manual_seed(0)
    lengths = [1 + 150 * i // count for i in range(count)]
    rows = [torch.randint(3, WORDS, (length,), generator=generator) for length in lengths]
    return [" ".join(f"w{i}" for i in row.tolist()) for row in rows]
