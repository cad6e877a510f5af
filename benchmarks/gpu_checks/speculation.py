"""Part (c): speculative decoding with S_RL as the draft model of the composite."""

import random
from typing import Any

import numpy as np
from spreads import spread

from gpu_checks.asking import (
    at,
    complete,
    greedy,
    random_prompts,
    trained_prompts,
    widest,
    zip_completions,
)
from gpu_checks.checkpoints import make_trio, qwen2_shapes, save_shape
from gpu_checks.engine_process import EngineProcess, EngineSpec
from gpu_checks.exactness import FLOAT32_BOUND, LEAST_P
from gpu_checks.job import Job, Outcome, Place
from gpu_checks.measures import chi_square, deviation, next_token_groups
from gpu_checks.plan import RESIDENT
from gpu_checks.reference import Reference
from gpu_checks.throughput import BYTES, LONG, PROMPT_TOKENS, SHORT, cache_bytes, timed
from rast_bench.metrics.agreement import chi_square_tail

DRAFT_TOKENS = 4
BFLOAT16_BOUND = 0.25  # nats; a wrong token is several off, rounding of these models is not
BATCHES = (1, 32)


def run(job: Job, place: Place) -> Outcome:
    """On the trained tiny family, or at the true shapes of a pair.

    Raises EngineProcessError if an engine does not serve, the plugin's refusal on CPUs included.
    """
    return _at_true_shapes(job, place) if "main" in job.settings else _on_trained(job, place)


def _on_trained(job: Job, place: Place) -> Outcome:
    """Distribution first, then greedy equality, acceptance and speed on the tiny family."""
    settings = job.settings
    trio = make_trio(settings["trio"], place.folder)
    args = {
        "dtype": settings["dtype"],
        "max_model_len": 256,
        "max_num_seqs": 256,
        "kv_cache_memory_bytes": (128 << 20) if place.on_cpu else (2 << 30),
    }
    speculation: dict[str, Any] = {"draft_tokens": DRAFT_TOKENS}
    if settings["draft"] != RESIDENT:
        draft = {"method": "draft_model", "model": trio.rl, **settings["draft"]}
        speculation = {"speculative_config": {**draft, "num_speculative_tokens": DRAFT_TOKENS}}
    outcome = Outcome()
    reference = Reference(trio)
    prompts = trained_prompts(trio.main, max(BATCHES))
    tokens = 16 if place.quick else 64
    spec = EngineSpec(trio.main, trio.pairs, args | speculation | {"disable_log_stats": False})
    with place.engine(job, "speculative", spec) as engine:
        outcome.data["engine"] = engine.info
        for lambda_ in (0.0, 1.0):
            prompt = widest(reference, random_prompts(8, trio.vocabulary, longest=48), lambda_)
            _distribution(outcome, engine, reference, prompt, lambda_, place.quick)
        _greedy(outcome, engine, reference, prompts, tokens, settings["dtype"])
        _acceptance(outcome, engine, prompts, tokens)
        with place.engine(job, "plain", EngineSpec(trio.main, trio.pairs, args)) as plain:
            _same_tokens(outcome, engine, plain, prompts, tokens)
            outcome.data["speed"] = speed(engine, plain, prompts, 2 if place.quick else 5)
    return outcome


