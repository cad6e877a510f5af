"""The composed decoding step at Qwen2.5's shapes: random weights, static caches, CUDA graphs.

A step takes one token for every row: M_base's layers over a cache of a fixed length, those of S_RL
and S_base, the three heads, equation 3, the argmax. Prompts, sampling and scheduling are left out.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from gpu_checks.bandwidth import wait_for
from gpu_checks.checkpoints import qwen2_shapes
from gpu_checks.job import Outcome
from gpu_checks.measures import key_value_bytes, parameters, weight_bytes_per_step
from spreads import spread
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from rast_bench.compose.logits import compose_logits
from rast_bench.engines import attention
from rast_bench.engines.loaded import SlottedModel
from rast_bench.engines.slot_cache import SlotCache
from rast_bench.errors import EngineError, first_line

DTYPE = torch.bfloat16
BYTES = 2
REPEATS = 3
LEAST_SECONDS = 0.3  # of a repetition
WARM_UPS = 3


def run(settings: dict[str, Any], device: str, folder: Path) -> Outcome:  # noqa: ARG001
    """M alone and M + 2 S at every batch size, M's weights shared by both.

    Raises EngineError if the weights alone exceed the memory.
    """
    shapes = qwen2_shapes()
    main, small = (shapes[settings[name]] for name in ("main", "small"))
    outcome = Outcome()
    outcome.data["parameters"] = {"main": parameters(main), "small": parameters(small)}
    outcome.data["positions"] = settings["positions"]
    outcome.data["batches"] = {}
    weights = BYTES * (parameters(main) + 2 * parameters(small))
    torch.manual_seed(0)
    with torch.inference_mode():
        try:
            models = [random_model(shape, device) for shape in (main, small, small)]
        except torch.OutOfMemoryError:
            raise EngineError(
                f"{weights / 2**30:.0f} GiB of weights do not fit on this card"
            ) from None
        for batch in settings["batches"]:
            entry = measure(models, (main, small), batch, settings["positions"], device)
            outcome.data["batches"][str(batch)] = entry
    for batch, entry in outcome.data["batches"].items():
        for name in ("plain", "composed"):
            if "repeats_equal" in entry.get(name, {}):
                equal = entry[name]["repeats_equal"]
                outcome.check(f"batch {batch}: {name} step repeated", equal, 1, at_least=True)
    return outcome


def random_model(shape: dict[str, Any], device: str) -> SlottedModel:
    """Qwen2 of this shape, its weights drawn on the device."""
    config = Qwen2Config(**shape, max_position_embeddings=32768, rope_theta=1_000_000.0)
    with torch.device(device):
        model = Qwen2ForCausalLM._from_config(
            config, dtype=DTYPE, attn_implementation=attention.NAME
        )
    return SlottedModel(model, slots=0)


class DecodingStep:
    """One greedy token for every row, with everything at an address of its own."""

    def __init__(self, models: list[SlottedModel], batch: int, positions: int) -> None:
        self.models = models
        device = models[0].device
        self.tokens = torch.zeros(batch, dtype=torch.int64, device=device)
        self.positions = torch.full_like(self.tokens, positions - 1)
        self.mask = torch.zeros(batch, 1, 1, positions, device=device)
        self.lambda_ = torch.ones(batch, device=device)
        self.vocabulary = min(model.vocab_size for model in models)
        for model in models:
            model.cache = SlotCache(batch)
            model.cache.reserve(batch, positions, positions)
            model.cache.fill(0, model.prefill([1]).layers)
            for buffer in (*model.cache.keys, *model.cache.values):
                buffer.normal_()  # zeros would draw less power

    def __call__(self) -> Tensor:
        """Return the composed logits [batch, V]; the new tokens replace the old ones."""
        tokens, positions = self.tokens[:, None], self.positions[:, None]
        main, *small = [m.step(tokens, positions, self.mask)[:, 0] for m in self.models]
        if small:
            rl, base = small
            main = compose_logits(
                main, [rl], [base], [1.0], self.lambda_, vocabulary=self.vocabulary, out=main
            )
        self.tokens.copy_(main.argmax(-1))
        return main

    def close(self) -> None:
        for model in self.models:
            model.cache = SlotCache(0)


def measure(
    models: list[SlottedModel],
    shapes: tuple[dict[str, Any], dict[str, Any]],
    batch: int,
    positions: int,
    device: str,
) -> dict[str, Any]:
    """One batch size; `told` holds the word where memory ends it."""
    main, small = shapes
    read = [weight_bytes_per_step(shape, BYTES) for shape in shapes]
    cache = [key_value_bytes(shape, batch * positions, BYTES) for shape in shapes]
    entry: dict[str, Any] = {}
    sides = {
        "plain": (models[:1], read[0], cache[0]),
        "composed": (models, read[0] + 2 * read[1], cache[0] + 2 * cache[1]),
    }
    for name, (used, weights, keys) in sides.items():
        with freed(device):
            try:
                entry[name] = time_step(used, batch, positions, device)
            except torch.OutOfMemoryError:
                entry["told"] = f"{name}: out of memory ({keys / 2**30:.1f} GiB of caches)"
                return entry
        entry[name] |= {"weight_bytes": weights, "cache_bytes": keys}
    entry["composed_over_plain"] = (
        entry["plain"]["seconds"]["median"] / (entry["composed"]["seconds"]["median"])
    )
    entry["parameter_bound"] = parameters(main) / (parameters(main) + 2 * parameters(small))
    entry["share_of_parameter_bound"] = entry["composed_over_plain"] / entry["parameter_bound"]
    return entry


@contextmanager
def freed(device: str) -> Iterator[None]:
    """Nothing of what is measured inside stays in the device's memory."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    try:
        yield
    finally:
        gc.collect()
        if device != "cpu":
            torch.cuda.empty_cache()


