"""Part (b): the composite over plain M_base with dummy weights at the true shapes of Qwen2.5."""

import random
from contextlib import ExitStack
from typing import Any

from spreads import spread

from gpu_checks.checkpoints import qwen2_shapes, save_shape
from gpu_checks.engine_process import EngineProcess, EngineSpec
from gpu_checks.job import Job, Outcome, Place
from gpu_checks.measures import (
    key_value_bytes,
    parameters,
    weight_bytes_per_step,
)
from rast_bench.errors import EngineError

PROMPT_TOKENS = 64
SHORT, LONG = 16, 144  # tokens; their difference in time is decoding alone
BYTES = {"bfloat16": 2, "float32": 4}
OVERHEAD_GIB = 12.0  # an engine's key-value cache, graphs and activations


def run(job: Job, place: Place) -> Outcome:
    """Tokens per second and decoding steps of plain M_base and of the composite, in turns.

    Raises EngineProcessError if an engine does not serve, EngineError when the card is too small.
    """
    outcome = Outcome()
    settings, shapes = job.settings, qwen2_shapes()
    main, small = (shapes[settings[name]] for name in ("main", "small"))
    each = BYTES[settings["dtype"]]
    folder = save_shape(place.folder, f"{settings['main']}-main", main)
    pair = tuple(
        save_shape(place.folder, f"{settings['small']}-{role}", small) for role in ("rl", "base")
    )
    batches = settings["batches"]
    args = {
        "dtype": settings["dtype"],
        "load_format": "dummy",
        "skip_tokenizer_init": True,
        "max_model_len": 512,
        "max_num_seqs": max(batches),
        "enable_prefix_caching": False,
        **place.graphs(max(batches)),
        "kv_cache_memory_bytes": (128 << 20)
        if place.on_cpu
        else cache_bytes([main, small, small], max(batches), each),
    }
    specs = {
        "plain": EngineSpec(folder, None, args),
        "composite": EngineSpec(folder, [(pair[0], pair[1])], args),
    }
    plain, added = (n * parameters(m) * each / 2**30 for n, m in ((1, main), (2, small)))
    if not place.on_cpu and (need := plain + added + OVERHEAD_GIB) > place.memory_gib:
        raise EngineError(
            f"{settings['main']} and twice {settings['small']} need about {need:.0f} GiB, "
            f"the card has {place.memory_gib:.0f}"
        )
    together = 2 * plain + added + 2 * OVERHEAD_GIB
    interleaved = place.on_cpu or together <= place.memory_gib
    repeats = 2 if place.quick else 5
    runs: dict[str, dict[int, list[dict[str, float]]]] = {}
    if interleaved:
        with ExitStack() as stack:
            engines = {
                name: stack.enter_context(place.engine(job, name, spec))
                for name, spec in specs.items()
            }
            outcome.data |= {f"{name}_engine": e.info for name, e in engines.items()}
            measure_in_turns(engines, batches, repeats, place, runs)
    else:  # both do not fit at once
        for name, spec in specs.items():
            with place.engine(job, name, spec) as engine:
                outcome.data[f"{name}_engine"] = engine.info
                measure_in_turns({name: engine}, batches, repeats, place, runs)
    outcome.data["interleaved"] = interleaved
    outcome.data["runs"] = runs
    outcome.data["parameters"] = {"main": parameters(main), "small": parameters(small)}
    outcome.data["bandwidth_bytes_per_second"] = place.bandwidth or None
    outcome.data["batches"] = {
        str(batch): compare(
            runs["plain"][batch],
            runs["composite"][batch],
            batch,
            main,
            small,
            each,
            place.bandwidth,
        )
        for batch in batches
    }
    return outcome


def cache_bytes(models: list[dict[str, Any]], sequences: int, each: int) -> int:
    """Return a key-value cache that holds all sequences at their longest, with a tenth to spare."""
    tokens = sequences * (PROMPT_TOKENS + LONG + 32) * 1.1 + 2048
    return int(sum(key_value_bytes(model, tokens, each) for model in models)) + (256 << 20)


def measure_in_turns(
    engines: dict[str, EngineProcess],
    batches: list[int],
    repeats: int,
    place: Place,
    runs: dict[str, dict[int, list[dict[str, float]]]],
) -> None:
    """Add to `runs`: engine, batch, then one entry a repetition."""
    generator = random.Random(0)
    for batch in batches:
        short, long = (4, 36) if place.on_cpu else (SHORT, LONG)
        for repeat in range(-1, repeats):  # the first one warms up
            prompts = [generator.choices(range(3, 1000), k=PROMPT_TOKENS) for _ in range(batch)]
            for name, engine in engines.items():
                found = timed(engine, prompts, short, long, composite=name == "composite")
                if repeat >= 0:
                    runs.setdefault(name, {}).setdefault(batch, []).append(found)


def timed(
    engine: EngineProcess, prompts: list[list[int]], short: int, long: int, *, composite: bool
) -> dict[str, float]:
    """Whole generations of two lengths; decoding steps are what lies between."""
    answers = []
    for tokens in (short, long):
        params: dict[str, Any] = {"temperature": 1.0, "max_tokens": tokens, "ignore_eos": True}
        if composite:
            params["lambda_"] = 1.0
        answers.append(engine.generate(prompts, [params] * len(prompts), brief=True))
    step = (answers[1]["seconds"] - answers[0]["seconds"]) / (long - short)
    if step <= 0:
        raise EngineError(
            f"too noisy: {long} tokens took no longer than {short}",
            hint="run the check while nothing else runs on this machine",
        )
    return {
        "seconds": answers[1]["seconds"],
        "tokens_per_second": answers[1]["tokens"] / answers[1]["seconds"],
        "step_seconds": step,
        "decode_tokens_per_second": len(prompts) / step,
    }


def compare(
    plain: list[dict[str, float]],
    composite: list[dict[str, float]],
    batch: int,
    main: dict[str, Any],
    small: dict[str, Any],
    each: int,
    bandwidth: float,
) -> dict[str, Any]:
    """Ratios of composite to plain by repetition, and the shares of the bandwidth bound.

    `parameter_bound` is the ratio if a step's time were the weights that it reads.
    """
    ratios = [
        ours["decode_tokens_per_second"] / theirs["decode_tokens_per_second"]
        for ours, theirs in zip(composite, plain, strict=True)
    ]
    alone = weight_bytes_per_step(main, each)
    both = alone + 2 * weight_bytes_per_step(small, each)
    result: dict[str, Any] = {
        "plain_tokens_per_second": spread([r["decode_tokens_per_second"] for r in plain]),
        "composite_tokens_per_second": spread([r["decode_tokens_per_second"] for r in composite]),
        "composite_over_plain": spread(ratios),
        "parameter_bound": alone / both,
        "share_of_parameter_bound": spread([ratio * both / alone for ratio in ratios]),
    }
    if bandwidth:
        context = batch * (PROMPT_TOKENS + (SHORT + LONG) / 2)
        caches = [key_value_bytes(model, context, each) for model in (main, small)]
        for name, runs, read, cache in (
            ("plain", plain, alone, caches[0]),
            ("composite", composite, both, caches[0] + 2 * caches[1]),
        ):
            steps = [r["step_seconds"] for r in runs]
            result[f"{name}_share_of_bandwidth"] = spread([read / bandwidth / s for s in steps])
            result[f"{name}_share_of_bandwidth_with_cache"] = spread(
                [(read + cache) / bandwidth / s for s in steps]
            )
    return result