def _distribution(
    outcome: Outcome,
    engine: EngineProcess,
    reference: Reference,
    prompt: list[int],
    lambda_: float,
    quick: bool,
) -> None:
    """Tokens that were drafted and verified follow the composed distribution given what precedes.

    The first token comes from the prompt's own pass, so that the next three are looked at too.
    """
    samples = 2048 if quick else 16384
    params = {"lambda_": lambda_, "temperature": 1.0, "max_tokens": 4, "n": samples}
    found = engine.generate([prompt], [params | {"ignore_eos": True}])["outputs"][0]
    sequences = [completion["tokens"] for completion in found["completions"]]
    statistic, degrees, masked = 0.0, 0, 0
    groups = next_token_groups(sequences, depth=3, least=max(100, samples // 64))
    vocabulary = reference.trio.vocabulary
    for beginning, counter in groups.items():
        row = reference.composed([*prompt, *beginning], [0], lambda_)[0]
        counts = np.bincount(list(counter.elements()), minlength=vocabulary)
        masked += int(counts[vocabulary:].sum())
        found_here = chi_square(counts[:vocabulary], np.exp(row))
        statistic, degrees = statistic + found_here[0], degrees + found_here[1]
    name = f"λ = {lambda_:g}: frequencies"
    outcome.data[name] = {
        "samples": samples,
        "beginnings": len(groups),
        "chi_square": statistic,
        "degrees": degrees,
    }
    outcome.check(
        f"{name}: beginnings after a draft", len([g for g in groups if g]), 1, at_least=True
    )
    outcome.check(f"{name}: masked ids drawn", masked, 0)
    outcome.check(f"{name}: p", chi_square_tail(statistic, degrees), LEAST_P, at_least=True)


def _greedy(
    outcome: Outcome,
    engine: EngineProcess,
    reference: Reference,
    prompts: list[list[int]],
    tokens: int,
    dtype: str,
) -> None:
    found, logs = zip_completions(complete(engine, prompts, greedy(tokens, lambda_=1.0)))
    regrets, differences = [], []
    for prompt, sequence, theirs in zip(prompts, found, logs, strict=True):
        places = reference.composed(prompt, sequence, 1.0)
        regrets.append(places.max(-1) - at(places, sequence))
        differences.append(theirs - at(places, sequence))
    bound = FLOAT32_BOUND if dtype == "float32" else BFLOAT16_BOUND
    outcome.data["deviation"] = deviation(np.concatenate(differences))
    outcome.check("max deviation", outcome.data["deviation"]["max"], bound)
    worst = float(np.concatenate(regrets).max())
    outcome.check("a greedy token's distance from the best", worst, 2 * bound)


def _acceptance(
    outcome: Outcome, engine: EngineProcess, prompts: list[list[int]], tokens: int
) -> None:
    """Accepted draft tokens at τ = 1 by λ: how well S_RL foretells the composite."""
    for lambda_ in (0.0, 0.5, 1.0):
        before = engine.counters()
        params = {"lambda_": lambda_, "temperature": 1.0, "max_tokens": tokens}
        engine.generate(prompts, [params] * len(prompts), brief=True)
        outcome.data[f"λ = {lambda_:g}: acceptance"] = acceptance(before, engine.counters())


def acceptance(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Share of draft tokens accepted, and tokens gained by a verification, its own one included."""
    drafts, proposed, accepted = (
        after[name] - before[name] for name in ("drafts", "draft_tokens", "accepted_tokens")
    )
    if not drafts:
        raise ValueError("no token was drafted")
    return {"rate": accepted / proposed, "tokens_per_step": 1 + accepted / drafts}


def _same_tokens(
    outcome: Outcome,
    engine: EngineProcess,
    plain: EngineProcess,
    prompts: list[list[int]],
    tokens: int,
) -> None:
    """Ties may part the two; `_greedy` has checked that nothing else does."""
    ours, theirs = (
        zip_completions(complete(e, prompts, greedy(tokens, lambda_=1.0)))[0]
        for e in (engine, plain)
    )
    share = float(np.mean([a == b for a, b in zip(ours, theirs, strict=True)]))
    outcome.check("greedy sequences equal without a draft", share, 0.5, at_least=True)


def speed(
    engine: EngineProcess, plain: EngineProcess, prompts: list[list[int]], repeats: int
) -> dict[str, Any]:
    """Tokens per second with and without a draft, in turns, after a warm-up; by batch."""
    result = {}
    for batch in BATCHES:
        runs: list[list[dict[str, float]]] = []
        for repeat in range(repeats + 1):
            first = repeat % (len(prompts) - batch + 1)
            part = prompts[first : first + batch]
            runs.append([timed(e, part, SHORT, LONG, composite=True) for e in (engine, plain)])
        rates = [[run["tokens_per_second"] for run in pair] for pair in runs[1:]]
        result[str(batch)] = {
            "speculative_tokens_per_second": spread([rate[0] for rate in rates]),
            "tokens_per_second": spread([rate[1] for rate in rates]),
            "ratio": spread([rate[0] / rate[1] for rate in rates]),
        }
    return result


def _at_true_shapes(job: Job, place: Place) -> Outcome:
    """Dummy weights accept nothing, so vLLM accepts at a set rate instead ('synthetic').

    The small models are padded to M_base's vocabulary: vLLM wants a draft's to be of its size.
    """
    settings, shapes, outcome = job.settings, qwen2_shapes(), Outcome()
    main, small = (shapes[settings[name]] for name in ("main", "small"))
    small = small | {"vocab_size": main["vocab_size"]}
    folder = save_shape(place.folder, f"{settings['main']}-main", main)
    rl, base = (
        save_shape(place.folder, f"{settings['small']}-padded-{role}", small)
        for role in ("rl", "base")
    )
    args = {
        "dtype": settings["dtype"],
        "load_format": "dummy",
        "skip_tokenizer_init": True,
        "max_model_len": 512,
        "max_num_seqs": max(BATCHES),
        "enable_prefix_caching": False,
        "kv_cache_memory_bytes": cache_bytes(
            [main, small, small, small], max(BATCHES), BYTES[settings["dtype"]]
        ),
    }
    length = settings["tokens_per_step"]
    draft = {
        "method": "draft_model",
        "model": rl,
        "num_speculative_tokens": DRAFT_TOKENS,
        "rejection_sample_method": "synthetic",
        "synthetic_acceptance_length": length,
    }
    spec = EngineSpec(
        folder, [(rl, base)], args | {"speculative_config": draft, "disable_log_stats": False}
    )
    with (
        place.engine(job, "speculative", spec) as engine,
        place.engine(job, "plain", EngineSpec(folder, [(rl, base)], args)) as plain,
    ):
        outcome.data["engine"] = engine.info
        before = engine.counters()
        generator = random.Random(0)
        prompts = [generator.choices(range(3, 100), k=PROMPT_TOKENS) for _ in range(max(BATCHES))]
        outcome.data["speed"] = speed(engine, plain, prompts, 2 if place.quick else 4)
        outcome.data["acceptance"] = acceptance(before, engine.counters())
    found = outcome.data["acceptance"]["tokens_per_step"]
    outcome.check("tokens a step, apart from those set", abs(found - length), 0.2)
    return outcome