def time_step(
    models: list[SlottedModel], batch: int, positions: int, device: str
) -> dict[str, Any]:
    """Seconds of a step, recorded as a CUDA graph where there is one, and launched one by one."""
    step = DecodingStep(models, batch, positions)
    try:
        for _ in range(WARM_UPS):
            step()
        result: dict[str, Any] = {"eager_seconds": timed(step, device)}
        call, told = (step, "no CUDA graphs on CPUs") if device == "cpu" else recorded(step)
        result["graph"] = told or "recorded"
        result["seconds"] = timed(call, device) if told is None else result["eager_seconds"]
        result["tokens_per_second"] = batch / result["seconds"]["median"]
        result["repeats_equal"] = repeats_equal(step, call)
        peak = None if device == "cpu" else torch.cuda.max_memory_allocated() / 2**30
        return result | {"peak_gib": peak}
    finally:
        step.close()


def recorded(step: DecodingStep) -> tuple[Callable[[], Tensor], str | None]:
    """Return the step as a CUDA graph; where it cannot be recorded, itself and the reason."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            logits = step()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        torch.cuda.synchronize()
        return step, f"no graph: {first_line(error)}"

    def replay() -> Tensor:
        graph.replay()
        return logits

    return replay, None


def timed(call: Callable[[], Tensor], device: str) -> dict[str, float]:
    """Seconds per call: the median, least and largest of some repetitions."""
    wait_for(device)
    start = time.perf_counter()
    call()
    wait_for(device)
    least = 0.02 if device == "cpu" else LEAST_SECONDS
    count = max(3, min(200, int(least / (time.perf_counter() - start))))
    values = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(count):
            call()
        wait_for(device)
        values.append((time.perf_counter() - start) / count)
    return spread(values)


def repeats_equal(step: DecodingStep, call: Callable[[], Tensor]) -> bool:
    """Return whether the same tokens give the same logits, bit for bit, a second time."""
    tokens = step.tokens.clone()
    first = call().clone()
    step.tokens.copy_(tokens)
    return torch.equal(first, call())
